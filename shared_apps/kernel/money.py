"""Posted money: an integer of minor units (fen) with its currency. No float comes near it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

MINOR_PER_UNIT = 100
DEFAULT_CURRENCY = "CNY"


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum or comparison."""


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str = DEFAULT_CURRENCY

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise TypeError(f"Money counts whole minor units, not {self.minor!r}.")

    @classmethod
    def zero(cls, currency: str = DEFAULT_CURRENCY) -> Money:
        return cls(0, currency)

    @classmethod
    def of(cls, text: str | Decimal, currency: str = DEFAULT_CURRENCY) -> Money:
        """Reads a decimal amount exactly; more than two places is an error, never a rounding."""
        try:
            minor = Decimal(text) * MINOR_PER_UNIT
            exact = minor == minor.to_integral_value()
        except (InvalidOperation, ValueError) as error:
            raise ValueError(f"Not an amount of money: {text!r}") from error
        if not exact:
            raise ValueError(f"An amount has at most two decimal places: {text!r}")
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-2)

    def __str__(self) -> str:
        return f"{self.decimal:.2f}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return self.minor != 0


def total(amounts: Iterable[Money], currency: str = DEFAULT_CURRENCY) -> Money:
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def charge(rate: Decimal, quantity: Decimal, currency: str = DEFAULT_CURRENCY) -> Money:
    """The one crossing from rates to money: multiplies exactly, rounds once, half up, to the fen."""
    minor = (rate * quantity * MINOR_PER_UNIT).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Money(int(minor), currency)


def split(money: Money, weights: Sequence[int | Decimal]) -> list[Money]:
    """Splits by largest remainder: the parts add up to the whole, ties go to the earlier part."""
    whole = sum((Decimal(w) for w in weights), Decimal(0))
    if whole <= 0 or any(w < 0 for w in weights):
        raise ValueError("Weights must be non-negative and not all zero.")
    exact = [Decimal(money.minor) * Decimal(w) / whole for w in weights]
    parts = [int(x // 1) for x in exact]
    left = money.minor - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[:left]:
        parts[i] += 1
    return [Money(p, money.currency) for p in parts]
