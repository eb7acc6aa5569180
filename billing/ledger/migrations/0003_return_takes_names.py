from django.db import migrations

from billing.ledger.sql import install_functions


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards")]

    operations = [migrations.RunPython(install_functions, migrations.RunPython.noop)]
