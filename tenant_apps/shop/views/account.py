"""What the customer is told, who they are, and the keys of their programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from shared_apps.identity import queries as people
from shared_apps.identity import services as identity
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.customers import queries as customers
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.queries import customer_of
from tenant_apps.shop.forms import ProfileForm, TokenForm

PER_PAGE = 20


@access(Customer)
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    page = Paginator(customers.notices_of(who), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "title": notice.title,
            "text": notice.body,
            "at": notice.created_at,
            "url": notice.link,
            "unread": notice.read_at is None,
            "tone": "amber" if notice.read_at is None else "grey",
        }
        for notice in page
    ]
    return render(
        request,
        "shop/notices.html",
        {"notices": rows, "unread": customers.unread(who), "page": page, "section": "mine"},
    )


@access(Customer)
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    customer_services.mark_all_read(customer=customer_of(person(request)), at=clock.now())
    return redirect("shop:notices")


@access(Customer)
def account(request: HttpRequest) -> HttpResponse:
    """Profile and API tokens."""
    if request.method == "POST":
        who = customer_of(person(request))
        profile = ProfileForm(request.POST)
        if not profile.is_valid():
            return _account_page(request, {"profile_form": profile}, status=422)
        identity.rename(user=who.user, name=profile.cleaned_data["name"])
        customer_services.change_company(customer=who, company=profile.cleaned_data["company"])
        messages.success(request, _("资料已保存。"))
        return redirect("shop:account")
    return _account_page(request, {})


def _account_page(request: HttpRequest, told: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A new token's text is on this one answer and nowhere else."""
    who = customer_of(person(request))
    return render(
        request,
        "shop/account.html",
        {
            "profile_form": ProfileForm(initial={"name": who.user.name, "company": who.company}),
            "profile_url": reverse("shop:account"),
            "contact": {"phone": who.user.masked_phone, "email": who.user.email},
            "tokens": [
                {
                    "public_id": token.public_id,
                    "name": token.name,
                    "prefix": token.prefix,
                    "created_at": token.created_at,
                    "expires_at": token.expires_at,
                    "last_used_at": token.last_used_at,
                    "revoke_url": reverse("shop:token_revoke", args=[token.public_id]),
                }
                for token in people.tokens_of(who.user)
            ],
            "token_url": reverse("shop:tokens"),
            "api_docs_url": "/api/docs/",
            "section": "mine",
            **told,
        },
        status=status,
    )


def _new_token(request: HttpRequest) -> dict[str, Any]:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return {"token_error": form.errors["name"][0], "token_name": request.POST.get("name", "")}
    try:
        _token, text = identity.issue_token(user=person(request), name=form.cleaned_data["name"])
    except DomainError as refused:
        return {"token_error": str(refused), "token_name": form.cleaned_data["name"]}
    return {"new_token": text}


@access(Customer)
@require_POST
def tokens(request: HttpRequest) -> HttpResponse:
    return _account_page(request, _new_token(request))


@access(Customer)
@require_POST
def token_revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    identity.revoke_token(token=people.token_of(person(request), public_id), at=clock.now())
    messages.success(request, _("令牌已作废。"))
    return redirect("shop:account")
