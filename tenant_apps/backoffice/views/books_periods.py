"""期间与结账: which months are closed, what to look at before the next one is, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.ledger import days, services
from billing.ledger.enums import PeriodState, VoucherState
from billing.ledger.errors import UnknownPeriod
from billing.ledger.models import Period
from billing.ledger.queries import periods as queries
from billing.ledger.queries import trial_balance
from billing.reconciliation.queries import open_differences
from billing.settlement.queries import unbooked
from shared_apps.distributors.models import Distributor
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import sections, states
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

from .addresses import to

SECTION = sections.PERIODS


def _year_choices() -> list[tuple[str, str]]:
    return [(str(year), str(year)) for year in queries.years()]


@access(SECTION.policy)
class Periods(Listing):
    section = SECTION
    title = _("期间与结账")
    lead = _(
        "按月结账：损益结转到本年利润，结账后的月份不再记账，迟到的业务记入下一个未结账的月份。"
    )
    export = "office:periods_export"
    columns = (
        link_column("period", _("会计期间")),
        mark_column("state", _("状态")),
        column("profit", _("结转的利润"), "books", unit=_("元")),
        column("closings", _("结账次数"), "figure"),
        column("first", _("起"), "date", off=True),
        column("last", _("止"), "date", off=True),
    )
    filters = (
        Filter("year", _("全部年份"), "select", _year_choices),
        Filter("state", _("全部状态"), "select", PeriodState.choices),
    )
    empty = Empty(_("还没有会计期间"), _("补齐会计期间后，就可以按月结账。"), "calendar")

    def find(self) -> QuerySet[Period]:
        year = self.asked.one_of("year", [value for value, _label in _year_choices()])
        return queries.periods(
            year=int(year) if year else None,
            state=self.asked.one_of("state", PeriodState.values),
        )

    def rows(self, found: Sequence[Period]) -> list[Row]:
        carried = queries.carried(among=found)
        return [
            {
                "period": Link(queries.name_of(one), to("period", str(one.start_date))),
                "state": states.period(one.state),
                "profit": queries.profit_of(carried[one.pk]) if one.pk in carried else None,
                "closings": one.closings,
                "first": one.start_date,
                "last": one.end_date - timedelta(days=1),
            }
            for one in found
        ]

    def more(self) -> Mapping[str, Any]:
        following = queries.next_to_close()
        return {
            "above": "backoffice/books/_next_period.html",
            "missing": len(queries.missing_months(at=self.asked.at)),
            "next": following and _named(following),
            "next_ready": following and not queries.obstacle(period=following, at=self.asked.at),
        }


def _named(period: Period) -> dict[str, str]:
    return {"name": queries.name_of(period), "start": str(period.start_date)}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at before closing; `url` is where to see to it."""

    label: str
    mark: Mark
    text: str
    url: str = ""


@access(SECTION.policy)
def period(request: HttpRequest, start: str) -> HttpResponse:
    held, at = _period(start), clock.now()
    is_open = held.state == PeriodState.OPEN
    context: dict[str, Any] = {
        "period": _named(held),
        "last": held.end_date - timedelta(days=1),
        "first": held.start_date,
        "closings": held.closings,
        "ends_a_year": queries.ends_a_year(held),
        "state": states.period(held.state),
        "is_open": is_open,
    }
    if is_open:
        obstacle = queries.obstacle(period=held, at=at)
        try:
            _lines, profit = queries.result_lines(until=days.start_of(held.end_date))
        except DomainError as error:
            obstacle, profit = obstacle or str(error), Money.zero()
        context |= {
            "obstacle": obstacle,
            "profit": profit,
            "checks": _checks(held, distributor_of(request)),
        }
    else:
        context |= {
            "entries": queries.carried(among=[held]).get(held.pk, []),
            "may_reopen": queries.latest_closed() == held,
        }
    return page(request, "backoffice/books/period.html", SECTION, context)


def _checks(period: Period, me: Distributor) -> list[Check]:
    return [
        _turn(period),
        _trial(period),
        _obligations(period, me),
        _vouchers(period),
        _bills(period),
    ]


def _passed(text: str) -> tuple[Mark, str]:
    return Mark(said("通过"), GREEN), text


def _stops(text: str) -> tuple[Mark, str]:
    return Mark(said("不能结账"), RED), text


def _warns(text: str) -> tuple[Mark, str]:
    return Mark(said("请留意"), AMBER), text


def _turn(period: Period) -> Check:
    reason = queries.out_of_turn(period=period, at=clock.now())
    told = _stops(reason) if reason else _passed(said("更早的期间都已结账，本期已经过完。"))
    return Check(said("顺序"), *told, to("periods") if reason else "")


def _trial(period: Period) -> Check:
    gap = trial_balance(at=days.start_of(period.end_date)).gap()
    told = (
        _stops(said("借方减贷方差 %(gap)s 元。") % {"gap": gap})
        if gap
        else _passed(said("借方合计与贷方合计相等。"))
    )
    return Check(said("试算平衡"), *told, f"{to('trial')}?month={period.start_date:%Y-%m}")


def _obligations(period: Period, me: Distributor) -> Check:
    waiting = unbooked(me=me, until=days.start_of(period.end_date))
    told = (
        _warns(
            said("有 %(n)s 笔上下级往来还没有入账；现在结账，它们会记到下一个未结账的期间。")
            % {"n": waiting}
        )
        if waiting
        else _passed(said("本期的上下级往来都已入账。"))
    )
    return Check(said("往来入账"), *told, f"{to('dealings')}?month={period.start_date:%Y-%m}")


def _vouchers(period: Period) -> Check:
    waiting = queries.waiting_vouchers(period=period)
    asked = waiting.filter(state=VoucherState.ASKED).count()
    drafts = waiting.filter(state=VoucherState.DRAFT).count()
    if asked:
        told = _stops(said("有 %(n)s 张凭证还在等人复核，请先复核或撤回。") % {"n": asked})
    elif drafts:
        told = _warns(
            said("有 %(n)s 张凭证草稿；结账后要改到未结账的日期才能入账。") % {"n": drafts}
        )
    else:
        told = _passed(said("没有未入账的凭证。"))
    last = period.end_date - timedelta(days=1)
    return Check(said("手工凭证"), *told, f"{to('vouchers')}?from={period.start_date}&to={last}")


def _bills(period: Period) -> Check:
    unsettled, uncompared = open_differences(since=period.start_date, until=period.end_date)
    if unsettled or uncompared:
        told = _warns(
            said("有 %(lines)s 条对账差异没有处理，%(days)s 份渠道账单没有对完。")
            % {"lines": unsettled, "days": uncompared}
        )
    else:
        told = _passed(said("没有未处理的对账差异。"))
    last = period.end_date - timedelta(days=1)
    url = f"{to('reconciliation')}?from={period.start_date}&to={last}"
    return Check(said("渠道对账"), *told, url)


def _period(start: str) -> Period:
    try:
        return queries.period_from(start=date.fromisoformat(start))
    except ValueError as error:
        raise UnknownPeriod from error


@require_POST
@access(SECTION.policy)
def close(request: HttpRequest, start: str) -> HttpResponse:
    held = _period(start)
    try:
        services.close_period(period=held, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("%(period)s 已结账。") % {"period": queries.name_of(held)})
    return redirect("office:period", start=start)


@require_POST
@access(SECTION.policy)
def reopen(request: HttpRequest, start: str) -> HttpResponse:
    held = _period(start)
    try:
        services.reopen_period(period=held, reason=request.POST.get("reason", ""))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("%(period)s 已反结账。") % {"period": queries.name_of(held)})
    return redirect("office:period", start=start)


@require_POST
@access(SECTION.policy)
def add_months(request: HttpRequest) -> HttpResponse:
    added = services.add_months(at=clock.now())
    messages.success(request, said("补齐了 %(n)s 个会计期间。") % {"n": added})
    return redirect("office:periods")
