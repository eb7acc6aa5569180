"""Quotes, orders and paying them. A customer sees their own orders; others' do not exist."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.payments import queries as payments
from billing.payments.returning import back_to
from shared_apps.identity.access import Anyone, Customer, access
from shared_apps.identity.api.idempotency import HEADER, idempotent
from shared_apps.identity.api.people import person
from shared_apps.kernel import clock
from shared_apps.kernel.api.pages import PageQuery, asked, page_of, told
from tenant_apps.customers import queries as customers
from tenant_apps.orders import queries
from tenant_apps.orders.enums import PayBy
from tenant_apps.orders.models import Order
from tenant_apps.orders.pricing import Choice, price, sum_of
from tenant_apps.orders.services import paying, placing

from . import examples
from .fields import (
    CancelAsked,
    OrderAsked,
    OrderFields,
    OrderPage,
    OrderQuery,
    PayAsked,
    PayFields,
    PaymentPage,
    QuoteAsked,
    QuoteFields,
)


def _choices(items: list[dict[str, Any]]) -> list[Choice]:
    return [Choice(item["plan_id"], item["quantity"], item["hours"]) for item in items]


def _reread(request: Request, order: Order) -> Order:
    return queries.order(person(request), order.public_id)


@access(Anyone)
class QuotesView(APIView):
    @extend_schema(
        operation_id="quotes_create",
        examples=[examples.ASK_QUOTE, examples.QUOTE],
        summary="询价",
        description="按现价计算各项和总价；不保存任何内容，也不锁定价格。",
        request=QuoteAsked,
        responses={200: QuoteFields},
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        at = clock.now()
        priced = price(_choices(told(request, QuoteAsked)["items"]), at=at)
        quote = {
            "items": priced,
            "total": sum_of(priced),
            "terms_version": placing.TERMS_VERSION,
            "priced_at": at,
        }
        return Response(QuoteFields(quote).data)


@access(Customer)
class OrdersView(APIView):
    @extend_schema(
        operation_id="orders_list",
        examples=[examples.LISTED],
        summary="我的订单",
        description="最新的在前。",
        parameters=[OrderQuery],
        responses=OrderPage,
        tags=["orders"],
    )
    def get(self, request: Request) -> Response:
        query = asked(request, OrderQuery)
        found = queries.find(user=person(request), state=query["state"])
        page = page_of(found, page=query["page"], per_page=query["per_page"])
        return Response(OrderPage(page).data)

    @extend_schema(
        operation_id="orders_create",
        examples=[examples.ASK_ORDER, examples.PLACED],
        summary="下单",
        description=(
            "按提交时的现价重新计算；与 shown_total 不符时返回 409 order.price_changed，"
            "其中 now 为现价，请向客户确认后换一个 Idempotency-Key 再提交。下单后 30 分钟内支付。"
        ),
        request=OrderAsked,
        responses={201: OrderFields},
        tags=["orders"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = told(request, OrderAsked)
        customer = customers.customer_of(person(request))
        order = placing.place(
            customer=customer,
            choices=_choices(body["items"]),
            shown_total=body["shown_total"],
            terms_version=body["terms_version"],
            request_key=uuid5(NAMESPACE_URL, f"{customer.public_id}/{request.headers[HEADER]}"),
            at=clock.now(),
        )
        return Response(
            OrderFields(_reread(request, order)).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("api:order", args=[order.public_id])},
        )


@access(Customer)
class OrderView(APIView):
    @extend_schema(
        operation_id="orders_read",
        examples=[examples.PLACED],
        summary="查看订单",
        responses=OrderFields,
        tags=["orders"],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(OrderFields(queries.order(person(request), order_id)).data)


@access(Customer)
class CancelView(APIView):
    @extend_schema(
        operation_id="orders_cancel",
        examples=[examples.CANCELLED],
        summary="取消未支付的订单",
        description="取消后才到账的支付款会自动原路退回。",
        request=CancelAsked,
        responses={200: OrderFields},
        tags=["orders"],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        reason = told(request, CancelAsked)["reason"]
        order = queries.order(person(request), order_id)
        placing.cancel(order_id=order.public_id, at=clock.now(), reason=reason)
        return Response(OrderFields(_reread(request, order)).data)


@access(Customer)
class PayView(APIView):
    @extend_schema(
        operation_id="orders_pay",
        examples=[
            examples.BY_QR,
            examples.BY_WECHAT,
            examples.BY_STRIPE,
            examples.BY_BALANCE,
            examples.PAYING,
            examples.PAYING_BY_STRIPE,
            examples.PAID_AT_ONCE,
        ],
        summary="支付订单",
        description=(
            "BALANCE：立即冻结余额并开始开通，余额不足返回 409 ledger.floor_breached。"
            "ALIPAY_PAGE、ALIPAY_WAP、WECHAT_H5、STRIPE_CHECKOUT：返回 redirect_url，用浏览器打开。"
            "ALIPAY_QR、WECHAT_NATIVE：返回 qr_content，做成二维码由支付宝或微信扫码，10 分钟内有效。"
            "店铺没有开通的方式返回 409 payments.no_merchant_account。换一种方式时，先前的支付单会被关闭；"
            "若两笔都已支付，后到的一笔自动原路退回。"
            "支付结果以服务端通知为准，请查询订单的 state。重复调用是安全的：未关闭的支付单会被重用，"
            "已支付的订单返回 409。"
        ),
        request=PayAsked,
        responses={200: PayFields},
        tags=["orders"],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        order = queries.order(person(request), order_id)
        method = told(request, PayAsked)["method"]
        if method == PayBy.BALANCE:
            order = paying.pay_from_balance(order=order, at=clock.now())
            return Response(PayFields({"order": order, "payment": None}).data)
        intent = paying.start_payment(
            order=order,
            method=method,
            back=back_to(request, f"/orders/{order.public_id}/"),
            at=clock.now(),
        )
        return Response(PayFields({"order": order, "payment": intent}).data)


@access(Customer)
class OrderPaymentsView(APIView):
    @extend_schema(
        operation_id="orders_payments",
        examples=[examples.PAYMENTS],
        summary="订单的支付单",
        description="最新的在前；用余额支付没有支付单。",
        parameters=[PageQuery],
        responses=PaymentPage,
        tags=["orders"],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        order = queries.order(person(request), order_id)
        query = asked(request, PageQuery)
        found = payments.intents_of_order(order_id=order.public_id)
        return Response(PaymentPage(page_of(found, **query)).data)
