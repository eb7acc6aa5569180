"""What every kind of supplier looks like from inside: open, watch, enter, close.

An adapter knows neither orders nor the database. The instance id is ours (the order line's), so
a repeated call is the same call. Every error carries `sweep`: whether something may have been
left behind at the supplier, so that it must be deprovisioned before the line is given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import OutcomeUnknown, ProviderError


class OperationKind(StrEnum):
    PROVISION = "PROVISION"
    DEPROVISION = "DEPROVISION"
    UPDATE = "UPDATE"


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """One instance at the supplier; all three ids go with every later call about it."""

    instance_id: str
    service_id: str
    plan_id: str


@dataclass(frozen=True, slots=True)
class Originator:
    """On whose behalf a call is made; told to the supplier, so name nobody: ids only."""

    platform: str
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProvisionRequest:
    """A repeat must be equal in every field: the same id with other contents is refused."""

    ref: InstanceRef
    organization_guid: str
    space_guid: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """The supplier has accepted and is working; ask again after `poll_after`."""

    kind: OperationKind
    key: str | None
    poll_after: timedelta
    description: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The supplier has finished; a provisioned instance may name its dashboard."""

    kind: OperationKind
    dashboard_url: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """How the customer enters. Secret as a whole: seal it at rest, reveal it on request only."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    ssh_command: str = ""
    jupyter_url: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Instance:
    """What the supplier itself says it is keeping for us."""

    ref: InstanceRef
    dashboard_url: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """One thing that the supplier sells, as it names it."""

    service_id: str
    plan_id: str
    name: str
    sku: str
    attributes: Mapping[str, Any]
    max_polling: timedelta | None = None


class SupplierRefused(ProviderError):
    """The supplier understood and said no; the same call will be refused again."""

    code = "suppliers.refused"
    sentence = _("供应商未接受本次请求。")

    def __init__(
        self, *, detail: str, http_status: int = 0, error: str = "", sweep: bool = False
    ) -> None:
        super().__init__(
            permanent=True, detail=detail, http_status=http_status, error=error, sweep=sweep
        )
        self.http_status = http_status
        self.error = error
        self.sweep = sweep


class SupplierBusy(ProviderError):
    """Nothing was done this time; the same call may succeed after `retry_after`."""

    code = "suppliers.busy"
    sentence = _("供应商暂时繁忙，系统会自动重试。")

    def __init__(
        self, *, detail: str, http_status: int = 0, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(
            permanent=False, detail=detail, http_status=http_status, retry_after=retry_after
        )
        self.http_status = http_status
        self.retry_after = retry_after
        self.sweep = False


class SupplierOutcomeUnknown(OutcomeUnknown):
    """The call may have taken effect. Repeat it with the same ids, or sweep and give up."""

    code = "suppliers.outcome_unknown"
    sentence = _("正在与供应商确认开通结果，请稍候。")

    def __init__(self, *, detail: str, http_status: int = 0, sweep: bool) -> None:
        super().__init__(detail=detail, http_status=http_status, sweep=sweep)
        self.http_status = http_status
        self.sweep = sweep


class OperationFailed(ProviderError):
    """An accepted operation ended in failure; what is left of it must be deprovisioned."""

    code = "suppliers.operation_failed"
    sentence = _("供应商未能完成开通。")

    def __init__(self, *, detail: str, kind: OperationKind, sweep: bool = True) -> None:
        super().__init__(permanent=True, detail=detail, kind=kind, sweep=sweep)
        self.kind = kind
        self.sweep = sweep


class SupplierAdapter(Protocol):
    """One supplier's endpoint. `originator` is passed on where the contract has a place for it."""

    kind: ClassVar[str]

    def catalog(self) -> tuple[CatalogPlan, ...]:
        """Everything the supplier offers now. Safe to repeat."""
        ...

    def provision(
        self, request: ProvisionRequest, *, originator: Originator | None = None
    ) -> Operation | Done:
        """Opens an instance, once per instance id however often it is called."""
        ...

    def poll(self, ref: InstanceRef, operation: Operation) -> Operation | Done:
        """Where an accepted operation stands. Raises OperationFailed. Safe to repeat."""
        ...

    def bind(
        self, ref: InstanceRef, *, binding_id: str, originator: Originator | None = None
    ) -> Access:
        """Issues the way in; the same binding id gives the same access again."""
        ...

    def unbind(
        self, ref: InstanceRef, *, binding_id: str, originator: Originator | None = None
    ) -> None:
        """Withdraws the way in; already gone is done. Safe to repeat."""
        ...

    def switch(
        self, ref: InstanceRef, *, running: bool, originator: Originator | None = None
    ) -> Operation | Done:
        """Suspends an instance, or lets it run again; its data stay. Safe to repeat."""
        ...

    def deprovision(
        self, ref: InstanceRef, *, originator: Originator | None = None
    ) -> Operation | Done:
        """Ends an instance; already gone is Done. Safe to repeat, and the way to sweep."""
        ...

    def fetch(self, ref: InstanceRef) -> Instance | None:
        """What the supplier keeps under this id; None while it is absent or not yet ready."""
        ...
