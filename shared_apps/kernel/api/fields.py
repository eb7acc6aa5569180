"""How money and rates are written in JSON: as decimal text, never as a number."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shared_apps.kernel.money import Money

AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")


@extend_schema_field(
    {"type": "string", "format": "decimal", "pattern": r"^-?\d+\.\d{2}$", "example": "1280.00"}
)
class MoneyField(serializers.Field[Money, str, str, Any]):
    """`"1280.00"`. What comes in is text as well: a JSON number may have been a float on its way."""

    default_error_messages = {
        "amount": _('金额须为最多两位小数的十进制文本，如 "1280.00"。'),
    }

    def to_internal_value(self, data: Any) -> Money:
        if not isinstance(data, str) or not AMOUNT.fullmatch(data):
            self.fail("amount")
        return Money.of(data)

    def to_representation(self, value: Money) -> str:
        return str(value)


class AmountField(MoneyField):
    """Money of a model: `source` names the field of minor units."""

    def to_representation(self, value: Money | int) -> str:
        return str(value if isinstance(value, Money) else Money(value))


@extend_schema_field(
    {"type": "string", "format": "decimal", "pattern": r"^\d+(\.\d+)?$", "example": "1152"}
)
class DecimalText(serializers.Field[Decimal, Decimal, str, Any]):
    """A quantity that is not money, without needless zeros."""

    def to_internal_value(self, data: Any) -> Decimal:
        raise NotImplementedError

    def to_representation(self, value: Decimal) -> str:
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
