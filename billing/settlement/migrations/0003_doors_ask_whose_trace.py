from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).resolve().parents[1] / "sql" / "waterfall.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("settlement", "0002_waterfall")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
