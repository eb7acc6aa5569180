from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class OfferNotFound(NotFound):
    code = "catalog.offer_not_found"
    sentence = _("没有找到这个产品。它可能已经下架。")


class PriceMissing(Conflict):
    code = "catalog.price_missing"
    sentence = _("这个产品目前没有报价，暂不能购买。")


class PriceBackdated(Conflict):
    code = "catalog.price_backdated"
    sentence = _("新价格的生效时间必须晚于现行价格的生效时间。")


class OfferingMoveRefused(Conflict):
    code = "catalog.move_refused"
    sentence = _("产品目前的状态不能做这一步，请刷新后查看。")


class TooManyToCompare(Invalid):
    code = "catalog.too_many_to_compare"
    sentence = _("最多同时比较 %(most)s 个产品。")


class RateInvalid(Invalid):
    code = "catalog.rate_invalid"
    sentence = _("汇率必须大于 0，并写明来源。")


class FileUnreadable(Invalid):
    code = "catalog.file_unreadable"
    sentence = _("文件无法读取：%(reason)s")
