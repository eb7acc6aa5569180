"""For the tests: like development, on a database of their own."""

from .dev import *  # noqa: F403
from .dev import REST_FRAMEWORK

DEBUG = False
STYLE_GUIDE = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OUTBOX_NUDGE = ""
SITE_CACHE_SECONDS = 0
FULFILMENT_SWEEP_SECONDS = 0
# Counted in tests that say so; the others ask as often as they like.
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"person": None, "address": None}}
