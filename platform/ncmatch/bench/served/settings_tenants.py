"""Plain Django with django-tenants as its manual says: its backend, its middleware first."""

from ncmatch.bench.served.settings_plain import *  # noqa: F403
from ncmatch.bench.served.settings_plain import DATABASES, INSTALLED_APPS, MIDDLEWARE

SHARED_APPS = ["django_tenants", "ncmatch.bench.served.tenants", *INSTALLED_APPS]
TENANT_APPS = ["ncmatch.bench.served"]
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS]))
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *MIDDLEWARE]
DATABASES = {"default": {**DATABASES["default"], "ENGINE": "django_tenants.postgresql_backend"}}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "tenants.Client"
TENANT_DOMAIN_MODEL = "tenants.Domain"
