import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import shared_apps.kernel.ids
from billing.balances.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("files", "0001_initial"),
        ("ledger", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
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
                ("customer_id", models.UUIDField()),
                ("subject_id", models.UUIDField(unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(default="CNY", max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("HELD", "已冻结"),
                            ("CAPTURED", "已扣款"),
                            ("RELEASED", "已解冻"),
                        ],
                        default="HELD",
                        max_length=10,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["customer_id", "state"], name="hold_customer")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="hold_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["HELD", "CAPTURED", "RELEASED"])),
                        name="hold_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lot",
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
                ("customer_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("PAID", "充值"), ("GIFTED", "赠送"), ("PROMO", "活动")],
                        max_length=6,
                    ),
                ),
                ("source", models.CharField(max_length=200, unique=True)),
                ("origin_id", models.UUIDField()),
                ("title", models.CharField(max_length=120)),
                ("amount_minor", models.BigIntegerField()),
                ("left_minor", models.BigIntegerField(default=0)),
                ("held_minor", models.BigIntegerField(default=0)),
                ("currency", models.CharField(default="CNY", max_length=3)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer_id", "id"], name="lot_customer"),
                    models.Index(fields=["origin_id"], name="lot_origin"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["PAID", "GIFTED", "PROMO"])),
                        name="lot_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gt", 0),
                            ("held_minor__gte", 0),
                            ("left_minor__gte", 0),
                            (
                                "left_minor__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("amount_minor"), "-", models.F("held_minor")
                                ),
                            ),
                        ),
                        name="lot_never_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("expires_at__isnull", True), ("kind", "PAID")),
                            models.Q(
                                models.Q(("kind", "PAID"), _negated=True),
                                ("expires_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="lot_paid_money_does_not_expire",
                    ),
                ],
            },
        ),
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
            name="LotUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("customer_id", models.UUIDField(db_index=True)),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("ENTER", "存入"),
                            ("HOLD", "冻结"),
                            ("RELEASE", "解冻"),
                            ("CAPTURE", "扣款"),
                            ("RETURN", "退回"),
                            ("EXPIRE", "过期"),
                        ],
                        max_length=7,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                (
                    "free_change",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                then=models.F("amount_minor"),
                                way__in=["ENTER", "RELEASE", "RETURN"],
                            ),
                            models.When(
                                then=django.db.models.expressions.CombinedExpression(
                                    models.F("amount_minor"), "*", models.Value(-1)
                                ),
                                way__in=["HOLD", "EXPIRE"],
                            ),
                            default=models.Value(0),
                        ),
                        output_field=models.BigIntegerField(),
                    ),
                ),
                (
                    "held_change",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(then=models.F("amount_minor"), way__in=["HOLD"]),
                            models.When(
                                then=django.db.models.expressions.CombinedExpression(
                                    models.F("amount_minor"), "*", models.Value(-1)
                                ),
                                way__in=["RELEASE", "CAPTURE"],
                            ),
                            default=models.Value(0),
                        ),
                        output_field=models.BigIntegerField(),
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.entry",
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="balances.hold",
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="balances.lot",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("way__in", ["ENTER", "HOLD", "RELEASE", "CAPTURE", "RETURN", "EXPIRE"])
                        ),
                        name="lot_use_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="lot_use_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("hold__isnull", True), ("way__in", ["ENTER", "EXPIRE"])),
                            models.Q(
                                models.Q(("way__in", ["ENTER", "EXPIRE"]), _negated=True),
                                ("hold__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="lot_use_hold",
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
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
