"""A draft of rules: written line by line, proved while one writes, tried on what happened last month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.ledger import rules, services
from billing.ledger.enums import RuleState
from billing.ledger.errors import VersionFixed
from billing.ledger.models import PostingRule, RuleVersion
from billing.ledger.queries import rules as queries
from billing.ledger.queries.chart import account_names, journals
from billing.ledger.queries.trying import MOST_TRIED, Net, Trial, Tried, try_on
from billing.ledger.rules.conditions import OPERATORS
from shared_apps.identity.access import access
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import ruling, sections
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
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.months import Month

from .addresses import to
from .books_chart import rule_account_choices
from .books_rules import name_of

SECTION = sections.RULES


def _draft(public_id: UUID) -> RuleVersion:
    held = queries.version(public_id=public_id)
    if held.state != RuleState.DRAFT:
        raise VersionFixed
    return held


def _rule_at(version: RuleVersion, position: int) -> PostingRule | None:
    """The rule at a place, or None for the place behind the last."""
    held: list[PostingRule] = list(version.rules.all())
    found = next((rule for rule in held if rule.position == position), None)
    if found is None and position != max((rule.position for rule in held), default=0) + 1:
        raise Http404
    return found


@access(SECTION.policy)
def edit(request: HttpRequest, public_id: UUID, position: int) -> HttpResponse:
    version = _draft(public_id)
    held = _rule_at(version, position)
    problem = ""
    if request.method == "POST":
        form = ruling.RuleForm.read(request.POST)
        try:
            services.save_rule(
                version=version,
                position=position,
                name=form.name,
                journal=form.journal,
                active=form.active,
                **form.rule(),
            )
        except DomainError as error:
            problem = str(error)
        else:
            messages.success(request, said("规则已保存，借贷恒等。"))
            return redirect("office:rule_version", public_id=public_id)
    else:
        form = ruling.RuleForm.of(held)
    told = queries.told_by(event=version.event)
    context = {
        "version": version,
        "name": name_of(version.event),
        "position": position,
        "is_new": held is None,
        "form": form,
        "shown": form.shown(),
        "problem": problem,
        "told": told,
        "facts": ruling.fact_choices(told, (c["fact"] for c in form.conditions)),
        "roles": ruling.role_choices(told, (line["party"] for line in form.lines)),
        "amounts": [(name, ruling.AMOUNTS.get(name, name)) for name in told.amounts],
        "operators": OPERATORS.items(),
        "sides": ruling.SIDES,
        "accounts": rule_account_choices(used=(line["account"] for line in form.lines)),
        "journals": [(journal.code, journal.name) for journal in journals()],
    }
    status = 422 if problem else 200
    return page(request, "backoffice/books/rule.html", SECTION, context, status=status)


@require_POST
@access(SECTION.policy)
def check(request: HttpRequest, public_id: UUID, position: int) -> HttpResponse:
    """What the prover says of the lines as they stand in the form; nothing is saved."""
    _rule_at(_draft(public_id), position)
    form = ruling.RuleForm.read(request.POST)
    problem = ""
    try:
        told = form.rule()
        rules.sound_conditions(told["conditions"])
        rules.prove(lines=told["lines"], parts=told["parts"])
    except DomainError as error:
        problem = str(error)
    return render(request, "backoffice/books/_proof.html", {"problem": problem, "asked": True})


@require_POST
@access(SECTION.policy)
def remove(request: HttpRequest, public_id: UUID, position: int) -> HttpResponse:
    services.remove_rule(version=_draft(public_id), position=position)
    return redirect("office:rule_version", public_id=public_id)


@require_POST
@access(SECTION.policy)
def move(request: HttpRequest, public_id: UUID, position: int) -> HttpResponse:
    services.move_rule(
        version=_draft(public_id), position=position, up=request.POST.get("way") == "up"
    )
    return redirect("office:rule_version", public_id=public_id)


ONLY = (("differs", _("结果不同")), ("refused", _("不会入账")), ("same", _("结果相同")))


@access(SECTION.policy)
class Trials(Listing):
    """Try on last month: beside what was posted, what this version would post."""

    section = SECTION
    title = _("分录规则试算")
    export = "office:rule_trial_export"
    columns = (
        link_column("effective_at", _("业务时间")),
        column("memo", _("摘要")),
        mark_column("result", _("试算结果")),
        column("rule", _("适用规则")),
        column("posted", _("已入账")),
        column("drafted", _("试算")),
        column("source", _("来源编号"), "id", off=True),
    )
    filters = (
        Filter("month", _("试算月份"), "month"),
        Filter("only", _("全部结果"), "select", ONLY),
    )
    empty = Empty(_("这个月没有这种业务"), _("换一个有业务的月份再试算。"), "inbox")

    def find(self) -> Sequence[Tried]:
        self.version = queries.version(public_id=self.kwargs["public_id"])
        self.month = self.asked.month_or_none() or Month.of(
            Month.of(self.asked.at).starts_at - timedelta(days=1)
        )
        self.trial: Trial = try_on(
            version=self.version, since=self.month.starts_at, until=self.month.ends_at
        )
        only = self.asked.one_of("only", dict(ONLY))
        return [one for one in self.trial.tried if only in ("", _outcome(one))]

    def rows(self, found: Sequence[Tried]) -> list[Row]:
        names = account_names()
        return [
            {
                "effective_at": Link(
                    localtime(one.entry.effective_at).strftime("%Y-%m-%d %H:%M"),
                    to("entry", one.entry.public_id),
                    drawer=True,
                ),
                "memo": one.entry.memo,
                "result": RESULTS[_outcome(one)],
                "rule": one.rule or one.refusal,
                "posted": _sides(one.posted, names),
                "drafted": _sides(one.drafted, names) if one.drafted is not None else "",
                "source": one.entry.source,
            }
            for one in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {
            "title": said("试算：%(name)s第 %(n)s 版")
            % {"name": name_of(self.version.event), "n": self.version.number},
            "lead": said("用 %(month)s 实际发生的业务试算，不会写入任何分录。")
            % {"month": self.month},
            "back": to("rule_version", self.version.public_id),
            "back_label": said("第 %(n)s 版") % {"n": self.version.number},
            "above": "backoffice/books/_trial.html",
            "trial": self.trial,
            "most": MOST_TRIED,
            "month": self.month,
        }


RESULTS = {
    "same": Mark(_("相同"), GREEN),
    "differs": Mark(_("不同"), AMBER),
    "refused": Mark(_("不会入账"), RED),
}


def _outcome(one: Tried) -> str:
    if one.drafted is None:
        return "refused"
    return "same" if one.same else "differs"


def _sides(net: Net, names: Mapping[str, str]) -> str:
    """ "借 1012 其他货币资金 100.00；贷 …" """
    return said("；").join(
        f"{said('借') if minor > 0 else said('贷')} {names.get(code, code)} "
        f"{Money(abs(minor), currency)}"
        for (code, _party, currency), minor in sorted(
            net.items(), key=lambda item: (-item[1], item[0])
        )
    )
