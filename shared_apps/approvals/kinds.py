"""What can be asked for, who may decide it, and what carries the decision out: a table in the wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Kind:
    """`decided` names `(*, subject_id, approved, by, reason, at) -> None`; it runs in the decision's transaction."""

    label: str | Promise
    decided: str
    roles: tuple[str, ...]

    def carry_out(self) -> Callable[..., None]:
        function: Callable[..., None] = import_string(self.decided)
        return function


@cache
def kinds() -> Mapping[str, Kind]:
    table: Mapping[str, Kind] = import_string(settings.APPROVAL_KINDS)
    return table
