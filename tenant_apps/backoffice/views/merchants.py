"""The shop's accounts at payment providers: finance sees them, an administrator changes them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.views.decorators.http import require_GET, require_POST

from billing.payments.accounts import fingerprints, notify_path
from billing.payments.enums import Provider
from billing.payments.models import MerchantAccount
from billing.payments.services.accounts import prove_and_connect, set_active
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.merchant_forms import FORMS, label_of

SECTION = sections.MERCHANTS


@access(SECTION.policy)
@require_GET
def merchants(request: HttpRequest) -> HttpResponse:
    rows = MerchantAccount.objects.order_by("-is_active", "-id")
    providers = [
        {
            "value": provider.value,
            "label": provider.label,
            "accounts": [_shown(request, row) for row in rows if row.provider == provider],
        }
        for provider in Provider
    ]
    may = sections.allows(sections.CONNECT, request)
    context = {"providers": providers, "may_change": may}
    return page(request, "backoffice/merchants.html", SECTION, context)


def _shown(request: HttpRequest, account: MerchantAccount) -> dict[str, Any]:
    """Of its secrets only what tells one from another."""
    return {
        "account": account,
        "notify_url": request.build_absolute_uri(notify_path(account)),
        "fingerprints": [
            (label_of(account.provider, name), print_)
            for name, print_ in sorted(fingerprints(account).items())
        ],
    }


@access(sections.CONNECT)
def merchant_new(request: HttpRequest) -> HttpResponse:
    """A new account, or new keys of a known one; it counts once the provider has answered to it."""
    given = request.POST if request.method == "POST" else request.GET
    provider = given.get("provider", Provider.ALIPAY.value)
    if provider not in FORMS:
        raise Http404
    known = MerchantAccount.objects.filter(provider=provider, app_id=given.get("app_id", "")[:64])
    initial = next(({**row.settings, **_names(row)} for row in known), {})
    form = FORMS[provider](request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            account = prove_and_connect(provider=provider, at=clock.now(), **form.told())
        except DomainError as refused:
            told(form, refused)
        else:
            messages.success(request, said("%(app)s 已通过验证并启用。") % {"app": account.app_id})
            return redirect("office:merchants")
    context = {"form": form, "provider": provider, "label": Provider(provider).label}
    status = 422 if form.errors else 200
    return page(request, "backoffice/merchant_new.html", SECTION, context, status=status)


def _names(account: MerchantAccount) -> dict[str, str]:
    return {"app_id": account.app_id, "seller_id": account.seller_id}


@access(sections.CONNECT)
@require_POST
def merchant_active(request: HttpRequest, public_id: UUID) -> HttpResponse:
    active = request.POST.get("active") == "1"
    try:
        account = set_active(public_id=public_id, active=active, at=clock.now())
    except DomainError as refused:
        if refused.status == 404:
            raise
        messages.error(request, str(refused))
    else:
        sentence = said("%(app)s 已启用。") if active else said("%(app)s 已停用。")
        messages.success(request, sentence % {"app": account.app_id})
    return redirect("office:merchants")
