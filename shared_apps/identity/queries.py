from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q, QuerySet

from . import phones
from .enums import Kind
from .errors import UnknownToken, UnknownUser
from .models import ApiToken, User


def user_by_public_id(public_id: UUID) -> User:
    found = User.objects.filter(public_id=public_id).first()
    if found is None:
        raise UnknownUser
    return found


def user_by_phone(phone: str) -> User | None:
    """However the number was typed; also one whose sign-up is not finished."""
    normal = phones.normalise_or_none(phone)
    return User.objects.filter(phone=normal).first() if normal else None


def user_by_email(email: str) -> User | None:
    return User.objects.filter(email=email.strip().lower()).first()


def unfinished() -> QuerySet[User]:
    """Sign-ups that proved neither telephone nor mailbox yet: nobody's, and they hold nothing."""
    proved = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    return User.objects.filter(
        ~Exists(proved), kind=Kind.CUSTOMER, last_login=None, phone_verified=False
    )


def is_taken(*, phone: str | None = None, email: str | None = None) -> bool:
    """Whether somebody who proved it already holds the number or the address."""
    wanted = Q()
    if phone:
        wanted |= Q(phone=phone)
    if email:
        wanted |= Q(email=email)
    if not wanted:
        return False
    holders = User.objects.filter(wanted)
    return holders.exclude(pk__in=unfinished().values("pk")).exists()


def staff() -> QuerySet[User]:
    return User.objects.filter(kind=Kind.STAFF).order_by("name", "id")


def staff_with(*roles: str) -> QuerySet[User]:
    """Those who were given one of the roles; administrators are not counted in by themselves."""
    return staff().filter(roles__overlap=list(roles), is_active=True)


def find_staff(*, text: str = "", role: str = "") -> QuerySet[User]:
    """Staff, active or not, by name; `text` is part of a name or an address."""
    found = staff()
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if role:
        found = found.filter(roles__contains=[role])
    return found


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """A person's tokens, the usable ones first."""
    return ApiToken.objects.filter(user=user).order_by("-revoked_at", "-id")


def token_of(user: User, public_id: UUID) -> ApiToken:
    found = ApiToken.objects.filter(user=user, public_id=public_id).first()
    if found is None:
        raise UnknownToken
    return found


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def token_by_text(text: str, *, at: datetime) -> ApiToken | None:
    """The token in force that a text opens.

    Found by its digest in a unique index: how long that takes tells nothing of the text.
    """
    return (
        ApiToken.objects.select_related("user")
        .filter(digest=digest(text), revoked_at=None, user__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=at))
        .first()
    )
