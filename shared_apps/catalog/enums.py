from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class OfferingState(TextChoices):
    DRAFT = "DRAFT", _("草稿")
    ACTIVE = "ACTIVE", _("在售")
    PAUSED = "PAUSED", _("暂停销售")
    ARCHIVED = "ARCHIVED", _("已下架")


OFFERING_MOVES: dict[str, frozenset[str]] = {
    OfferingState.DRAFT: frozenset({OfferingState.ACTIVE, OfferingState.ARCHIVED}),
    OfferingState.ACTIVE: frozenset({OfferingState.PAUSED, OfferingState.ARCHIVED}),
    OfferingState.PAUSED: frozenset({OfferingState.ACTIVE, OfferingState.ARCHIVED}),
    OfferingState.ARCHIVED: frozenset(),
}


class PlanKind(TextChoices):
    ON_DEMAND = "ON_DEMAND", _("按需")
    SPOT = "SPOT", _("竞价")
    MONTHLY = "MONTHLY", _("包月")
    POSTPAID = "POSTPAID", _("按量后付费")


class PlanState(TextChoices):
    ACTIVE = "ACTIVE", _("在售")
    PAUSED = "PAUSED", _("暂停销售")


class PriceUnit(TextChoices):
    """What one price buys. A card-hour price is this one divided by the number of cards."""

    INSTANCE_HOUR = "INSTANCE_HOUR", _("元/台·小时")


class Sort(TextChoices):
    PER_GPU = "PER_GPU", _("单卡价格从低到高")
    PRICE = "PRICE", _("整机价格从低到高")
    PRICE_DESC = "PRICE_DESC", _("整机价格从高到低")
    MEMORY_DESC = "MEMORY_DESC", _("显存从大到小")
    GPUS_DESC = "GPUS_DESC", _("卡数从多到少")
