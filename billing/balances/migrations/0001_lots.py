import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import shared_apps.kernel.ids
from billing.balances.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0002_guards"),
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
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
