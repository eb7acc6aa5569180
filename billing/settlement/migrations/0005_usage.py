from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).resolve().parents[1] / "sql" / "waterfall.sql").read_text()


class Migration(migrations.Migration):
    """What was used of a machine is frozen by a door of its own."""

    dependencies = [("settlement", "0004_partial_refunds")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
