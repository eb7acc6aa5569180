"""/v3/…: checks the merchant's signature, answers with the platform's over the raw body."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from sandbox.faults import Fault, take_in
from sandbox.moments import rfc3339, rfc3339_moment
from sandbox.world import World

from . import bills, notices, signing, trades
from .trades import Refused

MOST_FEN = 10_000_000_000
KINDS = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI"}
REFUND_FAULTS = ("refund_pending", "refund_rejected", "refund_closes", "refund_abnormal")
_BEFORE = ("gateway_timeout_before", "gateway_500", "gateway_busy")
_AFTER = ("gateway_timeout_after", "gateway_busy_after", "gateway_bad_signature")
_BUSY = Refused("SYSTEM_ERROR", "系统异常，请用相同参数重新调用", status=500)
Body = dict[str, Any] | None


def _text(body: Mapping[str, Any], key: str, *, most: int = 127) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value or len(value.encode()) > most:
        raise Refused("PARAM_ERROR", f"参数 {key} 有误")
    return value


def _fen(body: Mapping[str, Any], key: str) -> int:
    amount = body.get("amount")
    value = amount.get(key) if isinstance(amount, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_FEN:
        raise Refused("PARAM_ERROR", f"参数 amount.{key} 有误")
    if amount.get("currency", "CNY") != "CNY":  # type: ignore[union-attr]
        raise Refused("PARAM_ERROR", "参数 amount.currency 有误")
    return value


def _account(merchant: sqlite3.Row, told: Mapping[str, Any], *, appid: bool = True) -> None:
    if told.get("mchid") != merchant["mchid"] or (appid and told.get("appid") != merchant["appid"]):
        raise Refused("APPID_MCHID_NOT_MATCH", "appid 和 mch_id 不匹配")


def _order(
    world: World, db: sqlite3.Connection, merchant: sqlite3.Row, kind: str, body: Mapping[str, Any]
) -> Body:
    _account(merchant, body)
    openid = ""
    if kind == "jsapi":
        payer = body.get("payer")
        openid = _text(payer if isinstance(payer, dict) else {}, "openid", most=128)
    if kind == "h5":
        scene = body.get("scene_info")
        scene = scene if isinstance(scene, dict) else {}
        _text(scene, "payer_client_ip", most=45)
        _text(scene.get("h5_info") or {}, "type", most=32)
    try:
        expires = body.get("time_expire")
        until = rfc3339_moment(str(expires)) if expires else time.time() + trades.DEFAULT_SECONDS
    except ValueError:
        raise Refused("PARAM_ERROR", "参数 time_expire 有误") from None
    trade = trades.create(
        db,
        trades.NewTrade(
            mchid=merchant["mchid"],
            out_trade_no=_text(body, "out_trade_no", most=32),
            description=_text(body, "description"),
            total_fen=_fen(body, "total"),
            kind=KINDS[kind],
            openid=openid,
            notify_url=_text(body, "notify_url", most=255),
            expires_at=until,
        ),
    )
    if kind == "native":
        return {"code_url": f"{world.url}/wechat/cashier/{trade['token']}"}
    if kind == "h5":
        return {"h5_url": f"{world.url}/wechat/h5?prepay_id={trade['token']}&package=1"}
    return {"prepay_id": trade["token"]}


def _refund_answer(refund: sqlite3.Row, trade: sqlite3.Row) -> Body:
    facts = notices.refund_facts(refund, trade)
    facts["status"] = facts.pop("refund_status")
    facts["amount"] |= {
        "currency": "CNY",
        "settlement_total": trade["total_fen"],
        "settlement_refund": refund["amount_fen"],
        "discount_refund": 0,
    }
    facts |= {
        "channel": "ORIGINAL",
        "create_time": rfc3339(refund["created_at"]),
        "funds_account": "AVAILABLE",
    }
    del facts["mchid"]
    return facts


def _refund(db: sqlite3.Connection, merchant: sqlite3.Row, body: Mapping[str, Any]) -> Body:
    number = str(body.get("transaction_id") or body.get("out_trade_no") or "")
    trade = trades.find(db, merchant["mchid"], number)
    if trade is None:
        raise Refused("RESOURCE_NOT_EXISTS", "订单不存在", status=404)
    fault = take_in(
        db,
        "wechat",
        *REFUND_FAULTS,
        mchid=merchant["mchid"],
        out_trade_no=trade["out_trade_no"],
    )
    name = fault.name if fault else ""
    if fault is not None and name == "refund_rejected":
        word = str(fault.params.get("word", "USER_ACCOUNT_ABNORMAL"))
        raise Refused(word, "退款请求失败", status=403)
    destiny = {"refund_closes": "CLOSED", "refund_abnormal": "ABNORMAL"}.get(name, "SUCCESS")
    refund = trades.refund(
        db,
        trade,
        trades.NewRefund(
            out_refund_no=_text(body, "out_refund_no", most=64),
            amount_fen=_fen(body, "refund"),
            total_fen=_fen(body, "total"),
            notify_url=str(body.get("notify_url") or ""),
            destiny=destiny,
            seconds=fault.seconds if fault is not None else 0.0,
        ),
    )
    return _refund_answer(refund, trades.trade_of(db, refund))


def _query_refund(db: sqlite3.Connection, merchant: sqlite3.Row, number: str) -> Body:
    refund = trades.find_refund(db, merchant["mchid"], number)
    if refund is None:
        raise Refused("RESOURCE_NOT_EXISTS", "退款单不存在", status=404)
    refund = trades.settle_refund(db, refund)
    return _refund_answer(refund, trades.trade_of(db, refund))


def _bill(world: World, db: sqlite3.Connection, merchant: sqlite3.Row) -> Body:
    day = request.args.get("bill_date", "")
    if take_in(db, "wechat", "bill_not_ready", account=merchant["mchid"]):
        raise Refused("STATEMENT_CREATING", "账单生成中")
    try:
        found = bills.lines(db, merchant["mchid"], day)
    except ValueError:
        raise Refused("PARAM_ERROR", "参数 bill_date 有误") from None
    if not found:
        raise Refused("NO_STATEMENT_EXIST", "账单文件不存在")
    file, digest = bills.packed(bills.text(db, merchant["mchid"], found))
    if take_in(db, "wechat", "bill_altered", account=merchant["mchid"]):
        digest = "0" * 40
    token = base64.urlsafe_b64encode(digest.encode()).decode()
    world.bills[token] = file
    return {
        "hash_type": "SHA1",
        "hash_value": digest,
        "download_url": f"{world.url}/v3/billdownload/file?token={token}",
    }


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("wechat_gateway", __name__, url_prefix="/v3")

    def signed(body: Body, merchant: sqlite3.Row | None, *, status: int, spoil: bool) -> Response:
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        answer = Response(text, status=status, content_type="application/json; charset=utf-8")
        if merchant is not None:
            answer.headers.update(
                signing.headers(
                    merchant["platform_private_key"],
                    merchant["public_key_id"],
                    f"{text} " if spoil else text,
                )
            )
        return answer

    def refusal(refused: Refused, merchant: sqlite3.Row | None) -> Response:
        body = {"code": refused.word, "message": refused.text, "detail": {}}
        return signed(body, merchant, status=refused.status, spoil=False)

    def signer() -> sqlite3.Row:
        with world.store.read() as db:
            rows = db.execute("SELECT * FROM wechat_merchant").fetchall()
        by_mchid = {row["mchid"]: row for row in rows}
        mchid = signing.check_request(
            request.headers.get("Authorization", ""),
            method=request.method,
            path=request.full_path.rstrip("?"),
            body=request.get_data(as_text=True),
            keys={row["mchid"]: (row["serial_no"], row["merchant_public_key"]) for row in rows},
            nonces=world.nonces,
        )
        merchant: sqlite3.Row = by_mchid[mchid]
        asked = request.headers.get("Wechatpay-Serial")
        if asked and asked != merchant["public_key_id"]:
            raise signing.BadRequest("平台公钥 ID 有误")
        return merchant

    def served(work: Callable[[sqlite3.Connection, sqlite3.Row, dict[str, Any]], Body]) -> Response:
        """Signature, armed faults, the work in one transaction, and a signed answer."""
        try:
            merchant = signer()
        except signing.BadRequest as error:
            return refusal(Refused("SIGN_ERROR", str(error), status=401), None)
        body = request.get_json(silent=True)
        body = body if isinstance(body, dict) else {}
        facts = {
            "path": request.path,
            "mchid": merchant["mchid"],
            "out_trade_no": str(
                body.get("out_trade_no") or (request.view_args or {}).get("no", "")
            ),
        }
        before = world.faults.take("wechat", *_BEFORE, **facts)
        if before is not None:
            if before.name == "gateway_timeout_before":
                time.sleep(before.seconds)
            elif before.name == "gateway_busy":
                return refusal(_BUSY, merchant)
            return Response("Internal Server Error", status=500)
        refused: Refused | None = None
        answer: Body = None
        with world.store.write() as db:
            try:
                answer = work(db, merchant, body)
            except Refused as error:  # inside, so that a fault that was used stays used
                refused = error
        after: Fault | None = world.faults.take("wechat", *_AFTER, **facts)
        if after is not None and after.name == "gateway_timeout_after":
            time.sleep(after.seconds)
        if after is not None and after.name == "gateway_busy_after":
            return refusal(_BUSY, merchant)
        if refused is not None:
            return refusal(refused, merchant)
        return signed(
            answer,
            merchant,
            status=204 if answer is None else 200,
            spoil=after is not None and after.name == "gateway_bad_signature",
        )

    @bp.post("/pay/transactions/<any(native, h5, jsapi):kind>")
    def order(kind: str) -> Response:
        return served(lambda db, merchant, body: _order(world, db, merchant, kind, body))

    @bp.get("/pay/transactions/<any('out-trade-no', 'id'):by>/<no>")
    def query(by: str, no: str) -> Response:
        def work(db: sqlite3.Connection, merchant: sqlite3.Row, _body: dict[str, Any]) -> Body:
            _account(merchant, request.args, appid=False)
            return notices.trade_facts(trades.wanted(db, merchant["mchid"], no), merchant)

        return served(work)

    @bp.post("/pay/transactions/out-trade-no/<no>/close")
    def close(no: str) -> Response:
        def work(db: sqlite3.Connection, merchant: sqlite3.Row, body: dict[str, Any]) -> Body:
            _account(merchant, body, appid=False)
            trades.close(db, trades.wanted(db, merchant["mchid"], no))
            return None

        return served(work)

    @bp.post("/refund/domestic/refunds")
    def refund() -> Response:
        return served(_refund)

    @bp.get("/refund/domestic/refunds/<number>")
    def query_refund(number: str) -> Response:
        return served(lambda db, merchant, _body: _query_refund(db, merchant, number))

    @bp.get("/bill/tradebill")
    def bill() -> Response:
        return served(lambda db, merchant, _body: _bill(world, db, merchant))

    @bp.get("/billdownload/file")
    def download() -> Response:
        try:
            signer()
        except signing.BadRequest as error:
            return refusal(Refused("SIGN_ERROR", str(error), status=401), None)
        file = world.bills.get(request.args.get("token", ""))
        if file is None:
            return refusal(Refused("RESOURCE_NOT_EXISTS", "账单不存在", status=404), None)
        return Response(file, content_type="application/x-gzip")

    return bp
