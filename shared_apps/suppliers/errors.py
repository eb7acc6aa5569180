from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class SupplierNotFound(NotFound):
    code = "supplier.not_found"
    sentence = _("没有这家供应商。")


class SupplierExists(Conflict):
    code = "supplier.exists"
    sentence = _("供应商标识 %(slug)s 已被使用，请换一个。")


class HubNotFound(NotFound):
    code = "supplier.hub_not_found"
    sentence = _("没有代码为 %(hub)s 的枢纽节点。")


class SupplierMoveRefused(Conflict):
    code = "supplier.move_refused"
    sentence = _("供应商目前的状态不能做这一步，请刷新后查看。")


class AgreementMoveRefused(Conflict):
    code = "agreement.move_refused"
    sentence = _("供销协议目前的状态不能做这一步，请刷新后查看。")


class AgreementOverlaps(Conflict):
    code = "agreement.overlaps"
    sentence = _("这段时间内该供应商已有生效的供销协议，请先终止旧协议或调整起止日期。")


class AgreementPeriodInvalid(Invalid):
    code = "agreement.period_invalid"
    sentence = _("协议的结束日期必须晚于开始日期，提前终止的日期必须早于原结束日期。")


class CostPercentInvalid(Invalid):
    code = "agreement.cost_percent_invalid"
    sentence = _("成本折扣必须大于 0 且不超过 100，最多六位小数。")


class AgreementMissing(Conflict):
    code = "agreement.missing"
    sentence = _("该供应商目前没有生效的供销协议，暂不能销售。")


class ConnectionMissing(Conflict):
    code = "supplier.connection_missing"
    sentence = _("该供应商还没有配置接入方式，暂不能开通资源。")


class AdapterUnknown(Conflict):
    code = "supplier.adapter_unknown"
    sentence = _("系统没有接入方式 %(adapter)s 对应的程序。")
