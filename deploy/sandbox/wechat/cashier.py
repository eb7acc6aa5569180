"""The page on which a person pays with WeChat. What it sends back with the browser proves nothing."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.alipay import signing
from sandbox.alipay.amounts import yuan
from sandbox.moments import china_text
from sandbox.world import World

from . import merchants, trades

_STATES = {
    trades.WAITING: "WAIT_BUYER_PAY",
    trades.PAID: "TRADE_SUCCESS",
    trades.REFUNDED: "TRADE_SUCCESS",
    trades.CLOSED: "TRADE_CLOSED",
}


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("wechat_cashier", __name__, url_prefix="/wechat")

    def look(token: str) -> tuple[sqlite3.Row, sqlite3.Row]:
        with world.store.write() as db:
            trade = trades.by_token(db, token)
            if trade is None:
                abort(404)
            return trades.lapse(db, trade), merchants.known_merchant(db, trade["mchid"])

    def page(trade: sqlite3.Row, merchant: sqlite3.Row, *, notice: str = "") -> Response:
        return Response(
            render_template(
                "cashier.html",
                brand="微信支付",
                trade={
                    "subject": trade["description"],
                    "out_trade_no": trade["out_trade_no"],
                    "return_url": trade["return_url"],
                },
                shop=merchant["name"],
                amount=yuan(trade["total_fen"]),
                expires=china_text(trade["expires_at"]),
                state=_STATES[trade["status"]],
                notice=notice,
            )
        )

    @bp.get("/h5")
    def from_phone() -> AnyResponse:
        """A browser on a phone comes with the address that it is to be sent back to."""
        token = request.args.get("prepay_id", "")
        with world.store.write() as db:
            trade = trades.by_token(db, token)
            if trade is None or trade["kind"] != "MWEB":
                abort(404)
            db.execute(
                "UPDATE wechat_trade SET return_url = ? WHERE token = ?",
                (request.args.get("redirect_url", ""), token),
            )
        return redirect(f"/wechat/cashier/{token}")

    @bp.get("/bridge")
    def from_bridge() -> AnyResponse:
        """Stands for WeChat's own browser: pays what WeixinJSBridge was handed, if we had signed it."""
        told = {
            key: request.args.get(key, "") for key in ("appId", "timeStamp", "nonceStr", "package")
        }
        token = told["package"].removeprefix("prepay_id=")
        trade, merchant = look(token)
        text = "\n".join([*told.values(), ""])
        good = (
            told["appId"] == merchant["appid"]
            and trade["kind"] == "JSAPI"
            and request.args.get("signType") == "RSA"
            and signing.verify(
                merchant["merchant_public_key"], text, request.args.get("paySign", "")
            )
        )
        if not good:
            return Response(
                render_template("cashier_error.html", code="requestPayment:fail", text="签名错误"),
                status=400,
            )
        return redirect(f"/wechat/cashier/{token}")

    @bp.get("/cashier/<token>")
    def show(token: str) -> Response:
        return page(*look(token))

    @bp.post("/cashier/<token>")
    def act(token: str) -> AnyResponse:
        trade, merchant = look(token)
        action = request.form.get("action", "")
        if action == "cancel":
            return page(trade, merchant, notice="您已取消本次支付，订单仍可在有效期内支付。")
        if action not in ("pay", "pay_and_stay"):
            abort(400)
        try:
            with world.store.write() as db:
                trade = trades.pay(db, trade)
        except trades.Refused as refused:
            return page(look(token)[0], merchant, notice=refused.text)
        if action == "pay" and trade["return_url"]:
            return redirect(trade["return_url"], code=303)
        return page(trade, merchant)

    return bp
