"""How events are booked: the distributor's own rules, in versions of which none is edited once it counted."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.ledger.enums import PartyKind, RuleState
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import TenantRows

from .books import Account, Journal

# From when on the first version of an event's rules counts: whatever was told from the opening of the books.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class RuleVersion(PublicId):
    """All rules of one event, as decided at one time. A draft may change; what was switched on never
    does, and is superseded by a later version or, while it has not started, taken back.

    An event is booked by the version in force when it happened: of those switched on that had
    started by then, the one with the highest number. One without rules books nothing: the event is off.
    """

    rows = TenantRows()

    event = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=RuleState, default=RuleState.DRAFT)
    starts_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, default="")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "number"], name="ledger_version_number"),
            models.UniqueConstraint(
                fields=["event"], condition=Q(state=RuleState.DRAFT), name="ledger_version_draft"
            ),
            models.CheckConstraint(
                condition=Q(state__in=RuleState.values), name="ledger_version_state"
            ),
            models.CheckConstraint(
                condition=Q(state=RuleState.DRAFT, starts_at=None, decided_at=None)
                | Q(
                    state__in=[RuleState.ON, RuleState.WITHDRAWN],
                    starts_at__isnull=False,
                    decided_at__isnull=False,
                ),
                name="ledger_version_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} v{self.number}"

    @property
    def in_force_from(self) -> datetime:
        return self.starts_at or BEGINNING


class PostingRule(models.Model):
    """会计分录规则. `conditions` say when it is meant; `parts` are the amounts that it rounds, once each;
    `lines` is a list of {side, account, party, amount}, where amount is a sum of the event's amounts
    and the parts. The database accepts only a rule that balances whatever the amounts are.
    """

    rows = TenantRows()

    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=100)
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT)
    conditions = models.JSONField(default=list)
    parts = models.JSONField(default=list)
    lines = models.JSONField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="ledger_rule_position"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.name}"


class RuleBook(models.Model):
    """One row: a mark that is new after every change of a rule, a version or a mapping.

    The database writes it, in the transaction of the change. A mark never comes twice, not even after
    a change that was undone, so a compiled book may be kept until its mark is gone.
    """

    rows = TenantRows()

    mark = models.UUIDField()


class PartyAccount(models.Model):
    """机构科目对照: from `starts_at` on, lines for this party under `control` go under `account` instead.

    Without a party id it is meant for all parties of the kind; without an account, it ends what was
    said before. Rows are never changed: the latest that has started counts.
    """

    rows = TenantRows(append_only=True)

    party_kind = models.CharField(max_length=11, choices=PartyKind)
    party_id = models.CharField(max_length=64, blank=True, default="")
    party_name = models.CharField(max_length=200, blank=True, default="")
    control = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    starts_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True, default="")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(account__isnull=True) | ~Q(account=F("control")),
                name="ledger_mapping_elsewhere",
            ),
        ]
        indexes = [
            models.Index(fields=["party_kind", "party_id", "-id"], name="ledger_mapping_of_party")
        ]

    def __str__(self) -> str:
        return f"{self.party_kind} {self.party_name}"
