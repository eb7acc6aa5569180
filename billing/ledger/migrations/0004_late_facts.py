import django.db.models.expressions
from django.db import migrations, models

from billing.ledger.sql import install_functions


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_return_takes_names")]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="happened_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("happened_at__isnull", True),
                    ("happened_at__lt", django.db.models.expressions.F("effective_at")),
                    _connector="OR",
                ),
                name="ledger_entry_late",
            ),
        ),
        migrations.AddField(
            model_name="period",
            name="closings",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.RunPython(install_functions, migrations.RunPython.noop),
    ]
