"""A customer's resources. How to enter one is told on request only, and each time is written down."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared_apps.identity.access import Customer, access
from shared_apps.identity.api.people import person
from shared_apps.kernel import clock
from shared_apps.kernel.api.pages import asked, page_of
from tenant_apps.fulfilment import queries
from tenant_apps.fulfilment.services import resources

from . import examples
from .fields import AccessFields, ResourceFields, ResourcePage, ResourceQuery


@access(Customer)
class ResourcesView(APIView):
    @extend_schema(
        operation_id="resources_list",
        examples=[examples.LISTED],
        summary="我的资源",
        description="最新的在前。",
        parameters=[ResourceQuery],
        responses=ResourcePage,
        tags=["resources"],
    )
    def get(self, request: Request) -> Response:
        query = asked(request, ResourceQuery)
        found = queries.find(user=person(request), state=query["state"])
        if query["order_id"] is not None:
            found = found.filter(line__order__public_id=query["order_id"])
        page = page_of(found, page=query["page"], per_page=query["per_page"])
        return Response(ResourcePage(page).data)


@access(Customer)
class ResourceView(APIView):
    @extend_schema(
        operation_id="resources_read",
        examples=[examples.ONE],
        summary="查看资源",
        responses=ResourceFields,
        tags=["resources"],
    )
    def get(self, request: Request, resource_id: UUID) -> Response:
        return Response(ResourceFields(queries.resource(person(request), resource_id)).data)


@access(Customer)
class RevealAccessView(APIView):
    @extend_schema(
        operation_id="resources_reveal_access",
        examples=[examples.ACCESS],
        summary="查看访问方式",
        description="只对运行中的资源有效。每次查看都记入审计；回答不缓存。",
        request=None,
        responses={200: AccessFields},
        tags=["resources"],
    )
    def post(self, request: Request, resource_id: UUID) -> Response:
        resource = queries.resource(person(request), resource_id)
        entrance = resources.reveal_access(resource=resource, at=clock.now())
        return Response(AccessFields(entrance).data)
