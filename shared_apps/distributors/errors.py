from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class UnknownDistributor(NotFound):
    code = "distributor.unknown"
    sentence = _("没有找到分销商 %(slug)s。")


class SlugTaken(Conflict):
    code = "distributor.slug_taken"
    sentence = _("网址标识 %(slug)s 已被使用，请换一个。")


class NoTermsInForce(Conflict):
    code = "distributor.no_terms"
    sentence = _("%(name)s 与上级之间目前没有生效的结算条款，暂时不能下单。请联系店铺客服。")


class TermsInThePast(Invalid):
    code = "distributor.terms_in_the_past"
    sentence = _("新条款只能从现在或以后开始生效。")


class PercentInvalid(Invalid):
    code = "distributor.percent_invalid"
    sentence = _("结算折扣须大于 0、不超过 1000，最多四位小数。")


class ColourUnreadable(Invalid):
    code = "distributor.colour_unreadable"
    sentence = _("这个颜色太浅或太接近背景，按钮上的文字会看不清，请选深一些的颜色。")
