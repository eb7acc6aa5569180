"""APIv3's signatures: of requests in the Authorization header, of answers and notices in headers."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.alipay import signing

SCHEME = "WECHATPAY2-SHA256-RSA2048"
TOLERANCE = 300
_PAIR = re.compile(r'(\w+)="([^"]*)"')


class BadRequest(Exception):
    """The request is not signed as it must be; the text is for the merchant."""


def check_request(
    header: str,
    *,
    method: str,
    path: str,
    body: str,
    keys: Mapping[str, tuple[str, str]],
    nonces: set[str],
) -> str:
    """The mchid that signed this very request. `keys` are (serial number, public key) by mchid."""
    scheme, _, rest = header.partition(" ")
    told: dict[str, str] = dict(_PAIR.findall(rest))
    if scheme != SCHEME or not {"mchid", "nonce_str", "signature", "timestamp", "serial_no"} <= set(
        told
    ):
        raise BadRequest("Http头Authorization值格式错误")
    serial_no, public_key = keys.get(told["mchid"], ("", ""))
    if not serial_no or serial_no != told["serial_no"]:
        raise BadRequest("商户证书序列号有误")
    if not told["timestamp"].isdigit() or abs(time.time() - int(told["timestamp"])) > TOLERANCE:
        raise BadRequest("请求时间戳已过期")
    nonce = f"wechat {told['mchid']} {told['nonce_str']}"
    if nonce in nonces:
        raise BadRequest("随机串重复")
    text = f"{method}\n{path}\n{told['timestamp']}\n{told['nonce_str']}\n{body}\n"
    if not signing.verify(public_key, text, told["signature"]):
        raise BadRequest("签名错误")
    nonces.add(nonce)
    return told["mchid"]


def headers(
    private_key: str, public_key_id: str, body: str, *, stamp: int | None = None
) -> dict[str, str]:
    moment, nonce = str(int(time.time()) if stamp is None else stamp), secrets.token_hex(16)
    return {
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": public_key_id,
        "Wechatpay-Signature": signing.sign(private_key, f"{moment}\n{nonce}\n{body}\n"),
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Timestamp": moment,
    }


def sealed(facts: Mapping[str, Any], api_v3_key: str, *, original_type: str) -> dict[str, str]:
    """The resource of a notification: AES-256-GCM under the merchant's APIv3 key."""
    nonce, extra = secrets.token_hex(6), original_type
    plain = json.dumps(facts, ensure_ascii=False).encode()
    cipher = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, extra.encode())
    return {
        "original_type": original_type,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(cipher).decode(),
        "associated_data": extra,
        "nonce": nonce,
    }
