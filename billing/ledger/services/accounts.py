"""The chart of accounts, and which account a party's lines go under: the distributor's own data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing.ledger import days
from billing.ledger.enums import AccountKind, PartyKind, PeriodState, RuleState
from billing.ledger.errors import AccountRefused, MappingRefused, refusals
from billing.ledger.models import Account, PartyAccount, Period, PostingRule, RuleVersion
from billing.ledger.queries.balances import balance
from billing.ledger.queries.rules import latest_mappings
from shared_apps.audit import services as audit
from shared_apps.identity.models import User

_CODE = re.compile(r"[0-9]{4,16}\Z")


@transaction.atomic
def open_account(
    *,
    code: str,
    name: str,
    kind: AccountKind | None = None,
    parent: Account | None = None,
    takes: Sequence[PartyKind] = (),
) -> Account:
    """Adds an account. A sub-account is of its parent's kind, and its code goes on from its parent's.

    With `takes` it is a control account: posted through the accounts of parties, which open by themselves.
    """
    if not _CODE.match(code):
        raise AccountRefused(field="code", reason=_("科目编码须为 4 到 16 位数字。"))
    if not name.strip():
        raise AccountRefused(field="name", reason=_("请填写科目名称。"))
    if Account.objects.filter(code=code).exists():
        raise AccountRefused(field="code", reason=_("这个科目编码已经在用。"))
    if parent is not None:
        if parent.takes or parent.party_id:
            raise AccountRefused(
                field="parent", reason=_("往来单位科目的下级由系统按单位开设，不能再加下级。")
            )
        if not code.startswith(parent.code) or code == parent.code:
            raise AccountRefused(
                field="code",
                reason=_("下级科目的编码须以上级编码 %(code)s 开头。") % {"code": parent.code},
            )
        kind = AccountKind(parent.kind)
    if kind is None:
        raise AccountRefused(field="kind", reason=_("请选择科目类别。"))
    account = Account.objects.create(
        code=code, name=name.strip(), kind=kind, parent=parent, takes=list(takes)
    )
    audit.record(
        "ledger.open_account",
        obj=account,
        after={"code": code, "name": account.name, "kind": kind.value, "takes": account.takes},
    )
    return account


@transaction.atomic
def rename_account(*, account: Account, name: str) -> Account:
    """Names may change; what postings rely on (code, kind, place, parties) never does."""
    held = Account.objects.select_for_update().get(pk=account.pk)
    if not name.strip():
        raise AccountRefused(field="name", reason=_("请填写科目名称。"))
    before, held.name = held.name, name.strip()
    held.save(update_fields=["name"])
    audit.record(
        "ledger.rename_account", obj=held, before={"name": before}, after={"name": held.name}
    )
    return held


@transaction.atomic
def set_account_active(*, account: Account, active: bool) -> Account:
    """Switches an account off or on again. Off is refused while anything still relies on it. Locks it."""
    held = Account.objects.select_for_update().get(pk=account.pk)
    if held.active == active:
        return held
    if not active:
        _check_spare(held)
    held.active = active
    with refusals():
        held.save(update_fields=["active"])
    audit.record(
        "ledger.set_account_active",
        obj=held,
        before={"active": not active},
        after={"active": active},
    )
    return held


def _check_spare(account: Account) -> None:
    if Account.objects.filter(parent=account, party_id="", active=True).exists():
        raise AccountRefused(reason=_("请先停用它的下级科目。"))
    if balance(account=account.code):
        raise AccountRefused(reason=_("科目还有余额，结平后才能停用。"))
    superseded = RuleVersion.objects.filter(
        event=OuterRef("version__event"),
        state=RuleState.ON,
        number__gt=OuterRef("version__number"),
        starts_at__lte=Now(),
    )
    used = PostingRule.objects.filter(
        Q(version__state=RuleState.DRAFT) | Q(version__state=RuleState.ON) & ~Exists(superseded),
        active=True,
        lines__contains=[{"account": account.code}],
    ).first()
    if used is not None:
        raise AccountRefused(
            reason=_("分录规则“%(rule)s”还在用这个科目，请先启用不用它的新版本。")
            % {"rule": used.name}
        )
    if any(row.account_id == account.pk for row in latest_mappings()):
        raise AccountRefused(reason=_("机构科目对照还在用这个科目，请先改对照。"))


@transaction.atomic
def map_party(
    *,
    control: Account,
    party_kind: PartyKind,
    party_id: str,
    party_name: str,
    account: Account | None,
    starts_at: datetime | None,
    at: datetime,
    by: User | None = None,
    note: str = "",
) -> PartyAccount:
    """From `starts_at` on (None: now) the party's lines go under `account`; None: where the rule says.

    No party id means all parties of the kind. What is posted already stays where it is. Accounts of
    customers' money are not mapped: the floor under it must not be gone round.
    """
    start = at if starts_at is None else starts_at
    if party_kind not in control.takes:
        raise MappingRefused(field="control", reason=_("原科目不核算这种往来单位。"))
    if control.floor_minor is not None:
        raise MappingRefused(field="control", reason=_("客户的钱有最低余额控制，不能另设科目。"))
    if account is not None and not (
        party_kind in account.takes
        and account.kind == control.kind
        and account.currency == control.currency
        and account.floor_minor is None
        and account.active
        and account != control
    ):
        raise MappingRefused(
            field="account",
            reason=_("改用的科目须已启用、与原科目同类别、核算这种往来单位，且不是原科目。"),
        )
    if Period.objects.filter(state=PeriodState.CLOSED, end_date__gt=days.day_of(start)).exists():
        raise MappingRefused(
            field="starts_on", reason=_("生效日期不能早于最后一个已结账的会计期间。")
        )
    row = PartyAccount.objects.create(
        party_kind=party_kind,
        party_id=party_id,
        party_name=party_name,
        control=control,
        account=account,
        starts_at=start,
        made_by=by,
        made_at=at,
        note=note,
    )
    audit.record(
        "ledger.map_party",
        obj=row,
        after={
            "party": [party_kind, party_id],
            "control": control.code,
            "account": account.code if account else None,
            "starts_at": start.isoformat(),
        },
        note=note,
    )
    return row
