"""A distributor's customers. Their balance is in the ledger, under the customer's public id."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId


class Customer(PublicId):
    number = models.CharField(_("客户编号"), max_length=32, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("负责销售"),
    )
    company = models.CharField(_("单位"), max_length=120, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.user)


class Notice(PublicId):
    """Something that a customer is told: on the site, and by text message where it matters."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notices")
    title = models.CharField(max_length=80)
    body = models.TextField()
    link = models.CharField(max_length=200, blank=True)  # a path on this site
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)  # when the text message went out

    class Meta:
        ordering = ("-id",)
