from django.db import migrations

from billing.ledger.sql import install_functions, install_triggers


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_books")]

    operations = [
        migrations.RunPython(install_functions, migrations.RunPython.noop),
        migrations.RunPython(install_triggers, migrations.RunPython.noop),
    ]
