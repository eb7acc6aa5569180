"""What a customer fills in to have an invoice."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.invoicing.enums import InvoiceKind, TitleKind
from billing.invoicing.models import Title


class TitleForm(forms.Form):
    title_kind = forms.ChoiceField(label=_("抬头类型"), choices=TitleKind.choices)
    name = forms.CharField(
        label=_("抬头名称"), max_length=100, help_text=_("企业填营业执照上的全称，个人填姓名。")
    )
    tax_number = forms.CharField(
        label=_("税号"),
        max_length=24,
        required=False,
        help_text=_("企业必填：18 位统一社会信用代码。个人不填。"),
    )
    bank_name = forms.CharField(label=_("开户行（选填）"), max_length=100, required=False)
    bank_account = forms.CharField(label=_("银行账号（选填）"), max_length=40, required=False)
    address = forms.CharField(label=_("注册地址（选填）"), max_length=120, required=False)
    phone = forms.CharField(label=_("注册电话（选填）"), max_length=30, required=False)
    is_default = forms.BooleanField(label=_("设为默认抬头"), required=False)


class InvoiceForm(forms.Form):
    title = forms.ChoiceField(label=_("发票抬头"), choices=())
    kind = forms.ChoiceField(
        label=_("发票种类"),
        choices=InvoiceKind.choices,
        help_text=_("专用发票只能开给企业抬头。"),
    )
    email = forms.EmailField(label=_("接收邮箱"), help_text=_("开好后发到这里，也可在本站下载。"))
    mobile = forms.CharField(label=_("联系手机（选填）"), max_length=30, required=False)
    remark = forms.CharField(label=_("备注（选填）"), max_length=200, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, titles: list[Title], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].choices = [  # type: ignore[attr-defined]
            (
                str(title.public_id),
                f"{title.name}（{title.tax_number or title.get_title_kind_display()}）",
            )
            for title in titles
        ]
