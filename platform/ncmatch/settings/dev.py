"""On a developer's machine: services from pip, the sandbox as the outside world."""

import os

os.environ.setdefault("SECRET_KEY", "development-only-key-that-opens-nothing-but-a-local-sandbox")

from .base import *  # noqa: F403
from .base import SANDBOX_URL
from .sandbox import sandbox_settings

# The demo is looked at by people: a wrong address gets our page, not Django's; DEBUG=1 brings that.
DEBUG = os.environ.get("DEBUG", "") == "1"
STYLE_GUIDE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

globals().update(sandbox_settings(SANDBOX_URL))
