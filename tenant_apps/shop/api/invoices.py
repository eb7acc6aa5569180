"""Invoices over the API: what can be invoiced, asking, listing, withdrawing, the file."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.invoicing import queries, services
from billing.invoicing.errors import InvoiceNotFound
from shared_apps.audit.services import record
from shared_apps.files.answers import download
from shared_apps.identity.access import Customer, access
from shared_apps.identity.api.idempotency import HEADER, idempotent
from shared_apps.identity.api.people import person
from shared_apps.kernel import clock
from shared_apps.kernel.api.pages import PageQuery, asked, page_of, told
from tenant_apps.customers.queries import customer_of

from . import invoice_examples as examples
from .invoice_fields import (
    InvoiceablePage,
    InvoiceableQuery,
    InvoiceAsked,
    InvoiceFields,
    InvoicePage,
    InvoiceQuery,
    TitleAsked,
    TitleFields,
    TitlePage,
)


@access(Customer)
class InvoiceableView(APIView):
    @extend_schema(
        operation_id="invoiceable_list",
        examples=[examples.INVOICEABLE],
        summary="还可开票的消费",
        description="已开通、未退款、未开票的消费，最新的在前。充值和未开通的订单不开票。",
        parameters=[InvoiceableQuery],
        responses=InvoiceablePage,
        tags=["invoices"],
    )
    def get(self, request: Request) -> Response:
        query = asked(request, InvoiceableQuery)
        page, per_page = query.pop("page"), query.pop("per_page")
        found = queries.open_consumption(
            customer_id=customer_of(person(request)).public_id, **query
        )
        return Response(InvoiceablePage(page_of(found, page=page, per_page=per_page)).data)


@access(Customer)
class InvoiceTitlesView(APIView):
    @extend_schema(
        operation_id="invoice_titles_list",
        examples=[examples.TITLES],
        summary="我的发票抬头",
        description="默认的在前。",
        parameters=[PageQuery],
        responses=TitlePage,
        tags=["invoices"],
    )
    def get(self, request: Request) -> Response:
        found = queries.titles_of(customer_id=customer_of(person(request)).public_id)
        return Response(TitlePage(page_of(found, **asked(request, PageQuery))).data)

    @extend_schema(
        operation_id="invoice_titles_create",
        examples=[examples.KEEP_TITLE, examples.TITLE_KEPT],
        summary="新增发票抬头",
        description="企业税号按统一社会信用代码的校验码检查。",
        request=TitleAsked,
        responses={201: TitleFields},
        tags=["invoices"],
    )
    def post(self, request: Request) -> Response:
        body = told(request, TitleAsked)
        title = services.save_title(customer_id=customer_of(person(request)).public_id, **body)
        return Response(TitleFields(title).data, status=status.HTTP_201_CREATED)


@access(Customer)
class InvoicesView(APIView):
    @extend_schema(
        operation_id="invoices_list",
        examples=[examples.LISTED],
        summary="我的发票",
        description="最新的在前；红票也在内。",
        parameters=[InvoiceQuery],
        responses=InvoicePage,
        tags=["invoices"],
    )
    def get(self, request: Request) -> Response:
        query = asked(request, InvoiceQuery)
        found = queries.invoices_of(customer_id=customer_of(person(request)).public_id)
        if query["state"]:
            found = found.filter(state=query["state"])
        page = page_of(found, page=query["page"], per_page=query["per_page"])
        return Response(InvoicePage(page).data)

    @extend_schema(
        operation_id="invoices_create",
        examples=[examples.ASK, examples.ASKED],
        summary="申请开票",
        description="提交后这些消费即被占用；开具前可以撤回。没有可开票金额时返回 422。",
        request=InvoiceAsked,
        responses={201: InvoiceFields},
        tags=["invoices"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = told(request, InvoiceAsked)
        who = customer_of(person(request)).public_id
        invoice = services.ask(
            customer_id=who,
            consumptions=body.pop("consumption_ids"),
            request_key=uuid5(NAMESPACE_URL, f"{who}/invoices/{request.headers[HEADER]}"),
            at=clock.now(),
            **body,
        )
        return Response(
            InvoiceFields(invoice).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("api:invoice", args=[invoice.public_id])},
        )


@access(Customer)
class InvoiceView(APIView):
    @extend_schema(
        operation_id="invoices_read",
        examples=[examples.ASKED],
        summary="查看发票",
        responses=InvoiceFields,
        tags=["invoices"],
    )
    def get(self, request: Request, invoice_id: UUID) -> Response:
        who = customer_of(person(request))
        found = queries.invoice_of(customer_id=who.public_id, public_id=invoice_id)
        return Response(InvoiceFields(found).data)


@access(Customer)
class InvoiceWithdrawView(APIView):
    @extend_schema(
        operation_id="invoices_withdraw",
        examples=[examples.WITHDRAWN],
        summary="撤回开票申请",
        description="开具之前可以撤回；之后返回 409 invoicing.not_this_state。",
        request=None,
        responses={200: InvoiceFields},
        tags=["invoices"],
    )
    def post(self, request: Request, invoice_id: UUID) -> Response:
        who = customer_of(person(request))
        found = services.withdraw(customer_id=who.public_id, public_id=invoice_id, at=clock.now())
        return Response(InvoiceFields(found).data)


@access(Customer)
class InvoiceFileView(APIView):
    @extend_schema(
        operation_id="invoices_file",
        examples=[examples.FILE],
        summary="下载发票文件",
        description="未开具时返回 404。",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
        tags=["invoices"],
    )
    def get(self, request: Request, invoice_id: UUID) -> HttpResponse:
        who = customer_of(person(request))
        found = queries.invoice_of(customer_id=who.public_id, public_id=invoice_id)
        if found.file is None:
            raise InvoiceNotFound
        with transaction.atomic():
            record("invoice.download", obj=found, after={"file": found.file.name})
        return download(found.file)
