"""分录规则: each business event with its rules, their versions, and what may be decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.ledger import days, services
from billing.ledger.enums import RuleState
from billing.ledger.models import RuleVersion
from billing.ledger.queries import rules as queries
from billing.ledger.queries.chart import account_names
from billing.ledger.queries.rules import EventRules
from shared_apps.identity.access import access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import ruling, sections, states
from tenant_apps.backoffice.cells import (
    AMBER,
    GREEN,
    RED,
    Link,
    Mark,
    Row,
    column,
    link_column,
    mark_column,
)
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.listing import Empty, Listing

from .addresses import to

SECTION = sections.RULES


def name_of(event: str) -> str:
    return ruling.event_names().get(event, event)


@access(SECTION.policy)
class Rules(Listing):
    section = SECTION
    title = _("分录规则")
    lead = _("每种业务按规则记账：条件从上到下匹配，第一条符合的生效；没有符合的就不记账并提示。")
    export = "office:rules_export"
    per_page = 100
    columns = (
        link_column("name", _("业务")),
        column("code", _("业务代码"), off=True),
        mark_column("state", _("状态")),
        column("count", _("规则条数"), "figure"),
        column("number", _("生效版本"), "figure"),
        column("since", _("生效时间"), "time"),
        column("draft", _("草稿或待生效")),
    )
    empty = Empty(_("还没有分录规则"), _("开设店铺时会建立标准规则。"), "books")

    def find(self) -> Sequence[EventRules]:
        return queries.events(at=clock.now())

    def rows(self, found: Sequence[EventRules]) -> list[Row]:
        names = ruling.event_names()
        return [
            {
                "name": Link(names.get(one.event, one.event), to("rules_of", one.event)),
                "code": one.event,
                "state": standing(one),
                "count": len(_active(one.in_force)),
                "number": one.in_force.number if one.in_force else None,
                "since": _since(one.in_force),
                "draft": _coming(one),
            }
            for one in found
        ]


def _active(version: RuleVersion | None) -> list[Any]:
    return [rule for rule in version.rules.all() if rule.active] if version else []


def _since(version: RuleVersion | None) -> datetime | None:
    """None for rules that are there from the opening of the books."""
    if version is None or version.in_force_from.year < 2000:
        return None
    return version.starts_at


def standing(one: EventRules) -> Mark:
    return Mark(_("记账中"), GREEN) if _active(one.in_force) else Mark(_("已停用"), RED)


def _coming(one: EventRules) -> str:
    told_ = []
    if one.draft:
        told_.append(said("第 %(n)s 版草稿") % {"n": one.draft.number})
    if one.waiting:
        told_.append(said("第 %(n)s 版待生效") % {"n": one.waiting.number})
    return said("、").join(told_)


@access(SECTION.policy)
def rules_of(request: HttpRequest, event: str) -> HttpResponse:
    """One event: what counts now, what is coming, and every version there was."""
    at = clock.now()
    found = queries.event_rules(event=event, at=at)
    names = account_names()
    context = {
        "event": event,
        "name": name_of(event),
        "standing": standing(found),
        "rules": [ruling.in_words(rule, names) for rule in _rules(found.in_force)],
        "in_force": found.in_force,
        "since": _since(found.in_force),
        "waiting": found.waiting,
        "draft": found.draft,
        "on": bool(_active(found.in_force)),
        "versions": [_line(version, found) for version in queries.versions_of(event=event)],
    }
    return page(request, "backoffice/books/event.html", SECTION, context)


def _rules(version: RuleVersion | None) -> list[Any]:
    return list(version.rules.all()) if version else []


def _line(version: RuleVersion, found: EventRules) -> dict[str, Any]:
    return {
        "version": version,
        "since": _since(version),
        "state": state_of(version, found),
        "rules": len(_active(version)),
    }


def state_of(version: RuleVersion, found: EventRules) -> Mark:
    if found.in_force and version.pk == found.in_force.pk:
        return Mark(_("生效中"), GREEN)
    if found.waiting and version.pk == found.waiting.pk:
        return Mark(_("待生效"), AMBER)
    if version.state == RuleState.ON:
        return Mark(_("已被取代"), "grey")
    return states.rule_version(version.state)


@require_POST
@access(SECTION.policy)
def draft(request: HttpRequest, event: str) -> HttpResponse:
    at = clock.now()
    queries.event_rules(event=event, at=at)
    made = services.draft(event=event, at=at, by=person(request))
    return redirect("office:rule_version", public_id=made.public_id)


@require_POST
@access(SECTION.policy)
def switch_off(request: HttpRequest, event: str) -> HttpResponse:
    at = clock.now()
    queries.event_rules(event=event, at=at)
    note = request.POST.get("note", "").strip()[:300]
    try:
        services.switch_off(event=event, at=at, by=person(request), note=note)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("已停用，这种业务从现在起不再记账。"))
    return redirect("office:rules_of", event=event)


class StartForm(forms.Form):
    starts_on = forms.DateField(
        label=_("生效日期"),
        required=False,
        help_text=_("从这一天零点起发生的业务按新版本记账；留空则立即生效。已入账的分录不变。"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(label=_("变更说明"), max_length=300)


@access(SECTION.policy)
def version(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _shown(request, queries.version(public_id=public_id), StartForm())


def _shown(request: HttpRequest, held: RuleVersion, form: StartForm) -> HttpResponse:
    at = clock.now()
    found = queries.event_rules(event=held.event, at=at)
    names = account_names()
    words = [ruling.in_words(rule, names) for rule in held.rules.all()]
    context = {
        "version": held,
        "name": name_of(held.event),
        "state": state_of(held, found),
        "since": _since(held),
        "is_draft": held.state == RuleState.DRAFT,
        "is_waiting": found.waiting is not None and found.waiting.pk == held.pk,
        "rules": words,
        "next": max((rule.position for rule in words), default=0) + 1,
        "against": found.in_force
        if found.in_force and found.in_force.pk != held.pk
        else queries.version_before(version=held),
        "form": form,
    }
    status = 422 if form.errors else 200
    return page(request, "backoffice/books/version.html", SECTION, context, status=status)


@require_POST
@access(SECTION.policy)
def switch_on(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = queries.version(public_id=public_id)
    form = StartForm(request.POST)
    if not form.is_valid():
        return _shown(request, held, form)
    at = clock.now()
    day: date | None = form.cleaned_data["starts_on"]
    try:
        services.switch_on(
            version=held,
            starts_at=days.start_of(day) if day and day != days.day_of(at) else None,
            at=at,
            by=person(request),
            note=form.cleaned_data["note"],
        )
    except DomainError as error:
        told(form, error)
        return _shown(request, held, form)
    messages.success(request, said("第 %(n)s 版已启用。") % {"n": held.number})
    return redirect("office:rules_of", event=held.event)


@require_POST
@access(SECTION.policy)
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = queries.version(public_id=public_id)
    try:
        services.withdraw(version=held, at=clock.now(), by=person(request))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("第 %(n)s 版已撤回，不会生效。") % {"n": held.number})
    return redirect("office:rules_of", event=held.event)


@require_POST
@access(SECTION.policy)
def discard(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = queries.version(public_id=public_id)
    try:
        services.discard(version=held)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("草稿已丢弃。"))
    return redirect("office:rules_of", event=held.event)


@access(SECTION.policy)
def compare(request: HttpRequest, public_id: UUID, other: UUID) -> HttpResponse:
    """Two versions side by side, rule by rule; what differs is marked."""
    left, right = queries.version(public_id=other), queries.version(public_id=public_id)
    names = account_names()
    sides = [[ruling.in_words(rule, names) for rule in one.rules.all()] for one in (left, right)]
    context = {
        "name": name_of(right.event),
        "left": left,
        "right": right,
        "left_since": _since(left),
        "right_since": _since(right),
        "pairs": [
            {"left": before, "right": after, "same": before == after}
            for before, after in zip_longest(*sides)
        ],
    }
    return page(request, "backoffice/books/compare.html", SECTION, context)
