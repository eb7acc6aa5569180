"""What a line of a rule is worth: a sum of named amounts with whole coefficients, over the amounts that the
event tells and the parts that the rule rounds once.

`amount - fee` is such a sum. A share of an amount, such as the tax in a price, is no whole number of fen:
it is a part, named and rounded once, half up; the rest is written as a difference. So every line
is a whole number, and debits less credits is a sum whose coefficients can be read off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from billing.ledger.errors import RuleRefused

Form = dict[str, int]  # name of an amount or part → how many times it counts, never 0

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
MOST_TIMES = 1000
_TERM = re.compile(
    r"\s*(?P<sign>[+\-−－＋])?\s*(?:(?P<times>\d{1,4})\s*[*×]\s*)?(?P<name>[a-z][a-z0-9_]*)"
)
_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,6})?)\s*[%％]\Z")
_FRACTION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(?:\s*/\s*(\d{1,9}(?:\.\d{1,6})?))?\Z")


class Part(TypedDict):
    """`name` = round(`of` × `rate`), half up to the fen. `rate` is a fraction, "3/53"."""

    name: str
    of: Form
    rate: str


def read_form(text: str) -> Form:
    """Reads "amount - fee" or "2 * amount"; refuses what is not such a sum, or is always nothing."""
    form: Form = {}
    at = 0
    text = text.strip()
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None or (at and not term["sign"]):
            raise RuleRefused(
                reason=_("看不懂金额“%(text)s”，请写成 amount - fee 这样的加减式。")
                % {"text": text}
            )
        times = int(term["times"] or 1) * (-1 if (term["sign"] or "+") in "-−－" else 1)
        form[term["name"]] = form.get(term["name"], 0) + times
        at = term.end()
    return sound_form({name: times for name, times in form.items() if times}, text)


def sound_form(form: Any, text: str = "") -> Form:
    """A form as it is stored; refuses anything else."""
    if not isinstance(form, Mapping) or not form:
        raise RuleRefused(reason=_("金额“%(text)s”恒为零或没有填写。") % {"text": text})
    for name, times in form.items():
        whole = isinstance(times, int) and not isinstance(times, bool)
        if not isinstance(name, str) or not NAME.match(name) or not whole:
            raise RuleRefused(reason=_("金额“%(text)s”含有不能用的名称。") % {"text": text or name})
        if times == 0 or abs(times) > MOST_TIMES:
            raise RuleRefused(
                reason=_("金额“%(name)s”的倍数必须在 1 到 %(most)s 之间。")
                % {"name": name, "most": MOST_TIMES}
            )
    return dict(form)


def write_form(form: Mapping[str, int]) -> str:
    """The form as it is read again: "amount - fee"."""
    text = ""
    for name, times in sorted(form.items(), key=lambda term: term[1] < 0):
        sign = ("- " if times < 0 else "+ ") if text else ("-" if times < 0 else "")
        text += f"{' ' if text else ''}{sign}{f'{abs(times)} * ' if abs(times) != 1 else ''}{name}"
    return text


def read_rate(text: str) -> str:
    """Reads "6%", "0.06" or "6/106" as a fraction in lowest terms. A whole number is no rate: it rounds nothing."""
    percent, fraction = _PERCENT.match(text.strip()), _FRACTION.match(text.strip())
    try:
        if percent:
            rate = Fraction(percent[1]) / 100
        elif fraction:
            rate = Fraction(fraction[1]) / Fraction(fraction[2] or 1)
        else:
            raise ValueError(text)
    except (ValueError, ZeroDivisionError) as error:
        raise RuleRefused(
            reason=_("看不懂比例“%(text)s”，请写成 6%%、0.06 或 6/106。") % {"text": text}
        ) from error
    if rate <= 0 or rate.denominator == 1 or rate > MOST_TIMES:
        raise RuleRefused(
            reason=_("比例“%(text)s”必须大于零且不是整数；整数倍请直接写在金额里。")
            % {"text": text}
        )
    if rate.denominator > 10**9:
        raise RuleRefused(reason=_("比例“%(text)s”的小数位数太多。") % {"text": text})
    return f"{rate.numerator}/{rate.denominator}"


def value(form: Mapping[str, int], amounts: Mapping[str, int]) -> int:
    """What a form is worth; an amount that was not told is nothing."""
    return sum(times * amounts.get(name, 0) for name, times in form.items())


def rounded(base: int, numerator: int, denominator: int) -> int:
    """base × numerator / denominator, half up. The base is never negative."""
    return (2 * base * numerator + denominator) // (2 * denominator)


def fraction(rate: str) -> tuple[int, int]:
    numerator, denominator = rate.split("/")
    return int(numerator), int(denominator)
