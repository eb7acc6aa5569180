"""What a customer fills in to take money out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from tenant_apps.customers.funding_forms import AmountField


class WithdrawForm(forms.Form):
    amount = AmountField(label=_("提现金额（元）"))
    bank = forms.CharField(label=_("开户银行"), max_length=120, required=False)
    account_name = forms.CharField(label=_("户名"), max_length=120, required=False)
    account_number = forms.CharField(
        label=_("银行账号"),
        max_length=40,
        required=False,
        validators=[RegexValidator(r"^[0-9 ]{8,40}$", _("账号只有数字，请核对后重填。"))],
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """A bank account is told whole or not at all."""
        told = super().clean() or {}
        fields = ("bank", "account_name", "account_number")
        given = [name for name in fields if told.get(name)]
        for name in fields:
            if given and name not in given and name not in self.errors:
                self.add_error(name, _("请把收款账户填写完整。"))
        return told
