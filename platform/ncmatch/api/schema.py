"""What the OpenAPI document says of every route: who may call it, and how it refuses."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from shared_apps.identity.access import Policy, policy_of

from .problems import MEDIA_TYPE

_REFUSALS = {
    "400": "请求无法识别：不是有效的 JSON，或缺少必需的请求头。",
    "401": "需要登录：没有令牌，或令牌无效、已过期。",
    "403": "没有这项权限。",
    "404": "没有找到，或不属于当前客户。",
    "409": "与当前状态冲突；code 说明是哪一种。",
    "422": "内容有误；errors 列出有误的字段。",
    "default": "其他拒绝，如 429 请求过于频繁、502 外部服务异常。",
}


class FieldProblem(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="字段的路径，如 items.0.hours。")
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457。code 稳定，供程序判断；detail 是给人看的一句话。"""

    type = serializers.CharField(help_text="urn:ncmatch:problem: 加上 code。")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # hides Serializer.errors, unused here


class ApiSchema(AutoSchema):
    def get_auth(self) -> list[dict[str, Any]]:
        """The declared policy decides; `{}` is nobody in particular."""
        found: list[dict[str, Any]] = super().get_auth()
        return [*found, {}] if self._policy().kinds is None else found

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """`OrderFields` is an Order, `OrderAsked` an OrderRequest."""
        name = type(serializer).__name__
        return (
            name.removesuffix("Fields")
            if name.endswith("Fields")
            else name.replace("Asked", "Request")
        )

    def _policy(self) -> Policy:
        policy = policy_of(self.view)
        if policy is None:
            raise LookupError(f"{self.path} declares no access policy.")
        return policy

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code in self._refusals():
            body = self._get_response_for_code(  # type: ignore[no-untyped-call]
                Problem, code, [MEDIA_TYPE], direction
            )
            bodies[code] = body | {"description": _REFUSALS[code]}
        return bodies

    def _refusals(self) -> list[str]:
        policy = self._policy()
        changes = self.method not in ("GET", "HEAD")
        takes_body = (
            self.method in ("POST", "PUT", "PATCH") and self.get_request_serializer() is not None
        )
        codes = ["401", "default"]
        if takes_body:
            codes.append("400")
        if policy.kinds is not None:
            codes.append("404")
        if policy.roles or (changes and policy.kinds is not None):
            codes.append("403")  # a missing role; a session's request without its CSRF token
        if "{" in self.path:
            codes.append("404")
        if changes:
            codes.append("409")
        if takes_body or self.get_override_parameters():
            codes.append("422")
        return sorted(set(codes))
