"""Alibaba Cloud's SendSms as its own SDK calls it: POST / with an ACS3-HMAC-SHA256 signature."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from datetime import datetime
from string import Template
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Request, abort, jsonify, request
from werkzeug.wrappers import Response

from sandbox.world import World

from . import inbox

ALGORITHM = "ACS3-HMAC-SHA256"
TOLERANCE_SECONDS = 900
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{{64}})"
)
_MUST_SIGN = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-version"}
_PHONE = re.compile(r"(\+?86)?1[3-9]\d{9}")


class Denied(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def _canonical(incoming: Request, signed_headers: str, payload_hash: str) -> str:
    query = "&".join(
        f"{quote(key, safe='~')}={quote(value, safe='~')}"
        for key, value in sorted(incoming.args.items())
    )
    headers = "".join(
        f"{name}:{incoming.headers.get(name, '').strip()}\n" for name in signed_headers.split(";")
    )
    return f"{incoming.method}\n/\n{query}\n{headers}\n{signed_headers}\n{payload_hash}"


def authenticate(world: World, incoming: Request) -> None:
    """Proves who calls, that nothing was changed, and that it is neither old nor a replay."""
    match = _AUTHORIZATION.fullmatch(incoming.headers.get("Authorization", ""))
    if match is None:
        raise Denied(400, "MissingAuthorization", "An ACS3-HMAC-SHA256 signature is needed.")
    key_id, signed_headers, signature = match.groups()
    with world.store.read() as db:
        row = db.execute(
            "SELECT access_key_secret FROM sms_key WHERE access_key_id = ?", (key_id,)
        ).fetchone()
    if row is None:
        raise Denied(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    if not set(signed_headers.split(";")) >= _MUST_SIGN:
        raise Denied(400, "IncompleteSignature", "A header that must be signed is not.")
    payload_hash = hashlib.sha256(incoming.get_data()).hexdigest()
    if incoming.headers.get("x-acs-content-sha256") != payload_hash:
        raise Denied(400, "SignatureDoesNotMatch", "The body is not the one that was signed.")
    canonical = _canonical(incoming, signed_headers, payload_hash)
    text = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    right = hmac.new(row["access_key_secret"].encode(), text.encode(), hashlib.sha256)
    if not hmac.compare_digest(right.hexdigest(), signature):
        raise Denied(400, "SignatureDoesNotMatch", "The signature does not match.")
    try:
        sent = datetime.strptime(incoming.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%S%z")
        skew = abs(time.time() - sent.timestamp())
    except (KeyError, ValueError):
        skew = float("inf")
    if skew > TOLERANCE_SECONDS:
        raise Denied(400, "InvalidTimeStamp.Expired", "The time stamp is out of date.")
    nonce = incoming.headers.get("x-acs-signature-nonce", "")
    if nonce in world.nonces:
        raise Denied(400, "SignatureNonceUsed", "The nonce was used already.")
    world.nonces.add(nonce)


def _answer(code: str, message: str, *, status: int = 200, **more: str) -> Response:
    answer = jsonify(Code=code, Message=message, RequestId=str(uuid.uuid4()).upper(), **more)
    answer.status_code = status
    return answer


def _text(world: World, sign: str, template: str, params: dict[str, Any]) -> str:
    with world.store.read() as db:
        row = db.execute("SELECT text FROM sms_template WHERE code = ?", (template,)).fetchone()
    if row is not None:
        body = Template(row["text"]).safe_substitute({k: str(v) for k, v in params.items()})
    else:
        rest = "，".join(f"{key}：{value}" for key, value in params.items() if key != "code")
        told = "，".join(part for part in (f"模板 {template}", rest) if part)
        body = f"验证码 {params['code']}（{told}）" if "code" in params else told
    return f"【{sign}】{body}"


def _send(world: World) -> Response:
    phone = request.args.get("PhoneNumbers", "")
    template, sign = request.args.get("TemplateCode", ""), request.args.get("SignName", "")
    fault = world.faults.take(
        "sms", "limited", "error_500", "timeout", "lost", to=phone, template=template
    )
    name = fault.name if fault else ""
    if fault is not None and name == "timeout":
        time.sleep(fault.seconds)
        return _answer("ServiceUnavailable", "Service unavailable.", status=503)
    if name == "error_500":
        return _answer("InternalError", "Internal error.", status=500)
    if name == "limited":
        return _answer("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控")
    if not _PHONE.fullmatch(phone):
        return _answer("isv.MOBILE_NUMBER_ILLEGAL", f"{phone} 不是有效的手机号码")
    if not template:
        return _answer("isv.SMS_TEMPLATE_ILLEGAL", "模板不合法")
    try:
        params = json.loads(request.args.get("TemplateParam", "{}"))
        if not isinstance(params, dict):
            raise ValueError(params)
    except ValueError:
        return _answer("isv.INVALID_JSON_PARAM", "JSON 参数不合法")
    if name != "lost":
        inbox.keep(
            world.store,
            channel="sms",
            recipient=phone,
            sender=sign,
            subject="",
            body=_text(world, sign, template, params),
            data={"template": template, "params": params},
        )
    return _answer("OK", "OK", BizId=f"{secrets.randbelow(10**15)}^0")


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("sms", __name__)

    @bp.post("/")
    def call() -> Response:
        try:
            authenticate(world, request)
            if request.headers.get("x-acs-action") != "SendSms":
                raise Denied(404, "InvalidAction.NotFound", "Only SendSms is served here.")
        except Denied as denied:
            return _answer(denied.code, denied.message, status=denied.status)
        return _send(world)

    @bp.post("/admin/sms/keys")
    def register() -> Response:
        body = request.get_json(silent=True) or {}
        if not (body.get("access_key_id") and body.get("access_key_secret")):
            abort(400, "access_key_id and access_key_secret are needed.")
        register_key(world, str(body["access_key_id"]), str(body["access_key_secret"]))
        return jsonify(ok=True)

    @bp.put("/admin/sms/templates/<code>")
    def template(code: str) -> Response:
        body = request.get_json(silent=True) or {}
        with world.store.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO sms_template VALUES (?, ?)", (code, str(body["text"]))
            )
        return jsonify(ok=True)

    return bp


def register_key(world: World, key_id: str, secret: str) -> None:
    with world.store.write() as db:
        db.execute("INSERT OR REPLACE INTO sms_key VALUES (?, ?)", (key_id, secret))
