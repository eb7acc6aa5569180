"""Every supplier adapter, against real brokers in the sandbox."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared_apps.kernel.errors import OutcomeUnknown
from shared_apps.suppliers.adapters.base import (
    Done,
    InstanceRef,
    Operation,
    OperationFailed,
    OperationKind,
    Originator,
    ProvisionRequest,
    SupplierAdapter,
    SupplierBusy,
    SupplierOutcomeUnknown,
    SupplierRefused,
)
from shared_apps.suppliers.adapters.osb import OsbAdapter, OsbEndpoint
from tests.sandbox_process import Sandbox, until

SLUG = "hohhot-cloud"
PLANS: list[dict[str, Any]] = [
    {
        "sku": "a100-80g-x8",
        "plan_id": "0b6e3f3e-7b3c-4f43-9f0f-000000000001",
        "name": "A100 80G × 8",
        "gpu": "A100",
        "gpu_count": 8,
        "vcpu": 96,
        "ram_gb": 1024,
    },
    {"sku": "t4-x1", "plan_id": "0b6e3f3e-7b3c-4f43-9f0f-000000000002", "name": "T4 × 1"},
]
QUICK = httpx.Timeout(1.5, connect=1)
ORIGINATOR = Originator(platform="ncmatch", claims={"distributor": "d-1", "order": "o-1"})


@pytest.fixture
def service_id(sandbox: Sandbox) -> str:
    return str(sandbox.put_catalog(SLUG, PLANS, name="呼和浩特云")["service_id"])


def osb(sandbox: Sandbox, **changes: str) -> OsbAdapter:
    facts = {
        "url": f"{sandbox.base_url}/osb/{SLUG}",
        "username": SLUG,
        "password": f"{SLUG}-password",
    }
    return OsbAdapter(OsbEndpoint(**(facts | changes)), timeout=QUICK)


@pytest.fixture(params=["osb"])
def adapter(request: pytest.FixtureRequest, sandbox: Sandbox, service_id: str) -> SupplierAdapter:
    return {"osb": osb}[request.param](sandbox)


@pytest.fixture
def wanted(service_id: str) -> ProvisionRequest:
    return ProvisionRequest(
        ref=InstanceRef(str(uuid4()), service_id, str(PLANS[0]["plan_id"])),
        organization_guid="org-1",
        space_guid="space-1",
        parameters={"image": "ubuntu-22.04", "备注": "训练"},
    )


def finish(adapter: SupplierAdapter, ref: InstanceRef, step: Operation | Done) -> Done:
    def look() -> Done | None:
        nonlocal step
        if isinstance(step, Operation):
            step = adapter.poll(ref, step)
        return step if isinstance(step, Done) else None

    done = until(look)
    assert isinstance(done, Done)
    return done


def opened(adapter: SupplierAdapter, wanted: ProvisionRequest) -> InstanceRef:
    finish(adapter, wanted.ref, adapter.provision(wanted))
    return wanted.ref


def record(sandbox: Sandbox, ref: InstanceRef) -> dict[str, Any] | None:
    found = [i for i in sandbox.instances(SLUG) if i["instance_id"] == ref.instance_id]
    return found[0] if found else None


class TestCatalogue:
    def test_plans_come_with_what_the_supplier_says_of_them(
        self, adapter: SupplierAdapter, service_id: str
    ) -> None:
        plans = adapter.catalog()
        assert [plan.sku for plan in plans] == ["a100-80g-x8", "t4-x1"]
        first = plans[0]
        assert (first.service_id, first.plan_id) == (service_id, PLANS[0]["plan_id"])
        assert first.name == "A100 80G × 8"
        assert (first.attributes["gpu"], first.attributes["gpu_count"]) == ("A100", 8)
        assert first.max_polling == timedelta(minutes=10)

    def test_a_wrong_password_is_refused(self, sandbox: Sandbox, service_id: str) -> None:
        with pytest.raises(SupplierRefused) as refused:
            osb(sandbox, password="wrong").catalog()
        assert refused.value.http_status == 401
        assert "wrong" not in str(refused.value.detail)

    def test_a_changed_password_counts_at_once(
        self, adapter: SupplierAdapter, sandbox: Sandbox
    ) -> None:
        adapter.catalog()
        sandbox.put_catalog(SLUG, PLANS, password="another")
        with pytest.raises(SupplierRefused):
            adapter.catalog()


class TestALife:
    def test_open_enter_leave_close(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        ref = wanted.ref
        assert adapter.fetch(ref) is None
        step = adapter.provision(wanted, originator=ORIGINATOR)
        assert isinstance(step, Operation)
        assert step.kind is OperationKind.PROVISION
        assert step.poll_after == timedelta(seconds=1)
        assert adapter.fetch(ref) is None, "what is not ready is not shown"
        finish(adapter, ref, step)

        instance = adapter.fetch(ref)
        assert instance is not None
        assert (instance.ref, instance.parameters) == (ref, wanted.parameters)

        access = adapter.bind(ref, binding_id="b-1")
        assert access.host.startswith("203.0.113.")
        assert access.password and access.password not in repr(access)
        assert f"ssh -p {access.port} {access.username}@{access.host}" == access.ssh_command
        assert adapter.bind(ref, binding_id="b-1") == access, "the same way in again"
        assert adapter.bind(ref, binding_id="b-2").password != access.password

        adapter.unbind(ref, binding_id="b-1")
        adapter.unbind(ref, binding_id="b-1")
        step = adapter.deprovision(ref)
        assert isinstance(step, Operation)
        finish(adapter, ref, step)
        assert adapter.deprovision(ref) == Done(OperationKind.DEPROVISION), "410 is gone"
        assert adapter.fetch(ref) is None
        found = record(sandbox, ref)
        assert found is not None
        assert (found["state"], found["times_created"], found["bindings"]) == ("DELETED", 1, 0)

    def test_switching_off_and_on_again_keeps_the_instance(
        self, sandbox: Sandbox, adapter: SupplierAdapter, wanted: ProvisionRequest
    ) -> None:
        ref = opened(adapter, wanted)
        for running in (False, False, True):
            assert adapter.switch(ref, running=running, originator=ORIGINATOR) == Done(
                OperationKind.UPDATE
            )
            kept = adapter.fetch(ref)
            assert kept is not None and kept.parameters["running"] is running
            assert kept.parameters["image"] == "ubuntu-22.04"
        found = record(sandbox, ref)
        assert found is not None and (found["state"], found["times_created"]) == ("READY", 1)
        assert isinstance(adapter.provision(wanted), Done)

    def test_what_is_not_there_is_not_switched(
        self, adapter: SupplierAdapter, wanted: ProvisionRequest
    ) -> None:
        with pytest.raises(SupplierRefused):
            adapter.switch(wanted.ref, running=False)

    def test_asking_again_opens_once(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        first, second = adapter.provision(wanted), adapter.provision(wanted)
        assert first == second
        finish(adapter, wanted.ref, first)
        assert isinstance(adapter.provision(wanted), Done)
        found = record(sandbox, wanted.ref)
        assert found is not None
        assert (found["times_created"], found["times_asked"]) == (1, 3)

    def test_the_same_id_with_other_contents_is_refused(
        self, adapter: SupplierAdapter, wanted: ProvisionRequest
    ) -> None:
        adapter.provision(wanted)
        other = ProvisionRequest(wanted.ref, "org-1", "space-1", {"image": "windows"})
        with pytest.raises(SupplierRefused) as refused:
            adapter.provision(other)
        assert refused.value.http_status == 409
        assert not refused.value.sweep, "the first one is ours and stays"

    def test_an_unknown_plan_is_refused(
        self, adapter: SupplierAdapter, wanted: ProvisionRequest
    ) -> None:
        ref = InstanceRef(wanted.ref.instance_id, wanted.ref.service_id, "no-such-plan")
        with pytest.raises(SupplierRefused) as refused:
            adapter.provision(ProvisionRequest(ref, "o", "s"))
        assert refused.value.http_status == 400

    def test_binding_too_early_is_to_be_tried_again(
        self, adapter: SupplierAdapter, wanted: ProvisionRequest
    ) -> None:
        adapter.provision(wanted)
        with pytest.raises(SupplierBusy):
            adapter.bind(wanted.ref, binding_id="b-1")

    def test_what_is_still_being_opened_can_be_swept(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        adapter.provision(wanted)
        finish(adapter, wanted.ref, adapter.deprovision(wanted.ref))
        found = record(sandbox, wanted.ref)
        assert found is not None and not found["running"]

    def test_sweeping_what_never_was_is_done(
        self, adapter: SupplierAdapter, wanted: ProvisionRequest
    ) -> None:
        assert adapter.deprovision(wanted.ref) == Done(OperationKind.DEPROVISION)


class TestTheSupplierMisbehaves:
    @pytest.mark.parametrize(
        ("fault", "params", "created"),
        [
            ("timeout_before", {"seconds": 2.5}, False),
            ("timeout_after", {"seconds": 2.5}, True),
            ("error_500", {}, False),
            ("orphan", {}, True),
        ],
    )
    def test_silence_and_500_are_unknown_and_leave_something_to_sweep(
        self,
        adapter: SupplierAdapter,
        sandbox: Sandbox,
        wanted: ProvisionRequest,
        fault: str,
        params: dict[str, Any],
        created: bool,
    ) -> None:
        sandbox.fault("osb", fault, match={"instance_id": wanted.ref.instance_id}, **params)
        with pytest.raises(SupplierOutcomeUnknown) as unknown:
            adapter.provision(wanted)
        assert isinstance(unknown.value, OutcomeUnknown)
        assert unknown.value.sweep
        assert (record(sandbox, wanted.ref) is not None) == created

        # Either way out is open: ask again with the same id …
        finish(adapter, wanted.ref, adapter.provision(wanted))
        found = record(sandbox, wanted.ref)
        assert found is not None and found["times_created"] == 1
        # … or give up and sweep.
        finish(adapter, wanted.ref, adapter.deprovision(wanted.ref))
        found = record(sandbox, wanted.ref)
        assert found is not None and not found["running"]

    @pytest.mark.parametrize(("fault", "status"), [("concurrency_422", 422), ("too_many_429", 429)])
    def test_busy_is_to_be_tried_again(
        self,
        adapter: SupplierAdapter,
        sandbox: Sandbox,
        wanted: ProvisionRequest,
        fault: str,
        status: int,
    ) -> None:
        sandbox.fault("osb", fault)
        with pytest.raises(SupplierBusy) as busy:
            adapter.provision(wanted)
        assert (busy.value.http_status, busy.value.permanent) == (status, False)
        assert busy.value.sweep is False
        assert record(sandbox, wanted.ref) is None
        finish(adapter, wanted.ref, adapter.provision(wanted))

    def test_an_accepted_operation_may_fail(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        sandbox.fault("osb", "operation_fails", match={"supplier": SLUG, "sku": "a100-80g-x8"})
        step = adapter.provision(wanted)
        with pytest.raises(OperationFailed) as failed:
            finish(adapter, wanted.ref, step)
        assert failed.value.sweep
        assert failed.value.detail == "该规格当前无可用库存"
        finish(adapter, wanted.ref, adapter.deprovision(wanted.ref))

    def test_an_operation_may_never_end(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        sandbox.fault("osb", "never_ready")
        step = adapter.provision(wanted)
        assert isinstance(step, Operation)
        again = None

        def still_going() -> bool:
            nonlocal again
            again = adapter.poll(wanted.ref, step)
            found = record(sandbox, wanted.ref)
            return found is not None and found["state"] != "CREATING"

        with pytest.raises(AssertionError):
            until(still_going, seconds=1)
        assert isinstance(again, Operation)
        finish(adapter, wanted.ref, adapter.deprovision(wanted.ref))

    def test_polling_survives_a_bad_answer(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        step = adapter.provision(wanted)
        assert isinstance(step, Operation)
        for fault in ("error_500", "malformed"):
            sandbox.fault("osb", fault, match={"operation": "poll"})
            with pytest.raises(SupplierBusy):
                adapter.poll(wanted.ref, step)
        finish(adapter, wanted.ref, step)

    def test_a_failed_binding_is_unknown_and_repeated_safely(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        ref = opened(adapter, wanted)
        sandbox.fault("osb", "bind_fails")
        with pytest.raises(SupplierOutcomeUnknown) as unknown:
            adapter.bind(ref, binding_id="b-1")
        assert unknown.value.sweep
        sandbox.fault("osb", "bind_fails", status=400)
        with pytest.raises(SupplierRefused):
            adapter.bind(ref, binding_id="b-1")
        sandbox.fault("osb", "timeout_after", match={"operation": "bind"}, seconds=2.5)
        with pytest.raises(SupplierOutcomeUnknown):
            adapter.bind(ref, binding_id="b-1")
        adapter.bind(ref, binding_id="b-1")
        found = record(sandbox, ref)
        assert found is not None and found["bindings"] == 1

    def test_a_malformed_answer_to_an_old_request_is_no_reason_to_delete(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        sandbox.fault("osb", "malformed")
        with pytest.raises(SupplierOutcomeUnknown) as unknown:
            adapter.provision(wanted)
        assert not unknown.value.sweep

    def test_a_slow_supplier_is_waited_for(
        self, adapter: SupplierAdapter, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        sandbox.fault("osb", "delay", match={"operation": "provision"}, seconds=0.8)
        assert isinstance(adapter.provision(wanted), Operation)

    def test_without_a_connection_nothing_was_sent(
        self, sandbox: Sandbox, wanted: ProvisionRequest
    ) -> None:
        with pytest.raises(SupplierBusy):
            osb(sandbox, url="http://127.0.0.1:1/osb/x").provision(wanted)


class TestTheSpecificationsTable:
    """ "Orphan Mitigation" of OSB 2.17, row by row, on answers no broker here would give."""

    def adapter(self, status: int, content: bytes = b"{}") -> OsbAdapter:
        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, content=content)

        endpoint = OsbEndpoint("http://broker.example", "u", "p")
        return OsbAdapter(endpoint, transport=httpx.MockTransport(answer))

    WANTED = ProvisionRequest(InstanceRef("i", "s", "p"), "o", "s")

    @pytest.mark.parametrize(
        ("status", "content", "expected", "sweep"),
        [
            (200, b"<html>", SupplierOutcomeUnknown, False),
            (201, b"<html>", SupplierOutcomeUnknown, True),
            (202, b"<html>", SupplierOutcomeUnknown, True),
            (204, b"", SupplierOutcomeUnknown, True),
            (302, b"", SupplierOutcomeUnknown, True),
            (400, b"{}", SupplierRefused, False),
            (404, b"{}", SupplierRefused, False),
            (408, b"{}", SupplierBusy, False),
            (409, b"{}", SupplierRefused, False),
            (422, b'{"error":"AsyncRequired"}', SupplierRefused, False),
            (422, b'{"error":"ConcurrencyError"}', SupplierBusy, False),
            (429, b"", SupplierBusy, False),
            (500, b"", SupplierOutcomeUnknown, True),
            (503, b"<html>", SupplierOutcomeUnknown, True),
        ],
    )
    def test_provisioning(
        self, status: int, content: bytes, expected: type[Exception], sweep: bool
    ) -> None:
        with pytest.raises(expected) as error:
            self.adapter(status, content).provision(self.WANTED)
        assert error.value.sweep is sweep  # type: ignore[attr-defined]

    def test_provisioning_may_be_done_at_once(self) -> None:
        for status in (200, 201):
            done = self.adapter(status, b'{"dashboard_url":"https://x"}').provision(self.WANTED)
            assert done == Done(OperationKind.PROVISION, "https://x")

    def test_deleting_what_is_gone_is_done(self) -> None:
        adapter, ref = self.adapter(410), self.WANTED.ref
        assert adapter.deprovision(ref) == Done(OperationKind.DEPROVISION)
        adapter.unbind(ref, binding_id="b")
        ending = Operation(OperationKind.DEPROVISION, None, timedelta(seconds=1))
        assert adapter.poll(ref, ending) == Done(OperationKind.DEPROVISION)
        opening = Operation(OperationKind.PROVISION, None, timedelta(seconds=1))
        with pytest.raises(OperationFailed) as failed:
            adapter.poll(ref, opening)
        assert not failed.value.sweep

    def test_an_answer_without_credentials_is_unknown(self) -> None:
        for content in (b"{}", b"<html>", b'{"credentials":{"host":"h"}}'):
            with pytest.raises(SupplierOutcomeUnknown) as unknown:
                self.adapter(201, content).bind(self.WANTED.ref, binding_id="b")
            assert unknown.value.sweep

    def test_an_endless_answer_is_cut_off(self) -> None:
        with pytest.raises(SupplierOutcomeUnknown):
            self.adapter(201, b" " * (4 * 1024 * 1024 + 1)).provision(self.WANTED)

    def test_what_the_specification_wants_to_be_sent_is_sent(self) -> None:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(202, json={"operation": "op 1&2"}, headers={"Retry-After": "7"})

        endpoint = OsbEndpoint("http://broker.example/osb/", "u", "p")
        adapter = OsbAdapter(endpoint, transport=httpx.MockTransport(answer))
        ref = InstanceRef("a/b", "s", "p")
        step = adapter.provision(
            ProvisionRequest(ref, "org", "space", {"x": 1}), originator=ORIGINATOR
        )
        assert step == Operation(OperationKind.PROVISION, "op 1&2", timedelta(seconds=7))
        put = seen[0]
        assert put.method == "PUT"
        assert str(put.url) == (
            "http://broker.example/osb/v2/service_instances/a%2Fb?accepts_incomplete=true"
        )
        assert put.headers["X-Broker-API-Version"] == "2.17"
        assert put.headers["X-Broker-API-Request-Identity"]
        platform, claims = put.headers["X-Broker-API-Originating-Identity"].split()
        assert platform == "ncmatch"
        assert json.loads(base64.b64decode(claims)) == dict(ORIGINATOR.claims)
        body = json.loads(put.content)
        assert (body["organization_guid"], body["space_guid"]) == ("org", "space")
        assert body["parameters"] == {"x": 1}

        with pytest.raises(SupplierBusy):
            adapter.poll(ref, Operation(OperationKind.PROVISION, "op 1&2", timedelta(seconds=1)))
        assert dict(seen[1].url.params) == {
            "service_id": "s",
            "plan_id": "p",
            "operation": "op 1&2",
        }
        first, second = (r.headers["X-Broker-API-Request-Identity"] for r in seen)
        assert first != second
