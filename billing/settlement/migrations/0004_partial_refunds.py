from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).resolve().parents[1] / "sql" / "waterfall.sql").read_text()
WHOLE = """
UPDATE settlement_obligation SET refund_id = trace_id WHERE kind = 'REFUND';
UPDATE settlement_obligation sale SET refunded_minor = sale.amount_minor
  FROM settlement_obligation back WHERE back.reverses_id = sale.id;
"""


class Migration(migrations.Migration):
    """A sale is taken back in parts; what was taken back before was taken back whole."""

    dependencies = [("settlement", "0003_booking_next_try_at")]
    operations = [
        migrations.RemoveConstraint(model_name="obligation", name="obligation_once"),
        migrations.RemoveConstraint(model_name="obligation", name="obligation_sign"),
        migrations.AlterField(
            model_name="obligation",
            name="reverses",
            field=models.ForeignKey(
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="refunds",
                to="settlement.obligation",
            ),
        ),
        migrations.AddField(
            model_name="obligation", name="refund_id", field=models.UUIDField(null=True)
        ),
        migrations.AddField(
            model_name="obligation",
            name="refunded_minor",
            field=models.BigIntegerField(default=0),
        ),
        migrations.RunSQL(WHOLE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="obligation",
            constraint=models.UniqueConstraint(
                fields=["trace_id", "position", "refund_id"],
                nulls_distinct=False,
                name="obligation_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="obligation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    kind="SALE",
                    amount_minor__gte=0,
                    reverses=None,
                    refund_id=None,
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("amount_minor"),
                )
                | models.Q(
                    kind="REFUND",
                    amount_minor__lte=0,
                    reverses__isnull=False,
                    refund_id__isnull=False,
                    refunded_minor=0,
                ),
                name="obligation_sign",
            ),
        ),
        migrations.CreateModel(
            name="RefundPermit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("trace_id", models.UUIDField(unique=True)),
                ("reason", models.CharField(max_length=200)),
                ("permitted_by", models.CharField(max_length=120)),
                ("permitted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="refund_permit_reason",
                    )
                ]
            },
        ),
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS public.record_sale_refund(uuid, timestamptz)",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
