from django.db import migrations, models

from billing.ledger.sql import install_functions, open_the_door

PROTECT = models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_vouchers")]

    operations = [
        migrations.AlterField(
            "entry",
            "journal",
            models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=PROTECT, to="ledger.journal"
            ),
        ),
        migrations.AlterField(
            "posting",
            "account",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=PROTECT,
                related_name="postings",
                to="ledger.account",
            ),
        ),
        migrations.AlterField(
            "posting",
            "entry",
            models.ForeignKey(
                db_constraint=False,
                on_delete=PROTECT,
                related_name="postings",
                to="ledger.entry",
            ),
        ),
        migrations.RunPython(install_functions, migrations.RunPython.noop),
        migrations.RunPython(open_the_door, migrations.RunPython.noop),
    ]
