import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import shared_apps.kernel.ids

WHOLE = """
UPDATE orders_orderline SET refunded_minor = amount_minor, refunded_hours = hours
 WHERE state = 'REFUNDED';
UPDATE orders_orderline SET opened_at = o.finished_at FROM orders_order o
 WHERE o.id = order_id AND orders_orderline.state = 'OPEN';
"""


class Migration(migrations.Migration):
    """A line is given back in parts; what was given back before was given back whole."""

    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="orderline", name="opened_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="orderline",
            name="refunded_minor",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="orderline",
            name="refunded_hours",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunSQL(WHOLE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("amount_minor"),
                    refunded_hours__lte=models.F("hours"),
                ),
                name="order_line_refunded_at_most_paid",
            ),
        ),
        migrations.CreateModel(
            name="LineRefund",
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
                ("hours", models.PositiveIntegerField(default=0)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(default="CNY", max_length=3)),
                ("reason", models.CharField(max_length=120)),
                (
                    "to",
                    models.CharField(
                        choices=[("SOURCE", "原支付方式"), ("BALANCE", "余额")], max_length=8
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ASKED", "待审批"),
                            ("DONE", "已退款"),
                            ("REJECTED", "未通过"),
                        ],
                        default="ASKED",
                        max_length=8,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="orders.orderline",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="line_refund_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["ASKED", "DONE", "REJECTED"])),
                        name="line_refund_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to__in", ["SOURCE", "BALANCE"])),
                        name="line_refund_to",
                    ),
                ],
            },
        ),
    ]
