"""A small API to hold ours to its word: one view for each kind of answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared_apps.audit.services import record
from shared_apps.identity.access import Anyone, Customer, Operator, SignedIn, Staff, access
from shared_apps.identity.api.idempotency import idempotent
from shared_apps.identity.enums import Role
from shared_apps.kernel.context import actor
from shared_apps.kernel.errors import Conflict, Invalid, OutcomeUnknown
from tenant_apps.customers import services
from tenant_apps.customers.queries import customer_of

MADE = UUID("0199f000-0000-7000-8000-000000000000")


class LineSerializer(serializers.Serializer[Any]):
    quantity = serializers.IntegerField(min_value=1)


class OrderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    lines = LineSerializer(many=True)


class Short(Conflict):
    code = "test.short"
    sentence = gettext_lazy("还差 %(amount)s 元。")


@access(Customer)
class Ordering(APIView):
    """Tells the customer something, unless asked to fail: an effect that can be counted."""

    @idempotent
    def post(self, request: Request) -> Response:
        services.notify(customer=customer_of(request.user), title="已下单", body="…")
        match request.data.get("then"):
            case "refuse":
                raise Short(amount="12.34")
            case "crash":
                raise RuntimeError("The process dies here.")
            case "say no":
                return Response({"no": True}, status=409)
        return Response({"id": MADE, "amount": "12.30", "at": None}, status=201)


@access(SignedIn)
class Who(APIView):
    def get(self, request: Request) -> Response:
        record("test.asked")
        return Response({"name": actor().name, "kind": actor().kind})


@access(Anyone)
class Refusing(APIView):
    def post(self, request: Request) -> Response:
        OrderSerializer(data=request.data).is_valid(raise_exception=True)
        return Response(None, status=204)

    def get(self, request: Request, how: str = "") -> Response:
        raise {
            "missing": Http404(),
            "forbidden": PermissionDenied(),
            "field": Invalid(field="quantity"),
            "short": Short(amount="12.34"),
            "unknown": OutcomeUnknown(detail="a secret of the provider"),
        }[how]


@access(Staff(Role.FINANCE))
@api_view(["GET"])
def for_finance(request: Request) -> Response:
    return Response({})


@access(Operator(Role.SUPPORT))
class ForOperator(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


class Undeclared(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("orders/", Ordering.as_view()),
    path("who/", Who.as_view()),
    path("refuse/", Refusing.as_view()),
    path("refuse/<str:how>/", Refusing.as_view()),
    path("finance/", for_finance),
    path("operator/", ForOperator.as_view()),
    path("undeclared/", Undeclared.as_view()),
]
