"""What can be refused, said once: a stable code for programs, a plain sentence for people.

A subclass sets `code`, `status` and `sentence`; the keyword arguments of the raise fill the
sentence and stay on the error as attributes. Pages and the API map these in one place each.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    code: ClassVar[str] = "error"
    status: ClassVar[int] = 409
    sentence: ClassVar[str | Promise] = _("操作没有完成。")
    members: ClassVar[
        tuple[str, ...]
    ] = ()  # attributes that a program is told besides the sentence

    def __init__(self, **attributes: Any) -> None:
        self.attributes = attributes
        self.__dict__.update(attributes)
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.sentence) % self.attributes if self.attributes else str(self.sentence)


class NotFound(DomainError):
    code = "not_found"
    status = 404
    sentence = _("没有找到您要的内容。它可能已被删除，或者不属于当前账户。")


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    sentence = _("您的账号没有这项权限，请联系管理员。")


class Conflict(DomainError):
    code = "conflict"
    status = 409
    sentence = _("内容已发生变化，请刷新后再试。")


class Invalid(DomainError):
    """`field` names the input that is wrong, where there is one."""

    code = "invalid"
    status = 422
    sentence = _("填写的内容有误，请检查后再提交。")

    def __init__(self, *, field: str = "", **attributes: Any) -> None:
        super().__init__(field=field, **attributes)
        self.field = field


class ProviderError(DomainError):
    """An outside party refused or failed; `permanent` tells whether trying again can help."""

    code = "provider"
    status = 502
    sentence = _("外部服务暂时没有应答，请稍后再试。")

    def __init__(self, *, permanent: bool, detail: str = "", **attributes: Any) -> None:
        super().__init__(permanent=permanent, detail=detail, **attributes)
        self.permanent = permanent
        self.detail = detail


class OutcomeUnknown(ProviderError):
    """The call may or may not have taken effect: query it, never repeat it blind."""

    code = "provider.outcome_unknown"
    sentence = _("正在向对方确认结果，请勿重复操作。")

    def __init__(self, *, detail: str = "", **attributes: Any) -> None:
        super().__init__(permanent=False, detail=detail, **attributes)
