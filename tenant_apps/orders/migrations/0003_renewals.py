import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A line may buy more time for a machine that an earlier line opened."""

    dependencies = [("orders", "0002_partial_refunds")]
    operations = [
        migrations.AddField(
            model_name="orderline",
            name="renews",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewals",
                to="orders.orderline",
            ),
        ),
    ]
