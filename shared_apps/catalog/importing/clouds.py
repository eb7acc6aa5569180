"""What is known of the clouds whose prices the file lists, beyond the name it gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_noop as said


@dataclass(frozen=True, slots=True)
class Cloud:
    slug: str
    name: str
    name_zh: str = ""
    aliases: str = ""


_KNOWN = {
    "AWS": (said("亚马逊云科技"), "Amazon Web Services"),
    "Azure": (said("微软 Azure"), "Microsoft"),
    "GCP": (said("谷歌云"), "Google Cloud Platform"),
    "Oracle Cloud": (said("甲骨文云"), "OCI"),
}


def cloud(name: str) -> Cloud:
    """A supplier's facts from the name in the file; the slug is the name in plain letters."""
    name_zh, aliases = _KNOWN.get(name, ("", ""))
    return Cloud(slug=slug(name), name=name, name_zh=name_zh, aliases=aliases)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
