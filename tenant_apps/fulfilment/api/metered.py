"""More time for a machine; and of what is paid afterwards: what was used, and the month's bills."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.metering import queries as metering
from billing.metering.enums import BillState, ChargeState
from billing.metering.models import Bill, UsageRecord
from shared_apps.identity.access import Customer, access
from shared_apps.identity.api.idempotency import HEADER, idempotent
from shared_apps.identity.api.people import person
from shared_apps.kernel import clock
from shared_apps.kernel.api.fields import AmountField, MoneyField
from shared_apps.kernel.api.pages import PageQuery, asked, page_of, paged, told
from tenant_apps.customers.queries import customer_of
from tenant_apps.fulfilment import queries
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.errors import ResourceNotRunning
from tenant_apps.orders import queries as orders
from tenant_apps.orders.api.examples import PLACED
from tenant_apps.orders.api.fields import OrderFields
from tenant_apps.orders.models import MOST_HOURS
from tenant_apps.orders.services import placing


class RenewAsked(serializers.Serializer[Any]):
    hours = serializers.IntegerField(
        min_value=1, max_value=MOST_HOURS, help_text="续费的小时数；包月产品须为 720 的整数倍。"
    )
    shown_total = MoneyField(help_text="向客户显示的总价；与现价不符时返回 409，不下单。")
    terms_version = serializers.CharField(max_length=20, help_text="客户同意的服务条款版本。")


class UsageFields(serializers.Serializer[UsageRecord]):
    id = serializers.UUIDField(source="public_id")
    record_id = serializers.CharField(help_text="计量编号，唯一。")
    component = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="不含此刻。")
    hours = serializers.DecimalField(source="quantity", max_digits=18, decimal_places=6)
    amount = MoneyField(source="charge.amount", default=None, allow_null=True)
    charged = serializers.ChoiceField(
        ChargeState.choices, source="charge.state", default=None, allow_null=True
    )


class BillFields(serializers.Serializer[Bill]):
    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    month = serializers.DateField(help_text="账单月份的第一天。")
    state = serializers.ChoiceField(BillState.choices)
    total = MoneyField()
    on_credit = AmountField(source="credit_minor", help_text="其中余额没有支付、记在信用上的。")
    owed = MoneyField(help_text="还没有归还的。")
    currency = serializers.CharField()
    issued_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)


UsagePage = paged(UsageFields, "UsagePage")
BillPage = paged(BillFields, "BillPage")

_RECORD = {
    "id": "0199f3b8-0c11-7b2a-9d5e-2f6a8c1e4d70",
    "record_id": "R261123B8N4V6W7@2026-11-23T13:00:00+00:00",
    "component": "instance",
    "starts_at": "2026-11-23T21:00:00+08:00",
    "ends_at": "2026-11-23T22:00:00+08:00",
    "hours": "1.000000",
    "amount": "12.35",
    "charged": "BOOKED",
}
_BILL = {
    "id": "0199f3b9-7e21-7d40-8a11-5c3b9d2f6e80",
    "number": "B261201A1B2C3D",
    "month": "2026-11-01",
    "state": "DUE",
    "total": "820.10",
    "on_credit": "120.10",
    "owed": "120.10",
    "currency": "CNY",
    "issued_at": "2026-12-04T00:00:00+08:00",
    "due_at": "2026-12-14T00:00:00+08:00",
    "paid_at": None,
}


def _listed(name: str, one: dict[str, Any]) -> OpenApiExample:
    value = {"items": [one], "page": 1, "pages": 1, "per_page": 20, "total": 1}
    return OpenApiExample(name, response_only=True, value=value)


@access(Customer)
class RenewView(APIView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Another's machine does not exist, whatever else is wrong with the request."""
        super().initial(request, *args, **kwargs)
        queries.resource(person(request), kwargs["resource_id"])

    @extend_schema(
        operation_id="resources_renew",
        examples=[
            OpenApiExample(
                "续费一个月",
                request_only=True,
                value={"hours": 720, "shown_total": "8400.00", "terms_version": "2026-11"},
            ),
            PLACED,
        ],
        summary="续费",
        description=(
            "按现价为运行中的资源再买一段时间，得到一笔待支付的订单；支付后到期时间延长。"
            "按量后付费的资源没有到期时间，不能续费。"
        ),
        request=RenewAsked,
        responses={201: OrderFields},
        tags=["resources"],
    )
    @idempotent
    def post(self, request: Request, resource_id: UUID) -> Response:
        resource = queries.resource(person(request), resource_id)
        body = told(request, RenewAsked)
        if resource.state != ResourceState.RUNNING or resource.ends_at is None:
            raise ResourceNotRunning(state=resource.get_state_display())
        key = f"{resource.customer.public_id}/{request.headers[HEADER]}"
        order = placing.renew(
            line=resource.line,
            hours=body["hours"],
            shown_total=body["shown_total"],
            terms_version=body["terms_version"],
            request_key=uuid5(NAMESPACE_URL, key),
            at=clock.now(),
        )
        return Response(
            OrderFields(orders.order(person(request), order.public_id)).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("api:order", args=[order.public_id])},
        )


@access(Customer)
class UsageView(APIView):
    @extend_schema(
        operation_id="resources_usage",
        examples=[_listed("用量", _RECORD)],
        summary="资源的用量",
        description="按量后付费的用量，最新的在前；预付的资源没有用量。",
        parameters=[PageQuery],
        responses=UsagePage,
        tags=["resources"],
    )
    def get(self, request: Request, resource_id: UUID) -> Response:
        resource = queries.resource(person(request), resource_id)
        found = metering.usage(resource_id=resource.public_id)
        return Response(UsagePage(page_of(found, **asked(request, PageQuery))).data)


@access(Customer)
class BillsView(APIView):
    @extend_schema(
        operation_id="bills_list",
        examples=[_listed("账单列表", _BILL)],
        summary="我的账单",
        description="最新的月份在前。",
        parameters=[PageQuery],
        responses=BillPage,
        tags=["balance"],
    )
    def get(self, request: Request) -> Response:
        who = customer_of(person(request))
        found = metering.bills(customer_ids=[who.public_id])
        return Response(BillPage(page_of(found, **asked(request, PageQuery))).data)


@access(Customer)
class BillView(APIView):
    @extend_schema(
        operation_id="bills_read",
        examples=[OpenApiExample("待还款的账单", response_only=True, value=_BILL)],
        summary="查看账单",
        responses=BillFields,
        tags=["balance"],
    )
    def get(self, request: Request, bill_id: UUID) -> Response:
        who = customer_of(person(request))
        found = metering.bill(public_id=bill_id, customer_id=who.public_id)
        return Response(BillFields(found).data)
