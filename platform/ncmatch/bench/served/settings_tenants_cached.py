"""The same, with the domain looked up once."""

from ncmatch.bench.served.settings_tenants import *  # noqa: F403
from ncmatch.bench.served.settings_tenants import MIDDLEWARE

MIDDLEWARE = ["ncmatch.bench.served.tenants.middleware.RemembersDomains", *MIDDLEWARE[1:]]
