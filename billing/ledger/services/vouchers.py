"""What finance books by hand: written by one, agreed to by another, then posted once. Nothing is edited."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from billing.ledger import days
from billing.ledger.enums import VOUCHER_TRANSITIONS, PeriodState, Side, VoucherState
from billing.ledger.errors import (
    AlreadyReversed,
    NotReversible,
    PeriodClosed,
    VoucherMoved,
    VoucherRefused,
    refusals,
)
from billing.ledger.models import Account, Entry, Period, Posting, Voucher
from billing.ledger.queries.periods import CARRIED
from shared_apps.approvals import services as approvals
from shared_apps.audit import services as audit
from shared_apps.files.models import StoredFile
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money

from .posting import reverse

KIND = "voucher"
SOURCE = "voucher:"
MOST_LINES = 50


class VoucherLine(TypedDict):
    side: str
    account: str
    amount: int


@transaction.atomic
def save_voucher(
    *,
    voucher: Voucher | None,
    dated: date,
    memo: str,
    lines: Sequence[VoucherLine],
    at: datetime,
    by: User,
    attachment: StoredFile | None = None,
) -> Voucher:
    """Writes a draft, whole or not yet. Without a new attachment the old one stays. Locks the draft."""
    if voucher is None:
        held = Voucher(made_by=by, made_at=at)
    else:
        held = Voucher.objects.select_for_update().get(pk=voucher.pk)
        if held.state != VoucherState.DRAFT or held.reverses_id is not None:
            raise VoucherMoved
    if len(lines) > MOST_LINES:
        raise VoucherRefused(field="lines", reason=_("最多 %(n)s 行。") % {"n": MOST_LINES})
    held.dated, held.memo, held.lines = dated, memo, list(lines)
    held.attachment = attachment or held.attachment
    held.save()
    audit.record(
        "ledger.save_voucher",
        obj=held,
        after={"dated": str(dated), "lines": held.lines},
        note=memo,
    )
    return held


@transaction.atomic
def discard_voucher(*, voucher: Voucher) -> None:
    held = _held(voucher, VoucherState.DRAFT)
    audit.record("ledger.discard_voucher", obj=held, before={"lines": held.lines}, note=held.memo)
    held.delete()


@transaction.atomic
def ask_voucher(*, voucher: Voucher, by: User) -> Voucher:
    """Hands a draft to a second person, once it could be posted. Locks it."""
    held = _held(voucher, VoucherState.DRAFT)
    if held.dated is None:
        raise VoucherMoved
    accounts = _check_lines(held.lines)
    closed = Period.objects.filter(
        state=PeriodState.CLOSED, start_date__lte=held.dated, end_date__gt=held.dated
    )
    if closed.exists():
        raise PeriodClosed(field="dated")
    facts = [
        (_("凭证日期"), str(held.dated)),
        (_("摘要"), held.memo),
        *(_fact(line, accounts[line["account"]]) for line in held.lines),
        (_("附件"), held.attachment.name if held.attachment else _("无")),
    ]
    _ask(held, _("手工凭证：%(memo)s") % {"memo": held.memo}, facts, by)
    return held


@transaction.atomic
def ask_reversal(*, entry: Entry, reason: str, at: datetime, by: User) -> Voucher:
    """Asks a second person to agree that an entry is reversed. Refused at once where it could not be.

    Customers' money is moved by what customers do, or is done for them: its entries are not undone by hand.
    """
    if not reason.strip():
        raise VoucherRefused(field="reason", reason=_("请填写冲销原因。"))
    if entry.reverses_id is not None:
        raise NotReversible
    if entry.kind == CARRIED:
        raise VoucherRefused(
            field="reason", reason=_("结转分录随结账而生，请到“期间与结账”里反结账。")
        )
    if (
        Entry.objects.filter(reverses=entry).exists()
        or Voucher.objects.filter(reverses=entry, state=VoucherState.ASKED).exists()
    ):
        raise AlreadyReversed
    postings = list(
        Posting.objects.filter(entry=entry).select_related("account__parent").order_by("id")
    )
    if any(posting.account.floor_minor is not None for posting in postings):
        raise VoucherRefused(
            field="reason",
            reason=_("这笔分录动用了客户的钱，请在订单或收款里办理退款，不能直接冲销。"),
        )
    held = Voucher.objects.create(memo=reason.strip()[:300], reverses=entry, made_by=by, made_at=at)
    facts = [
        (_("冲销原因"), held.memo),
        (_("原分录"), f"{entry.effective_at.astimezone(days.BOOKS_ZONE):%Y-%m-%d} {entry.memo}"),
        (_("来源编号"), entry.source),
        *(
            (
                str(Side(posting.direction).other.label),
                f"{_named(posting.account)} ¥{Money(posting.amount_minor, posting.currency)}",
            )
            for posting in postings
        ),
    ]
    _ask(held, _("冲销分录：%(memo)s") % {"memo": entry.memo or entry.source}, facts, by)
    return held


@transaction.atomic
def take_back(*, voucher: Voucher, at: datetime) -> None:
    """Before anybody decided: a voucher is a draft again, a reversal is off. Locks it."""
    held = _held(voucher, VoucherState.ASKED)
    approvals.withdraw(kind=KIND, subject_id=held.public_id, reason=_("经办人撤回"), at=at)
    held.state = VoucherState.DRAFT if held.reverses_id is None else VoucherState.REJECTED
    held.save(update_fields=["state"])
    audit.record("ledger.take_back_voucher", obj=held, note=held.memo)


@transaction.atomic
def decided(*, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime) -> None:
    """Posts what was approved, in the transaction of the decision. Locks the voucher."""
    held = _held(Voucher.objects.get(public_id=subject_id), VoucherState.ASKED)
    held.decided_by, held.decided_at, held.reason = by, at, reason
    if not approved:
        held.state = VoucherState.REJECTED
        held.save(update_fields=["state", "decided_by", "decided_at", "reason"])
        return
    source = f"{SOURCE}{held.public_id}"
    if held.reverses is not None:
        held.entry = reverse(entry=held.reverses, source=source, at=at, memo=held.memo)
    elif held.dated is not None:
        held.entry = _post(held, source, dated=held.dated)
    held.state = VoucherState.POSTED
    held.save(update_fields=["state", "decided_by", "decided_at", "reason", "entry"])
    audit.record(
        "ledger.post_voucher",
        obj=held,
        after={"source": source, "lines": held.lines},
        note=held.memo,
    )


def _check_lines(lines: Sequence[VoucherLine]) -> dict[str, Account]:
    """Refuses lines that could not be posted, and says which; gives their accounts by code."""
    if len(lines) < 2:
        raise VoucherRefused(field="lines", reason=_("至少需要一借一贷两行。"))
    found = Account.objects.select_related("parent").in_bulk(
        {line["account"] for line in lines}, field_name="code"
    )
    parents = set(
        Account.objects.filter(parent__in=found.values(), party_id="").values_list(
            "parent__code", flat=True
        )
    )
    gap: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        account = found.get(line["account"])
        if account is None or line["side"] not in Side.values or line["amount"] <= 0:
            raise _refused(number, _("科目不存在，或者没有方向和金额"))
        if not account.active:
            raise _refused(number, _("科目“%(name)s”已停用") % {"name": account.name})
        if account.takes:
            raise _refused(number, _("科目“%(name)s”须选到往来单位") % {"name": account.name})
        if account.code in parents:
            raise _refused(number, _("科目“%(name)s”有下级科目，请选末级") % {"name": account.name})
        if account.floor_minor is not None:
            raise _refused(
                number, _("“%(name)s”是客户的钱，不能用凭证调整") % {"name": account.name}
            )
        sign = 1 if line["side"] == Side.DEBIT else -1
        gap[account.currency] = gap.get(account.currency, 0) + sign * line["amount"]
    for currency, minor in gap.items():
        if minor:
            raise VoucherRefused(
                field="lines",
                reason=_("借贷不平：借方减贷方为 %(gap)s 元。") % {"gap": Money(minor, currency)},
            )
    return found


def _refused(number: int, reason: str) -> VoucherRefused:
    said = _("第 %(number)s 行：%(reason)s。") % {"number": number, "reason": reason}
    return VoucherRefused(field="lines", reason=said)


def _post(voucher: Voucher, source: str, *, dated: date) -> Entry:
    accounts = _check_lines(voucher.lines)
    told = {
        "journal": "ADJUSTMENT",
        "kind": "adjustment",
        "source": source,
        "effective_at": days.start_of(dated).isoformat(),
        "exact": True,
        "memo": voucher.memo,
        "facts": {"voucher": str(voucher.public_id)},
        "lines": [
            {**line, "currency": accounts[line["account"]].currency} for line in voucher.lines
        ],
    }
    with refusals(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id FROM public.ledger_post_many(%s::jsonb)", [json.dumps([told])]
        )
        (entry_id,) = cursor.fetchone()
    return Entry.objects.get(pk=entry_id)


def _ask(held: Voucher, title: str, facts: Sequence[tuple[str, str]], by: User) -> None:
    held.state = VoucherState.ASKED
    held.save(update_fields=["state"])
    approvals.ask(
        kind=KIND,
        subject_id=held.public_id,
        title=title,
        facts=facts,
        requested_by=by,
        beneficiary=held.made_by.public_id,
    )
    audit.record("ledger.ask_voucher", obj=held, after={"lines": held.lines}, note=held.memo)


def _held(voucher: Voucher, state: VoucherState) -> Voucher:
    """The voucher, locked, if it is in that state and not at its end."""
    held = Voucher.objects.select_for_update(of=("self",)).get(pk=voucher.pk)
    if held.state != state or not VOUCHER_TRANSITIONS[state]:
        raise VoucherMoved
    return held


def _fact(line: VoucherLine, account: Account) -> tuple[str, str]:
    amount = Money(line["amount"], account.currency)
    return str(Side(line["side"]).label), f"{_named(account)} ¥{amount}"


def _named(account: Account) -> str:
    if account.party_id and account.parent is not None:
        return f"{account.parent.code} {account.parent.name} · {account.name}"
    return f"{account.code} {account.name}"
