from __future__ import annotations

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.pricing.services import set_retail_percent
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.queries.price_board import price_board

SECTION = sections.PRICES


class PercentForm(forms.Form):
    percent = forms.DecimalField(
        label=_("零售折扣"),
        min_value=Decimal("0.01"),
        max_value=Decimal(1000),
        max_digits=7,
        decimal_places=4,
        help_text=_("占目录价的百分比，如 97 即按目录价的九七折销售。"),
    )


@access(SECTION.policy)
def prices(request: HttpRequest) -> HttpResponse:
    """GET with a percent previews it; POST puts it in force from now on."""
    at = clock.now()
    form = PercentForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            set_retail_percent(percent=form.cleaned_data["percent"], at=at)
        except DomainError as error:
            told(form, error)
        else:
            percent = f"{form.cleaned_data['percent'].normalize():f}"
            messages.success(
                request,
                said("零售折扣已改为 %(percent)s%%，新下的订单按新价格计算。")
                % {"percent": percent},
            )
            return redirect("office:prices")
    asked = PercentForm(request.GET) if "percent" in request.GET else form
    wanted = asked.cleaned_data.get("percent") if asked and asked.is_valid() else None
    board = price_board(me=distributor_of(request), at=at, wanted=wanted)
    context = {
        "board": board,
        "form": asked or PercentForm(initial={"percent": board.percent}),
        "at": at,
    }
    invalid = asked is not None and not asked.is_valid()
    return page(request, "backoffice/prices.html", SECTION, context, status=422 if invalid else 200)
