"""Telephone numbers: mainland mobiles, kept as +86 and eleven digits."""

from __future__ import annotations

import re
import unicodedata

from .errors import BadPhone

_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
_SEPARATORS = re.compile(r"[\s\-–—().]")


def normalise(text: str) -> str:
    """+8613800138000, from however it was typed. Raises BadPhone."""
    typed = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    match = _MOBILE.fullmatch(typed)
    if match is None or not typed.isascii():
        raise BadPhone(field="phone")
    return f"+86{match.group(1)}"


def normalise_or_none(text: str) -> str | None:
    try:
        return normalise(text)
    except BadPhone:
        return None


def masked(phone: str) -> str:
    """138****8000: enough for its owner to recognise."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}"


def asked(field: str, text: str) -> dict[str, str]:
    """A filter for whoever knows the number: all of it, or just the four digits that pages show.

    Anything in between would let a masked number be guessed digit by digit.
    """
    if re.fullmatch(r"\d{4}", text):
        return {f"{field}__endswith": text}
    return {field: normalise_or_none(text) or "none"}
