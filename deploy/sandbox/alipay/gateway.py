"""/alipay/gateway.do: checks the merchant's signature, answers with its own over the raw node."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.faults import Fault, take_in
from sandbox.moments import china_moment, china_text
from sandbox.world import World

from . import bills, merchants, signing, trades
from .amounts import fen, yuan
from .trades import Refused

TIMESTAMP_TOLERANCE = 3600
PAGES = {  # a page that the browser is sent to → the product that its merchant must have signed for
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
}
BUSY = Refused("isp.unknow-error", "系统繁忙", code="20000")
_BEFORE = ("gateway_timeout_before", "gateway_500", "gateway_busy")
_AFTER = (
    "gateway_timeout_after",
    "gateway_busy_after",
    "gateway_bad_signature",
    "gateway_sha1_signature",
)
Node = dict[str, Any]


def _node_text(node: Mapping[str, Any]) -> str:
    """JSON with escaped slashes, as the real gateway writes it: only the raw text verifies."""
    return json.dumps(node, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def _refusal(refused: Refused) -> Node:
    messages = {
        "20000": "Service Currently Unavailable",
        "40001": "Missing Required Arguments",
        "40002": "Invalid Arguments",
        "40004": "Business Failed",
    }
    return {
        "code": refused.code,
        "msg": messages.get(refused.code, "Business Failed"),
        "sub_code": refused.sub_code,
        "sub_msg": refused.sub_msg,
    }


def _success(**facts: Any) -> Node:
    return {"code": "10000", "msg": "Success", **facts}


def _business(params: Mapping[str, str]) -> dict[str, Any]:
    try:
        content = json.loads(params.get("biz_content", ""))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Refused("isv.invalid-parameter", "biz_content 不是 JSON 对象", code="40002")
    return content


def _text(content: Mapping[str, Any], key: str, *, required: bool = False) -> str:
    value = content.get(key)
    text = "" if value is None else str(value)
    if required and not text:
        raise Refused("isv.missing-parameter", f"缺少参数 {key}", code="40001")
    return text


def _amount(content: Mapping[str, Any], key: str) -> int:
    try:
        return fen(content.get(key))
    except ValueError:
        raise Refused("ACQ.INVALID_PARAMETER", f"参数无效：{key}") from None


def _merchant(db: sqlite3.Connection, params: Mapping[str, str]) -> sqlite3.Row | None:
    return merchants.find(db, params.get("app_id", ""))


def _check(merchant: sqlite3.Row, params: Mapping[str, str]) -> None:
    if params.get("sign_type") != "RSA2":
        raise Refused("isv.invalid-signature-type", "无效签名类型", code="40002")
    if params.get("charset", "").lower() != "utf-8":
        raise Refused("isv.invalid-charset", "字符集错误", code="40002")
    text = signing.content({key: value for key, value in params.items() if value})
    if not signing.verify(merchant["merchant_public_key"], text, params.get("sign", "")):
        raise Refused("isv.invalid-signature", "无效签名", code="40002")
    try:
        skew = abs(time.time() - china_moment(params.get("timestamp", "")))
    except ValueError:
        skew = float("inf")
    if skew > TIMESTAMP_TOLERANCE:
        raise Refused("isv.invalid-timestamp", "非法的时间戳参数", code="40002")


def _new_trade(params: Mapping[str, str], content: Mapping[str, Any], kind: str) -> trades.NewTrade:
    return trades.NewTrade(
        app_id=params["app_id"],
        out_trade_no=_text(content, "out_trade_no", required=True),
        subject=_text(content, "subject", required=True),
        total_fen=_amount(content, "total_amount"),
        kind=kind,
        notify_url=params.get("notify_url", ""),
        return_url=params.get("return_url", ""),
        expires_at=trades.expiry(
            timeout_express=_text(content, "timeout_express"),
            time_expire=_text(content, "time_expire"),
            now=time.time(),
        ),
    )


def _known(
    db: sqlite3.Connection, params: Mapping[str, str], content: Mapping[str, Any]
) -> sqlite3.Row:
    """The trade, if the buyer has opened it; before that the provider denies it."""
    out_trade_no, trade_no = _text(content, "out_trade_no"), _text(content, "trade_no")
    if not (out_trade_no or trade_no):
        raise Refused("isv.missing-parameter", "缺少参数 out_trade_no", code="40001")
    row = trades.find(db, app_id=params["app_id"], out_trade_no=out_trade_no, trade_no=trade_no)
    if row is None or row["opened_at"] is None:
        raise Refused("ACQ.TRADE_NOT_EXIST", "交易不存在")
    return trades.lapse(db, row, time.time())


def _precreate(world: World, db: sqlite3.Connection, params: Mapping[str, str]) -> Node:
    new = _new_trade(params, _business(params), "qr")
    trade = trades.create(db, new)
    return _success(
        out_trade_no=new.out_trade_no, qr_code=f"{world.url}/alipay/cashier/{trade['trade_no']}"
    )


def _query(world: World, db: sqlite3.Connection, params: Mapping[str, str]) -> Node:
    trade = _known(db, params, _business(params))
    node = _success(
        trade_no=trade["trade_no"],
        out_trade_no=trade["out_trade_no"],
        trade_status=trade["status"],
        total_amount=yuan(trade["total_fen"]),
        buyer_logon_id="159****5620",
    )
    if trade["paid_at"] is not None:
        node["send_pay_date"] = china_text(trade["paid_at"])
    return node


def _close(world: World, db: sqlite3.Connection, params: Mapping[str, str]) -> Node:
    trade = trades.close(db, _known(db, params, _business(params)))
    return _success(trade_no=trade["trade_no"], out_trade_no=trade["out_trade_no"])


def _refund(world: World, db: sqlite3.Connection, params: Mapping[str, str]) -> Node:
    content = _business(params)
    trade = _known(db, params, content)
    fault = take_in(
        db,
        "alipay",
        "refund_pending",
        "refund_rejected",
        app_id=params["app_id"],
        out_trade_no=trade["out_trade_no"],
    )
    if fault is not None and fault.name == "refund_rejected":
        raise Refused(str(fault.params.get("sub_code", "ACQ.TRADE_NOT_ALLOW_REFUND")), "退款被拒绝")
    moved = False
    if fault is None:
        trade, moved = trades.refund(
            db,
            trade,
            amount=_amount(content, "refund_amount"),
            request_no=_text(content, "out_request_no") or trade["out_trade_no"],
            reason=_text(content, "refund_reason"),
        )
    return _success(
        trade_no=trade["trade_no"],
        out_trade_no=trade["out_trade_no"],
        buyer_logon_id="159****5620",
        fund_change="Y" if moved else "N",
        refund_fee=yuan(trade["refunded_fen"]),
    )


def _refund_query(world: World, db: sqlite3.Connection, params: Mapping[str, str]) -> Node:
    """An unknown request number is answered with success and no status, as the real one does."""
    content = _business(params)
    trade = _known(db, params, content)
    request_no = _text(content, "out_request_no", required=True)
    refund = trades.find_refund(db, trade, request_no)
    if refund is None:
        return _success()
    return _success(
        trade_no=trade["trade_no"],
        out_trade_no=trade["out_trade_no"],
        out_request_no=request_no,
        total_amount=yuan(trade["total_fen"]),
        refund_amount=yuan(refund["amount_fen"]),
        refund_status="REFUND_SUCCESS",
        gmt_refund_pay=china_text(refund["refunded_at"]),
    )


def _bill(world: World, db: sqlite3.Connection, params: Mapping[str, str]) -> Node:
    content = _business(params)
    if _text(content, "bill_type", required=True) != "trade":
        raise Refused("isp.bill_type_invalid", "账单类型无效")
    app_id, day = params["app_id"], _text(content, "bill_date", required=True)
    if take_in(db, "alipay", "bill_not_ready", account=app_id):
        raise Refused("isp.bill_not_exist", "账单不存在")
    try:
        lines = bills.lines(db, app_id, day)
    except ValueError:
        raise Refused("isv.invalid-parameter", "账单日期无效", code="40002") from None
    if not lines:
        raise Refused("isp.bill_not_exist", "账单不存在")
    seller_id = merchants.known_merchant(db, app_id)["seller_id"]
    token = secrets.token_urlsafe(24)
    world.bills[token] = bills.packed(lines, seller_id=seller_id, day=day)
    return _success(bill_download_url=f"{world.url}/alipay/bill?fileId={token}")


METHODS: dict[str, Callable[[World, sqlite3.Connection, Mapping[str, str]], Node]] = {
    "alipay.trade.precreate": _precreate,
    "alipay.trade.query": _query,
    "alipay.trade.close": _close,
    "alipay.trade.refund": _refund,
    "alipay.trade.fastpay.refund.query": _refund_query,
    "alipay.data.dataservice.bill.downloadurl.query": _bill,
}


def _answer(method: str, node: Node, key: str, fault: Fault | None) -> Response:
    text = _node_text(node)
    name = method.replace(".", "_") + "_response" if method else "error_response"
    if not key:
        return Response(f'{{"{name}":{text}}}', content_type="text/html;charset=utf-8")
    signature = signing.sign(key, text, sha1=fault is not None and "sha1" in fault.name)
    if fault is not None and fault.name == "gateway_bad_signature":
        signature = signature[:-6] + "AAAA=="
    return Response(
        f'{{"{name}":{text},"sign":"{signature}"}}', content_type="text/html;charset=utf-8"
    )


def _call(world: World, merchant: sqlite3.Row, params: Mapping[str, str]) -> Response:
    method, key = params.get("method", ""), merchant["alipay_private_key"]
    handler = METHODS.get(method)
    try:
        _check(merchant, params)
        if handler is None:
            raise Refused("isv.invalid-method", "不存在的方法名", code="40002")
        content = _business(params)
    except Refused as refused:
        return _answer(method, _refusal(refused), key, None)
    facts = {
        "method": method,
        "app_id": params["app_id"],
        "out_trade_no": _text(content, "out_trade_no"),
    }
    before = world.faults.take("alipay", *_BEFORE, **facts)
    if before is not None:
        if before.name == "gateway_busy":
            return _answer(method, _refusal(BUSY), key, None)
        if before.name == "gateway_timeout_before":
            time.sleep(before.seconds)
        return Response("Internal Server Error", status=500)
    with world.store.write() as db:
        try:
            node = handler(world, db, params)
        except Refused as refused:  # inside, so that a fault that was used stays used
            node = _refusal(refused)
    after = world.faults.take("alipay", *_AFTER, **facts)
    if after is not None and after.name == "gateway_timeout_after":
        time.sleep(after.seconds)
    if after is not None and after.name == "gateway_busy_after":
        node = _refusal(BUSY)
    return _answer(method, node, key, after)


def _page_pay(world: World, merchant: sqlite3.Row, params: Mapping[str, str]) -> AnyResponse:
    try:
        _check(merchant, params)
        content = _business(params)
        if _text(content, "product_code") != PAGES[params["method"]]:
            raise Refused("ACQ.INVALID_PARAMETER", "参数无效：product_code")
        with world.store.write() as db:
            trade = trades.create(db, _new_trade(params, content, "page"))
            trades.open_cashier(db, trade)
    except Refused as refused:
        page = render_template("cashier_error.html", code=refused.sub_code, text=refused.sub_msg)
        return Response(page, status=200)
    return redirect(f"/alipay/cashier/{trade['trade_no']}")


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("alipay_gateway", __name__)

    @bp.route("/alipay/gateway.do", methods=["GET", "POST"])
    def gateway() -> AnyResponse:
        params = {**request.args.to_dict(), **request.form.to_dict()}
        with world.store.read() as db:
            merchant = _merchant(db, params)
        if merchant is None:
            refused = Refused("isv.invalid-app-id", "无效的AppID参数", code="40002")
            return _answer("", _refusal(refused), "", None)
        if params.get("method") in PAGES:
            return _page_pay(world, merchant, params)
        return _call(world, merchant, params)

    @bp.get("/alipay/bill")
    def bill() -> AnyResponse:
        """The address is the key, as at the real one, where it is good for 30 seconds."""
        file = world.bills.pop(request.args.get("fileId", ""), None)
        if file is None:
            return Response("Not Found", status=404)
        return Response(file, content_type="application/zip")

    return bp
