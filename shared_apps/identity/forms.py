"""Logging in and signing up: one field takes a telephone number or an e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal import flows
from allauth.core import context, ratelimit
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from . import phones, queries, services
from .errors import BadPhone, ContactTaken
from .models import User


@dataclass(frozen=True, slots=True)
class Contact:
    phone: str | None = None
    email: str | None = None

    @property
    def key(self) -> str:
        return self.phone or self.email or ""


class PhoneField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("手机号"))
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(max_length=30, **kwargs)

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        return _phone(typed) if typed else ""


class ContactField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("手机号或邮箱"))
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
        )
        super().__init__(max_length=254, **kwargs)

    def clean(self, value: Any) -> Contact:
        typed: str = super().clean(value)
        if "@" in typed:
            return Contact(email=forms.EmailField().clean(typed).lower())
        return Contact(phone=_phone(typed))


def _phone(typed: str) -> str:
    try:
        return phones.normalise(typed)
    except BadPhone as error:
        raise ValidationError(str(error), code="bad_phone") from error


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("手机号或邮箱")
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autocapitalize": "none"}
        self.fields["password"].label = _("密码")
        self.fields["password"].widget.attrs.pop("placeholder", None)


class RequestLoginCodeForm(forms.Form):
    contact = ContactField()

    _user: User | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        contact: Contact | None = cleaned.get("contact")
        if contact is None:
            return cleaned
        if not ratelimit.consume(context.request, action="request_login_code", key=contact.key):
            raise get_adapter().validation_error("rate_limited")
        found = (
            queries.user_by_phone(contact.phone)
            if contact.phone
            else queries.user_by_email(contact.key)
        )
        # Of those whose account is closed, no more is told than of those who have none.
        self._user = found if found is not None and found.is_active else None
        return cleaned | {"phone": contact.phone, "email": contact.email}


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]
    """Takes no password: it would let whoever began a sign-up into what its owner finishes."""

    field_order = ("contact", "name", "agree")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, email_required=False, **kwargs)
        for name in ("phone", "email", "password1"):
            del self.fields[name]
        self.fields["contact"] = ContactField()
        self.fields["name"] = forms.CharField(label=_("称呼"), max_length=60, required=False)
        self.fields["agree"] = forms.BooleanField(
            label=_("我已阅读并同意服务条款"),
            error_messages={"required": _("请先阅读并同意服务条款。")},
        )
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = forms.Form.clean(self) or {}
        contact: Contact | None = cleaned.get("contact")
        if contact is None:
            return cleaned
        action = "verify_phone" if contact.phone else "confirm_email"
        if not ratelimit.consume(context.request, action=action, key=contact.key, dry_run=True):
            raise get_adapter().validation_error("rate_limited")
        return cleaned | {"phone": contact.phone, "email": contact.email}

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Where the contact is somebody's already, the visitor sees what a new one would see."""
        phone, email = self.cleaned_data["phone"], self.cleaned_data["email"]
        try:
            user = services.begin_signup(name=self.cleaned_data["name"], phone=phone, email=email)
        except ContactTaken:
            return None, flows.signup.prevent_enumeration(request, email=email, phone=phone)
        return user, None


class _CodeField(forms.CharField):
    def __init__(self) -> None:
        widget = forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "pattern": "[0-9 ]*",
                "autofocus": True,
            }
        )
        super().__init__(label=_("验证码"), max_length=12, widget=widget)


class ConfirmLoginCodeForm(allauth_forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    code = _CodeField()


class VerifyPhoneForm(allauth_forms.VerifyPhoneForm):  # type: ignore[misc]
    code = _CodeField()


class ConfirmEmailCodeForm(allauth_forms.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    code = _CodeField()
