"""Our settings as they are, plus the one view."""

from ncmatch.settings.base import *  # noqa: F403
from ncmatch.settings.base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "ncmatch.bench.served"]
ROOT_URLCONF = "ncmatch.bench.served.urls_ours"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
