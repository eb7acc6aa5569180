"""What finance books by hand, and whose second person agreed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.ledger.enums import VoucherState
from shared_apps.files.models import StoredFile
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import TenantRows

from .books import Entry


class Voucher(PublicId):
    """手工凭证: lines [{side, account, amount}] by account code, in fen; or the reversal of an entry.

    It is posted when a second person approves, with `voucher:<public id>` as its source: once. What was
    asked for does not change under the eyes of who decides, and what was posted never does.
    """

    rows = TenantRows()

    state = models.CharField(max_length=8, choices=VoucherState, default=VoucherState.DRAFT)
    dated = models.DateField(
        null=True, blank=True
    )  # of a reversal: the day on which it is approved
    memo = models.CharField(max_length=300)
    lines = models.JSONField(default=list)
    reverses = models.ForeignKey(
        Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    attachment = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=VoucherState.values), name="ledger_voucher_state"
            ),
            models.CheckConstraint(
                condition=Q(reverses__isnull=False, lines=[], dated=None)
                | Q(reverses__isnull=True, dated__isnull=False),
                name="ledger_voucher_kind",
            ),
            models.CheckConstraint(
                condition=Q(state=VoucherState.POSTED, entry__isnull=False)
                | (~Q(state=VoucherState.POSTED) & Q(entry__isnull=True)),
                name="ledger_voucher_posted",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("made_by")),
                name="ledger_voucher_by_another",
            ),
            models.UniqueConstraint(
                fields=["reverses"],
                condition=Q(reverses__isnull=False, state=VoucherState.ASKED),
                name="ledger_voucher_one_reversal",
            ),
        ]

    def __str__(self) -> str:
        return self.memo
