"""The cart. Its prices are found anew each time it is looked at."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared_apps.identity.access import Customer, access
from shared_apps.identity.api.idempotency import idempotent
from shared_apps.identity.api.people import person
from shared_apps.kernel import clock
from shared_apps.kernel.api.pages import told
from tenant_apps.customers import queries as customers
from tenant_apps.orders import queries
from tenant_apps.orders.pricing import Choice
from tenant_apps.orders.services import cart, placing

from . import examples
from .fields import Amounts, CartFields, ChoiceFields


def _cart(request: Request, code: int = status.HTTP_200_OK) -> Response:
    found = queries.cart(customers.customer_of(person(request)), at=clock.now())
    shown = {"lines": found.lines, "total": found.total, "terms_version": placing.TERMS_VERSION}
    return Response(CartFields(shown).data, status=code)


@access(Customer)
class CartView(APIView):
    @extend_schema(
        operation_id="cart_read",
        examples=[examples.CART],
        summary="购物车",
        responses=CartFields,
        tags=["cart"],
    )
    def get(self, request: Request) -> Response:
        return _cart(request)


@access(Customer)
class CartItemsView(APIView):
    @extend_schema(
        operation_id="cart_add",
        examples=[examples.ADD, examples.CART],
        summary="加入购物车",
        description="同一方案、同样时长的数量相加。返回整个购物车。",
        request=ChoiceFields,
        responses={201: CartFields},
        tags=["cart"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        choice = Choice(**told(request, ChoiceFields))
        cart.add(customer=customers.customer_of(person(request)), choice=choice)
        return _cart(request, status.HTTP_201_CREATED)


@access(Customer)
class CartItemView(APIView):
    @extend_schema(
        operation_id="cart_change",
        examples=[examples.CHANGE, examples.CART],
        summary="修改一项的台数和时长",
        description="返回整个购物车。",
        request=Amounts,
        responses=CartFields,
        tags=["cart"],
    )
    def put(self, request: Request, item_id: UUID) -> Response:
        customer = customers.customer_of(person(request))
        item = queries.cart_item(customer, item_id)
        amounts = told(request, Amounts)
        cart.change(customer=customer, item_id=item.public_id, **amounts)
        return _cart(request)

    @extend_schema(
        operation_id="cart_remove",
        summary="移除一项",
        responses={204: None},
        tags=["cart"],
    )
    def delete(self, request: Request, item_id: UUID) -> Response:
        customer = customers.customer_of(person(request))
        item = queries.cart_item(customer, item_id)
        cart.change(customer=customer, item_id=item.public_id, quantity=0, hours=item.hours)
        return Response(status=status.HTTP_204_NO_CONTENT)
