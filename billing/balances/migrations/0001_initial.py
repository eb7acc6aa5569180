import django.db.models.functions.datetime
from django.db import migrations, models

import shared_apps.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

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
    ]
