from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from shared_apps.distributors import queries
from shared_apps.distributors.models import BRANDING, Distributor
from shared_apps.distributors.services import change_branding
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.frame import page, told

SECTION = sections.BRANDING


class BrandingForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    class Meta:
        model = Distributor
        fields = BRANDING
        labels = {
            "name": _("店铺名称"),
            "legal_name": _("公司全称"),
            "primary_color": _("主色"),
            "tagline": _("标语"),
            "about": _("关于我们"),
            "service_phone": _("客服电话"),
            "icp_number": _("ICP 备案号"),
        }
        help_texts = {
            "primary_color": _("按钮和链接的颜色；太浅、看不清文字的颜色不能保存。"),
            "legal_name": _("显示在页脚。"),
            "icp_number": _("显示在页脚，如 京ICP备00000000号。"),
        }
        widgets = {
            "primary_color": forms.TextInput(attrs={"type": "color"}),
            "about": forms.Textarea(attrs={"rows": 5, "maxlength": 2000}),
        }

    def _post_clean(self) -> None:
        """What is typed goes to the service, not into the instance."""


@access(SECTION.policy)
def branding(request: HttpRequest) -> HttpResponse:
    shop = queries.by_slug(distributor_of(request).slug)
    form = BrandingForm(request.POST or None, instance=shop)
    if request.method == "POST" and form.is_valid():
        wanted: dict[str, Any] = {name: form.cleaned_data[name] for name in BRANDING}
        try:
            change_branding(distributor=shop, **wanted)
        except DomainError as error:
            told(form, error)
        else:
            messages.success(request, said("品牌已保存，约 15 秒内在店铺生效。"))
            return redirect("office:branding")
    status = 422 if form.errors else 200
    return page(
        request, "backoffice/branding.html", SECTION, {"form": form, "shop": shop}, status=status
    )
