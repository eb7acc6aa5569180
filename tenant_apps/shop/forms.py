from django import forms
from django.utils.translation import gettext_lazy as _

from billing.payments.enums import Method
from tenant_apps.orders.models import MOST_HOURS, MOST_PER_ITEM


class AddForm(forms.Form):
    plan = forms.UUIDField()
    hours = forms.IntegerField(min_value=1, max_value=MOST_HOURS)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_PER_ITEM)


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(min_value=0, max_value=MOST_PER_ITEM)


class RechargeForm(forms.Form):
    amount = forms.DecimalField(
        label=_("充值金额"),
        max_digits=12,
        decimal_places=2,
        error_messages={
            "required": _("请输入金额。"),
            "invalid": _("请输入金额，最多两位小数。"),
            "max_digits": _("请输入金额，最多两位小数。"),
            "max_decimal_places": _("请输入金额，最多两位小数。"),
            "max_whole_digits": _("金额太大，请分次充值。"),
        },
    )
    pay_by = forms.ChoiceField(choices=Method.choices)


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("称呼"), max_length=60, required=False)
    company = forms.CharField(label=_("单位"), max_length=120, required=False)


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("用途"),
        max_length=60,
        error_messages={"required": _("请填写令牌的用途，便于以后辨认。")},
    )
