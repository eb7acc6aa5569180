"""Measures things side by side, so that what the machine does meanwhile falls on all of them alike.

An absolute figure drifts by a factor of two on a shared machine. So every round measures each
contender once, one after the other, and a ratio is taken inside one round; what is reported is the
median of the rounds.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

Measure = Callable[[], float]
Values = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Case:
    """`ratio` says how fast it is beside `against`: 1 as fast, 0.5 half as fast."""

    case: str
    value: float
    unit: str
    against: float
    ratio: float
    spread: tuple[float, float, float, float]  # of the rounds' ratios: lowest, quartiles, highest
    also: Mapping[str, float] = field(default_factory=dict)  # what else was found out

    def as_json(self) -> dict[str, object]:
        return {
            "case": self.case,
            "value": round(self.value, 3),
            "unit": self.unit,
            "against": round(self.against, 3),
            "ratio": round(self.ratio, 3),
            **self.also,
        }


def paired(contenders: Mapping[str, Measure], *, rounds: int, warm_up: int = 1) -> Values:
    """Measures A B A B …; what the warm-up rounds say is thrown away.

    Never B A: one that follows upon itself would find its caches warm.
    """
    if rounds < 1:
        raise ValueError("A benchmark needs at least one round.")
    values: Values = {name: [] for name in contenders}
    for number in range(-warm_up, rounds):
        for name, measure in contenders.items():
            value = measure()
            if number >= 0:
                values[name].append(value)
    return values


def held_against(
    case: str,
    values: Sequence[float],
    against: Sequence[float],
    *,
    unit: str,
    more_is_better: bool,
) -> Case:
    """The two must come from the same rounds of `paired`."""
    pairs = list(zip(values, against, strict=True))
    ratios = [ours / theirs if more_is_better else theirs / ours for ours, theirs in pairs]
    return Case(
        case=case,
        value=median(values),
        unit=unit,
        against=median(against),
        ratio=median(ratios),
        spread=(min(ratios), *_quartiles(ratios), max(ratios)),
    )


def _quartiles(ratios: Sequence[float]) -> tuple[float, float]:
    if len(ratios) < 2:
        return ratios[0], ratios[0]
    lower, _middle, upper = quantiles(ratios, n=4, method="inclusive")
    return lower, upper


def machine(*, server_version: int, at: datetime) -> dict[str, object]:
    """What a reader needs in order to compare with a run elsewhere."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "cpu_model": _cpu_model(),
        "load_1m": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": f"{server_version // 10000}.{server_version % 10000}",
        "date": at.isoformat(timespec="seconds"),
    }


def table(cases: Sequence[Case]) -> str:
    """For a terminal."""
    lines = [("case", "value", "against", "unit", "ratio", "middle half", "min–max")]
    for one in cases:
        lowest, lower, upper, highest = (f"{ratio:.2f}" for ratio in one.spread)
        lines.append(
            (
                one.case,
                f"{one.value:,.1f}",
                f"{one.against:,.1f}",
                one.unit,
                f"{one.ratio:.2f}",
                f"{lower}–{upper}",
                f"{lowest}–{highest}",
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_line(bench: str, cases: Sequence[Case], about: Mapping[str, object]) -> str:
    """The one JSON object that ends the output, on one line."""
    return json.dumps(
        {"bench": bench, "cases": [one.as_json() for one in cases], "machine": dict(about)},
        ensure_ascii=False,
    )


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
