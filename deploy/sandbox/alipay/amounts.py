"""Yuan as text on the wire, whole fen inside."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MOST_FEN = 10_000_000_000


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def grouped(amount: str) -> str:
    """12850.00 as 12,850.00, for people."""
    whole, _, part = amount.partition(".")
    return f"{int(whole):,}.{part}"


def fen(text: object) -> int:
    """Reads 元 exactly; raises ValueError on fractions of a fen, zero, too much and nonsense."""
    try:
        amount = Decimal(str(text)) * 100
    except InvalidOperation as error:
        raise ValueError(text) from error
    if (
        not amount.is_finite()
        or amount != amount.to_integral_value()
        or not 1 <= amount <= MOST_FEN
    ):
        raise ValueError(text)
    return int(amount)
