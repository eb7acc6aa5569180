"""An account's keys move into one sealed object, its public facts into another; two more providers."""

import json

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from shared_apps.kernel import secrets

PROVIDERS = [("ALIPAY", "支付宝"), ("WECHAT", "微信支付"), ("STRIPE", "Stripe")]


def gather(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for account in apps.get_model("payments", "MerchantAccount").objects.all():
        account.settings = {"provider_public_key": account.provider_public_key}
        key = secrets.unseal(account.private_key_sealed)
        account.secrets_sealed = secrets.seal(json.dumps({"private_key": key}))
        account.save(update_fields=["settings", "secrets_sealed"])


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="merchantaccount",
            name="settings",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="merchantaccount",
            name="secrets_sealed",
            field=models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.RunPython(gather, elidable=True),
        migrations.RemoveField(model_name="merchantaccount", name="private_key_sealed"),
        migrations.RemoveField(model_name="merchantaccount", name="provider_public_key"),
        migrations.AddField(
            model_name="paymentintent",
            name="provider_ref",
            field=models.CharField(blank=True, default="", max_length=255),
        ),
        migrations.AlterField(
            model_name="merchantaccount",
            name="provider",
            field=models.CharField(choices=PROVIDERS, max_length=10),
        ),
        migrations.AlterField(
            model_name="providerevent",
            name="provider",
            field=models.CharField(choices=PROVIDERS, max_length=10),
        ),
        migrations.AlterField(
            model_name="paymentintent",
            name="method",
            field=models.CharField(
                choices=[
                    ("ALIPAY_PAGE", "支付宝网页支付"),
                    ("ALIPAY_QR", "支付宝扫码支付"),
                    ("ALIPAY_WAP", "支付宝手机网页支付"),
                    ("WECHAT_NATIVE", "微信扫码支付"),
                    ("WECHAT_H5", "微信手机网页支付"),
                    ("WECHAT_JSAPI", "微信内支付"),
                    ("STRIPE_CHECKOUT", "Stripe 收银台"),
                ],
                max_length=16,
            ),
        ),
    ]
