"""People: how they come in, what they may do, and the keys they carry."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.module_loading import import_string
from psycopg.errors import UniqueViolation

from shared_apps.audit.services import record

from . import phones, queries
from .enums import Kind, Role
from .errors import (
    BadEmail,
    ContactMissing,
    ContactTaken,
    LastAdministrator,
    NotStaff,
    RolesMissing,
    TooManyTokens,
    WeakPassword,
)
from .models import ApiToken, User

TOKEN_MARK = "ncm_"  # noqa: S105  how a token begins, so that a leaked one is recognised
MOST_TOKENS = 20
NOTED_EVERY = timedelta(minutes=1)


def register(
    *,
    name: str = "",
    phone: str | None = None,
    email: str | None = None,
    password: str | None = None,
) -> User:
    """A customer whose number or address is already known to be theirs.

    `tenant_apps.customers.services.register` makes the Customer along with it.
    """
    with transaction.atomic():
        user = _create(Kind.CUSTOMER, name=name, phone=phone, email=email, password=password)
        record("user.register", obj=user, after=_shown(user))
    return user


def begin_signup(*, name: str = "", phone: str | None = None, email: str | None = None) -> User:
    """A visitor who says that a number or address is theirs, and has yet to prove it.

    Takes over an unfinished sign-up with the same contact; it carries no password and so opens
    nothing to whoever began it. Raises ContactTaken where somebody proved the contact before.
    """
    phone, email = _contacts(phone, email)
    with transaction.atomic():
        contact: dict[str, Any] = {"phone": phone} if phone else {"email": email}
        user, fresh = User.objects.get_or_create(
            **contact, defaults={"name": name, "password": make_password(None)}
        )
        if not fresh:
            still = queries.unfinished().select_for_update(of=("self",)).filter(pk=user.pk).first()
            if still is None:
                raise ContactTaken
            user = still
            user.name = name
            user.save(update_fields=["name"])
        if email:
            EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True})
        record("user.begin_signup", obj=user, after=_shown(user))
    return user


def prove_phone(*, user: User, phone: str) -> None:
    """The code sent to the number came back. Safe to repeat."""
    with transaction.atomic():
        proved = User.objects.filter(pk=user.pk, phone=phone, phone_verified=False).update(
            phone_verified=True
        )
        if proved:
            record("user.prove_phone", obj=user, after={"phone": phones.masked(phone)})
    user.refresh_from_db(fields=["phone", "phone_verified"])


def change_phone(*, user: User, phone: str, verified: bool) -> None:
    phone = phones.normalise(phone)
    with transaction.atomic():
        before = _shown(user)
        _release(phone, None, keep=user)
        user.phone, user.phone_verified = phone, verified
        _save_unique(user, ["phone", "phone_verified"])
        record("user.change_phone", obj=user, before=before, after=_shown(user))


def welcome(*, user: User, at: datetime) -> None:
    """Before a customer's first log-in: tells whoever is named in `settings.AFTER_SIGNUP`.

    Runs again if that log-in was interrupted, so what is told must be safe to repeat.
    """
    if user.kind != Kind.CUSTOMER or user.last_login is not None:
        return
    hear: Callable[..., object] = import_string(import_string(settings.AFTER_SIGNUP))
    with transaction.atomic():
        hear(user=user, at=at)


def add_staff(
    *,
    name: str,
    roles: Sequence[str],
    phone: str | None = None,
    email: str | None = None,
    password: str | None = None,
) -> User:
    """A member of the distributor's staff; whoever adds them vouches for the number and address."""
    with transaction.atomic():
        user = _create(
            Kind.STAFF,
            name=name,
            phone=phone,
            email=email,
            password=password,
            roles=_roles(roles),
        )
        record("staff.add", obj=user, after=_shown(user) | {"roles": user.roles})
    return user


def change_roles(*, user: User, roles: Sequence[str]) -> User:
    wanted = _roles(roles)
    with transaction.atomic():
        locked = _locked(user, stays_administrator=Role.ADMIN in wanted)
        if locked.kind != Kind.STAFF:
            raise NotStaff
        before, locked.roles = locked.roles, wanted
        locked.save(update_fields=["roles"])
        record("staff.change_roles", obj=locked, before={"roles": before}, after={"roles": wanted})
    return locked


def set_active(*, user: User, active: bool) -> User:
    """Opens or closes an account; a closed one's sessions and tokens stop at once."""
    with transaction.atomic():
        locked = _locked(user, stays_administrator=active)
        before, locked.is_active = locked.is_active, active
        if before != active:
            locked.save(update_fields=["is_active"])
            record(
                "user.set_active",
                obj=locked,
                before={"is_active": before},
                after={"is_active": active},
            )
    return locked


def set_password(*, user: User, password: str) -> None:
    """Ends the person's other sessions; a view calls `update_session_auth_hash` to keep its own."""
    _check_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record("user.set_password", obj=user)


def rename(*, user: User, name: str) -> None:
    with transaction.atomic():
        before = user.name
        user.name = name.strip()[:60]
        user.save(update_fields=["name"])
        record("user.rename", obj=user, before={"name": before}, after={"name": user.name})


def issue_token(
    *, user: User, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A key to the API and its text, which is shown now and never again: only a digest is kept."""
    text = TOKEN_MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MOST_TOKENS:
            raise TooManyTokens(most=MOST_TOKENS)
        token = ApiToken.objects.create(
            user=user,
            name=name.strip()[:60],
            prefix=text[:12],
            digest=queries.digest(text),
            expires_at=expires_at,
        )
        record("token.issue", obj=token, after={"name": token.name, "prefix": token.prefix})
    return token, text


def revoke_token(*, token: ApiToken, at: datetime) -> None:
    """Safe to repeat: the first moment stands."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
            record("token.revoke", obj=token, after={"name": token.name, "prefix": token.prefix})
    token.refresh_from_db(fields=["revoked_at"])


def note_token_use(*, token: ApiToken, at: datetime) -> None:
    """Remembers when a token was last used, at most once a minute. Not audited: it changes no right."""
    if token.last_used_at is not None and token.last_used_at > at - NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=at - NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)
    token.last_used_at = at


def _contacts(phone: str | None, email: str | None) -> tuple[str | None, str | None]:
    phone = phones.normalise(phone) if phone else None
    email = email.strip().lower() if email else None
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise BadEmail(field="email") from error
    if not (phone or email):
        raise ContactMissing
    return phone, email


def _create(
    kind: Kind,
    *,
    name: str,
    phone: str | None,
    email: str | None,
    password: str | None,
    roles: list[str] | None = None,
) -> User:
    phone, email = _contacts(phone, email)
    user = User(
        kind=kind,
        name=name.strip()[:60],
        phone=phone,
        phone_verified=phone is not None,
        email=email,
        roles=roles or [],
    )
    if password is not None:
        _check_password(password, user)
    user.set_password(password)
    _release(phone, email)
    _save_unique(user)
    if email:
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


def _release(phone: str | None, email: str | None, *, keep: User | None = None) -> None:
    """Removes unfinished sign-ups that stand in the way: a claim without proof holds nothing."""
    wanted = Q()
    if phone:
        wanted |= Q(phone=phone)
    if email:
        wanted |= Q(email=email)
    claims = queries.unfinished().filter(wanted)
    if keep is not None:
        claims = claims.exclude(pk=keep.pk)
    claims.delete()


def _save_unique(user: User, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            user.save(update_fields=fields)
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise ContactTaken from error
        raise


def _roles(roles: Sequence[str]) -> list[str]:
    wanted = [role for role in Role.values if role in roles]
    if not wanted or len(wanted) != len(set(roles)):
        raise RolesMissing(field="roles")
    return wanted


def _locked(user: User, *, stays_administrator: bool) -> User:
    """Locks the administrators in one order, then the person: two cannot demote each other at once."""
    administrators = (
        User.objects.select_for_update()
        .filter(kind=Kind.STAFF, is_active=True, roles__contains=[Role.ADMIN])
        .order_by("pk")
    )
    if not stays_administrator and [other.pk for other in administrators] == [user.pk]:
        raise LastAdministrator
    return User.objects.select_for_update().get(pk=user.pk)


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(field="password", reasons=" ".join(error.messages)) from error


def _shown(user: User) -> dict[str, object]:
    """What the audit keeps of a person: masked, as it is kept long."""
    return {
        "name": user.name,
        "phone": phones.masked(user.phone) if user.phone else None,
        "email": bool(user.email),
    }
