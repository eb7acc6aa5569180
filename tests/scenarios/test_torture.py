"""A short round of torture, and that its judge sees what it should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stack import Stack

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def torture(stack: Stack, *options: str) -> tuple[int, dict[str, Any]]:
    done = stack.manage("torture", *options, check=False)
    assert done.stdout, f"{done.stderr}\n{stack.logs()}"
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, said


def test_a_short_round_loses_and_doubles_nothing(stack: Stack) -> None:
    status, said = torture(stack, "--rounds", "1", "--seconds", "12", "--seed", "20261123")
    assert (status, said["findings"]) == (0, []), said
    assert said["faults"] > 3
    assert any(name.startswith("kill -9") for name in said["trouble"])
    assert said["did"]["order"] > 3


@pytest.mark.parametrize(
    ("planted", "undone", "found"),
    [
        (
            "UPDATE orders_order SET state = 'PAID' WHERE state = 'COMPLETED'",
            "UPDATE orders_order SET state = 'COMPLETED' WHERE state = 'PAID'",
            "is PAID with lines",
        ),
        (
            "UPDATE payments_merchantaccount SET app_id = '9' || app_id",
            "UPDATE payments_merchantaccount SET app_id = substr(app_id, 2)",
            "which no shop has",
        ),
        (
            "UPDATE fulfilment_workorder SET state = 'BINDING' WHERE state = 'DONE'",
            "UPDATE fulfilment_workorder SET state = 'DONE' WHERE state = 'BINDING'",
            "work orders are under way",
        ),
    ],
    ids=["order", "money", "work"],
)
def test_the_judge_sees_what_is_wrong(stack: Stack, planted: str, undone: str, found: str) -> None:
    stack.manage("smoke")
    stack.do("pier", planted)
    try:
        status, said = torture(stack, "--rounds", "0", "--patience", "0")
    finally:
        stack.do("pier", undone)
    assert status == 1
    assert any(found in what for what in said["findings"]), said
    assert torture(stack, "--rounds", "0")[1]["findings"] == []
