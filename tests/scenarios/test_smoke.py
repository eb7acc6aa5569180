"""`manage.py smoke` plays the main job over HTTP on a shop of depth 3, and says so in one line."""

from __future__ import annotations

import json

import pytest

from tests.stack import Stack

pytestmark = [pytest.mark.processes, pytest.mark.slow]
STEPS = {"find", "log_in", "order", "pay", "open", "enter", "book_and_prove"}


def test_smoke_ends_with_one_line_of_json(stack: Stack) -> None:
    done = stack.manage("smoke", check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{stack.logs()}"
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert said["ok"] is True
    assert (said["shop"], said["levels"]) == ("pier", 4)
    assert (said["order_state"], said["resource_state"]) == ("COMPLETED", "RUNNING")
    assert said["obligations"] == 4  # one hop a level, the supplier's among them
    assert (said["difference_minor"], said["in_transit"]) == (0, 0)
    assert set(said["seconds"]) == STEPS


def test_smoke_tells_by_its_status_that_it_failed(stack: Stack) -> None:
    done = stack.manage("smoke", "--shop", "nobody", check=False)
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["ok"], said["shop"]) == (False, "nobody")
    assert said["failed"]
