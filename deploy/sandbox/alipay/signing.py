"""RSA over the provider's text form of parameters; SHA-1 exists here only to misbehave with."""

from __future__ import annotations

import base64
import binascii
import textwrap
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS = 2048


def new_key_pair() -> tuple[str, str]:
    """A private key as PEM, and its public key as the one-line base64 that merchants are given."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode(), base64.b64encode(der).decode()


def load_public_key(text: str) -> rsa.RSAPublicKey:
    """Reads PEM or bare base64; raises ValueError."""
    text = text.strip()
    if not text.startswith("-----"):
        body = "\n".join(textwrap.wrap("".join(text.split()), 64))
        text = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
    key = serialization.load_pem_public_key(text.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("Not an RSA public key.")
    return key


def sign(private_pem: str, text: str, *, sha1: bool = False) -> str:
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("Not an RSA private key.")
    digest = hashes.SHA1() if sha1 else hashes.SHA256()  # noqa: S303
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()


def verify(public_key: str, text: str, signature: str) -> bool:
    """True only for a SHA-256 signature of exactly this text."""
    try:
        load_public_key(public_key).verify(
            base64.b64decode(signature, validate=True),
            text.encode(),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def content(params: Mapping[str, str], *, without: tuple[str, ...] = ("sign",)) -> str:
    """The text that is signed: pairs sorted by key, unescaped, joined with &."""
    return "&".join(f"{key}={params[key]}" for key in sorted(params) if key not in without)
