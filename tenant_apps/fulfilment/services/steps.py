"""One step of a work order: look, call the supplier once, write down what it said.

The call stands between two transactions, so that no row is locked while a supplier thinks. A worker
that dies in between repeats the call with the same ids, which suppliers answer the same way again.
When opening is given up the customer's money is released at once; undoing goes on for as long as
the supplier needs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from shared_apps.audit.services import record
from shared_apps.kernel import ids, secrets, tenancy
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.outbox.services import publish
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers.adapters.base import (
    Access,
    Done,
    InstanceRef,
    Operation,
    OperationKind,
    Originator,
    ProvisionRequest,
    SupplierAdapter,
)
from tenant_apps.customers.services import notify
from tenant_apps.fulfilment.enums import WORK_TRANSITIONS, ResourceState, WorkKind, WorkState
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.orders.enums import LineState
from tenant_apps.orders.models import OrderLine
from tenant_apps.orders.services import lines

from . import lasting

log = structlog.get_logger(__name__)

SWEEP_EVERY = timedelta(minutes=1)
MOST_FAILURES = 6  # calls in a row without an answer, before opening is given up

_SWITCHED = (ResourceState.RUNNING, ResourceState.SUSPENDED)

Outcome = Operation | Done | Access


@dataclass(frozen=True, slots=True)
class Job:
    """What the call needs, read before it; no row is held while it runs."""

    work: WorkOrder
    line: OrderLine
    ref: InstanceRef
    schema: str
    state: str  # of the machine, where there is one: what a switch is to bring about


def advance(*, work_order_id: UUID, at: datetime) -> str:
    """Takes the next step of one work order; returns the state it is in afterwards. Safe to repeat."""
    job = _look(work_order_id)
    if job.work.state in (WorkState.DONE, WorkState.FAILED):
        return job.work.state
    if job.work.kind == WorkKind.SWITCH and job.state not in _SWITCHED:
        return _progress(job, Done(OperationKind.UPDATE), at)  # it is on its way out already
    if _too_late(job, at):
        return _give_up(job, _("供应商未在约定时间内完成开通"), at, unknown=True)
    try:
        outcome = _call(job)
    except ProviderError as error:
        return _trouble(job, error, at)
    return _progress(job, outcome, at)


def _look(work_order_id: UUID) -> Job:
    work = WorkOrder.objects.select_related(
        "line__plan", "line__supplier", "line__order__customer"
    ).get(public_id=work_order_id)
    line = work.line
    ref = InstanceRef(
        instance_id=str(line.public_id),
        service_id=line.plan.external_service_id,
        plan_id=line.plan.external_plan_id,
    )
    machine = Resource.objects.filter(line=line).values_list("state", flat=True).first()
    return Job(work, line, ref, tenancy.require(), machine or "")


def _too_late(job: Job, at: datetime) -> bool:
    opening = job.work.kind == WorkKind.CREATE and job.work.state != WorkState.UNDOING
    return opening and at >= job.work.deadline_at


def _call(job: Job) -> Outcome:
    """The one call of this step. The door to a supplier opens in the shared plane only."""
    with tenancy.shared():
        adapter = suppliers.adapter_for(supplier=job.line.supplier)
    work, ref = job.work, job.ref
    originator = Originator(
        platform="ncmatch", claims={"distributor": job.schema, "line": ref.instance_id}
    )
    if work.state in (WorkState.PROVISIONING, WorkState.UNDOING) and work.operation:
        return adapter.poll(ref, _operation(work.operation))
    if work.kind == WorkKind.TERMINATE or work.state == WorkState.UNDOING:
        return adapter.deprovision(ref, originator=originator)
    if work.kind == WorkKind.SWITCH:
        running = job.state == ResourceState.RUNNING
        return adapter.switch(ref, running=running, originator=originator)
    if work.state == WorkState.BINDING:
        return adapter.bind(ref, binding_id=str(work.public_id), originator=originator)
    return _provision(adapter, job, originator)


def _provision(adapter: SupplierAdapter, job: Job, originator: Originator) -> Outcome:
    request = ProvisionRequest(
        ref=job.ref,
        organization_guid=job.schema,
        space_guid=str(job.line.order.public_id),
        parameters={"hours": job.line.hours},
    )
    return adapter.provision(request, originator=originator)


def _operation(text: str) -> Operation:
    kept = json.loads(text)
    return Operation(
        kind=OperationKind(kept["kind"]),
        key=kept["key"],
        poll_after=timedelta(seconds=kept["poll_after"]),
    )


def _kept(operation: Operation) -> str:
    return json.dumps(
        {
            "kind": operation.kind.value,
            "key": operation.key,
            "poll_after": operation.poll_after.total_seconds(),
        }
    )


def _locked(job: Job) -> WorkOrder | None:
    """The work order under lock, if nobody has moved it since we looked."""
    work = WorkOrder.objects.select_for_update().get(pk=job.work.pk)
    return work if (work.state, work.operation) == (job.work.state, job.work.operation) else None


def _move(work: WorkOrder, state: WorkState, *, operation: str = "", error: str = "") -> None:
    before = WorkState(work.state)
    if state != before and state not in WORK_TRANSITIONS[before]:
        raise RuntimeError(f"A work order does not go from {before} to {state}.")
    work.state, work.operation, work.last_error = state, operation, error[:500]
    work.save(update_fields=["state", "operation", "last_error", "attempts", "finished_at"])
    if state != before:
        record(
            "work_order.move",
            obj=work,
            before={"state": before.value},
            after={"state": state.value},
            note=error[:500],
        )


def _again(work: WorkOrder, at: datetime, pause: timedelta = timedelta(0)) -> None:
    due = at + pause if pause else None
    publish("work_order.due", {"work_order": str(work.public_id)}, not_before=due)


def _progress(job: Job, outcome: Outcome, at: datetime) -> str:
    with transaction.atomic():
        work = _locked(job)
        if work is None:
            return job.work.state
        work.attempts = 0
        if isinstance(outcome, Operation):
            waiting = (
                WorkState.UNDOING if work.state == WorkState.UNDOING else WorkState.PROVISIONING
            )
            _move(work, waiting, operation=_kept(outcome))
            _again(work, at, outcome.poll_after)
        elif isinstance(outcome, Access):
            _opened(job, work, outcome, at)
        elif work.kind == WorkKind.TERMINATE:
            _ended(job, work, at)
        elif work.kind == WorkKind.SWITCH:
            _switched(job, work, at)
        elif work.state == WorkState.UNDOING and work.sweep_until and at < work.sweep_until:
            # Gone, or not there yet: what we asked for without an answer may still be made.
            _move(work, WorkState.UNDOING, error=work.last_error)
            _again(work, at, SWEEP_EVERY)
        elif work.state == WorkState.UNDOING:
            work.finished_at = at
            _move(work, WorkState.FAILED, error=work.last_error)
        else:
            _move(work, WorkState.BINDING)
            _again(work, at)
        return work.state


def _opened(job: Job, work: WorkOrder, access: Access, at: datetime) -> None:
    line = job.line
    resource = Resource.objects.create(
        line=line,
        customer=line.order.customer,
        supplier=line.supplier,
        number=ids.number("R", at),
        name=line.name,
        access_sealed=secrets.seal(json.dumps(asdict(access), default=str)),
        started_at=at,
        ends_at=at + timedelta(hours=line.hours) if line.hours else None,
        metered_until=None if line.hours else at,
    )
    lines.opened(line=line, at=at)
    work.finished_at = at
    _move(work, WorkState.DONE)
    record(
        "resource.open", obj=resource, after={"number": resource.number, "state": resource.state}
    )
    if line.hours:
        lasting.plan_end(resource=resource)
    else:
        publish("usage.tick", {"line": str(line.public_id)}, not_before=at + timedelta(hours=1))
    notify(
        customer=line.order.customer,
        title=_("资源已开通"),
        body=_("“%(name)s”已开通，可在“我的资源”中查看访问方式。") % {"name": line.name},
        link=f"/resources/{resource.public_id}/",
        important=True,
    )


def _switched(job: Job, work: WorkOrder, at: datetime) -> None:
    """Done, unless the machine is to be in another state by now: then once more."""
    wanted = Resource.objects.select_for_update().get(line=job.line).state
    if wanted != job.state and wanted in _SWITCHED:
        _move(work, WorkState(work.state))
        _again(work, at)
        return
    work.finished_at = at
    _move(work, WorkState.DONE)


def _ended(job: Job, work: WorkOrder, at: datetime) -> None:
    resource = Resource.objects.select_for_update().get(line=job.line)
    resource.state = ResourceState.ENDED
    resource.ended_at = at
    resource.save(update_fields=["state", "ended_at"])
    work.finished_at = at
    _move(work, WorkState.DONE)
    record("resource.end", obj=resource, before={"state": "ENDING"}, after={"state": "ENDED"})


def _trouble(job: Job, error: ProviderError, at: datetime) -> str:
    """An unanswered call is repeated with the same ids; a refused one is given up."""
    log.warning(
        "work_order.trouble",
        work_order=str(job.work.public_id),
        code=error.code,
        detail=error.detail,
    )
    opening = job.work.kind == WorkKind.CREATE and job.work.state != WorkState.UNDOING
    if opening and (error.permanent or job.work.attempts + 1 >= MOST_FAILURES):
        unknown = isinstance(error, OutcomeUnknown)
        return _give_up(job, str(error), at, detail=error.detail, unknown=unknown)
    with transaction.atomic():
        work = _locked(job)
        if work is None:
            return job.work.state
        work.attempts += 1
        pause = getattr(error, "retry_after", None) or timedelta(seconds=min(2**work.attempts, 300))
        # What failed while ending is begun again from its start: deprovisioning may be repeated.
        operation = work.operation if opening else ""
        _move(work, WorkState(work.state), operation=operation, error=error.detail)
        _again(work, at, pause)
        return work.state


def _give_up(
    job: Job, reason: str, at: datetime, *, detail: str = "", unknown: bool = False
) -> str:
    """Releases the customer's money at once and begins to undo what may stand at the supplier."""
    with transaction.atomic():
        work = _locked(job)
        if work is None:
            return job.work.state
        work.attempts = 0
        if unknown:
            work.sweep_until = at + timedelta(seconds=settings.FULFILMENT_SWEEP_SECONDS)
            work.save(update_fields=["sweep_until"])
        _move(work, WorkState.UNDOING, error=detail or reason)
        if OrderLine.objects.get(pk=job.line.pk).state == LineState.OPENING:
            lines.failed(line=job.line, reason=reason, at=at)
        _again(work, at)
        return work.state
