"""For the tests: like development, on a database of their own."""

from .dev import *  # noqa: F403

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OUTBOX_NUDGE = ""
SITE_CACHE_SECONDS = 0
