"""Text messages by Alibaba Cloud's SendSms, on its own SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alibabacloud_dysmsapi20170525.client import Client, RuntimeOptions
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.client import UnretryableException
from alibabacloud_tea_openapi.exceptions import (
    AlibabaCloudException,
    ClientException,
    ThrottlingException,
)
from alibabacloud_tea_openapi.utils_models import Config
from django.conf import settings

from shared_apps.kernel.errors import OutcomeUnknown, ProviderError

CONNECT_MS = 3_000
READ_MS = 8_000
_TRY_LATER = frozenset({"isv.BUSINESS_LIMIT_CONTROL", "isp.SYSTEM_ERROR"})


class SmsRefused(ProviderError):
    """The provider will not send this; `provider_code` is its own word for why."""

    code = "identity.sms_refused"

    def __init__(self, *, provider_code: str, detail: str, permanent: bool) -> None:
        super().__init__(permanent=permanent, detail=detail, provider_code=provider_code)
        self.provider_code = provider_code


def _client() -> Client:
    """Without an endpoint the SDK goes to Alibaba Cloud's own."""
    if not (settings.SMS_ACCESS_KEY_ID and settings.SMS_ACCESS_KEY_SECRET):
        raise ProviderError(permanent=True, detail="Text messages are not configured.")
    return Client(
        Config(
            access_key_id=settings.SMS_ACCESS_KEY_ID,
            access_key_secret=settings.SMS_ACCESS_KEY_SECRET,
            endpoint=settings.SMS_ENDPOINT or None,
            protocol=settings.SMS_PROTOCOL,
        )
    )


def send_sms(*, phone: str, template_code: str, params: Mapping[str, str]) -> str:
    """Sends one message to one number and returns the provider's receipt.

    Raises SmsRefused where it said no, OutcomeUnknown where it may have been sent. Not safe to
    repeat: each call is a message, and costs money.
    """
    request = SendSmsRequest(
        phone_numbers=phone,
        sign_name=settings.SMS_SIGN_NAME,
        template_code=template_code,
        template_param=json.dumps(dict(params), ensure_ascii=False),
    )
    runtime = RuntimeOptions(connect_timeout=CONNECT_MS, read_timeout=READ_MS, autoretry=False)
    try:
        answer: Any = _client().send_sms_with_options(request, runtime).body
    except ThrottlingException as error:
        raise _refused(error, permanent=False) from error
    except ClientException as error:
        raise _refused(error, permanent=True) from error
    except (AlibabaCloudException, UnretryableException) as error:
        raise OutcomeUnknown(detail=f"SendSms: {type(error).__name__}") from error
    code = str(answer.code or "")
    if code == "OK":
        return str(answer.biz_id or "")
    raise SmsRefused(
        provider_code=code,
        detail=f"{code} {answer.message or ''}".strip(),
        permanent=code not in _TRY_LATER,
    )


def _refused(error: Any, *, permanent: bool) -> SmsRefused:
    return SmsRefused(provider_code=str(error.code), detail=str(error.code), permanent=permanent)
