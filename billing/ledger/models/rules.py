"""How events are booked: the distributor's own rules."""

from __future__ import annotations

from django.db import models

from shared_apps.kernel.rows import TenantRows

from .books import Journal


class PostingRule(models.Model):
    """会计分录: how an event is booked. `lines` is a list of {side, account, party, amount}, where party
    and amount are names that the event gives; the database accepts only a rule that balances
    whatever the amounts are."""

    rows = TenantRows()

    event = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=100)
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT)
    lines = models.JSONField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "position"], name="ledger_rule_position"),
        ]

    def __str__(self) -> str:
        return f"{self.event}/{self.position} {self.name}"
