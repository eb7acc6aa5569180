"""python -m sandbox: serves until it is told to stop; one JSON line on stdout says it is ready."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from types import FrameType

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.serving import ThreadedWSGIServer

from . import control, money
from .alipay import admin as alipay_admin
from .alipay import amounts, cashier, gateway
from .config import Config
from .courier import Courier
from .messages import inbox, mail, sms
from .osb import admin as osb_admin
from .osb.mount import Brokers
from .sides import SIDES
from .stripe import admin as stripe_admin
from .stripe import api as stripe_api
from .stripe import cashier as stripe_cashier
from .wechat import admin as wechat_admin
from .wechat import cashier as wechat_cashier
from .wechat import gateway as wechat_gateway
from .world import World

HOST = "127.0.0.1"
PARTS = (
    control,
    money,
    gateway,
    cashier,
    alipay_admin,
    wechat_gateway,
    wechat_cashier,
    wechat_admin,
    stripe_api,
    stripe_cashier,
    stripe_admin,
    osb_admin,
    inbox,
    sms,
)


def build_app(world: World) -> Flask:
    app = Flask("sandbox", static_folder=None)
    app.jinja_env.filters["grouped"] = amounts.grouped
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in PARTS:
        app.register_blueprint(part.blueprint(world))

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.name, detail=error.description), error.code or 500

    app.wsgi_app = Brokers(world, app.wsgi_app)  # type: ignore[method-assign]
    return app


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    config = Config.from_environment()
    world = World.build(config)
    sms.register_key(world, config.sms_access_key_id, config.sms_access_key_secret)
    post = mail.MailServer(world)
    try:
        server = ThreadedWSGIServer(HOST, config.port, build_app(world))
        post.start()
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot listen on {HOST}: {error}\n")
        return 1
    world.url = world.url or f"http://{HOST}:{server.server_port}"
    world.smtp_port = post.port
    courier = Courier(world, SIDES)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    courier.start()
    sys.stdout.write(json.dumps({"ready": True, "url": world.url, "smtp_port": post.port}) + "\n")
    sys.stdout.flush()
    server.serve_forever()
    courier.stop()
    post.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
