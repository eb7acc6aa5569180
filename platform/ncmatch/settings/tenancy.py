"""Which app's tables live where. An app in both lists has a copy of its tables in every schema."""

from shared_apps.kernel.rows import SharedRows

SHARED_APPS = [
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "shared_apps.kernel",
    "shared_apps.outbox",
    "shared_apps.audit",
    "shared_apps.identity",
    "shared_apps.distributors",
    "shared_apps.suppliers",
    "shared_apps.catalog",
    "billing.settlement",
]

TENANT_APPS = [
    "django.contrib.sessions",
    "shared_apps.audit",
    "shared_apps.identity",
    "shared_apps.files",
    "shared_apps.approvals",
    "allauth.account",
    "billing.ledger",
    "billing.pricing",
    "billing.balances",
    "billing.payments",
    "billing.invoicing",
    "billing.reconciliation",
    "billing.metering",
    "tenant_apps.customers",
    "tenant_apps.orders",
    "tenant_apps.fulfilment",
]

# Apps without tables.
OTHER_APPS = [
    "ncmatch",
    "tenant_apps.shop",
    "tenant_apps.backoffice",
    "allauth",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_cotton",
    "django_htmx",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
]

# Tables of libraries in the shared plane.
THIRD_PARTY_ROWS = {
    "django_content_type": SharedRows(read="true"),
    "auth_permission": SharedRows(),
    "auth_group": SharedRows(),
    "auth_group_permissions": SharedRows(),
}

TENANT_MODEL = "distributors.Distributor"
TENANT_DOMAIN_MODEL = "distributors.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
PUBLIC_SCHEMA_NAME = "public"
