"""Routes with faults, for the matrix to find; never served outside of its test."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared_apps.audit.services import record
from shared_apps.identity.access import Anyone, Customer, access, person
from tenant_apps.orders import queries
from tenant_apps.orders.errors import OrderNotFound
from tenant_apps.orders.models import Order

from .matrix import Row, anyone, customer


def no_policy(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@access(Anyone)
def page(request: HttpRequest, **options: str) -> HttpResponse:
    return HttpResponse()


@access(Customer)
def order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """As it should be."""
    return HttpResponse(queries.order(person(request), public_id).number)


@access(Customer)
def anybodys_order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Of the shop's customers whoever asks sees each other's."""
    found = Order.objects.filter(public_id=public_id).first()
    if found is None:
        raise OrderNotFound
    return HttpResponse(found.number)


@access(Customer)
def shy_order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Answers the same page for what is there and for what is not."""
    return HttpResponse()


@access(Customer)
def hasty_order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Does something first, and then looks whether it may."""
    record("planted.hasty")
    return order(request, public_id)


@access(Customer)
class Ungated(APIView):
    """A view that lets everybody in, whatever it declares."""

    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({})


inner: list[URLPattern | URLResolver] = [
    path("planted/no-policy/", no_policy, name="no_policy"),
    path("planted/no-row/", page, name="no_row"),
    path("planted/no-parameter/<slug:what>/", page, name="no_parameter"),
    path("planted/other-policy/", page, name="other_policy"),
    path("planted/order/<uuid:public_id>/", order, name="order"),
    path("planted/anybodys/<uuid:public_id>/", anybodys_order, name="anybodys_order"),
    path("planted/shy/<uuid:public_id>/", shy_order, name="shy_order"),
    path("planted/hasty/<uuid:public_id>/", hasty_order, name="hasty_order"),
    path("api/v1/planted/ungated", Ungated.as_view(), name="ungated"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((inner, "planted"))),
    path("", include("ncmatch.urls.site")),
]

ROWS: dict[str, Row] = {
    "planted:no_policy": anyone,
    "planted:no_parameter": anyone,
    "planted:other_policy": customer,
    "planted:order": customer(public_id="order"),
    "planted:anybodys_order": customer(public_id="order"),
    "planted:shy_order": customer(public_id="order"),
    "planted:hasty_order": customer(public_id="order"),
    "planted:ungated": customer,
    "planted:gone": anyone,
}

# What must be noticed of each when everybody asks.
LEAKS: dict[str, tuple[str, ...]] = {
    "planted:no_policy": ("by a visitor was answered 403, not open",),
    "planted:anybodys_order": ("its own by another customer was answered open, not 404",),
    "planted:shy_order": (
        "its own by another customer was answered open, not 404",
        "another's by the customer was answered open, not 404",
    ),
    "planted:hasty_order": (
        "get by another customer changed something",
        "by the customer changed another's order",
    ),
    "planted:ungated": (
        "by a visitor was answered open, not log in",
        "by rival's ADMIN was answered open, not log in",
        "by SUPPORT was answered open, not 404",
    ),
    "planted:order": (),
}
