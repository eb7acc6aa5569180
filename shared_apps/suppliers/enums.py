from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SupplierKind(TextChoices):
    PRODUCT = "PRODUCT", _("产品供应商")
    RESOURCE = "RESOURCE", _("资源供应商")


class SupplierState(TextChoices):
    ACTIVE = "ACTIVE", _("合作中")
    SUSPENDED = "SUSPENDED", _("已暂停")
    CLOSED = "CLOSED", _("已终止")


SUPPLIER_MOVES: dict[str, frozenset[str]] = {
    SupplierState.ACTIVE: frozenset({SupplierState.SUSPENDED, SupplierState.CLOSED}),
    SupplierState.SUSPENDED: frozenset({SupplierState.ACTIVE, SupplierState.CLOSED}),
    SupplierState.CLOSED: frozenset(),
}


class HubBasis(TextChoices):
    """On whose word a supplier stands at a hub; pages say so when it is the demonstration's."""

    DEMO = "DEMO", _("演示指派")
    DECLARED = "DECLARED", _("供应商申报")
    VERIFIED = "VERIFIED", _("运营核实")


class AdapterKind(TextChoices):
    OSB = "OSB", _("开放服务代理")
    REDFISH = "REDFISH", _("设备直管")
    MANUAL = "MANUAL", _("人工交付")


class AgreementState(TextChoices):
    DRAFT = "DRAFT", _("草稿")
    ACTIVE = "ACTIVE", _("生效")
    TERMINATED = "TERMINATED", _("已终止")


AGREEMENT_MOVES: dict[str, frozenset[str]] = {
    AgreementState.DRAFT: frozenset({AgreementState.ACTIVE}),
    AgreementState.ACTIVE: frozenset({AgreementState.TERMINATED}),
    AgreementState.TERMINATED: frozenset(),
}
