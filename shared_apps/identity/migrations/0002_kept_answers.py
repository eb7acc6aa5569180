from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM identity_idempotentrequest", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="status",
            field=models.PositiveSmallIntegerField(),
        ),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="body",
            field=models.TextField(blank=True),
        ),
    ]
