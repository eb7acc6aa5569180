"""The official SDK, with the four things that it gets wrong put right, here and nowhere else.

- A gateway address with a port fails: `get_http_connection` is replaced.
- An answer other than 200 ends in a TypeError: the connection raises BadStatus itself.
- It verifies with whatever digest the signature names: only SHA-256 is accepted.
- It stamps requests with the machine's wall clock: the gateway expects China's.
"""

from __future__ import annotations

import datetime as dt
import http.client
from typing import Any
from urllib.parse import urlsplit

from alipay.aop.api import DefaultAlipayClient
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.util import WebUtils

from . import alipay_keys
from .alipay_keys import CHINA

Connection = http.client.HTTPConnection


class BadStatus(Exception):
    """The gateway, or something before it, answered with a status other than 200."""


def _checked(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if response.status != http.client.OK:
        raise BadStatus(f"HTTP {response.status}")
    return response


class _Plain(http.client.HTTPConnection):
    def getresponse(self) -> http.client.HTTPResponse:
        return _checked(super().getresponse())


class _Secure(http.client.HTTPSConnection):
    def getresponse(self) -> http.client.HTTPResponse:
        return _checked(super().getresponse())


def _get_http_connection(url: str, query_string: str, timeout: float) -> tuple[str, Connection]:
    target = urlsplit(url)
    connect = _Secure if target.scheme == "https" else _Plain
    connection = connect(target.hostname or "", target.port, timeout=timeout)
    return f"{target.path}?{query_string}", connection


class _ChinaClock:
    """Stands where the SDK looks for the datetime module; it only ever asks for `now`."""

    class datetime:  # noqa: N801
        @staticmethod
        def now() -> dt.datetime:
            return dt.datetime.now(CHINA)


def _verify(public_key: str, message: bytes, signature: str) -> bool:
    return alipay_keys.signed_by(public_key, message, signature)


WebUtils.get_http_connection = _get_http_connection
DefaultAlipayClient.datetime = _ChinaClock
DefaultAlipayClient.verify_with_rsa = _verify


def build_client(
    *, app_id: str, private_key: str, alipay_public_key: str, gateway_url: str, timeout: float
) -> Any:
    """A client that signs with RSA2 and believes only answers signed with RSA2."""
    config = AlipayClientConfig()
    config.server_url = gateway_url
    config.app_id = app_id
    config.app_private_key = private_key
    config.alipay_public_key = alipay_public_key
    config.sign_type = "RSA2"
    config.charset = "utf-8"
    config.timeout = timeout
    return DefaultAlipayClient.DefaultAlipayClient(config)
