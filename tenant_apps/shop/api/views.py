"""Offers are anybody's to see, at this shop's prices."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared_apps.identity.access import Anyone, access
from shared_apps.kernel import clock
from shared_apps.kernel.api.pages import asked
from tenant_apps.shop import shelf

from . import examples
from .fields import CompareQuery, ComparisonFields, OfferFields, OfferQuery, ShelfFields


@access(Anyone)
class OffersView(APIView):
    @extend_schema(
        operation_id="offers_list",
        examples=[examples.FOUND],
        summary="搜索和筛选在售产品",
        description=(
            "价格为本店售价，元/台·小时，十进制文本。同一参数的多个值之间为“或”，不同参数之间为“且”。"
            "每个分面的计数不受自身筛选影响。"
        ),
        parameters=[OfferQuery],
        responses=ShelfFields,
        tags=["offers"],
    )
    def get(self, request: Request) -> Response:
        query = asked(request, OfferQuery)
        found = shelf.find(
            at=clock.now(),
            text=query["q"],
            gpu_models=query["gpu_model"],
            gpu_counts=query["gpu_count"],
            memory_min=query["memory_min"],
            memory_max=query["memory_max"],
            price_min=query["price_min"],
            price_max=query["price_max"],
            suppliers=query["supplier"],
            hubs=query["hub"],
            spot=query["spot"],
            sort=query["sort"],
            page=query["page"],
            per_page=query["per_page"],
        )
        return Response(ShelfFields(found).data)


@access(Anyone)
class OfferView(APIView):
    @extend_schema(
        operation_id="offers_read",
        examples=[examples.ONE],
        summary="查看一个产品",
        description="已下架的产品仍可查看，buyable 为 false。",
        responses=OfferFields,
        tags=["offers"],
    )
    def get(self, request: Request, offer_id: UUID) -> Response:
        return Response(OfferFields(shelf.offer(public_id=offer_id, at=clock.now())).data)


@access(Anyone)
class CompareView(APIView):
    @extend_schema(
        operation_id="offers_compare",
        examples=[examples.COMPARED],
        summary="并排比较最多四个产品",
        parameters=[CompareQuery],
        responses=ComparisonFields,
        tags=["offers"],
    )
    def get(self, request: Request) -> Response:
        ids = asked(request, CompareQuery)["ids"]
        offers, facts = shelf.compare(public_ids=ids, at=clock.now())
        return Response(ComparisonFields({"offers": offers, "facts": facts}).data)
