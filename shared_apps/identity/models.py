"""People of one site. The same telephone number under two distributors is two people."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId

from . import phones
from .enums import Kind, Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, **fields: Any) -> User:
        password = fields.pop("password", None)
        user = self.model(**fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PublicId):
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CUSTOMER)
    name = models.CharField(_("称呼"), max_length=60, blank=True)
    phone = models.CharField(_("手机号"), max_length=20, null=True, unique=True)  # noqa: DJ001  unique, or none
    phone_verified = models.BooleanField(default=False)
    email = models.EmailField(_("邮箱"), null=True, unique=True)  # noqa: DJ001  unique, or none
    roles = ArrayField(
        models.CharField(max_length=16, choices=Role.choices), default=list, blank=True
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "public_id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="user_kind"),
            models.CheckConstraint(
                condition=models.Q(kind=Kind.STAFF) | models.Q(roles=[]),
                name="user_customers_have_no_roles",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.masked_phone or self.email or str(self.public_id)

    @property
    def is_staff_member(self) -> bool:
        return self.kind == Kind.STAFF

    def has_role(self, *roles: str) -> bool:
        """Administrators hold every role of their site."""
        return self.is_staff_member and (
            Role.ADMIN in self.roles or any(r in self.roles for r in roles)
        )

    @property
    def masked_phone(self) -> str:
        return phones.masked(self.phone) if self.phone else ""


class ApiToken(PublicId):
    """A person's key to the API. Only its digest is kept: the text is shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("用途"), max_length=60)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class IdempotentRequest(models.Model):
    """An API request that carried an Idempotency-Key and took effect, and what it was answered."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True)  # to the letter, which jsonb would not keep
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]
