from django.db import migrations, models


class Migration(migrations.Migration):
    """An order of what is paid afterwards asks for nothing."""

    dependencies = [("orders", "0003_renewals")]
    operations = [
        migrations.RemoveConstraint(model_name="order", name="order_total"),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("total_minor__gte", 0)), name="order_total"
            ),
        ),
    ]
