"""Where the database is and who logs in to it.

`DATABASE_URL` names the owner's login: migrations and provisioning use it. Requests and workers log
in as the app role, whose password is derived from SECRET_KEY; a process that must not know the
owner's password gets `DATABASE_APP_URL` instead and then cannot provision.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from shared_apps.kernel.passwords import app_password

ENGINE = "shared_apps.kernel.postgres"


def _parts(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "NAME": parts.path.lstrip("/") or "ncmatch",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": str(parts.port or 5432),
    }


def database(owner_url: str | None, *, role_prefix: str, secret_key: str) -> dict[str, Any]:
    app_url = os.environ.get("DATABASE_APP_URL")
    # Without any address the settings still load; the first query then says that nothing answers.
    settings = _parts(app_url or owner_url or "postgresql://127.0.0.1:5432/ncmatch")
    owner = {"user": settings["USER"], "password": settings["PASSWORD"]} if owner_url else {}
    if not app_url:
        settings |= {"USER": f"{role_prefix}_app", "PASSWORD": app_password(secret_key)}
    elif owner_url:
        parts = _parts(owner_url)
        owner = {"user": parts["USER"], "password": parts["PASSWORD"]}
    return settings | {
        "ENGINE": ENGINE,
        "OWNER": owner,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": "ncmatch",
            "options": "-c timezone=UTC",
        },
    }
