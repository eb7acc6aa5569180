"""Pushing a supplier's catalogue and looking at what it really runs."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, request
from werkzeug.wrappers import Response

from sandbox.world import World

from . import instances, suppliers


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("osb_admin", __name__, url_prefix="/admin/suppliers")

    @bp.get("")
    def known() -> Response:
        with world.store.read() as db:
            rows = db.execute("SELECT * FROM supplier ORDER BY slug").fetchall()
        return jsonify(
            [
                {
                    "slug": row["slug"],
                    "name": row["name"],
                    "service_id": row["service_id"],
                    "plans": len(suppliers.plans_of(row)),
                    "url": f"{world.url}/osb/{row['slug']}",
                }
                for row in rows
            ]
        )

    @bp.put("/<slug>/catalog")
    def put_catalog(slug: str) -> Response:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            abort(400, "A JSON object is expected.")
        try:
            count = suppliers.put_catalog(world.store, slug, body)
        except (KeyError, TypeError, ValueError) as error:
            abort(400, f"username, password and plans are needed: {error}")
        return jsonify(
            slug=slug,
            service_id=suppliers.service_id(slug),
            plans=count,
            url=f"{world.url}/osb/{slug}",
        )

    @bp.get("/<slug>/instances")
    def running(slug: str) -> Response:
        with world.store.write() as db:
            if suppliers.find(db, slug) is None:
                abort(404, "No such supplier.")
            found = instances.listing(db, slug)
        return jsonify(found)

    return bp
