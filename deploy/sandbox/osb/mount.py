"""Puts each supplier's broker under /osb/<slug>, with faults between the wire and the broker."""

from __future__ import annotations

import hmac
import logging
import re
import threading
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request
from openbrokerapi import api
from openbrokerapi.auth import BrokerAuthenticator

from sandbox.world import World

from . import suppliers
from .broker import SupplierBroker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_PATH = re.compile(r"/osb/([a-z0-9-]+)(/v2/.*)")
_BINDING = re.compile(r"/v2/service_instances/([^/]+)/service_bindings/[^/]+")
_POLL = re.compile(r"/v2/service_instances/([^/]+)/last_operation")
_INSTANCE = re.compile(r"/v2/service_instances/([^/]+)")
_BEFORE = (
    "delay",
    "timeout_before",
    "error_500",
    "concurrency_422",
    "too_many_429",
    "malformed",
    "bind_fails",
)
_AFTER = ("timeout_after", "orphan")


class SupplierPassword(BrokerAuthenticator):  # type: ignore[misc]
    """Reads the supplier's credentials at each request, so that a pushed change counts at once."""

    def __init__(self, world: World, slug: str) -> None:
        self._world = world
        self._slug = slug

    def authenticate(self) -> tuple[Response, int, dict[str, str]] | None:
        given = request.authorization
        with self._world.store.read() as db:
            supplier = suppliers.find(db, self._slug)
        if supplier is not None and given is not None and given.type == "basic":
            username, password = given.username or "", given.password or ""
            right = hmac.compare_digest(username.encode(), supplier["username"].encode())
            if right and hmac.compare_digest(password.encode(), supplier["password"].encode()):
                return None
        challenge = {"WWW-Authenticate": 'Basic realm="broker"'}
        return jsonify(description="Wrong user name or password."), 401, challenge


def _facts(slug: str) -> dict[str, str]:
    """What the request is about, for matching faults."""
    path, method = request.path, request.method
    found = {"supplier": slug, "operation": "catalog", "instance_id": ""}
    if match := _POLL.fullmatch(path):
        found |= {"operation": "poll", "instance_id": match[1]}
    elif match := _BINDING.fullmatch(path):
        names = {"PUT": "bind", "DELETE": "unbind"}
        found |= {"operation": names.get(method, "fetch_binding"), "instance_id": match[1]}
    elif match := _INSTANCE.fullmatch(path):
        names = {"PUT": "provision", "PATCH": "update", "DELETE": "deprovision"}
        found |= {"operation": names.get(method, "fetch"), "instance_id": match[1]}
    body = request.get_json(silent=True)
    plan = body.get("plan_id") if isinstance(body, dict) else request.args.get("plan_id")
    return found | {"plan_id": str(plan or "")}


def _misbehave_before(world: World, slug: str) -> Response | None:
    fault = world.faults.take("osb", *_BEFORE, **_facts(slug))
    if fault is None:
        return None
    if fault.name == "delay":
        time.sleep(fault.seconds)
        return None
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    body: dict[str, Any] = {"description": "The supplier had an internal error."}
    headers: dict[str, str] = {}
    if fault.name == "timeout_before":
        time.sleep(fault.seconds)
    elif fault.name == "concurrency_422":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        body = {"error": "ConcurrencyError", "description": "Another operation is under way."}
    elif fault.name == "too_many_429":
        status = HTTPStatus.TOO_MANY_REQUESTS
        headers["Retry-After"] = str(fault.params.get("retry_after", 1))
    elif fault.name == "malformed":
        return Response("<html>ok</html>", status=HTTPStatus.OK, content_type="text/html")
    elif fault.name == "bind_fails":
        status = int(fault.params.get("status", status))
    answer = jsonify(body)
    answer.status_code = status
    answer.headers.update(headers)
    return answer


def _misbehave_after(world: World, slug: str, response: Response) -> Response:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        return response
    fault = world.faults.take("osb", *_AFTER, **_facts(slug))
    if fault is None:
        return response
    if fault.name == "timeout_after":
        time.sleep(fault.seconds)
        return response
    answer = jsonify(description="The supplier had an internal error.")
    answer.status_code = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer


def _retry_after(response: Response) -> Response:
    """Says when to ask again, while an operation is under way."""
    body = response.get_json(silent=True)
    running = isinstance(body, dict) and body.get("state") == "in progress"
    if response.status_code == HTTPStatus.ACCEPTED or running:
        response.headers.setdefault("Retry-After", "1")
    return response


def broker_app(world: World, slug: str) -> Flask:
    app = Flask(f"{__name__}.{slug}")

    @app.before_request
    def before() -> Response | None:
        return _misbehave_before(world, slug)

    @app.after_request
    def after(response: Response) -> Response:
        return _retry_after(_misbehave_after(world, slug, response))

    broker = SupplierBroker(world, slug)
    app.register_blueprint(
        api.get_blueprint(broker, None, log, authenticator=SupplierPassword(world, slug))
    )
    return app


class Brokers:
    """WSGI: /osb/<slug>/v2/… goes to that supplier's own app, everything else to the sandbox."""

    def __init__(self, world: World, otherwise: WSGIApplication) -> None:
        self._world = world
        self._otherwise = otherwise
        self._apps: dict[str, Flask] = {}
        self._lock = threading.Lock()

    def _app(self, slug: str) -> Flask | None:
        with self._lock:
            if slug not in self._apps:
                with self._world.store.read() as db:
                    if suppliers.find(db, slug) is None:
                        return None
                self._apps[slug] = broker_app(self._world, slug)
            return self._apps[slug]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        app = self._app(match[1]) if match else None
        if match is None or app is None:
            return self._otherwise(environ, start_response)
        inner = dict(environ)
        inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + f"/osb/{match[1]}"
        inner["PATH_INFO"] = match[2]
        return app(inner, start_response)
