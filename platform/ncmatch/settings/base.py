"""What every environment has in common. Addresses come from the environment or the running services."""

from __future__ import annotations

import os
from pathlib import Path

from ncmatch import services
from ncmatch.services.folders import data_folder

from .database import database
from .tenancy import *  # noqa: F403
from .tenancy import OTHER_APPS, SHARED_APPS, TENANT_APPS

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ROOT / "platform" / "ncmatch"

DEBUG = False
STYLE_GUIDE = False  # /styleguide/: every component in every state
SECRET_KEY = os.environ.get("SECRET_KEY", "")
SECRET_KEY_FALLBACKS: list[str] = []
DATABASE_ROLE_PREFIX = os.environ.get("DATABASE_ROLE_PREFIX", "ncmatch")

INSTALLED_APPS = list(dict.fromkeys(["ncmatch", *SHARED_APPS, *TENANT_APPS, *OTHER_APPS]))

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ncmatch.middleware.site.SiteMiddleware",
    "ncmatch.middleware.content_policy.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "ncmatch.middleware.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ncmatch.middleware.guard.GuardMiddleware",
]

# The exchange's host; distributors' hosts are rows of `distributors.Domain`.
EXCHANGE_HOST = os.environ.get("EXCHANGE_HOST", "ncmatch.localhost")
SITE_CACHE_SECONDS = 15
ALLOWED_HOSTS = ["*"]  # the host table is the judge: middleware/site.py
ROOT_URLCONF = "ncmatch.urls.site"
EXCHANGE_URLCONF = "ncmatch.urls.exchange"
WSGI_APPLICATION = "ncmatch.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.messages.context_processors.messages",
                "ncmatch.pages.site",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "shared_apps.kernel.templatetags.ncmatch",
            ],
        },
    }
]
COTTON_DIR = "cotton"

_database_url, _redis_url = services.addresses()
REDIS_URL = _redis_url or "redis://127.0.0.1:6379/0"
DATABASES = {
    "default": database(_database_url, role_prefix=DATABASE_ROLE_PREFIX, secret_key=SECRET_KEY)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "ncmatch.cache.key",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = "sid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "ncmatch.pages.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# ---- people
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
STAFF_HOME_URL = "/office/"
AFTER_SIGNUP = "ncmatch.wiring.AFTER_SIGNUP"
APPROVAL_KINDS = "ncmatch.wiring.APPROVAL_KINDS"
ACCOUNT_ADAPTER = "shared_apps.identity.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"phone", "email"}
# What allauth may ask for at sign-up; the form of ours asks for either contact, and no password.
ACCOUNT_SIGNUP_FIELDS = ["email*", "phone", "password1"]
ACCOUNT_FORMS = {
    "login": "shared_apps.identity.forms.LoginForm",
    "signup": "shared_apps.identity.forms.SignupForm",
    "request_login_code": "shared_apps.identity.forms.RequestLoginCodeForm",
    "confirm_login_code": "shared_apps.identity.forms.ConfirmLoginCodeForm",
    "verify_phone": "shared_apps.identity.forms.VerifyPhoneForm",
    "confirm_email_verification_code": "shared_apps.identity.forms.ConfirmEmailCodeForm",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_TIMEOUT = 5 * 60
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 5 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if os.environ.get("TRUSTED_PROXY", "") == "1" else 0
# Per address and per number or mailbox, on one site; all sites together: identity/codes.py.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip,200/d/ip",
    "request_login_code": "3/m/key,10/h/key,20/m/ip,200/d/ip",
    "verify_phone": "1/30s/key,10/h/key,20/m/ip",
    "confirm_email": "1/10s/key,10/h/key,20/m/ip",
}

# ---- language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PROJECT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# ---- static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [PROJECT / "static"]
STATIC_ROOT = data_folder() / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]

# ---- events and tasks
OUTBOX_SUBSCRIPTIONS = "ncmatch.wiring.SUBSCRIPTIONS"
OUTBOX_NUDGE = "ncmatch.celery.nudge"
OUTBOX_LEASE_SECONDS = 30  # longer than any handler takes: a call to a supplier ends before it
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "socket_connect_timeout": 2}
CELERY_TASK_SERIALIZER = "json"
CELERY_TIMEZONE = "UTC"

# ---- what the operator's back office has beside everybody's
OFFICE_CONSOLE = "ncmatch.console.sections.SECTIONS"

# How long a machine whose making was never answered is looked for, and removed, after it was given up.
FULFILMENT_SWEEP_SECONDS = 900

# Up to this many fen one person of the finance staff refunds alone; above it a second one decides.
REFUND_ALONE_MINOR = 1_000_00
# And up to this many fen one person sets how far a customer may owe.
CREDIT_ALONE_MINOR = 10_000_00

# ---- the outside world
SUPPLIER_ADAPTERS = "ncmatch.wiring.SUPPLIER_ADAPTERS"
PAYMENT_GATEWAYS = "ncmatch.wiring.PAYMENT_GATEWAYS"
SANDBOX_URL = os.environ.get("SANDBOX_URL") or services.sandbox_url()
ALIPAY_GATEWAY_URL = os.environ.get(
    "ALIPAY_GATEWAY_URL", f"{SANDBOX_URL}/alipay/gateway.do" if SANDBOX_URL else ""
)
WECHAT_GATEWAY_URL = os.environ.get(
    "WECHAT_GATEWAY_URL", SANDBOX_URL or "https://api.mch.weixin.qq.com"
)
STRIPE_API_URL = os.environ.get("STRIPE_API_URL", SANDBOX_URL or "https://api.stripe.com")
SMS_ENDPOINT = os.environ.get("SMS_ENDPOINT", "")
SMS_PROTOCOL = os.environ.get("SMS_PROTOCOL", "https")
SMS_ACCESS_KEY_ID = os.environ.get("SMS_ACCESS_KEY_ID", "")
SMS_ACCESS_KEY_SECRET = os.environ.get("SMS_ACCESS_KEY_SECRET", "")
SMS_SIGN_NAME = os.environ.get("SMS_SIGN_NAME", "算力供需对接")
# What the text is for → the provider's code of the approved template.
SMS_TEMPLATES = {
    "code": os.environ.get("SMS_TEMPLATE_CODE", "NCM_CODE"),
    "unknown_account": os.environ.get("SMS_TEMPLATE_UNKNOWN_ACCOUNT", "NCM_UNKNOWN_ACCOUNT"),
    "account_exists": os.environ.get("SMS_TEMPLATE_ACCOUNT_EXISTS", "NCM_ACCOUNT_EXISTS"),
    "notice": os.environ.get("SMS_TEMPLATE_NOTICE", "NCM_NOTICE"),
}
EMAIL_HOST = os.environ.get("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = "noreply@ncmatch.localhost"

# ---- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ncmatch.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["ncmatch.api.permissions.Declared"],
    "DEFAULT_THROTTLE_CLASSES": [
        "ncmatch.api.throttling.PerPerson",
        "ncmatch.api.throttling.PerAddress",
    ],
    "DEFAULT_THROTTLE_RATES": {"person": "600/min", "address": "300/min"},
    "DEFAULT_SCHEMA_CLASS": "ncmatch.api.schema.ApiSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "ncmatch.api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "NCMatch API",
    "DESCRIPTION": (
        "算力供需对接平台：找算力、下单、付款、使用。\n\n"
        "金额是最多两位小数的十进制文本，时间是带时区的 ISO 8601，编号是 UUID。"
        "列表按页取：page 从 1 开始，per_page 最多 100；超过最后一页时返回最后一页。"
        "拒绝一律为 RFC 9457（application/problem+json），程序请按 code 判断。"
    ),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATIONS": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "TAGS": [
        {"name": "offers", "description": "产品：搜索、筛选、比较。不需要登录。"},
        {"name": "cart", "description": "购物车。"},
        {"name": "orders", "description": "询价、下单和支付。"},
        {"name": "resources", "description": "已开通的资源和访问方式。"},
        {"name": "balance", "description": "余额、明细和充值。"},
        {"name": "me", "description": "本人和访问令牌。"},
    ],
    "ENUM_NAME_OVERRIDES": {
        "InvoiceKind": "billing.invoicing.enums.InvoiceKind",
        "InvoiceColor": "billing.invoicing.enums.InvoiceColor",
        "InvoiceState": "billing.invoicing.enums.InvoiceState",
        "TitleKind": "billing.invoicing.enums.TitleKind",
        "OfferingState": "shared_apps.catalog.enums.OfferingState",
        "PlanKind": "shared_apps.catalog.enums.PlanKind",
        "HubBasis": "shared_apps.suppliers.enums.HubBasis",
        "OrderState": "tenant_apps.orders.enums.OrderState",
        "LineState": "tenant_apps.orders.enums.LineState",
        "PayBy": "tenant_apps.orders.enums.PayBy",
        "PaymentMethod": "billing.payments.enums.Method",
        "PaymentState": "billing.payments.enums.IntentState",
        "ResourceState": "tenant_apps.fulfilment.enums.ResourceState",
        "BillState": "billing.metering.enums.BillState",
        "ChargeState": "billing.metering.enums.ChargeState",
    },
}

# ---- what a page may load: only what comes from its own host
_SELF = ["'self'"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": _SELF,
        "script-src": _SELF,
        "style-src": _SELF,
        "img-src": ["'self'", "data:"],
        "font-src": _SELF,
        "connect-src": _SELF,
        "frame-ancestors": ["'none'"],
        "form-action": _SELF,
        "base-uri": _SELF,
        "object-src": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"httpx": {"level": "WARNING"}},
}

SILENCED_SYSTEM_CHECKS = [
    "auth.W004",
]

# Whether X-Forwarded-For was written by a proxy of ours.
TRUSTED_PROXY = os.environ.get("TRUSTED_PROXY", "") == "1"
