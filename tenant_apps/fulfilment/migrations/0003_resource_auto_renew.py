from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fulfilment", "0002_workorder_sweep_until")]
    operations = [
        migrations.AddField(
            model_name="resource", name="auto_renew", field=models.BooleanField(default=False)
        ),
    ]
