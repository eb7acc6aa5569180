"""What an administrator types about a merchant account: per provider, secrets never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.payments.enums import Provider


class SecretField(forms.CharField):
    """Typed once: the page that refuses the rest does not bring it back."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
            max_length=8000,
            **options,
        )


class KeyField(SecretField):
    """A private key of many lines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget = Blank(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"})


class Blank(forms.Textarea):
    """Always shown empty."""

    def format_value(self, value: Any) -> None:
        return None


class MerchantForm(forms.Form):
    """`public`: the fields kept in settings. `secret`: those that are sealed."""

    public: ClassVar[tuple[str, ...]] = ()
    secret: ClassVar[tuple[str, ...]] = ()

    def told(self) -> Mapping[str, Any]:
        """The arguments that name the account, for the service."""
        said = self.cleaned_data
        return {
            "app_id": said["app_id"],
            "seller_id": said.get("seller_id") or said["app_id"],
            "settings": {name: said[name] for name in self.public},
            "secret": {name: said[name] for name in self.secret},
        }


def _public_key(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=8000, widget=forms.Textarea(attrs={"rows": 4}))


class AlipayForm(MerchantForm):
    public = ("provider_public_key",)
    secret = ("private_key",)
    app_id = forms.RegexField(r"^[0-9]{10,32}$", label=_("应用编号（APPID）"))
    seller_id = forms.RegexField(r"^[0-9]{10,32}$", label=_("商户编号（PID，2088 开头）"))
    provider_public_key = _public_key(_("支付宝公钥"))
    private_key = KeyField(label=_("应用私钥"))


class WechatForm(MerchantForm):
    public = ("serial_no", "public_key_id", "public_key")
    secret = ("private_key", "api_v3_key")
    app_id = forms.RegexField(r"^[A-Za-z0-9]{6,32}$", label=_("APPID"))
    seller_id = forms.RegexField(r"^[0-9]{6,32}$", label=_("商户号"))
    serial_no = forms.RegexField(r"^[0-9A-Fa-f]{20,64}$", label=_("商户证书序列号"))
    public_key_id = forms.RegexField(r"^[A-Za-z0-9_]{6,80}$", label=_("微信支付公钥编号"))
    public_key = _public_key(_("微信支付公钥"))
    private_key = KeyField(label=_("商户私钥"))
    api_v3_key = SecretField(label=_("APIv3 密钥"), help_text=_("用于解密支付通知，32 位。"))


class StripeForm(MerchantForm):
    secret = ("secret_key", "webhook_secret")
    app_id = forms.RegexField(r"^acct_[A-Za-z0-9_]{4,58}$", label=_("账户编号（acct_ 开头）"))
    secret_key = SecretField(label=_("密钥（sk_ 或 rk_ 开头）"))
    webhook_secret = SecretField(label=_("Webhook 签名密钥（whsec_ 开头）"))


FORMS: Mapping[str, type[MerchantForm]] = {
    Provider.ALIPAY: AlipayForm,
    Provider.WECHAT: WechatForm,
    Provider.STRIPE: StripeForm,
}


def label_of(provider: str, name: str) -> str:
    """What a field is called on the page where it was typed."""
    field = FORMS[provider].base_fields.get(name)
    return str(field.label) if field else name
