"""What each provider holds for each merchant, summed: what the merchants' books must agree with."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from .world import World

# A trade that was paid has a time of payment, whatever became of it since.
_SUMS = """
SELECT 'ALIPAY' AS provider, app_id AS account, sum(total_fen) AS paid_fen,
       sum(refunded_fen) AS refunded_fen
  FROM trade WHERE paid_at IS NOT NULL GROUP BY app_id
UNION ALL
SELECT 'WECHAT', mchid, sum(total_fen), sum(refunded_fen)
  FROM wechat_trade WHERE paid_at IS NOT NULL GROUP BY mchid
"""


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("money", __name__)

    @bp.get("/admin/money")
    def money() -> Response:
        with world.store.read() as db:
            return jsonify([dict(row) for row in db.execute(_SUMS).fetchall()])

    return bp
