"""Whatever the code records or publishes has a name that people read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from billing.payments.gateways.base import Refusal
from ncmatch.wiring import SUBSCRIPTIONS
from tenant_apps.backoffice import words
from tenant_apps.orders.enums import LineState

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("shared_apps", "billing", "tenant_apps", "platform/ncmatch")


def recorded() -> Iterator[str]:
    """Every action that is recorded in so many words; `order_line.…` is made of a line's state."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                if (
                    name == "record"
                    and isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                ):
                    yield first.value


def test_every_recorded_action_has_a_name() -> None:
    made = {
        f"order_line.{state.lower()}"
        for state in (LineState.OPEN, LineState.FAILED, LineState.REFUNDED)
    }
    assert {action for action in {*recorded(), *made} if action not in words.ACTIONS} == set()


def test_every_family_of_actions_has_a_name() -> None:
    families = {action.partition(".")[0] for action in words.ACTIONS}
    assert families - set(words.FAMILIES) == set()


def test_every_event_and_every_refusal_has_a_name() -> None:
    assert set(SUBSCRIPTIONS) - set(words.TOPICS) == set()
    assert {refusal.value for refusal in Refusal} - set(words.REFUSALS) == set()


def test_a_refusal_keeps_its_detail() -> None:
    assert words.refusal("WRONG_AMOUNT: 1.00 for 2.00") == "金额与支付单不符：1.00 for 2.00"
    assert words.refusal("FOREIGN_APP") == "不是本店的应用"
    assert words.refusal("") == ""
