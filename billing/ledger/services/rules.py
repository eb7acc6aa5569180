"""How events are booked is the distributor's own: drafted, proved, and switched on in versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from billing.ledger import days, rules
from billing.ledger.enums import RULE_TRANSITIONS, PeriodState, RuleState
from billing.ledger.errors import Malformed, RuleRefused, UnknownAccount, VersionRefused, refusals
from billing.ledger.models import Account, Journal, Period, PostingRule, RuleVersion
from billing.ledger.queries.rules import in_force
from shared_apps.audit import services as audit
from shared_apps.identity.models import User


@transaction.atomic
def draft(*, event: str, at: datetime, by: User | None = None, note: str = "") -> RuleVersion:
    """The draft of an event's next version: the one there is, or a copy of the rules in force at `at`."""
    _lock(event)
    held = RuleVersion.objects.filter(event=event, state=RuleState.DRAFT).first()
    if held is not None:
        return held
    known = RuleVersion.objects.filter(event=event)
    number = (known.aggregate(last=Max("number"))["last"] or 0) + 1
    version = RuleVersion.objects.create(
        event=event, number=number, note=note, made_by=by, made_at=at
    )
    before = in_force(event=event, at=at)
    if before is not None:
        PostingRule.objects.bulk_create(
            [
                PostingRule(
                    version=version,
                    position=rule.position,
                    name=rule.name,
                    journal_id=rule.journal_id,
                    conditions=rule.conditions,
                    parts=rule.parts,
                    lines=rule.lines,
                    active=rule.active,
                )
                for rule in before.rules.order_by("position")
            ]
        )
    audit.record("ledger.draft_rules", obj=version, after={"event": event, "number": number})
    return version


@transaction.atomic
def save_rule(
    *,
    version: RuleVersion,
    position: int,
    name: str,
    journal: str,
    lines: Sequence[rules.RuleLine],
    parts: Sequence[rules.Part] = (),
    conditions: Sequence[rules.Condition] = (),
    active: bool = True,
) -> PostingRule:
    """Writes the rule at a place of a draft, once it is proved balanced and its accounts exist."""
    if not name.strip():
        raise RuleRefused(field="name", reason=_("请填写规则名称。"))
    rules.sound_conditions(list(conditions))
    rules.prove(lines=lines, parts=parts)
    book = Journal.objects.filter(code=journal).first()
    if book is None:
        raise Malformed(field="journal", source=journal)
    _check_accounts(lines)
    before = PostingRule.objects.filter(version=version, position=position).first()
    with refusals():
        rule, _made = PostingRule.objects.update_or_create(
            version=version,
            position=position,
            defaults={
                "name": name,
                "journal": book,
                "conditions": list(conditions),
                "parts": list(parts),
                "lines": list(lines),
                "active": active,
            },
        )
    audit.record(
        "ledger.save_rule",
        obj=version,
        before=_told(before) if before else None,
        after=_told(rule),
        note=name,
    )
    return rule


@transaction.atomic
def remove_rule(*, version: RuleVersion, position: int) -> None:
    """Takes a rule out of a draft; those behind it move up."""
    with refusals():
        held = PostingRule.objects.filter(version=version, position=position).first()
        if held is None:
            return
        audit.record("ledger.remove_rule", obj=version, before=_told(held), note=held.name)
        held.delete()
        behind = PostingRule.objects.filter(version=version, position__gt=position)
        for rule in behind.order_by("position"):
            PostingRule.objects.filter(pk=rule.pk).update(position=rule.position - 1)


@transaction.atomic
def move_rule(*, version: RuleVersion, position: int, up: bool) -> None:
    """Swaps a rule of a draft with its neighbour: the first that fits is the one that counts."""
    other = position - 1 if up else position + 1
    pair = {
        rule.position: rule
        for rule in PostingRule.objects.filter(version=version, position__in=(position, other))
    }
    if len(pair) < 2:
        return
    with refusals():
        for rule, place in ((pair[position], 0), (pair[other], position), (pair[position], other)):
            PostingRule.objects.filter(pk=rule.pk).update(position=place)
    audit.record(
        "ledger.move_rule",
        obj=version,
        before={"position": position},
        after={"position": other},
        note=pair[position].name,
    )


@transaction.atomic
def discard(*, version: RuleVersion) -> None:
    """Throws a draft away."""
    with refusals():
        audit.record(
            "ledger.discard_rules",
            obj=version,
            before={"event": version.event, "number": version.number},
        )
        version.delete()


@transaction.atomic
def switch_on(
    *,
    version: RuleVersion,
    starts_at: datetime | None,
    at: datetime,
    by: User | None = None,
    note: str = "",
) -> RuleVersion:
    """Puts a draft in force for what happens from `starts_at` on (None: from now).

    What is posted already stays as it was posted. The start may lie back, down to the first open day, so
    that events which were refused can still be booked; and nothing is decided over a version that is waiting for
    its day: take that back first. Locks the event's versions.
    """
    _lock(version.event)
    held = RuleVersion.objects.select_for_update().get(pk=version.pk)
    start = at if starts_at is None else starts_at
    if RuleState.ON not in RULE_TRANSITIONS[RuleState(held.state)]:
        raise VersionRefused(reason=_("这个版本不是草稿，不能再启用。"))
    waiting = RuleVersion.objects.filter(
        event=held.event, state=RuleState.ON, starts_at__gt=at
    ).first()
    if waiting is not None:
        raise VersionRefused(
            reason=_("第 %(number)s 版正等待生效，请先撤回。") % {"number": waiting.number}
        )
    if Period.objects.filter(state=PeriodState.CLOSED, end_date__gt=days.day_of(start)).exists():
        raise VersionRefused(
            field="starts_on", reason=_("生效日期不能早于最后一个已结账的会计期间。")
        )
    _check_accounts(line for rule in held.rules.all() for line in rule.lines)
    held.state, held.starts_at, held.decided_by, held.decided_at = RuleState.ON, start, by, at
    held.note = note or held.note
    with refusals():
        held.save(update_fields=["state", "starts_at", "decided_by", "decided_at", "note"])
    audit.record(
        "ledger.switch_on_rules",
        obj=held,
        after={"event": held.event, "number": held.number, "starts_at": start.isoformat()},
        note=held.note,
    )
    return held


@transaction.atomic
def withdraw(*, version: RuleVersion, at: datetime, by: User | None = None) -> RuleVersion:
    """Takes back a version that was switched on and has not started."""
    held = RuleVersion.objects.select_for_update().get(pk=version.pk)
    if held.state != RuleState.ON or held.in_force_from <= at:
        raise VersionRefused(reason=_("这个版本已经生效，不能撤回；请新建一个版本。"))
    held.state, held.decided_by, held.decided_at = RuleState.WITHDRAWN, by, at
    with refusals():
        held.save(update_fields=["state", "decided_by", "decided_at"])
    audit.record(
        "ledger.withdraw_rules", obj=held, after={"event": held.event, "number": held.number}
    )
    return held


@transaction.atomic
def switch_off(
    *,
    event: str,
    at: datetime,
    starts_at: datetime | None = None,
    by: User | None = None,
    note: str = "",
) -> RuleVersion:
    """From then on the event is refused: a version without rules. A draft in the way is thrown away."""
    held = draft(event=event, at=at, by=by)
    PostingRule.objects.filter(version=held).delete()
    return switch_on(version=held, starts_at=starts_at, at=at, by=by, note=note)


def _lock(event: str) -> None:
    """One decision at a time about an event's rules; drafts of it wait as well."""
    list(RuleVersion.objects.filter(event=event).select_for_update().values_list("pk"))


def _told(rule: PostingRule) -> dict[str, object]:
    return {
        "position": rule.position,
        "conditions": rule.conditions,
        "parts": rule.parts,
        "lines": rule.lines,
        "active": rule.active,
    }


def _check_accounts(lines: Iterable[rules.RuleLine]) -> None:
    named = [line for line in lines if not rules.given(line["account"])]
    accounts = {
        a.code: a for a in Account.objects.filter(code__in=[line["account"] for line in named])
    }
    for line in named:
        account = accounts.get(line["account"])
        if account is None or not account.active or bool(account.takes) != bool(line.get("party")):
            raise UnknownAccount(field="lines", account=line["account"])
