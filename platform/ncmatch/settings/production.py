"""For real: every secret and address comes from the environment; nothing falls back."""

import os

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403

for _name in ("SECRET_KEY", "REDIS_URL", "EXCHANGE_HOST"):
    if not os.environ.get(_name):
        raise ImproperlyConfigured(f"{_name} must be set.")
if not (os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_APP_URL")):
    raise ImproperlyConfigured("DATABASE_URL or DATABASE_APP_URL must be set.")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
