"""对账: days with their state, a day's lines, settling what differs, and bills handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from billing.ledger import days
from billing.payments.models import MerchantAccount
from billing.reconciliation import queries, services
from billing.reconciliation.enums import DayState, LineKind, Result, Treatment
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from shared_apps.audit import queries as audit
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money, total
from tenant_apps.backoffice import sections, states, timeline
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing

from .addresses import to

SECTION = sections.RECONCILIATION


def account_name(account: MerchantAccount) -> str:
    return f"{account.get_provider_display()} {account.app_id}"


def _account_choices() -> list[tuple[str, str]]:
    return [(str(one.public_id), account_name(one)) for one in queries.accounts()]


class DayForm(forms.Form):
    account = forms.ChoiceField(label=_("收款账户"), choices=())
    day = forms.DateField(
        label=_("日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].choices = _account_choices()  # type: ignore[attr-defined]

    def chosen(self) -> MerchantAccount:
        return queries.account(public_id=UUID(self.cleaned_data["account"]))


class BillForm(DayForm):
    file = forms.FileField(
        label=_("账单文件"),
        help_text=_("从渠道后台下载的 CSV，一个账户一天一个文件，不超过 5 MB。"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=300)


@access(SECTION.policy)
class Days(Listing):
    section = SECTION
    title = _("对账")
    lead = _("每天上午自动取回各渠道前一天的账单，与收款、退款和账簿逐笔核对。日期按北京时间。")
    export = "office:reconciliation_export"
    columns = (
        link_column("day", _("日期"), sort="day"),
        column("account", _("收款账户")),
        mark_column("state", _("状态"), sort="state"),
        column("waiting", _("待处理差异"), "figure"),
        column("ours", _("本店净额"), "money", unit=_("元")),
        column("theirs", _("渠道净额"), "money", unit=_("元")),
        column("gap", _("差额"), "books", unit=_("元")),
        column("fee", _("手续费"), "money", unit=_("元")),
        column("lines", _("笔数"), "figure", off=True),
        column("finished_at", _("比对时间"), "time"),
    )
    sorts = {"day": "day", "state": "state"}
    filters = (
        Filter("account", _("全部账户"), "select", _account_choices),
        Filter("state", _("全部状态"), "select", DayState.choices),
        *DAYS,
    )
    empty = Empty(
        _("还没有对账"),
        _("接入收款账户后，每天上午自动核对前一天；也可以选一天立即对账。"),
        "scale",
    )

    def find(self) -> QuerySet[ReconciledDay]:
        return queries.days(
            account_id=self.asked.uuid("account"),
            state=self.asked.one_of("state", DayState.values),
            since=self.asked.day("from"),
            until=self.asked.day("to"),
        )

    def rows(self, found: Sequence[ReconciledDay]) -> list[Row]:
        return [
            {
                "day": Link(row.day.isoformat(), to("reconciled_day", row.public_id)),
                "account": account_name(row.account),
                "state": states.reconciled(row.state),
                "waiting": row.waiting or None,  # type: ignore[attr-defined]  # annotated
                "ours": row.ours,
                "theirs": row.theirs,
                "gap": row.gap if row.gap.minor else None,
                "fee": row.fee if row.fee.minor else None,
                "lines": row.lines_count,  # type: ignore[attr-defined]  # annotated
                "finished_at": row.finished_at,
            }
            for row in found
        ]

    def more(self) -> Mapping[str, Any]:
        yesterday = days.day_of(self.asked.at) - timedelta(days=1)
        return {
            "actions": "backoffice/_reconciliation_actions.html",
            "day_form": DayForm(initial={"day": yesterday}),
            "has_accounts": queries.accounts().exists(),
        }


@access(SECTION.policy)
class Lines(Listing):
    """One day: how it stands, and its movements by their result."""

    section = SECTION
    template = "backoffice/reconciled_day.html"
    title = _("对账明细")
    export = "office:reconciled_day_export"
    columns = (
        link_column("number", _("单号")),
        column("kind", _("类型")),
        column("ours", _("本店金额"), "money", unit=_("元")),
        column("theirs", _("渠道金额"), "money", unit=_("元")),
        column("gap", _("差额"), "books", unit=_("元")),
        column("fee", _("手续费"), "money", unit=_("元"), off=True),
        mark_column("result", _("结果")),
        mark_column("treatment", _("处理")),
        column("reason", _("说明")),
        column("trade_no", _("渠道交易号"), "id", off=True),
        column("ours_at", _("本店时间"), "time", off=True),
        column("theirs_at", _("渠道时间"), "time", off=True),
    )
    filters = (
        Filter("q", _("支付单号、退款单号、渠道交易号")),
        Filter("result", _("全部结果"), "select", Result.choices),
        Filter("treatment", _("全部处理"), "select", Treatment.choices),
    )
    empty = Empty(_("当天没有收退款"), _("本店和渠道都没有记录。"), "scale")

    @property
    def day(self) -> ReconciledDay:
        return queries.day(public_id=self.kwargs["public_id"])

    def find(self) -> QuerySet[ReconciledLine]:
        return queries.lines(
            day=self.day,
            result=self.asked.one_of("result", Result.values),
            treatment=self.asked.one_of("treatment", Treatment.values),
            text=self.asked.raw("q"),
        )

    def rows(self, found: Sequence[ReconciledLine]) -> list[Row]:
        return [
            {
                "number": Link(
                    line.request_no or line.number or str(line.get_kind_display()),
                    to("reconciled_line", line.public_id),
                    drawer=True,
                ),
                "kind": LineKind(line.kind).label,
                "ours": line.ours,
                "theirs": line.theirs,
                "gap": line.gap if line.gap.minor else None,
                "fee": line.fee if line.fee.minor else None,
                "result": states.compared(line.result),
                "treatment": states.treated(line.treatment),
                "reason": line.reason,
                "trade_no": line.provider_trade_no,
                "ours_at": line.ours_at,
                "theirs_at": line.theirs_at,
            }
            for line in found
        ]

    def totals(self, found: QuerySet[Any] | Sequence[Any]) -> Row | None:
        lines = list(found)
        return {
            "ours": _net(lines, "ours"),
            "theirs": _net(lines, "theirs"),
            "gap": total(line.gap for line in lines),
            "fee": total(line.fee for line in lines if line.kind != LineKind.FEE),
        }

    def more(self) -> Mapping[str, Any]:
        day = self.day
        found = queries.counts(day=day)
        here = self.asked.one_of("result", Result.values)
        url = to("reconciled_day", day.public_id)
        tabs = [{"label": said("全部"), "url": url, "active": not here}]
        tabs += [
            {
                "label": f"{Result(result).label} {found[result]}",
                "url": f"{url}?result={result}",
                "active": result == here,
            }
            for result in Result.values
            if result in found
        ]
        return {"tabs": tabs, **_day_context(day)}


def _net(lines: Sequence[ReconciledLine], side: str) -> Money:
    """Payments less refunds, of one side."""
    known = [(line.kind, getattr(line, side)) for line in lines]
    return total(
        amount if kind == LineKind.PAYMENT else -amount
        for kind, amount in known
        if amount is not None
    )


def _day_context(day: ReconciledDay) -> dict[str, Any]:
    return {
        "day": day,
        "account": account_name(day.account),
        "state": states.reconciled(day.state),
        "running": day.state == DayState.RUNNING,
        "percent": day.done * 100 // day.total if day.total else 0,
    }


@require_GET
@access(SECTION.policy)
def day_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The part that asks again while a run is on; the whole page is shown anew when it is over."""
    context = _day_context(queries.day(public_id=public_id))
    answer = page(request, "backoffice/_reconciled_state.html", SECTION, context)
    if not context["running"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@access(SECTION.policy)
def start(request: HttpRequest) -> HttpResponse:
    form = DayForm(request.POST)
    if not form.is_valid():
        messages.error(request, said("请选择收款账户和日期。"))
        return redirect("office:reconciliation")
    return _start(request, form.chosen(), form.cleaned_data["day"])


@require_POST
@access(SECTION.policy)
def again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    day = queries.day(public_id=public_id)
    return _start(request, day.account, day.day)


def _start(request: HttpRequest, account: MerchantAccount, day: Any) -> HttpResponse:
    try:
        row = services.start(account=account, day=day, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("office:reconciliation")
    return redirect("office:reconciled_day", public_id=row.public_id)


# ---- one difference


@require_GET
@access(SECTION.policy)
def line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.line(public_id=public_id)
    context = {
        "line": found,
        "account": account_name(found.day.account),
        "result": states.compared(found.result),
        "treatment": states.treated(found.treatment),
        "may_explain": found.treatment == Treatment.OPEN,
        "may_adjust": found.treatment == Treatment.OPEN
        and found.gap.minor
        and found.result != Result.BOOKS,
        "asked": found.treatment == Treatment.ASKED,
        "known": found.ours_minor is not None and bool(found.number),
        "events": timeline.events(audit.history(found)[:50]),
    }
    return page(request, "backoffice/reconciled_line.html", SECTION, context)


@require_POST
@access(SECTION.policy)
def explain(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _treat(request, public_id, services.explain, said("已说明，不变动账簿。"))


@require_POST
@access(SECTION.policy)
def adjust(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _treat(request, public_id, services.adjust, said("已提交调账，由另一位同事审批后入账。"))


def _treat(request: HttpRequest, public_id: UUID, treat: Any, done: str) -> HttpResponse:
    found = queries.line(public_id=public_id)
    back = redirect("office:reconciled_day", public_id=found.day.public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, said("请写明处理原因，最多 300 字。"))
        return back
    try:
        treat(line=found, reason=form.cleaned_data["reason"], by=staff(request), at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return back


# ---- a bill handed in


@access(SECTION.policy)
def upload(request: HttpRequest) -> HttpResponse:
    """The file first; what its columns mean is asked on the next page."""
    at = clock.now()
    if request.method == "POST":
        form = BillForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                row = services.keep_draft(
                    account=form.chosen(),
                    day=form.cleaned_data["day"],
                    content=form.cleaned_data["file"].read(),
                    at=at,
                )
            except DomainError as error:
                told(form, error)
            else:
                return redirect("office:reconciliation_columns", public_id=row.public_id)
    else:
        form = BillForm(initial={"day": days.day_of(at) - timedelta(days=1)})
    status = 422 if form.is_bound else 200
    template = "backoffice/reconciliation_upload.html"
    return page(request, template, SECTION, {"form": form}, status=status)
