"""Logging in, signing up, logging out: the only routes of allauth that exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

View = Callable[..., HttpResponse]


def _for_visitors(view: View) -> View:
    """Who is logged in already goes on home: allauth would lead them to routes that are not here."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(get_adapter().get_login_redirect_url(request))
        return view(request, *args, **kwargs)

    return guarded


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("login/code/", views.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", views.confirm_login_code, name="account_confirm_login_code"),
    path("signup/", views.signup, name="account_signup"),
    path("phone/verify/", _for_visitors(views.verify_phone), name="account_verify_phone"),
    path(
        "email/verify/",
        _for_visitors(views.email_verification_sent),
        name="account_email_verification_sent",
    ),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
]
