"""What allauth asks of us. Everything it remembers of a log-in stands in the session, so in the
distributor's own schema; it signs nothing, because nothing that it routes here goes by link."""

from __future__ import annotations

import smtplib
from dataclasses import replace
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shared_apps.audit.services import record
from shared_apps.kernel import clock
from shared_apps.kernel.context import actor, become
from shared_apps.kernel.errors import ProviderError

from . import codes, phones, queries, services
from .forms import PhoneField
from .models import User
from .sms import send_sms

_MISMATCH = _("账号或密码不正确。也可以改用验证码登录。")
_PATIENCE = _("操作太频繁，请 1 分钟后再试。")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages: ClassVar[dict[str, str | Promise]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("这个账号已停用，请联系店铺客服。"),
        "email_password_mismatch": _MISMATCH,
        "phone_password_mismatch": _MISMATCH,
        "username_password_mismatch": _MISMATCH,
        "invalid_login": _MISMATCH,
        "incorrect_password": _("密码不正确。"),
        "incorrect_code": _("验证码不正确，请核对后重新填写。"),
        "phone_taken": _("这个手机号已被使用，请直接登录。"),
        "email_taken": _("这个邮箱已被使用，请直接登录。"),
        "too_many_login_attempts": _("尝试次数过多，请 5 分钟后再试。"),
        "rate_limited": _PATIENCE,
    }

    # ---- telephone numbers

    def phone_form_field(self, **kwargs: Any) -> forms.Field:
        return PhoneField(**kwargs)

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        services.change_phone(user=user, phone=phone, verified=verified)

    def set_phone_verified(self, user: User, phone: str) -> None:
        services.prove_phone(user=user, phone=phone)

    def get_user_by_phone(self, phone: str) -> User | None:
        return queries.user_by_phone(phone)

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        self._text(phone, settings.SMS_TEMPLATES["code"], code=code)

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        self._text(phone, settings.SMS_TEMPLATES["unknown_account"])

    def send_account_already_exists_sms(self, phone: str) -> None:
        self._text(phone, settings.SMS_TEMPLATES["account_exists"])

    def _text(self, phone: str, template: str, **params: str) -> None:
        if not codes.may_send(phone, at=clock.now()):
            raise ImmediateHttpResponse(respond_429(context.request))
        send_sms(phone=phone, template_code=template, params={"shop": self._shop.name, **params})

    # ---- letters: plain text, and every address in them from the host table

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        words = {**context, "shop": self._shop, "host": self._host(), "email": email}
        subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", words).split())
        body = render_to_string(f"{template_prefix}_message.txt", words).strip() + "\n"
        letter = EmailMessage(subject, body, self.get_from_email(), [email])
        try:
            letter.send()
        except (smtplib.SMTPException, OSError) as error:
            raise ProviderError(permanent=False, detail=type(error).__name__) from error

    def send_account_already_exists_mail(self, email: str) -> None:
        self.send_mail("account/email/account_already_exists", email, {})

    @property
    def _shop(self) -> Any:
        return context.request.distributor

    def _host(self) -> str:
        """The shop's stored name; what the visitor's browser claims is never written in a letter."""
        stored = self._shop.domains.order_by("-is_primary", "pk").first()
        return str(stored.domain) if stored else ""

    # ---- coming and going

    def get_login_stages(self) -> list[str]:
        return [
            "allauth.account.stages.LoginByCodeStage",
            "shared_apps.identity.stages.PhoneStage",
            "shared_apps.identity.stages.EmailStage",
        ]

    def login(self, request: HttpRequest, user: User) -> None:
        who = actor()
        become(replace(who, kind=user.kind, id=str(user.public_id), name=str(user)))
        services.welcome(user=user, at=clock.now())
        super().login(request, user)
        record("user.log_in", obj=user)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record("user.log_out", obj=request.user)
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record("user.log_in_failed", note=_hint(_named(credentials)))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        return settings.STAFF_HOME_URL if user.is_staff_member else settings.LOGIN_REDIRECT_URL

    def is_ajax(self, request: HttpRequest) -> bool:
        return False

    # allauth keys these by the Host header with its port, and by e-mail alone: a changed port would
    # start a new count, and all telephone numbers would share one.
    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        named = _named(credentials)
        return phones.normalise_or_none(named) or named.strip().lower()


def _named(credentials: dict[str, Any]) -> str:
    return str(
        credentials.get("email") or credentials.get("phone") or credentials.get("username") or ""
    )


def _hint(named: str) -> str:
    """Enough to investigate by, and not the whole of what may be somebody's contact or password."""
    phone = phones.normalise_or_none(named)
    if phone:
        return phones.masked(phone)
    name, at, domain = named.partition("@")
    return f"{name[:2]}…{at}{domain[:60]}" if at else "…"
