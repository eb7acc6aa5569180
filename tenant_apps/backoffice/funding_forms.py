"""What finance fills in about money that comes, is given, or goes by bank."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.balances.enums import LotKind
from tenant_apps.customers.funding_forms import AmountField


class GiftForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("类型"),
        choices=[(LotKind.GIFTED, LotKind.GIFTED.label), (LotKind.PROMO, LotKind.PROMO.label)],
        help_text=_("下单时先用活动余额，再用赠送余额。"),
    )
    amount = AmountField(label=_("金额（元）"))
    title = forms.CharField(
        label=_("名目"), max_length=80, help_text=_("客户会看到，如：开业活动、故障补偿。")
    )
    expires_on = forms.DateField(
        label=_("到期日"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("当天仍可使用，之后未用的部分自动冲回。"),
    )


class TransferredForm(forms.Form):
    bank_reference = forms.CharField(
        label=_("银行流水号"), max_length=64, help_text=_("转账成功后的回单上的流水号。")
    )


class CameBackForm(forms.Form):
    reason = forms.CharField(
        label=_("原因"), max_length=300, help_text=_("客户会看到，如：户名与账号不符。")
    )
