"""Plain Django with django-hordak, as its manual says."""

from ncmatch.bench.served.settings_plain import *  # noqa: F403
from ncmatch.bench.served.settings_plain import INSTALLED_APPS as PLAIN

INSTALLED_APPS = [*PLAIN, "mptt", "hordak"]
ROOT_URLCONF = "ncmatch.bench.served.urls_plain"
DEFAULT_CURRENCY = "CNY"
CURRENCIES = ["CNY"]
