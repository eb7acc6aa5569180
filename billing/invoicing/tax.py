"""Tax numbers by their check digit, and an amount with its tax split to the fen."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

STANDARD_RATE = Decimal("6.00")  # percent: 信息技术服务, general taxpayer
STANDARD_ITEM = "信息技术服务*算力服务"

# 统一社会信用代码 (GB 32100-2015): 17 signs and a check sign, modulo 31; without I, O, S, V, Z.
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def tax_number_holds(number: str) -> bool:
    """Whether this is a 统一社会信用代码 whose last sign agrees with the others."""
    if len(number) != 18 or any(sign not in _SIGNS for sign in number):
        return False
    weighed = sum(
        _SIGNS.index(sign) * weight for sign, weight in zip(number[:17], _WEIGHTS, strict=True)
    )
    return _SIGNS[-weighed % 31] == number[17]


def net_of(gross_minor: int, rate: Decimal) -> int:
    """The part before tax of an amount that includes it, to the fen; the rest is the tax."""
    exact = Decimal(gross_minor) * 100 / (100 + rate)
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
