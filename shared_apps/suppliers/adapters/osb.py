"""The platform's side of the Open Service Broker API 2.17, on httpx.

Which answers leave an orphan is the specification's own table ("Orphan Mitigation"): a timeout,
a 5xx, an unexpected 2xx and a 201 that cannot be read do; a 4xx does not.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

import httpx

from .base import (
    Access,
    CatalogPlan,
    Done,
    Instance,
    InstanceRef,
    Operation,
    OperationFailed,
    OperationKind,
    Originator,
    ProvisionRequest,
    SupplierBusy,
    SupplierOutcomeUnknown,
    SupplierRefused,
)

API_VERSION = "2.17"
TIMEOUT = httpx.Timeout(15, connect=5)
DEFAULT_POLL = timedelta(seconds=5)
SHORTEST_POLL = timedelta(seconds=1)
LONGEST_POLL = timedelta(minutes=5)
LONGEST_OPERATION = 10_000
LARGEST_ANSWER = 4 * 1024 * 1024
LONGEST_CALL = 20.0  # seconds for one call in all
_ACCESS_KEYS = frozenset({"host", "port", "username", "password", "ssh_command", "jupyter_url"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OsbEndpoint:
    """Where a supplier's broker is, and how we log in to it."""

    url: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A complete HTTP answer; `body` is None where it is not a JSON object."""

    status: int
    body: Json | None
    headers: httpx.Headers
    request_id: str

    @property
    def detail(self) -> str:
        text = str((self.body or {}).get("description", ""))[:300]
        return f"HTTP {self.status} {text} (request {self.request_id})".replace("  ", " ")

    @property
    def error(self) -> str:
        return str((self.body or {}).get("error", ""))[:100]

    def text(self, key: str) -> str | None:
        value = (self.body or {}).get(key)
        return value if isinstance(value, str) else None


class OsbAdapter:
    """Calls one broker. Holds no connection between calls; safe to share between threads."""

    kind: ClassVar[str] = "osb"

    def __init__(
        self,
        endpoint: OsbEndpoint,
        *,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._transport = transport

    def catalog(self) -> tuple[CatalogPlan, ...]:
        answer = self._send("GET", "/v2/catalog", sweep=False)
        services = (answer.body or {}).get("services")
        if answer.status != HTTPStatus.OK or not isinstance(services, list):
            raise self._unexpected(answer, sweep=False)
        try:
            return tuple(_plan(service, plan) for service in services for plan in service["plans"])
        except (KeyError, TypeError, ValueError) as error:
            raise SupplierRefused(
                detail=f"The catalogue cannot be read: {error!r}", http_status=answer.status
            ) from error

    def provision(
        self, request: ProvisionRequest, *, originator: Originator | None = None
    ) -> Operation | Done:
        where = {
            "organization_guid": request.organization_guid,
            "space_guid": request.space_guid,
        }
        body = {
            "service_id": request.ref.service_id,
            "plan_id": request.ref.plan_id,
            **where,
            "context": {"platform": "ncmatch", **where},
            "parameters": dict(request.parameters),
        }
        answer = self._send(
            "PUT",
            _path(request.ref),
            query={"accepts_incomplete": "true"},
            body=body,
            originator=originator,
            sweep=True,
        )
        if answer.status == HTTPStatus.ACCEPTED and answer.body is not None:
            return _operation(OperationKind.PROVISION, answer)
        if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED) and answer.body is not None:
            return Done(OperationKind.PROVISION, dashboard_url=answer.text("dashboard_url") or "")
        # A 200 says that it was there before: what cannot be read then is no reason to delete it.
        raise self._unexpected(answer, sweep=answer.status != HTTPStatus.OK)

    def poll(self, ref: InstanceRef, operation: Operation) -> Operation | Done:
        query = {"service_id": ref.service_id, "plan_id": ref.plan_id}
        if operation.key is not None:
            query["operation"] = operation.key
        answer = self._send("GET", f"{_path(ref)}/last_operation", query=query, sweep=False)
        kind = operation.kind
        if answer.status == HTTPStatus.GONE:
            if kind is OperationKind.DEPROVISION:
                return Done(kind)
            raise OperationFailed(
                detail="The supplier no longer knows the instance.", kind=kind, sweep=False
            )
        state = answer.text("state") if answer.status == HTTPStatus.OK else None
        description = (answer.text("description") or "")[:300]
        if state == "succeeded":
            return Done(kind)
        if state == "failed":
            raise OperationFailed(detail=description or "failed", kind=kind)
        if state == "in progress":
            return Operation(kind, operation.key, _poll_after(answer), description)
        # Whatever else it says, the operation may be running: ask again later.
        raise SupplierBusy(
            detail=answer.detail, http_status=answer.status, retry_after=_poll_after(answer)
        )

    def bind(
        self, ref: InstanceRef, *, binding_id: str, originator: Originator | None = None
    ) -> Access:
        answer = self._send(
            "PUT",
            _path(ref, binding_id),
            body={
                "service_id": ref.service_id,
                "plan_id": ref.plan_id,
                "context": {"platform": "ncmatch"},
            },
            originator=originator,
            sweep=True,
        )
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise self._unexpected(answer, sweep=True)
        credentials = (answer.body or {}).get("credentials")
        try:
            return _access(credentials)
        except (KeyError, TypeError, ValueError) as error:
            raise SupplierOutcomeUnknown(
                detail=f"The credentials cannot be read (request {answer.request_id}).",
                http_status=answer.status,
                sweep=answer.status == HTTPStatus.CREATED,
            ) from error

    def unbind(
        self, ref: InstanceRef, *, binding_id: str, originator: Originator | None = None
    ) -> None:
        answer = self._send(
            "DELETE",
            _path(ref, binding_id),
            query={"service_id": ref.service_id, "plan_id": ref.plan_id},
            originator=originator,
            sweep=True,
        )
        if answer.status not in (HTTPStatus.OK, HTTPStatus.GONE):
            raise self._unexpected(answer, sweep=True)

    def switch(
        self, ref: InstanceRef, *, running: bool, originator: Originator | None = None
    ) -> Operation | Done:
        answer = self._send(
            "PATCH",
            _path(ref),
            query={"accepts_incomplete": "true"},
            body={
                "service_id": ref.service_id,
                "context": {"platform": "ncmatch"},
                "parameters": {"running": running},
                "previous_values": {"plan_id": ref.plan_id},
            },
            originator=originator,
            sweep=False,
        )
        if answer.status == HTTPStatus.ACCEPTED and answer.body is not None:
            return _operation(OperationKind.UPDATE, answer)
        if answer.status == HTTPStatus.OK:
            return Done(OperationKind.UPDATE)
        raise self._unexpected(answer, sweep=False)

    def deprovision(
        self, ref: InstanceRef, *, originator: Originator | None = None
    ) -> Operation | Done:
        answer = self._send(
            "DELETE",
            _path(ref),
            query={
                "service_id": ref.service_id,
                "plan_id": ref.plan_id,
                "accepts_incomplete": "true",
            },
            originator=originator,
            sweep=True,
        )
        if answer.status in (HTTPStatus.OK, HTTPStatus.GONE):
            return Done(OperationKind.DEPROVISION)
        if answer.status == HTTPStatus.ACCEPTED:
            return _operation(OperationKind.DEPROVISION, answer)
        raise self._unexpected(answer, sweep=True)

    def fetch(self, ref: InstanceRef) -> Instance | None:
        answer = self._send(
            "GET",
            _path(ref),
            query={"service_id": ref.service_id, "plan_id": ref.plan_id},
            sweep=False,
        )
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return None
        if answer.status != HTTPStatus.OK or answer.body is None:
            raise self._unexpected(answer, sweep=False)
        parameters = answer.body.get("parameters")
        return Instance(
            ref=InstanceRef(
                ref.instance_id,
                answer.text("service_id") or ref.service_id,
                answer.text("plan_id") or ref.plan_id,
            ),
            dashboard_url=answer.text("dashboard_url") or "",
            parameters=parameters if isinstance(parameters, dict) else {},
        )

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        originator: Originator | None = None,
        sweep: bool,
    ) -> _Answer:
        """One request, never repeated here; `sweep` is what silence means for this kind of call."""
        request_id = str(uuid.uuid4())
        deadline = time.monotonic() + LONGEST_CALL
        headers = {
            "X-Broker-API-Version": API_VERSION,
            "X-Broker-API-Request-Identity": request_id,
        }
        if originator is not None:
            headers["X-Broker-API-Originating-Identity"] = _identity(originator)
        try:
            with (
                httpx.Client(
                    auth=(self._endpoint.username, self._endpoint.password),
                    timeout=self._timeout,
                    transport=self._transport,
                    follow_redirects=False,
                    trust_env=False,
                ) as client,
                client.stream(
                    method,
                    self._endpoint.url.rstrip("/") + path,
                    params=query,
                    json=body,
                    headers=headers,
                ) as response,
            ):
                content = _read(response, deadline)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SupplierBusy(detail=f"No connection: {type(error).__name__}") from error
        except (httpx.HTTPError, ValueError) as error:
            detail = f"No answer: {type(error).__name__} (request {request_id})"
            raise SupplierOutcomeUnknown(detail=detail, sweep=sweep) from error
        return _Answer(response.status_code, _object(content), response.headers, request_id)

    def _unexpected(self, answer: _Answer, *, sweep: bool) -> Exception:
        """The error for an answer that is not a success of its call."""
        status = answer.status
        concurrent = (
            status == HTTPStatus.UNPROCESSABLE_ENTITY and answer.error == "ConcurrencyError"
        )
        if concurrent or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS):
            return SupplierBusy(
                detail=answer.detail, http_status=status, retry_after=_poll_after(answer)
            )
        if 400 <= status < 500:
            return SupplierRefused(detail=answer.detail, http_status=status, error=answer.error)
        return SupplierOutcomeUnknown(detail=answer.detail, http_status=status, sweep=sweep)


def _path(ref: InstanceRef, binding_id: str = "") -> str:
    path = f"/v2/service_instances/{quote(ref.instance_id, safe='')}"
    return f"{path}/service_bindings/{quote(binding_id, safe='')}" if binding_id else path


def _identity(originator: Originator) -> str:
    claims = json.dumps(dict(originator.claims), sort_keys=True).encode()
    return f"{originator.platform} {base64.b64encode(claims).decode()}"


def _read(response: httpx.Response, deadline: float) -> bytes:
    """The whole answer, within a bound of size and of time: httpx bounds each read, not their sum."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if time.monotonic() > deadline:
            raise ValueError("The answer takes too long.")
        if len(content) > LARGEST_ANSWER:
            raise ValueError("The answer is too large.")
    return bytes(content)


def _object(content: bytes) -> Json | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _poll_after(answer: _Answer) -> timedelta:
    text = answer.headers.get("Retry-After", "")
    wanted = timedelta(seconds=int(text)) if text.isdecimal() and len(text) < 6 else DEFAULT_POLL
    return min(max(wanted, SHORTEST_POLL), LONGEST_POLL)


def _operation(kind: OperationKind, answer: _Answer) -> Operation:
    key = answer.text("operation")
    if key is not None and len(key) > LONGEST_OPERATION:
        raise SupplierOutcomeUnknown(
            detail="The operation's key is too long.", http_status=answer.status, sweep=True
        )
    return Operation(kind, key, _poll_after(answer))


def _plan(service: Json, plan: Json) -> CatalogPlan:
    metadata = plan.get("metadata") or {}
    seconds = plan.get("maximum_polling_duration")
    return CatalogPlan(
        service_id=str(service["id"]),
        plan_id=str(plan["id"]),
        name=str(plan.get("description") or plan["name"]),
        sku=str(metadata.get("sku") or plan["name"]),
        attributes=dict(metadata),
        max_polling=timedelta(seconds=int(seconds)) if seconds is not None else None,
    )


def _access(credentials: object) -> Access:
    if not isinstance(credentials, dict):
        raise TypeError("no credentials")
    return Access(
        host=str(credentials["host"]),
        port=int(credentials["port"]),
        username=str(credentials["username"]),
        password=str(credentials["password"]),
        ssh_command=str(credentials.get("ssh_command", "")),
        jupyter_url=str(credentials.get("jupyter_url", "")),
        extra={key: value for key, value in credentials.items() if key not in _ACCESS_KEYS},
    )
