from django.db import migrations, models


class Migration(migrations.Migration):
    """What is paid afterwards has no end, is metered, and can be suspended."""

    dependencies = [("fulfilment", "0003_resource_auto_renew")]
    operations = [
        migrations.AlterField(
            model_name="resource", name="ends_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="resource", name="metered_until", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="resource", name="suspended_at", field=models.DateTimeField(null=True)
        ),
        migrations.RemoveConstraint(model_name="resource", name="resource_state"),
        migrations.AlterField(
            model_name="resource",
            name="state",
            field=models.CharField(
                choices=[
                    ("RUNNING", "运行中"),
                    ("SUSPENDED", "已暂停"),
                    ("ENDING", "释放中"),
                    ("ENDED", "已结束"),
                ],
                default="RUNNING",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["RUNNING", "SUSPENDED", "ENDING", "ENDED"])),
                name="resource_state",
            ),
        ),
        migrations.AlterField(
            model_name="workorder",
            name="kind",
            field=models.CharField(
                choices=[
                    ("CREATE", "开通"),
                    ("TERMINATE", "释放"),
                    ("SWITCH", "暂停或恢复"),
                ],
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="workorder", name="work_order_once"),
        migrations.AddConstraint(
            model_name="workorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "SWITCH"), _negated=True)
                | models.Q(("state__in", ["DONE", "FAILED"]), _negated=True),
                fields=("line", "kind"),
                name="work_order_once",
            ),
        ),
    ]
