from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_monthly_plans")]
    operations = [
        migrations.RemoveConstraint(model_name="plan", name="plan_kind_known"),
        migrations.AlterField(
            model_name="plan",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ON_DEMAND", "按需"),
                    ("SPOT", "竞价"),
                    ("MONTHLY", "包月"),
                    ("POSTPAID", "按量后付费"),
                ],
                max_length=10,
                verbose_name="计费方式",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ON_DEMAND", "SPOT", "MONTHLY", "POSTPAID"])),
                name="plan_kind_known",
            ),
        ),
    ]
