"""A distributor chooses one colour; every other colour of its pages is derived from it here.

What is derived keeps AA contrast whatever was chosen: text on the accent is white or ink, whichever
reads better, and the accent used *as* text is darkened until it reads on white.
"""

from __future__ import annotations

import re

HEX = re.compile(r"^#[0-9a-fA-F]{6}$")
DEFAULT_PRIMARY = "#1f5eff"
WHITE = "#ffffff"
PAGE = "#f6f7f9"
INK = "#141a22"
TEXT_CONTRAST = 4.5  # WCAG 2.2 AA, text
SHAPE_CONTRAST = 3.0  # WCAG 2.2 AA, parts of controls


def derive(primary_hex: str) -> dict[str, str]:
    """The CSS variables of a brand. Raises ValueError for anything but #rrggbb, so no CSS can be smuggled in."""
    primary = _valid(primary_hex)
    dark_text = _contrast(primary, WHITE) < TEXT_CONTRAST and _contrast(primary, INK) > _contrast(
        primary, WHITE
    )
    on_primary = INK if dark_text else WHITE
    away = (
        WHITE if dark_text else "#000000"
    )  # hover moves away from the text's colour, so contrast only grows
    hover = _mix(primary, away, 0.12)
    ink = _until_readable(primary, on=PAGE)
    red, green, blue = _rgb(primary)
    tint = _mix(primary, WHITE, 0.92)
    return {
        "--nc-accent": primary,
        "--nc-accent-hover": hover,
        "--nc-accent-active": _mix(primary, away, 0.2),
        "--nc-accent-tint": tint,
        "--nc-accent-line": _mix(primary, WHITE, 0.7),
        "--nc-accent-ink": _until_readable(ink, on=tint),
        "--nc-on-accent": on_primary,
        "--nc-focus": _until_readable(primary, on=PAGE, contrast=SHAPE_CONTRAST),
        "--tblr-primary": primary,
        "--tblr-primary-rgb": f"{red}, {green}, {blue}",
        "--tblr-primary-fg": on_primary,
        "--tblr-primary-darken": hover,
        "--tblr-primary-lt": tint,
        "--tblr-link-color": ink,
        "--tblr-link-hover-color": _mix(ink, "#000000", 0.2),
    }


def stylesheet(primary_hex: str) -> str:
    """The whole of /brand.css."""
    lines = "".join(f"  {name}: {value};\n" for name, value in derive(primary_hex).items())
    return f":root {{\n{lines}}}\n"


def contrast_ok(primary_hex: str) -> bool:
    """Whether a colour may be saved as a brand: its buttons stand out from the page and their text reads."""
    primary = _valid(primary_hex)
    on_primary = derive(primary)["--nc-on-accent"]
    return (
        _contrast(primary, PAGE) >= SHAPE_CONTRAST
        and _contrast(primary, on_primary) >= TEXT_CONTRAST
    )


def _valid(colour: str) -> str:
    if not HEX.match(colour) or colour.endswith("\n"):
        raise ValueError(f"A colour is written #rrggbb, not {colour!r}.")
    return colour.lower()


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(colour: str, other: str, share: float) -> str:
    """`share` of the other colour in this one."""
    parts = (round(a + (b - a) * share) for a, b in zip(_rgb(colour), _rgb(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in _rgb(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _until_readable(colour: str, *, on: str, contrast: float = TEXT_CONTRAST) -> str:
    for step in range(21):
        darker = _mix(colour, "#000000", step / 20)
        if _contrast(darker, on) >= contrast:
            return darker
    return "#000000"
