from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from billing.ledger.enums import Side
from billing.ledger.errors import UnknownVoucher
from billing.ledger.models import Account, Posting, Voucher
from shared_apps.kernel.money import Money

from .journal import EntryDetail, entry_detail
from .periods import CARRIED


@dataclass(frozen=True, slots=True)
class VoucherLineRow:
    code: str
    name: str
    debit: Money | None
    credit: Money | None


def vouchers(
    *, text: str = "", state: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[Voucher]:
    """Newest first; both days are in."""
    found = Voucher.objects.select_related("made_by", "decided_by").order_by("-id")
    if text:
        found = found.filter(memo__icontains=text)
    if state:
        found = found.filter(state=state)
    if since:
        found = found.filter(dated__gte=since)
    if until:
        found = found.filter(dated__lte=until)
    return found


def voucher(*, public_id: UUID) -> Voucher:
    found = (
        Voucher.objects.select_related("made_by", "decided_by", "entry", "reverses", "attachment")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise UnknownVoucher(public_id=public_id)
    return found


def lines_of(voucher: Voucher) -> list[VoucherLineRow]:
    """Its own lines; of a reversal, those of the entry with sides turned."""
    if voucher.reverses is not None:
        return [
            VoucherLineRow(
                line.account_code,
                f"{line.control_name} · {line.account_name}"
                if line.control_name
                else line.account_name,
                debit=line.credit,
                credit=line.debit,
            )
            for line in entry_detail(public_id=voucher.reverses.public_id).lines
        ]
    accounts = Account.objects.select_related("parent").in_bulk(
        {line["account"] for line in voucher.lines}, field_name="code"
    )
    return [
        VoucherLineRow(
            line["account"],
            _named(accounts.get(line["account"])),
            debit=Money(line["amount"]) if line["side"] == Side.DEBIT else None,
            credit=Money(line["amount"]) if line["side"] == Side.CREDIT else None,
        )
        for line in voucher.lines
    ]


def writable_accounts() -> list[tuple[str, str]]:
    """Accounts that a voucher may post to: at the ends of the tree, and not customers' money."""
    below = Account.objects.filter(parent=OuterRef("pk"))
    found = (
        Account.objects.select_related("parent")
        .filter(active=True, takes=[], floor_minor=None)
        .exclude(Exists(below))
        .order_by("code")
    )
    return [(account.code, _named(account)) for account in found]


def _named(account: Account | None) -> str:
    if account is None:
        return ""
    if account.party_id and account.parent is not None:
        return f"{account.parent.name} · {account.name}"
    return account.name


def reversible(*, detail: EntryDetail) -> bool:
    """Whether finance may ask to reverse an entry: once, not a reversal, not made by closing, and not of
    customers' money.
    """
    return (
        detail.entry.reverses_id is None
        and detail.entry.kind != CARRIED
        and detail.reversed_by is None
        and not Posting.objects.filter(
            entry=detail.entry, account__floor_minor__isnull=False
        ).exists()
    )
