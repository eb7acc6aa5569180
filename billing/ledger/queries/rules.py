"""The rules, read: the compiled book that posting goes by, and their versions."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now

from billing.ledger import rules
from billing.ledger.enums import RuleState
from billing.ledger.errors import UnknownVersion
from billing.ledger.models import PartyAccount, PostingRule, RuleBook, RuleVersion


def read_mark() -> UUID | None:
    """The mark of the rules as they stand in this transaction; a book of another mark is stale."""
    return RuleBook.objects.values_list("mark", flat=True).first()


def read_book() -> rules.Book:
    """Everything that was switched on, compiled. Four queries.

    The mark is read first: a change that falls in between makes the book stale, never wrong unnoticed.
    """
    mark = read_mark()
    return rules.book_of(
        mark=mark,
        versions=with_rules(RuleVersion.objects.filter(state=RuleState.ON)),
        mappings=PartyAccount.objects.select_related("control", "account"),
    )


def with_rules(versions: QuerySet[RuleVersion]) -> QuerySet[RuleVersion]:
    ordered = PostingRule.objects.select_related("journal").order_by("position")
    return versions.prefetch_related(Prefetch("rules", queryset=ordered))


def accounts_of(*, event: str) -> dict[str, str]:
    """Side → account of the first line at each side, by the first rule of an event in force now; or empty."""
    in_force = RuleVersion.objects.filter(
        event=event, state=RuleState.ON, starts_at__lte=Now()
    ).order_by("-number")
    rule = (
        PostingRule.objects.filter(version=in_force.values("pk")[:1], active=True)
        .order_by("position")
        .first()
    )
    sides: dict[str, str] = {}
    for line in rule.lines if rule else []:
        sides.setdefault(line["side"], line["account"])
    return sides


def versions_of(*, event: str) -> QuerySet[RuleVersion]:
    """An event's versions, the latest first, with their rules and who decided."""
    return with_rules(
        RuleVersion.objects.filter(event=event)
        .select_related("made_by", "decided_by")
        .order_by("-number")
    )


def version(*, public_id: UUID) -> RuleVersion:
    found = with_rules(
        RuleVersion.objects.filter(public_id=public_id).select_related("made_by", "decided_by")
    ).first()
    if found is None:
        raise UnknownVersion(public_id=public_id)
    return found
