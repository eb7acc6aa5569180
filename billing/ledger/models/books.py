"""The books of one distributor. The database is the judge of them (`sql/`): an entry balances, stays
as it was written, is dated in an open period, and leaves no floored account below its floor,
whoever writes it and by whatever means."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Length

from billing.ledger.enums import DEBIT_NORMAL, AccountKind, PartyKind, PeriodState, Side
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import TenantRows

models.CharField.register_lookup(Length)


class ClockTimestamp(Func):
    """The moment itself; `now()` would be the moment the transaction began."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


class Account(PublicId):
    """科目. A control account names the kinds of party that stand under it, and is posted only
    through their sub-accounts, which open by themselves; every other account is posted directly.

    What a posting relied on (kind, currency, party, floor, place in the tree) never changes;
    a name may, and an account may be switched off.
    """

    rows = TenantRows()

    code = models.CharField(max_length=160, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=9, choices=AccountKind)
    normal = models.GeneratedField(
        expression=Case(
            When(kind__in=DEBIT_NORMAL, then=Value(Side.DEBIT.value)),
            default=Value(Side.CREDIT.value),
        ),
        output_field=models.CharField(max_length=6, choices=Side),
        db_persist=True,
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    takes = ArrayField(models.CharField(max_length=11, choices=PartyKind), default=list, blank=True)
    party_kind = models.CharField(max_length=11, choices=PartyKind, blank=True, default="")
    party_id = models.CharField(max_length=64, blank=True, default="")
    currency = models.CharField(max_length=3, default="CNY")
    floor_minor = models.BigIntegerField(null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=AccountKind.values), name="ledger_account_kind"
            ),
            models.CheckConstraint(condition=Q(code__length__gt=0), name="ledger_account_code"),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="ledger_account_currency"
            ),
            models.CheckConstraint(
                condition=Q(party_kind="", party_id="")
                | Q(
                    party_kind__in=PartyKind.values,
                    party_id__length__gt=0,
                    parent__isnull=False,
                    takes=[],
                ),
                name="ledger_account_party",
            ),
            models.CheckConstraint(
                condition=Q(takes__contained_by=PartyKind.values), name="ledger_account_takes"
            ),
            models.UniqueConstraint(
                fields=["parent", "party_kind", "party_id"],
                condition=~Q(party_kind=""),
                name="ledger_account_one_per_party",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Journal(models.Model):
    """账簿: the book in which an entry of its kind is first written."""

    rows = TenantRows()

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Period(models.Model):
    """Days [start, end), in China's time. Days outside any period are open."""

    rows = TenantRows()

    start_date = models.DateField()
    end_date = models.DateField()
    state = models.CharField(max_length=6, choices=PeriodState, default=PeriodState.OPEN)
    closings = models.PositiveSmallIntegerField(db_default=0)  # how often it was closed

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PeriodState.values), name="ledger_period_state"
            ),
            models.CheckConstraint(
                condition=Q(start_date__lt=F("end_date")), name="ledger_period_order"
            ),
            ExclusionConstraint(
                name="ledger_period_no_overlap",
                expressions=[(DateRange("start_date", "end_date"), RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start_date} – {self.end_date}"


class Entry(PublicId):
    """分录. Written once, with all its postings, in one transaction.

    `source` is what the entry was made from, and is unique: the same event is never posted twice.
    `facts` is what the event said (parties and amounts): a second telling of the same source must
    say the same, and new rules can be tried on old facts. `effective_at` is when it happened,
    `recorded_at` when the books learnt of it. A fact of days that were closed by then counts from
    the first moment of the first open day: that is its `effective_at`, and `happened_at` keeps its own.
    """

    rows = TenantRows(append_only=True)

    # The database looks journals up, and entries and accounts of postings, without a foreign key: that
    # would lock the row of a journal, or of a hot account, with every posting.
    journal = models.ForeignKey(
        Journal, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=200)
    effective_at = models.DateTimeField(db_index=True)
    happened_at = models.DateTimeField(null=True, blank=True)  # of a late fact alone
    recorded_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    memo = models.CharField(max_length=500, blank=True, default="")
    facts = models.JSONField(default=dict)
    reverses = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="reversals",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(source__regex="^[A-Za-z0-9_.:/#@+=-]+$"), name="ledger_entry_source"
            ),
            models.CheckConstraint(condition=Q(kind__length__gt=0), name="ledger_entry_kind"),
            models.CheckConstraint(
                condition=Q(happened_at__isnull=True) | Q(happened_at__lt=F("effective_at")),
                name="ledger_entry_late",
            ),
            models.UniqueConstraint(fields=["source"], name="ledger_entry_posted_once"),
            models.UniqueConstraint(
                fields=["reverses"],
                condition=Q(reverses__isnull=False),
                name="ledger_entry_reversed_once",
            ),
        ]
        indexes = [
            BrinIndex(
                fields=["recorded_at"],
                autosummarize=True,
                pages_per_range=32,
                name="ledger_entry_recorded",
            ),
        ]

    def __str__(self) -> str:
        return self.source


class Posting(models.Model):
    """One debit or one credit: positive, in the account's own currency."""

    rows = TenantRows(append_only=True)

    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, related_name="postings", db_constraint=False
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="postings",
        db_constraint=False,
    )
    direction = models.CharField(max_length=6, choices=Side)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=Side.values), name="ledger_posting_direction"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_posting_positive"),
        ]
        indexes = [
            models.Index(
                fields=["account", "entry"],
                include=["direction", "amount_minor"],
                name="ledger_posting_of_account",
            ),
        ]


class Balance(models.Model):
    """The running sums of an account that has a floor: the row that posting locks.

    Kept by the posting trigger alone; a direct write is refused. Other accounts have none, because a
    locked hot row costs two thirds of the throughput.
    """

    rows = TenantRows()

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="kept"
    )
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_minor__gte=0, credit_minor__gte=0), name="ledger_balance_sums"
            ),
        ]
