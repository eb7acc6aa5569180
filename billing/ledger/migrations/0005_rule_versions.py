"""The rules of an event stand in versions; what stood before becomes the first."""

from datetime import UTC, datetime
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import shared_apps.kernel.ids
from billing.ledger.sql import install_functions, install_rule_triggers

KINDS = [
    ("CUSTOMER", "客户"),
    ("DISTRIBUTOR", "分销商"),
    ("SUPPLIER", "供应商"),
    ("CHANNEL", "支付渠道"),
]
STATES = [("DRAFT", "草稿"), ("ON", "已启用"), ("WITHDRAWN", "已撤回")]


def key() -> Any:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


def to(what: str, *, null: bool = False, blank: bool = False) -> Any:
    return models.ForeignKey(
        blank=blank,
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=what,
    )


def move_rules(apps: Any, schema_editor: Any) -> None:
    rules = apps.get_model("ledger", "PostingRule")
    versions = apps.get_model("ledger", "RuleVersion")
    for event in sorted(set(rules.objects.values_list("event", flat=True))):
        version = versions.objects.create(
            event=event,
            number=1,
            state="ON",
            starts_at=datetime(1970, 1, 1, tzinfo=UTC),
            made_at=datetime.now(UTC),
            decided_at=datetime.now(UTC),
        )
        for rule in rules.objects.filter(event=event):
            rule.version = version
            rule.lines = [{**line, "amount": {line["amount"]: 1}} for line in rule.lines]
            rule.save()
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_late_facts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleBook",
            fields=[("id", key()), ("mark", models.UUIDField())],
        ),
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", key()),
                (
                    "public_id",
                    models.UUIDField(
                        default=shared_apps.kernel.ids.new_id, editable=False, unique=True
                    ),
                ),
                ("event", models.CharField(max_length=40)),
                ("number", models.PositiveIntegerField()),
                ("state", models.CharField(choices=STATES, default="DRAFT", max_length=9)),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                ("made_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("made_by", to(settings.AUTH_USER_MODEL, null=True)),
                ("decided_by", to(settings.AUTH_USER_MODEL, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "number"), name="ledger_version_number"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "DRAFT")),
                        fields=("event",),
                        name="ledger_version_draft",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["DRAFT", "ON", "WITHDRAWN"])),
                        name="ledger_version_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("starts_at", None), ("state", "DRAFT")),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("starts_at__isnull", False),
                                ("state__in", ["ON", "WITHDRAWN"]),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_version_decided",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartyAccount",
            fields=[
                ("id", key()),
                ("party_kind", models.CharField(choices=KINDS, max_length=11)),
                ("party_id", models.CharField(blank=True, default="", max_length=64)),
                ("party_name", models.CharField(blank=True, default="", max_length=200)),
                ("starts_at", models.DateTimeField()),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                ("made_at", models.DateTimeField()),
                ("account", to("ledger.account", null=True, blank=True)),
                ("control", to("ledger.account")),
                ("made_by", to(settings.AUTH_USER_MODEL, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["party_kind", "party_id", "-id"], name="ledger_mapping_of_party"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("account__isnull", True),
                            models.Q(("account", models.F("control")), _negated=True),
                            _connector="OR",
                        ),
                        name="ledger_mapping_elsewhere",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE ledger_postingrule DROP CONSTRAINT IF EXISTS ledger_postingrule_proved",
            migrations.RunSQL.noop,
        ),
        migrations.AddField("postingrule", "conditions", models.JSONField(default=list)),
        migrations.AddField("postingrule", "parts", models.JSONField(default=list)),
        migrations.AddField(
            "postingrule",
            "version",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rules",
                to="ledger.ruleversion",
            ),
        ),
        migrations.RunPython(move_rules, migrations.RunPython.noop),
        migrations.AlterField(
            "postingrule",
            "version",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rules",
                to="ledger.ruleversion",
            ),
        ),
        migrations.RemoveConstraint("postingrule", "ledger_rule_position"),
        migrations.RemoveField("postingrule", "event"),
        migrations.AddConstraint(
            "postingrule",
            models.UniqueConstraint(fields=("version", "position"), name="ledger_rule_position"),
        ),
        migrations.RunPython(install_functions, migrations.RunPython.noop),
        migrations.RunPython(install_rule_triggers, migrations.RunPython.noop),
        migrations.RunSQL(
            "INSERT INTO ledger_rulebook (id, mark) "
            "SELECT 1, uuidv7() WHERE EXISTS (SELECT FROM ledger_postingrule)",
            migrations.RunSQL.noop,
        ),
    ]
