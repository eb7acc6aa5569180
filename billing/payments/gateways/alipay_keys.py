"""Alipay's keys, signatures and clock: RSA with SHA-256 or nothing."""

from __future__ import annotations

import base64
import binascii
import textwrap
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CHINA = timezone(timedelta(hours=8))
LEAST_KEY_BITS = 2048
_FORMAT = "%Y-%m-%d %H:%M:%S"


def _pem(text: str, label: str) -> bytes:
    """Alipay hands out keys as one line of base64; PEM is taken as it is."""
    text = text.strip()
    if not text.startswith("-----"):
        body = "\n".join(textwrap.wrap("".join(text.split()), 64))
        text = f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"
    return text.encode()


def private_key_pem(text: str) -> str:
    """The key in the one form that the SDK reads, PKCS#1, from PKCS#1 or PKCS#8.

    Raises ValueError for anything but an RSA key of at least 2048 bits; the text is not quoted.
    """
    key: object = None
    for label in ("RSA PRIVATE KEY", "PRIVATE KEY"):
        try:
            key = serialization.load_pem_private_key(_pem(text, label), password=None)
        except (ValueError, TypeError):
            continue
        break
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError("The merchant key must be an RSA private key of at least 2048 bits.")
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def public_key(text: str) -> rsa.RSAPublicKey:
    """Raises ValueError for anything but an RSA public key of at least 2048 bits."""
    key = serialization.load_pem_public_key(_pem(text, "PUBLIC KEY"))
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError("Alipay's key must be an RSA public key of at least 2048 bits.")
    return key


def signed_by(key: str, message: bytes, signature: str) -> bool:
    """True only for a SHA-256 signature over exactly these bytes."""
    return _verifies(key, message, signature, hashes.SHA256())


def signed_weakly_by(key: str, message: bytes, signature: str) -> bool:
    """Whether a refused signature was made by the right key with SHA-1; for the log only."""
    return _verifies(key, message, signature, hashes.SHA1())  # noqa: S303


def _verifies(
    key: str, message: bytes, signature: str, digest: hashes.SHA256 | hashes.SHA1
) -> bool:
    try:
        public_key(key).verify(
            base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), digest
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def china_text(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime(_FORMAT)


def china_moment(text: str) -> datetime | None:
    """Reads Alipay's wall-clock time, with or without fractions; None where there is none."""
    try:
        return datetime.strptime(text.split(".", maxsplit=1)[0], _FORMAT).replace(tzinfo=CHINA)
    except ValueError:
        return None
