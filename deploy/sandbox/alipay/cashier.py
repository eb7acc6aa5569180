"""The page on which a person pays. What it sends back with the browser proves nothing."""

from __future__ import annotations

import sqlite3
import time
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.moments import china_text
from sandbox.world import World

from . import merchants, signing, trades
from .amounts import yuan


def _return_address(trade: sqlite3.Row, merchant: sqlite3.Row) -> str:
    params = {
        "charset": "utf-8",
        "method": "alipay.trade.page.pay.return",
        "app_id": trade["app_id"],
        "auth_app_id": trade["app_id"],
        "seller_id": merchant["seller_id"],
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "total_amount": yuan(trade["total_fen"]),
        "timestamp": china_text(time.time()),
        "version": "1.0",
    }
    text = signing.content(params, without=("sign", "sign_type"))
    params["sign_type"] = "RSA2"
    params["sign"] = signing.sign(merchant["alipay_private_key"], text)
    joint = "&" if "?" in trade["return_url"] else "?"
    return f"{trade['return_url']}{joint}{urlencode(params)}"


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("alipay_cashier", __name__)

    def look(trade_no: str) -> tuple[sqlite3.Row, sqlite3.Row]:
        with world.store.write() as db:
            trade = trades.by_trade_no(db, trade_no)
            if trade is None:
                abort(404)
            trades.open_cashier(db, trade)
            trade = trades.lapse(db, trade, time.time())
            merchant = merchants.known_merchant(db, trade["app_id"])
        return trade, merchant

    def page(trade: sqlite3.Row, merchant: sqlite3.Row, *, notice: str = "") -> Response:
        state = trade["status"]
        if state == trades.CLOSED and trade["paid_at"] is not None:
            state = trades.PAID
        return Response(
            render_template(
                "cashier.html",
                trade=trade,
                shop=merchant["name"],
                amount=yuan(trade["total_fen"]),
                expires=china_text(trade["expires_at"]),
                state=state,
                notice=notice,
            )
        )

    @bp.get("/alipay/cashier/<trade_no>")
    def show(trade_no: str) -> Response:
        return page(*look(trade_no))

    @bp.post("/alipay/cashier/<trade_no>")
    def act(trade_no: str) -> AnyResponse:
        trade, merchant = look(trade_no)
        action = request.form.get("action", "")
        if action == "cancel":
            return page(trade, merchant, notice="您已取消本次支付，订单仍可在有效期内支付。")
        if action not in ("pay", "pay_and_stay"):
            abort(400)
        try:
            with world.store.write() as db:
                trade = trades.pay(db, trades.existing(db, trade_no))
        except trades.Refused as refused:
            return page(look(trade_no)[0], merchant, notice=refused.sub_msg)
        if action == "pay" and trade["return_url"]:
            return redirect(_return_address(trade, merchant), code=303)
        return page(trade, merchant)

    return bp
