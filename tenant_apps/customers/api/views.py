"""A customer's own person, tokens and money."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.balances import queries as balances
from billing.payments import queries as payments
from billing.payments.api.fields import PaymentFields
from billing.payments.errors import IntentNotFound
from billing.payments.returning import back_to
from shared_apps.identity import queries as identity
from shared_apps.identity import services as people
from shared_apps.identity.access import Customer, access
from shared_apps.identity.api.people import person
from shared_apps.identity.errors import TokenMakesNoToken
from shared_apps.identity.models import ApiToken
from shared_apps.kernel import clock
from shared_apps.kernel.api.pages import Page, PageQuery, asked, page_of, told
from tenant_apps.customers import queries, services

from . import examples
from .fields import (
    BalanceFields,
    MeFields,
    NewTokenFields,
    RechargeAsked,
    StatementPage,
    StatementQuery,
    TokenAsked,
    TokenFields,
    TokenPage,
)


@access(Customer)
class MeView(APIView):
    @extend_schema(
        operation_id="me_read",
        examples=[examples.ME],
        summary="我是谁",
        responses=MeFields,
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        return Response(MeFields(queries.customer_of(person(request))).data)


@access(Customer)
class TokensView(APIView):
    @extend_schema(
        operation_id="tokens_list",
        examples=[examples.TOKENS],
        summary="我的访问令牌",
        description="有效的在前，已停用的在后。",
        parameters=[PageQuery],
        responses=TokenPage,
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        page = page_of(identity.tokens_of(person(request)), **asked(request, PageQuery))
        return Response(TokenPage(page).data)

    @extend_schema(
        operation_id="tokens_create",
        examples=[examples.ASK_TOKEN, examples.MADE],
        summary="创建访问令牌",
        description="须以网站登录的会话调用；令牌不能创建令牌。全文只在此处显示一次。",
        request=TokenAsked,
        responses={201: NewTokenFields},
        auth=[{"cookieAuth": []}],  # type: ignore[list-item]  # a whole requirement, not its name
        tags=["me"],
    )
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, ApiToken):
            raise TokenMakesNoToken
        body = told(request, TokenAsked)
        if body["expires_at"] is not None and body["expires_at"] <= clock.now():
            raise ValidationError({"expires_at": [_("到期时间须晚于现在。")]})
        token, text = people.issue_token(user=person(request), **body)
        shown: dict[str, Any] = {**TokenFields(token).data, "token": text}
        return Response(shown, status=status.HTTP_201_CREATED)


@access(Customer)
class TokenView(APIView):
    @extend_schema(
        operation_id="tokens_revoke",
        summary="停用访问令牌",
        description="立即生效，不能恢复；可以重复调用。",
        responses={204: None},
        tags=["me"],
    )
    def delete(self, request: Request, token_id: UUID) -> Response:
        token = identity.token_of(person(request), token_id)
        people.revoke_token(token=token, at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


@access(Customer)
class BalanceView(APIView):
    @extend_schema(
        operation_id="balance_read",
        examples=[examples.BALANCE],
        summary="余额",
        responses=BalanceFields,
        tags=["balance"],
    )
    def get(self, request: Request) -> Response:
        customer = queries.customer_of(person(request))
        return Response(BalanceFields(balances.balance_of(customer_id=customer.public_id)).data)


@access(Customer)
class StatementView(APIView):
    @extend_schema(
        operation_id="balance_entries",
        examples=[examples.STATEMENT],
        summary="余额明细",
        description="最新的在前。每行是一笔分录，列出它使可用余额和冻结款各变动多少、变动后各是多少。",
        parameters=[StatementQuery],
        responses=StatementPage,
        tags=["balance"],
    )
    def get(self, request: Request) -> Response:
        query = asked(request, StatementQuery)
        customer = queries.customer_of(person(request))
        found = balances.statement_of(customer_id=customer.public_id, **query)
        return Response(
            StatementPage(Page(found.items, found.page, found.per_page, found.total)).data
        )


@access(Customer)
class RechargesView(APIView):
    @extend_schema(
        operation_id="recharges_create",
        examples=[examples.ASK_RECHARGE, examples.RECHARGE],
        summary="充值",
        description=(
            "打开一笔支付：ALIPAY_PAGE、ALIPAY_WAP、WECHAT_H5、STRIPE_CHECKOUT 返回 redirect_url，30 分钟内有效；"
            "ALIPAY_QR、WECHAT_NATIVE 返回 qr_content，10 分钟内有效。到账以支付机构的通知为准。"
            "重复调用会打开另一笔；没有支付的不产生任何变动，到期自行关闭。"
        ),
        request=RechargeAsked,
        responses={201: PaymentFields},
        tags=["balance"],
    )
    def post(self, request: Request) -> Response:
        body = told(request, RechargeAsked)
        intent = services.start_recharge(
            customer=queries.customer_of(person(request)),
            amount=body["amount"],
            method=body["method"],
            back=back_to(request, "/balance/"),
            at=clock.now(),
        )
        return Response(PaymentFields(intent).data, status=status.HTTP_201_CREATED)


@access(Customer)
class RechargeView(APIView):
    @extend_schema(
        operation_id="recharges_read",
        examples=[examples.RECHARGE],
        summary="查看一笔充值",
        responses=PaymentFields,
        tags=["balance"],
    )
    def get(self, request: Request, payment_id: UUID) -> Response:
        customer = queries.customer_of(person(request))
        found = payments.recharge_of(customer_id=customer.public_id, public_id=payment_id)
        if found is None:
            raise IntentNotFound(number=payment_id)
        return Response(PaymentFields(found).data)
