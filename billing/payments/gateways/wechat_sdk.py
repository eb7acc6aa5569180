"""The client library, with what it leaves to its user done here and nowhere else.

- It reads callbacks of any age, and asks WeChat for certificates when it meets a serial that it does
  not know, from inside the callback: here the serial and the time are compared first, and it may
  never ask.
- It raises bare Exceptions for answers that are not signed: here they have a name.
- It waits for ever: here for seconds.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from requests.structures import CaseInsensitiveDict
from wechatpayv3 import WeChatPay, WeChatPayType

from shared_apps.kernel import clock

SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
TOLERANCE_SECONDS = 300
LEAST_KEY_BITS = 2048
API_V3_KEY_BYTES = 32


class NotSigned(Exception):
    """What came is not WeChat's, or not of now; `reason` is one word of ours."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


class Verifier:
    """Believes one public key, under its one id, within five minutes."""

    def __init__(self, *, public_key: str, public_key_id: str) -> None:
        """Raises ValueError for anything but an RSA public key of at least 2048 bits in PEM."""
        key = serialization.load_pem_public_key(public_key.strip().encode())
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
            raise ValueError("WeChat Pay's key must be an RSA public key of at least 2048 bits.")
        self._key = key
        self._key_id = public_key_id

    def check(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> None:
        """Raises NotSigned. The serial is compared before anything is computed."""
        told = CaseInsensitiveDict(headers)
        signature = str(told.get("Wechatpay-Signature", ""))
        if not signature:
            raise NotSigned("UNSIGNED")
        kind = str(told.get("Wechatpay-Signature-Type", SIGNATURE_TYPE))
        if kind != SIGNATURE_TYPE:
            raise NotSigned("WEAK_SIGNATURE", kind[:60])
        serial = str(told.get("Wechatpay-Serial", ""))
        if serial != self._key_id:
            raise NotSigned("FOREIGN_KEY", serial[:80])
        stamp, nonce = str(told.get("Wechatpay-Timestamp", "")), told.get("Wechatpay-Nonce", "")
        try:
            age = abs(at.timestamp() - int(stamp))
            plain = b"%s\n%s\n%s\n" % (stamp.encode(), str(nonce).encode(), body)
            given = base64.b64decode(signature, validate=True)
        except (ValueError, binascii.Error) as error:
            raise NotSigned("MALFORMED", "Wechatpay-Timestamp or Wechatpay-Signature") from error
        if age > TOLERANCE_SECONDS:
            raise NotSigned("STALE", f"{age:.0f} s")
        try:
            self._key.verify(given, plain, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise NotSigned("BAD_SIGNATURE") from error


def private_key_pem(text: str) -> str:
    """The merchant's key in the form that the library reads, PKCS#8. Raises ValueError."""
    try:
        key = serialization.load_pem_private_key(text.strip().encode(), password=None)
    except (TypeError, ValueError) as error:
        raise ValueError("The merchant key cannot be read.") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError("The merchant key must be an RSA private key of at least 2048 bits.")
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def build_client(
    *,
    mchid: str,
    appid: str,
    serial_no: str,
    private_key: str,
    api_v3_key: str,
    public_key: str,
    public_key_id: str,
    gateway_url: str,
    timeout: tuple[float, float],
    verifier: Verifier,
) -> Any:
    """A client that talks to `gateway_url` and believes answers signed by the one key only."""
    if len(api_v3_key.encode()) != API_V3_KEY_BYTES:
        raise ValueError("The APIv3 key has 32 signs.")
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=mchid,
        private_key=private_key_pem(private_key),
        cert_serial_no=serial_no,
        appid=appid,
        apiv3_key=api_v3_key,
        timeout=timeout,
        public_key=public_key,
        public_key_id=public_key_id,
    )

    def verify(headers: Mapping[str, str], body: str) -> bool:
        verifier.check(headers, body.encode(), at=clock.now())
        return True

    def never_ask() -> None:
        raise NotSigned("FOREIGN_KEY")

    core = client._core
    core._gate_way = gateway_url.rstrip("/")
    core._verify_signature = verify
    core._update_certificates = never_ask
    return client
