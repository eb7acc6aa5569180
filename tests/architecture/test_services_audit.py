"""Every use case that changes something writes the audit: itself, or through a function beside it.

Services are the only writes, so every public function of theirs is taken to change state unless
it stands below with a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared_apps", "billing", "tenant_apps")
AUDIT = "record"

UNAUDITED = {
    "shared_apps/outbox:subscriptions": "reads the wiring",
    "shared_apps/audit:row": "what an audit row would be; its caller writes it",
    "shared_apps/outbox:handlers": "reads the wiring",
    "shared_apps/outbox:nudge": "wakes the relay",
    "shared_apps/outbox:publish": "part of a change that its caller audits",
    "shared_apps/outbox:lease_due": "machinery: the handlers audit what they change",
    "shared_apps/outbox:deliver": "machinery: the handlers audit what they change",
    "shared_apps/catalog:replace_prices": "part of an import or a change that its caller audits",
    "shared_apps/catalog:index": "search words, made anew from what was audited",
    "shared_apps/catalog:reindex": "search words, made anew from what was audited",
    "shared_apps/catalog:check_rate": "only refuses",
    "billing/ledger:post_event": "an entry is its own record, written once and never changed",
    "billing/ledger:post_events": "an entry is its own record, written once and never changed",
    "billing/ledger:hold_days": "a lock",
    "billing/ledger:with_entry": "what is written along with an entry, audit and all",
    "billing/metering:locked": "only locks; a row that says nothing yet may come about",
    "billing/metering:party": "names a customer for the books",
    "billing/payments:amount_agrees": "only compares",
    "shared_apps/identity:note_token_use": "when a token was last used; what it did is audited",
    "shared_apps/identity:welcome": "tells those who wait for a first log-in, and they audit",
    "shared_apps/suppliers:sort_key": "only computes",
    "tenant_apps/fulfilment:plan_end": "part of a change that its caller audits",
    "tenant_apps/orders:close_payments": "each payment that it closes is audited there",
    "tenant_apps/orders:end_payments": "asks for what is audited when it is done",
    "tenant_apps/orders:customer_party": "names a customer for the books",
}

Package = Mapping[str, str]  # file name → source


def unaudited(sources: Package) -> set[str]:
    """The public functions of one services package that reach no audit within it."""
    calls: dict[str, set[str]] = {}
    public: set[str] = set()
    for source in sources.values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                calls.setdefault(node.name, set()).update(_called(node))
                if not node.name.startswith("_"):
                    public.add(node.name)
    audited = {AUDIT}
    while True:
        more = {name for name, called in calls.items() if called & audited} - audited
        if not more:
            return public - audited
        audited |= more


def _called(function: ast.AST) -> set[str]:
    """Names that a function calls: `f(…)` and `module.f(…)`."""
    return {
        call.func.id if isinstance(call.func, ast.Name) else call.func.attr
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute)
    }


def packages() -> dict[str, Package]:
    """App → the sources of its services, be they a module or a package of nouns."""
    found: dict[str, Package] = {}
    for folder in FOLDERS:
        for app in sorted((ROOT / folder).iterdir()):
            paths = [app / "services.py", *(app / "services").glob("*.py")]
            sources = {path.name: path.read_text() for path in paths if path.is_file()}
            if sources:
                found[f"{folder}/{app.name}"] = sources
    return found


def test_services_are_found() -> None:
    assert {"billing/ledger", "billing/payments", "tenant_apps/orders"} < packages().keys()


def test_every_use_case_is_audited() -> None:
    found = {f"{app}:{name}" for app, sources in packages().items() for name in unaudited(sources)}
    assert found == UNAUDITED.keys(), (
        "call audit.services.record(...) in the same transaction, or say above why not; "
        "strike what is audited by now"
    )


@pytest.mark.parametrize(
    ("source", "missed"),
    [
        ("def change(*, x: int) -> None:\n    Row.objects.update(x=x)\n", {"change"}),
        ("def change() -> None:\n    audit.record('a.b')\n", set()),
        ("def change() -> None:\n    _move()\ndef _move() -> None:\n    record('a.b')\n", set()),
        ("def change() -> None:\n    _move()\ndef _move() -> None:\n    pass\n", {"change"}),
        ("def change() -> None:\n    # record('a.b')\n    'record(1)'\n", {"change"}),
        ("def _own() -> None:\n    Row().save()\n", set()),
    ],
)
def test_a_use_case_without_audit_is_found(source: str, missed: set[str]) -> None:
    assert unaudited({"services.py": source}) == missed


def test_a_function_of_another_module_of_the_package_counts() -> None:
    sources = {
        "a.py": "from . import b\ndef change() -> None:\n    b.move()\n",
        "b.py": "def move() -> None:\n    record('a.b')\n",
    }
    assert unaudited(sources) == set()
    assert unaudited({"a.py": sources["a.py"]}) == {"change"}
