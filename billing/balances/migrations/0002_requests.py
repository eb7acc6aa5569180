import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import shared_apps.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("balances", "0001_lots"),
        ("files", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BankPayout",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        default=shared_apps.kernel.ids.new_id, editable=False, unique=True
                    ),
                ),
                ("number", models.CharField(max_length=32, unique=True)),
                ("customer_id", models.UUIDField(db_index=True)),
                ("amount_minor", models.BigIntegerField(verbose_name="金额")),
                ("currency", models.CharField(default="CNY", max_length=3)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("bank", models.CharField(max_length=120, verbose_name="开户银行")),
                ("account_name", models.CharField(max_length=120, verbose_name="户名")),
                ("account_sealed", models.TextField()),
                ("account_tail", models.CharField(max_length=4)),
                (
                    "bank_reference",
                    models.CharField(
                        blank=True, default="", max_length=64, verbose_name="银行流水号"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "待审核"),
                            ("APPROVED", "待转账"),
                            ("PAID", "已转账"),
                            ("REJECTED", "未通过"),
                            ("FAILED", "转账失败"),
                        ],
                        default="PENDING",
                        max_length=8,
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gt", 0),
                            ("state__in", ["PENDING", "APPROVED", "PAID", "REJECTED", "FAILED"]),
                        ),
                        name="bank_payout_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_by", None), ("state", "PENDING")),
                            models.Q(
                                models.Q(("state", "PENDING"), _negated=True),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="bank_payout_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="bank_payout_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", "PAID"), models.Q(("bank_reference", ""), _negated=True)
                            ),
                            models.Q(
                                models.Q(("state", "PAID"), _negated=True), ("bank_reference", "")
                            ),
                            _connector="OR",
                        ),
                        name="bank_payout_reference",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("bank_reference", ""), _negated=True),
                        fields=("bank_reference",),
                        name="bank_payout_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Gift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        default=shared_apps.kernel.ids.new_id, editable=False, unique=True
                    ),
                ),
                ("number", models.CharField(max_length=32, unique=True)),
                ("customer_id", models.UUIDField(db_index=True)),
                ("amount_minor", models.BigIntegerField(verbose_name="金额")),
                ("currency", models.CharField(default="CNY", max_length=3)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                (
                    "kind",
                    models.CharField(
                        choices=[("PAID", "充值"), ("GIFTED", "赠送"), ("PROMO", "活动")],
                        max_length=6,
                    ),
                ),
                ("title", models.CharField(max_length=80, verbose_name="名目")),
                ("expires_at", models.DateTimeField(verbose_name="到期时间")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "待审核"),
                            ("APPROVED", "已入账"),
                            ("REJECTED", "未通过"),
                            ("WITHDRAWN", "已撤回"),
                        ],
                        default="PENDING",
                        max_length=9,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gt", 0), ("kind__in", ["GIFTED", "PROMO"])
                        ),
                        name="gift_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_by__isnull", False),
                                ("state__in", ["APPROVED", "REJECTED"]),
                            ),
                            models.Q(("decided_by", None), ("state__in", ["PENDING", "WITHDRAWN"])),
                            _connector="OR",
                        ),
                        name="gift_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="gift_by_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OfflineRecharge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        default=shared_apps.kernel.ids.new_id, editable=False, unique=True
                    ),
                ),
                ("number", models.CharField(max_length=32, unique=True)),
                ("customer_id", models.UUIDField(db_index=True)),
                ("amount_minor", models.BigIntegerField(verbose_name="金额")),
                ("currency", models.CharField(default="CNY", max_length=3)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("payer", models.CharField(max_length=120, verbose_name="付款户名")),
                ("bank_reference", models.CharField(max_length=64, verbose_name="银行流水号")),
                ("paid_on", models.DateField(verbose_name="转账日期")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "待审核"),
                            ("APPROVED", "已入账"),
                            ("REJECTED", "未通过"),
                            ("WITHDRAWN", "已撤回"),
                        ],
                        default="PENDING",
                        max_length=9,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "slip",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.storedfile",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gt", 0), models.Q(("bank_reference", ""), _negated=True)
                        ),
                        name="offline_recharge_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_by__isnull", False),
                                ("state__in", ["APPROVED", "REJECTED"]),
                            ),
                            models.Q(("decided_by", None), ("state__in", ["PENDING", "WITHDRAWN"])),
                            _connector="OR",
                        ),
                        name="offline_recharge_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="offline_recharge_by_another",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["PENDING", "APPROVED"])),
                        fields=("bank_reference",),
                        name="offline_recharge_once",
                    ),
                ],
            },
        ),
    ]
