from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.ledger import days
from shared_apps.distributors import queries
from shared_apps.distributors.services import agree_terms
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.queries.contracts import contracts

SECTION = sections.TERMS


@access(SECTION.policy)
def terms(request: HttpRequest) -> HttpResponse:
    """Our terms with the level above, and those with each one below."""
    context = {
        "contracts": contracts(me=distributor_of(request), at=clock.now()),
        "may_agree": sections.allows(sections.AGREE_TERMS, request),
    }
    return page(request, "backoffice/terms.html", SECTION, context)


class TermsForm(forms.Form):
    wholesale_percent = forms.DecimalField(
        label=_("结算折扣"),
        min_value=Decimal("0.01"),
        max_value=Decimal(1000),
        max_digits=7,
        decimal_places=4,
        help_text=_("下级按目录价的百分之几向本店结算。"),
    )
    starts_on = forms.DateField(
        label=_("生效日期"),
        help_text=_("从这一天零点开始；选今天则立即生效。"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(label=_("备注"), max_length=200, required=False)


@access(sections.AGREE_TERMS)
def agree(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """As the parent: new terms for a child, from a day on. Orders already placed keep their prices."""
    at = clock.now()
    child = queries.child(distributor_of(request), public_id)
    form = TermsForm(request.POST or None, initial={"starts_on": days.day_of(at)})
    if request.method == "POST" and form.is_valid():
        try:
            agree_terms(
                child=child,
                wholesale_percent=form.cleaned_data["wholesale_percent"],
                starts_at=_start(form.cleaned_data["starts_on"], at),
                at=at,
                note=form.cleaned_data["note"],
            )
        except DomainError as error:
            if getattr(error, "field", "") == "starts_at":
                form.add_error("starts_on", str(error))
            else:
                told(form, error)
        else:
            messages.success(request, said("已与“%(name)s”约定新的结算条款。") % {"name": child})
            return redirect("office:terms")
    context = {
        "child": child,
        "form": form,
        "in_force": queries.terms_in_force(child, at=at),
    }
    status = 422 if form.errors else 200
    return page(request, "backoffice/terms_agree.html", SECTION, context, status=status)


def _start(day: date, at: datetime) -> datetime:
    """Midnight of the day in the books' zone; today means now."""
    return at if day == days.day_of(at) else days.start_of(day)
