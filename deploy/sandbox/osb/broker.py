"""One supplier as a service broker: asynchronous, idempotent, strict about repeated requests."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from openbrokerapi import errors
from openbrokerapi.catalog import ServicePlan
from openbrokerapi.service_broker import (
    BindDetails,
    Binding,
    BindState,
    DeprovisionDetails,
    DeprovisionServiceSpec,
    GetBindingSpec,
    GetInstanceDetailsSpec,
    LastOperation,
    OperationState,
    ProvisionDetails,
    ProvisionedServiceSpec,
    ProvisionState,
    Service,
    ServiceBroker,
    UnbindDetails,
    UnbindSpec,
    UpdateDetails,
    UpdateServiceSpec,
)

from sandbox import faults
from sandbox.world import World

from . import instances, suppliers

MAX_POLLING_SECONDS = 600
_STATES = {
    "CREATING": OperationState.IN_PROGRESS,
    "DELETING": OperationState.IN_PROGRESS,
    "READY": OperationState.SUCCEEDED,
    "FAILED": OperationState.FAILED,
}
_DESTINIES = {"never_ready": "never", "operation_fails": "fail"}


def _fingerprint(details: ProvisionDetails) -> str:
    return json.dumps(
        [
            details.service_id,
            details.plan_id,
            details.organization_guid,
            details.space_guid,
            details.parameters or {},
        ],
        sort_keys=True,
        ensure_ascii=False,
    )


class SupplierBroker(ServiceBroker):  # type: ignore[misc]
    def __init__(self, world: World, slug: str) -> None:
        self._world = world
        self._slug = slug

    def _supplier(self) -> sqlite3.Row:
        with self._world.store.read() as db:
            row = suppliers.find(db, self._slug)
        if row is None:
            raise errors.ErrBadRequest("No such supplier.")
        return row

    def _seconds(self) -> float:
        seconds = self._supplier()["seconds"]
        return self._world.config.osb_seconds if seconds is None else float(seconds)

    def _dashboard(self, instance_id: str) -> str:
        return f"https://console.{self._slug}.example/instances/{instance_id}"

    def catalog(self) -> list[Service]:
        supplier = self._supplier()
        plans = [
            ServicePlan(
                id=str(plan["plan_id"]),
                name=str(plan["sku"]),
                description=str(plan["name"]),
                free=False,
                bindable=True,
                metadata=suppliers.plan_attributes(plan),
                maximum_polling_duration=MAX_POLLING_SECONDS,
            )
            for plan in suppliers.plans_of(supplier)
        ]
        return [
            Service(
                id=supplier["service_id"],
                name=f"{self._slug}-compute",
                description=f"{supplier['name']} 算力",
                bindable=True,
                plans=plans,
                tags=["compute"],
                instances_retrievable=True,
                plan_updateable=False,
                bindings_retrievable=True,
            )
        ]

    def provision(
        self, instance_id: str, details: ProvisionDetails, async_allowed: bool, **kwargs: Any
    ) -> ProvisionedServiceSpec:
        if not async_allowed:
            raise errors.ErrAsyncRequired
        sku = next(
            (
                str(plan["sku"])
                for plan in suppliers.plans_of(self._supplier())
                if plan["plan_id"] == details.plan_id
            ),
            "",
        )
        fingerprint, dashboard = _fingerprint(details), self._dashboard(instance_id)
        seconds = self._seconds()
        with self._world.store.write() as db:
            known = instances.find(db, self._slug, instance_id)
            if known is not None and known["state"] in ("CREATING", "READY", "DELETING"):
                instances.asked(db, self._slug, instance_id)
                if known["fingerprint"] != fingerprint or known["state"] == "DELETING":
                    raise errors.ErrInstanceAlreadyExists
                if known["state"] == "READY":
                    return ProvisionedServiceSpec(
                        ProvisionState.IDENTICAL_ALREADY_EXISTS, dashboard, known["operation"]
                    )
                return ProvisionedServiceSpec(
                    ProvisionState.IS_ASYNC, dashboard, known["operation"]
                )
            fault = faults.take_in(
                db,
                "osb",
                *_DESTINIES,
                operation="provision",
                supplier=self._slug,
                instance_id=instance_id,
                plan_id=details.plan_id,
                sku=sku,
            )
            operation = instances.begin(
                db,
                self._slug,
                instance_id,
                service_id=details.service_id,
                plan_id=details.plan_id,
                parameters=details.parameters or {},
                fingerprint=fingerprint,
                destiny=_DESTINIES[fault.name] if fault else "succeed",
                seconds=seconds,
            )
        return ProvisionedServiceSpec(ProvisionState.IS_ASYNC, dashboard, operation)

    def update(
        self, instance_id: str, details: UpdateDetails, async_allowed: bool, **kwargs: Any
    ) -> UpdateServiceSpec:
        """Suspends an instance or lets it run: at once, and the same again when repeated."""
        with self._world.store.write() as db:
            instance = instances.find(db, self._slug, instance_id)
            if instance is None or instance["state"] == "DELETED":
                raise errors.ErrInvalidParameters("No such instance.")
            if instance["state"] != "READY":
                raise errors.ErrConcurrentInstanceAccess
            instances.change(db, self._slug, instance, parameters=details.parameters or {})
        return UpdateServiceSpec(is_async=False)

    def last_operation(
        self,
        instance_id: str,
        operation_data: str | None,
        service_id: str | None = None,
        plan_id: str | None = None,
        **kwargs: Any,
    ) -> LastOperation:
        with self._world.store.write() as db:
            instance = instances.find(db, self._slug, instance_id)
        if instance is None or instance["state"] == "DELETED":
            raise errors.ErrInstanceDoesNotExist
        if operation_data and operation_data != instance["operation"]:
            raise errors.ErrBadRequest("Unknown operation.")
        state = _STATES[instance["state"]]
        texts = {
            OperationState.IN_PROGRESS: "正在处理",
            OperationState.SUCCEEDED: "已就绪",
            OperationState.FAILED: "该规格当前无可用库存",
        }
        return LastOperation(state, texts[state])

    def bind(
        self,
        instance_id: str,
        binding_id: str,
        details: BindDetails,
        async_allowed: bool,
        **kwargs: Any,
    ) -> Binding:
        with self._world.store.write() as db:
            instance = instances.find(db, self._slug, instance_id)
            if instance is None or instance["state"] == "DELETED":
                raise errors.ErrBadRequest("No such instance.")
            if instance["state"] != "READY":
                raise errors.ErrConcurrentInstanceAccess
            known = instances.find_binding(db, self._slug, instance_id, binding_id)
            if known is not None:
                return Binding(BindState.IDENTICAL_ALREADY_EXISTS, credentials=known)
            credentials = instances.credentials(instance_id)
            db.execute(
                "INSERT INTO binding VALUES (?, ?, ?, ?)",
                (self._slug, instance_id, binding_id, json.dumps(credentials)),
            )
        return Binding(BindState.SUCCESSFUL_BOUND, credentials=credentials)

    def unbind(
        self,
        instance_id: str,
        binding_id: str,
        details: UnbindDetails,
        async_allowed: bool,
        **kwargs: Any,
    ) -> UnbindSpec:
        with self._world.store.write() as db:
            gone = db.execute(
                "DELETE FROM binding WHERE slug = ? AND instance_id = ? AND binding_id = ?",
                (self._slug, instance_id, binding_id),
            ).rowcount
        if not gone:
            raise errors.ErrBindingDoesNotExist
        return UnbindSpec(is_async=False)

    def deprovision(
        self, instance_id: str, details: DeprovisionDetails, async_allowed: bool, **kwargs: Any
    ) -> DeprovisionServiceSpec:
        if not async_allowed:
            raise errors.ErrAsyncRequired
        seconds = self._seconds()
        with self._world.store.write() as db:
            instance = instances.find(db, self._slug, instance_id)
            if instance is None or instance["state"] == "DELETED":
                raise errors.ErrInstanceDoesNotExist
            operation = instances.begin_delete(db, self._slug, instance, seconds=seconds)
        return DeprovisionServiceSpec(is_async=True, operation=operation)

    def get_instance(self, instance_id: str, **kwargs: Any) -> GetInstanceDetailsSpec:
        """A half-made instance is not shown, as the specification wants it."""
        with self._world.store.write() as db:
            instance = instances.find(db, self._slug, instance_id)
        if instance is None or instance["state"] not in ("READY", "DELETING"):
            raise errors.ErrInstanceDoesNotExist
        return GetInstanceDetailsSpec(
            instance["service_id"],
            instance["plan_id"],
            self._dashboard(instance_id),
            json.loads(instance["parameters"]),
        )

    def get_binding(self, instance_id: str, binding_id: str, **kwargs: Any) -> GetBindingSpec:
        with self._world.store.read() as db:
            credentials = instances.find_binding(db, self._slug, instance_id, binding_id)
        if credentials is None:
            raise errors.ErrBindingDoesNotExist
        return GetBindingSpec(credentials=credentials)
