"""Whatever colour a distributor chooses, its pages can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_apps.distributors import branding
from shared_apps.distributors.branding import contrast_ok, derive, stylesheet

colours = st.integers(min_value=0, max_value=0xFFFFFF).map(lambda n: f"#{n:06x}")


@given(colours)
def test_text_reads_on_every_derived_surface(colour: str) -> None:
    brand = derive(colour)
    on = brand["--nc-on-accent"]
    # 4.15 is what the better of white and ink reaches on the worst mid-grey; contrast_ok refuses such a colour.
    assert branding._contrast(brand["--nc-accent"], on) >= 4.15
    assert (
        branding._contrast(brand["--nc-accent-hover"], on)
        >= branding._contrast(brand["--nc-accent"], on) - 0.05
    )
    assert branding._contrast(brand["--nc-accent-ink"], brand["--nc-accent-tint"]) >= 4.5
    assert branding._contrast(brand["--tblr-link-color"], branding.PAGE) >= 4.5
    assert branding._contrast(brand["--nc-focus"], branding.PAGE) >= 3


@given(colours)
def test_an_accepted_colour_has_aa_text(colour: str) -> None:
    if contrast_ok(colour):
        assert branding._contrast(colour, derive(colour)["--nc-on-accent"]) >= 4.5
        assert branding._contrast(colour, branding.PAGE) >= 3


@pytest.mark.parametrize(
    ("colour", "accepted"),
    [
        ("#1f5eff", True),
        ("#0a7d57", True),
        ("#b3261e", True),
        ("#ffe600", False),
        ("#ffffff", False),
        ("#000000", True),
    ],
)
def test_pale_colours_are_refused(colour: str, accepted: bool) -> None:
    assert contrast_ok(colour) is accepted


def test_light_accents_carry_dark_text() -> None:
    assert derive("#ffb300")["--nc-on-accent"] == branding.INK
    assert derive("#1f5eff")["--nc-on-accent"] == "#ffffff"


@pytest.mark.parametrize("bad", ["red", "#fff", "#12345g", "#123456;}", "#123456\n", "", "url(x)"])
def test_nothing_but_a_hex_colour_reaches_the_stylesheet(bad: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        stylesheet(bad)


def test_the_stylesheet_is_one_rule_of_variables() -> None:
    css = stylesheet("#1F5EFF")
    assert css.startswith(":root {\n") and css.endswith("}\n")
    assert "--nc-accent: #1f5eff;" in css
    assert "--tblr-primary-rgb: 31, 94, 255;" in css
