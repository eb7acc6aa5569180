"""The app login's password, derived from SECRET_KEY, so that it is stored nowhere."""

import base64
import hashlib
import hmac


def app_password(secret_key: str) -> str:
    digest = hmac.new(secret_key.encode(), b"ncmatch.database.app", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
