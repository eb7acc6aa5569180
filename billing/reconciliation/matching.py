"""The comparison itself: what we know of a day against the provider's lines. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.ledger import days
from billing.ledger.models import Entry
from billing.payments.enums import RefundState
from billing.payments.gateways.base import BillKind, BillLine
from billing.payments.models import MerchantAccount, Payment, Refund

from .enums import LineKind, Result

Key = tuple[str, str, str]  # kind, our number, the refund's number


@dataclass(frozen=True, slots=True)
class Ours:
    """A payment or refund of ours, and the amount that the ledger has for it."""

    key: Key
    provider_trade_no: str
    amount_minor: int
    booked_minor: int | None
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Compared:
    key: Key
    provider_trade_no: str
    result: Result
    currency: str
    ours: Ours | None = None
    theirs: BillLine | None = None


def key_of(line: BillLine) -> Key:
    if line.kind is BillKind.REFUND:
        return (LineKind.REFUND, line.number, line.request_no)
    return (LineKind.PAYMENT, line.number, "")


def ours_of_day(account: MerchantAccount, day: date) -> dict[Key, Ours]:
    """What we say that this account moved on the day, in China's time."""
    since, until = days.start_of(day), days.start_of(day + timedelta(days=1))
    payments = Payment.objects.filter(
        intent__account=account, paid_at__gte=since, paid_at__lt=until
    )
    refunds = Refund.objects.filter(
        payment__intent__account=account,
        state=RefundState.SUCCEEDED,
        finished_at__gte=since,
        finished_at__lt=until,
    )
    return _known(payments.select_related("intent"), refunds.select_related("payment__intent"))


def ours_by_key(account: MerchantAccount, keys: Collection[Key]) -> dict[Key, Ours]:
    """The same for keys that the provider names, on whichever day we have them."""
    payments = Payment.objects.filter(
        intent__account=account,
        intent__number__in={number for kind, number, _ in keys if kind == LineKind.PAYMENT},
    )
    refunds = Refund.objects.filter(
        payment__intent__account=account,
        state=RefundState.SUCCEEDED,
        number__in={request_no for kind, _, request_no in keys if kind == LineKind.REFUND},
    )
    return _known(payments.select_related("intent"), refunds.select_related("payment__intent"))


def _known(payments: Iterable[Payment], refunds: Iterable[Refund]) -> dict[Key, Ours]:
    paid, back = list(payments), list(refunds)
    sources = {f"payment:{payment.intent.number}" for payment in paid}
    sources |= {f"capture:{refund.public_id}" for refund in back}
    booked = _booked(sources)
    found = [
        Ours(
            (LineKind.PAYMENT, payment.intent.number, ""),
            payment.provider_trade_no,
            payment.amount_minor,
            booked.get(f"payment:{payment.intent.number}"),
            payment.currency,
            payment.paid_at,
        )
        for payment in paid
    ]
    found += [
        Ours(
            (LineKind.REFUND, refund.payment.intent.number, refund.number),
            refund.payment.provider_trade_no,
            refund.amount_minor,
            booked.get(f"capture:{refund.public_id}"),
            refund.payment.currency,
            refund.finished_at or refund.created_at,
        )
        for refund in back
    ]
    return {one.key: one for one in found}


def _booked(sources: Collection[str]) -> dict[str, int]:
    """What the ledger moved for each source: its debits, which are its credits. One query."""
    entries = Entry.objects.filter(source__in=sources).prefetch_related("postings")
    return {
        entry.source: sum(
            posting.amount_minor for posting in entry.postings.all() if posting.direction == "DEBIT"
        )
        for entry in entries
    }


def compare(
    theirs: Sequence[BillLine], today: Mapping[Key, Ours], known: Mapping[Key, Ours]
) -> Iterator[Compared]:
    """Each line of the bill against ours. `today` are the day's own, `known` what we have at all.

    The second line of one key is a movement of its own that we do not have.
    """
    seen: set[Key] = set()
    for line in theirs:
        key = key_of(line)
        currency = line.amount.currency
        ours = None if key in seen else known.get(key)
        seen.add(key)
        if ours is None:
            result = Result.MISSING_HERE
        elif (ours.amount_minor, ours.currency) != (line.amount.minor, currency):
            result = Result.AMOUNT
        elif ours.booked_minor != ours.amount_minor:
            result = Result.BOOKS
        elif key not in today:
            result = Result.DAY
        else:
            result = Result.MATCHED
        yield Compared(key, line.provider_trade_no, result, currency, ours, line)


def missing_there(theirs: Iterable[Key], today: Mapping[Key, Ours]) -> Iterator[Compared]:
    """What we have for the day and the bill does not."""
    named = set(theirs)
    for key, ours in today.items():
        if key not in named:
            yield Compared(
                key, ours.provider_trade_no, Result.MISSING_THERE, ours.currency, ours, None
            )
