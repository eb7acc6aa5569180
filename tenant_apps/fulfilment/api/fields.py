from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shared_apps.kernel.api.pages import PageQuery, paged
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.models import Resource


class ResourceFields(serializers.Serializer[Resource]):
    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(ResourceState.choices)
    supplier = serializers.CharField(source="supplier.display_name")
    hub = serializers.CharField(
        source="supplier.hub.name", default=None, allow_null=True, help_text="枢纽节点。"
    )
    order_id = serializers.UUIDField(source="line.order.public_id")
    order_number = serializers.CharField(source="line.order.number")
    line_id = serializers.UUIDField(source="line.public_id")
    started_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(
        allow_null=True, help_text="到此时停止并释放；按量后付费的没有到期时间。"
    )
    ended_at = serializers.DateTimeField(allow_null=True)


class ResourceQuery(PageQuery):
    state = serializers.ChoiceField(ResourceState.choices, default="")
    order_id = serializers.UUIDField(default=None, help_text="只看这笔订单的。")


class AccessFields(serializers.Serializer[Any]):
    host = serializers.CharField()
    port = serializers.IntegerField()
    username = serializers.CharField()
    password = serializers.CharField()
    ssh_command = serializers.CharField()
    jupyter_url = serializers.CharField()
    extra = serializers.DictField(help_text="供应商给出的其他内容。")


ResourcePage = paged(ResourceFields, "ResourcePage")
