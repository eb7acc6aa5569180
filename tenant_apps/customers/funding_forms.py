"""What is filled in for money that came by bank, by the customer or by finance in their place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

WRONG_AMOUNT = _("请输入金额，最多两位小数。")


class AmountField(forms.DecimalField):
    def __init__(self, **options: Any) -> None:
        wrong = ("invalid", "max_digits", "max_decimal_places", "max_whole_digits", "min_value")
        super().__init__(
            max_digits=12,
            decimal_places=2,
            min_value=0,
            error_messages={
                "required": _("请输入金额。"),
                **dict.fromkeys(wrong, WRONG_AMOUNT),
            },
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            **options,
        )


class OfflineForm(forms.Form):
    amount = AmountField(label=_("转账金额（元）"))
    payer = forms.CharField(
        label=_("付款户名"), max_length=120, help_text=_("与银行回单上的付款人一致。")
    )
    bank_reference = forms.CharField(
        label=_("银行流水号"), max_length=64, help_text=_("在回单上；同一笔转账只能提交一次。")
    )
    paid_on = forms.DateField(
        label=_("转账日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    slip = forms.FileField(
        label=_("转账凭证"),
        help_text=_("PDF、PNG 或 JPEG，不超过 5 MB。"),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
