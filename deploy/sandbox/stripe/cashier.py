"""The page on which a person pays at Stripe. What it sends back with the browser proves nothing."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.alipay.amounts import yuan
from sandbox.moments import china_text
from sandbox.world import World

from . import accounts, sessions

_STATES = {"open": "WAIT_BUYER_PAY", "complete": "TRADE_SUCCESS", "expired": "TRADE_CLOSED"}


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("stripe_cashier", __name__, url_prefix="/stripe")

    def look(number: str) -> tuple[sqlite3.Row, str]:
        try:
            with world.store.write() as db:
                row = sessions.find(db, "", number)
                return row, accounts.known(db, row["account"])["name"]
        except sessions.Refused:
            abort(404)

    def page(row: sqlite3.Row, shop: str, *, notice: str = "") -> Response:
        return Response(
            render_template(
                "cashier.html",
                brand=" Stripe ",
                trade={
                    "subject": row["name"],
                    "out_trade_no": row["reference"],
                    "return_url": row["cancel_url"],
                },
                shop=shop,
                amount=yuan(row["amount"]),
                expires=china_text(row["expires_at"]),
                state=_STATES[row["status"]],
                notice=notice,
            )
        )

    @bp.get("/pay/<number>")
    def show(number: str) -> Response:
        return page(*look(number))

    @bp.post("/pay/<number>")
    def act(number: str) -> AnyResponse:
        row, shop = look(number)
        action = request.form.get("action", "")
        if action == "cancel":
            return page(row, shop, notice="您已取消本次支付，订单仍可在有效期内支付。")
        if action not in ("pay", "pay_and_stay"):
            abort(400)
        try:
            with world.store.write() as db:
                row = sessions.pay(db, row)
        except sessions.Refused as refused:
            return page(look(number)[0], shop, notice=refused.text)
        if action == "pay":
            target = row["success_url"].replace("{CHECKOUT_SESSION_ID}", row["id"])
            return redirect(target, code=303)
        return page(row, shop)

    return bp
