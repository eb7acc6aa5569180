import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import shared_apps.kernel.ids
from billing.ledger.sql import install_functions


class Migration(migrations.Migration):
    dependencies = [
        ("files", "0001_initial"),
        ("ledger", "0005_rule_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Voucher",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DRAFT", "草稿"),
                            ("ASKED", "待复核"),
                            ("POSTED", "已入账"),
                            ("REJECTED", "未通过"),
                        ],
                        default="DRAFT",
                        max_length=8,
                    ),
                ),
                ("dated", models.DateField(blank=True, null=True)),
                ("memo", models.CharField(max_length=300)),
                ("lines", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                (
                    "attachment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.storedfile",
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
                    "entry",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.entry",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["DRAFT", "ASKED", "POSTED", "REJECTED"])),
                        name="ledger_voucher_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("dated", None), ("lines", []), ("reverses__isnull", False)),
                            models.Q(("dated__isnull", False), ("reverses__isnull", True)),
                            _connector="OR",
                        ),
                        name="ledger_voucher_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("entry__isnull", False), ("state", "POSTED")),
                            models.Q(
                                models.Q(("state", "POSTED"), _negated=True),
                                ("entry__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_voucher_posted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("made_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="ledger_voucher_by_another",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reverses__isnull", False), ("state", "ASKED")),
                        fields=("reverses",),
                        name="ledger_voucher_one_reversal",
                    ),
                ],
            },
        ),
        migrations.RunPython(install_functions, migrations.RunPython.noop),
        migrations.RunSQL(
            "CREATE TRIGGER ledger_voucher_fixed BEFORE UPDATE OR DELETE ON ledger_voucher "
            "FOR EACH ROW EXECUTE FUNCTION public.ledger_voucher_fixed()",
            migrations.RunSQL.noop,
        ),
    ]
