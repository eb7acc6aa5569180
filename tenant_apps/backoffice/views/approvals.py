"""What waits for a second person: read the facts, then agree or send back with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from shared_apps.approvals import queries
from shared_apps.approvals.enums import State
from shared_apps.approvals.errors import ReasonNeeded
from shared_apps.approvals.kinds import kinds
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.identity.access import access, person
from shared_apps.identity.models import User
from shared_apps.kernel import clock
from tenant_apps.backoffice import sections, states
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing

from .addresses import to

SECTION = sections.APPROVALS
MINE = (("mine", _("待我审批")), ("asked", _("我提交的")))


@access(SECTION.policy)
class Approvals(Listing):
    section = SECTION
    title = _("审批")
    lead = _("动用款项和账簿的事，由提交人以外的另一位同事核对后才会生效。")
    export = "office:approvals_export"
    columns = (
        link_column("title", _("事项")),
        column("kind", _("类别")),
        column("requested_by", _("提交人")),
        column("created_at", _("提交时间"), "time", sort="created_at"),
        mark_column("state", _("状态"), sort="state"),
        column("decided_by", _("审批人")),
        column("decided_at", _("审批时间"), "time"),
        column("reason", _("意见"), off=True),
    )
    sorts = {"created_at": "id", "state": "state"}
    filters = (
        Filter("q", _("事项")),
        Filter("whose", _("全部事项"), "select", MINE),
        Filter("state", _("全部状态"), "select", State.choices),
    )
    empty = Empty(_("没有要审批的事"), _("需要第二个人核对的事会出现在这里。"), "circle-check")

    def find(self) -> QuerySet[ApprovalRequest]:
        user = person(self.request)
        whose = self.asked.one_of("whose", ("mine", "asked"))
        found = queries.waiting_for(user) if whose == "mine" else queries.visible_to(user)
        if whose == "asked":
            found = found.filter(requested_by=user)
        if text := self.asked.raw("q"):
            found = found.filter(title__icontains=text)
        if state := self.asked.one_of("state", State.values):
            found = found.filter(state=state)
        return found

    def rows(self, found: Sequence[ApprovalRequest]) -> list[Row]:
        return [
            {
                "title": Link(one.title, to("approval", one.public_id), drawer=True),
                "kind": _label(one),
                "requested_by": _name(one.requested_by),
                "created_at": one.created_at,
                "state": states.approval(one.state),
                "decided_by": _name(one.decided_by) if one.decided_by else "",
                "decided_at": one.decided_at,
                "reason": one.reason,
            }
            for one in found
        ]


@access(SECTION.policy)
def approval(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.request_of(user=person(request), public_id=public_id)
    return _shown(request, found)


@require_POST
@access(SECTION.policy)
def decision(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Carries out what was decided, at once; a refusal of it leaves the request waiting."""
    user = person(request)
    found = queries.request_of(user=user, public_id=public_id)
    approved = request.POST.get("decision") == "approve"
    try:
        decide(
            request=found,
            approved=approved,
            by=user,
            reason=request.POST.get("reason", ""),
            digest=request.POST.get("digest", ""),
            at=clock.now(),
        )
    except ReasonNeeded as needed:
        return _shown(request, found, problem=str(needed))
    messages.success(request, said("已同意。") if approved else said("已驳回，提交人会看到原因。"))
    return redirect("office:approvals")


def _shown(request: HttpRequest, found: ApprovalRequest, problem: str = "") -> HttpResponse:
    user = person(request)
    own = user.pk == found.requested_by_id or user.public_id == found.beneficiary_id
    context: dict[str, Any] = {
        "request_": found,
        "kind": _label(found),
        "state": states.approval(found.state),
        "requested_by": _name(found.requested_by),
        "decided_by": _name(found.decided_by) if found.decided_by else "",
        "pending": found.state == State.PENDING,
        "own": own,
        "may_decide": found.state == State.PENDING
        and not own
        and found.kind in queries.decidable_kinds(user),
        "problem": problem,
    }
    status = 422 if problem else 200
    return page(request, "backoffice/approval.html", SECTION, context, status=status)


def _label(request: ApprovalRequest) -> str:
    kind = kinds().get(request.kind)
    return str(kind.label) if kind else request.kind


def _name(user: User | None) -> str:
    return str(user) if user else said("客户")
