"""Two people: one asks, another decides, and what was decided happens with the decision or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from shared_apps.approvals import errors, kinds, queries
from shared_apps.approvals.enums import State
from shared_apps.approvals.kinds import Kind
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import ask, decide, withdraw
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.identity.services import add_staff
from shared_apps.kernel import clock, ids
from shared_apps.kernel.errors import Conflict
from tests.conftest import Inside
from tests.races import at_once

FACTS = [("金额", "¥100.00"), ("流水号", "20261101")]


@dataclass
class Outcome:
    """What the decisions set off, written where a test can read it."""

    told: list[tuple[UUID, bool, str]] = field(default_factory=list)
    refuse: bool = False

    def decided(
        self, *, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime
    ) -> None:
        self.told.append((subject_id, approved, reason))
        if self.refuse:
            raise Conflict


outcome = Outcome()


def decided(**told: Any) -> None:
    outcome.decided(**told)


@pytest.fixture(autouse=True)
def one_kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outcome]:
    outcome.told.clear()
    outcome.refuse = False
    kind = Kind("充值审核", f"{__name__}.decided", (Role.FINANCE,))
    kinds.kinds.cache_clear()
    monkeypatch.setattr("ncmatch.wiring.APPROVAL_KINDS", {"slip": kind})
    yield outcome
    kinds.kinds.cache_clear()


def another(role: str) -> User:
    """One more member of the staff with this role, where we stand."""
    return add_staff(name="同事", roles=[role], email=f"{ids.new_id()}@north.test")


def asked(by: User | None, **more: Any) -> ApprovalRequest:
    return ask(
        kind="slip",
        subject_id=ids.new_id(),
        title="线下充值 ¥100.00",
        facts=FACTS,
        requested_by=by,
        **more,
    )


def settle(request: ApprovalRequest, by: User, *, approved: bool = True, **more: Any) -> None:
    said = {"reason": "", "digest": request.digest, **more}
    decide(request=request, approved=approved, by=by, at=clock.now(), **said)


def test_a_second_person_approves_and_it_happens(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    with inside(north):
        first, second = another(Role.FINANCE), another(Role.FINANCE)
        request = asked(first)
        assert list(queries.waiting_for(second)) == [request]
        assert list(queries.waiting_for(first)) == []
        settle(request, second, reason=" 已核对 ")
        assert one_kind.told == [(request.subject_id, True, "已核对")]
        request.refresh_from_db()
        assert (request.state, request.decided_by) == (State.APPROVED, second)
        assert list(queries.waiting_for(second)) == []
        done = Record.objects.latest("id")
        assert done.action == "approval.decide"
        assert done.after and done.after["digest"] == request.digest


@pytest.mark.parametrize("own", ["requested", "gains"])
def test_nobody_decides_what_is_his_own(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome, own: str
) -> None:
    with inside(north):
        first, second = another(Role.ADMIN), another(Role.FINANCE)
        request = asked(first) if own == "requested" else asked(second, beneficiary=first.public_id)
        with pytest.raises(errors.OwnRequest):
            settle(request, first)
        request.refresh_from_db()
        assert (request.state, one_kind.told) == (State.PENDING, [])


def test_the_database_refuses_it_as_well(db: None, inside: Inside, north: Distributor) -> None:
    with inside(north):
        first = another(Role.FINANCE)
        request = asked(first)
        with pytest.raises(IntegrityError, match="approval_by_another"), transaction.atomic():
            ApprovalRequest.objects.filter(pk=request.pk).update(
                state=State.APPROVED, decided_by=first, decided_at=clock.now()
            )


def test_the_wrong_role_does_not_decide(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    with inside(north):
        request = asked(another(Role.FINANCE))
        with pytest.raises(errors.NotYours):
            settle(request, another(Role.SALES))
        assert one_kind.told == []


def test_what_changed_is_read_again_first(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    with inside(north):
        request = asked(another(Role.FINANCE))
        with pytest.raises(errors.Changed):
            settle(request, another(Role.FINANCE), digest="0" * 64)
        assert one_kind.told == []


def test_a_rejection_says_why(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    with inside(north):
        request, second = asked(None), another(Role.FINANCE)
        with pytest.raises(errors.ReasonNeeded):
            settle(request, second, approved=False, reason="  ")
        settle(request, second, approved=False, reason="回单看不清")
        assert one_kind.told == [(request.subject_id, False, "回单看不清")]


def test_what_cannot_be_carried_out_is_not_decided(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    one_kind.refuse = True
    with inside(north):
        request = asked(another(Role.FINANCE))
        with pytest.raises(Conflict):
            settle(request, another(Role.FINANCE))
        request.refresh_from_db()
        assert request.state == State.PENDING


def test_one_request_waits_for_each_thing(
    db: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    with inside(north):
        request = asked(None)
        with pytest.raises(errors.AlreadyAsked):
            ask(
                kind="slip",
                subject_id=request.subject_id,
                title="又一次",
                facts=FACTS,
                requested_by=None,
            )
        withdraw(kind="slip", subject_id=request.subject_id, reason="写错了", at=clock.now())
        with pytest.raises(errors.AlreadyDecided):
            settle(request, another(Role.FINANCE))
        assert one_kind.told == []
        again = ask(
            kind="slip",
            subject_id=request.subject_id,
            title="又一次",
            facts=FACTS,
            requested_by=None,
        )
        assert queries.latest(kind="slip", subject_id=request.subject_id) == again


def test_two_who_decide_at_once_decide_once(
    committed: None, inside: Inside, north: Distributor, one_kind: Outcome
) -> None:
    with inside(north):
        request = asked(None)
        people = [another(Role.FINANCE) for _ in range(4)]

    def deciding(person: User) -> Callable[[], str]:
        def try_it() -> str:
            try:
                settle(request, person)
            except errors.AlreadyDecided:
                return "late"
            return "decided"

        return try_it

    found = at_once([deciding(one) for one in people], schema=north.schema_name)
    assert sorted(found) == ["decided", "late", "late", "late"]
    assert len(one_kind.told) == 1


def test_the_page_shows_the_facts_and_carries_the_decision(
    db: None,
    inside: Inside,
    north: Distributor,
    client_for: Callable[..., Client],
    one_kind: Outcome,
) -> None:
    with inside(north):
        request, second = asked(another(Role.FINANCE)), another(Role.FINANCE)
        sales = another(Role.SALES)
    client: Client = client_for(north, second)
    address = f"/office/approvals/{request.public_id}/"
    shown = client.get(address).content.decode()
    assert "线下充值 ¥100.00" in shown and "20261101" in shown
    assert "线下充值 ¥100.00" in client.get("/office/approvals/?whose=mine").content.decode()
    assert client_for(north, sales).get(address).status_code == 403

    form = {"digest": request.digest, "decision": "reject", "reason": ""}
    refused = client.post(f"{address}decide/", form)
    assert (refused.status_code, one_kind.told) == (422, [])
    assert "请写明原因" in refused.content.decode()
    done = client.post(f"{address}decide/", {**form, "decision": "approve"})
    assert (done.status_code, one_kind.told) == (302, [(request.subject_id, True, "")])
