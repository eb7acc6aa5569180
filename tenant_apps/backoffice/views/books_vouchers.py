"""手工凭证: drafted here, agreed to under 审批, posted once; and the asking to reverse an entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.ledger import days, services
from billing.ledger.enums import Side, VoucherState
from billing.ledger.errors import VoucherMoved, VoucherRefused
from billing.ledger.models import Voucher
from billing.ledger.queries import entry_detail
from billing.ledger.queries.vouchers import VoucherLineRow, lines_of, vouchers, writable_accounts
from billing.ledger.queries.vouchers import voucher as voucher_of
from billing.ledger.services.vouchers import VoucherLine
from shared_apps.files.answers import download
from shared_apps.files.services import keep
from shared_apps.identity.access import access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money, total
from tenant_apps.backoffice import sections, states
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing

from .addresses import to

SECTION = sections.VOUCHERS


@access(SECTION.policy)
class Vouchers(Listing):
    section = SECTION
    title = _("手工凭证")
    lead = _("业务之外的账用凭证补记：一人编制，另一人复核后入账；入账后不能改，只能冲销。")
    export = "office:vouchers_export"
    columns = (
        link_column("memo", _("摘要")),
        column("dated", _("凭证日期"), "date", sort="dated"),
        column("amount", _("金额"), "money", unit=_("元")),
        mark_column("state", _("状态"), sort="state"),
        column("made_by", _("编制人")),
        column("decided_by", _("复核人")),
        column("made_at", _("编制时间"), "time", off=True),
    )
    sorts = {"dated": "dated", "state": "state"}
    filters = (
        Filter("q", _("摘要")),
        Filter("state", _("全部状态"), "select", VoucherState.choices),
        *DAYS,
    )
    empty = Empty(
        _("还没有凭证"), _("房租、工资、手续费等系统外的收支，在这里编制凭证。"), "receipt"
    )

    def find(self) -> QuerySet[Voucher]:
        return vouchers(
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", VoucherState.values),
            since=self.asked.day("from"),
            until=self.asked.day("to"),
        )

    def rows(self, found: Sequence[Voucher]) -> list[Row]:
        return [
            {
                "memo": Link(
                    said("冲销：%(memo)s") % {"memo": one.memo} if one.reverses_id else one.memo,
                    to("voucher", one.public_id),
                ),
                "dated": one.dated,
                "amount": _debits(one.lines) if one.lines else None,
                "state": states.voucher(one.state),
                "made_by": str(one.made_by),
                "decided_by": str(one.decided_by) if one.decided_by else "",
                "made_at": one.made_at,
            }
            for one in found
        ]

    def more(self) -> dict[str, str]:
        return {"actions": "backoffice/books/_add_voucher.html"}


def _debits(lines: Sequence[VoucherLine]) -> Money:
    return Money(sum(line["amount"] for line in lines if line["side"] == Side.DEBIT))


@access(SECTION.policy)
def voucher(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = voucher_of(public_id=public_id)
    rows = lines_of(held)
    context = {
        "voucher": held,
        "state": states.voucher(held.state),
        "rows": rows,
        **_totals(rows),
        "is_draft": held.state == VoucherState.DRAFT,
        "is_asked": held.state == VoucherState.ASKED,
    }
    return page(request, "backoffice/books/voucher.html", SECTION, context)


def _totals(rows: Sequence[VoucherLineRow]) -> dict[str, Money]:
    return {
        "debit": total(row.debit for row in rows if row.debit),
        "credit": total(row.credit for row in rows if row.credit),
    }


class VoucherForm(forms.Form):
    dated = forms.DateField(
        label=_("凭证日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    memo = forms.CharField(label=_("摘要"), max_length=300)
    file = forms.FileField(
        label=_("附件"), required=False, help_text=_("回单、发票等，PDF 或图片，不超过 5 MB。")
    )


@access(SECTION.policy)
def add(request: HttpRequest) -> HttpResponse:
    """A new draft; `from` names a voucher to begin with."""
    pattern = _pattern(request.GET.get("from", ""))
    initial = {"dated": days.day_of(clock.now()), "memo": pattern.memo if pattern else ""}
    return _written(request, None, initial, _typed(pattern.lines if pattern else []))


def _pattern(name: str) -> Voucher | None:
    try:
        return voucher_of(public_id=UUID(name)) if name else None
    except ValueError:
        return None


@access(SECTION.policy)
def edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = voucher_of(public_id=public_id)
    if held.state != VoucherState.DRAFT or held.reverses_id is not None:
        raise VoucherMoved
    return _written(request, held, {"dated": held.dated, "memo": held.memo}, _typed(held.lines))


Typed = list[dict[str, str]]


def _written(
    request: HttpRequest, held: Voucher | None, initial: dict[str, Any], rows: Typed
) -> HttpResponse:
    form = VoucherForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST":
        rows = _read_rows(request.POST)
        if form.is_valid():
            try:
                saved = _save(request, held, form, rows)
            except DomainError as error:
                told(form, error)
            else:
                messages.success(request, said("草稿已保存，核对后可提交复核。"))
                return redirect("office:voucher", public_id=saved.public_id)
    context = {
        "voucher": held,
        "form": form,
        "rows": [*rows, *[{}] * (2 if rows else 4)],
        "accounts": writable_accounts(),
        "sums": _sums(rows),
    }
    status = 422 if form.errors else 200
    return page(request, "backoffice/books/voucher_edit.html", SECTION, context, status=status)


@transaction.atomic
def _save(request: HttpRequest, held: Voucher | None, form: VoucherForm, rows: Typed) -> Voucher:
    at, by = clock.now(), person(request)
    upload: UploadedFile | None = form.cleaned_data["file"]
    return services.save_voucher(
        voucher=held,
        dated=form.cleaned_data["dated"],
        memo=form.cleaned_data["memo"],
        lines=_lines(rows),
        at=at,
        by=by,
        attachment=keep(upload=upload, purpose="voucher", by=by, at=at) if upload else None,
    )


def _read_rows(told_: QueryDict) -> Typed:
    """What was typed, less rows with neither account nor amount."""
    columns = [told_.getlist(name)[:50] for name in ("account", "debit", "credit")]
    rows = [
        {
            "account": account.replace("\x00", "").strip()[:200],
            "debit": debit.replace(",", "").strip()[:20],
            "credit": credit.replace(",", "").strip()[:20],
        }
        for account, debit, credit in zip(*columns, strict=False)
    ]
    return [row for row in rows if any(row.values())]


def _lines(rows: Typed) -> list[VoucherLine]:
    """The rows as they are stored: each has an account and one amount, on one side."""
    lines: list[VoucherLine] = []
    for number, row in enumerate(rows, start=1):
        amounts = {side: row[key] for side, key in _SIDES if row[key]}
        if len(amounts) != 1 or not row["account"]:
            raise _refused(number, _("请选科目，并只在借方或贷方填一个金额"))
        ((side, text),) = amounts.items()
        try:
            minor = Money.of(text).minor
        except ValueError as error:
            raise _refused(number, _("金额最多两位小数")) from error
        # "1002 银行存款" as the list of suggestions writes it: the code is what counts.
        lines.append({"side": side.value, "account": row["account"].split(" ")[0], "amount": minor})
    return lines


_SIDES = ((Side.DEBIT, "debit"), (Side.CREDIT, "credit"))


def _refused(number: int, reason: Any) -> VoucherRefused:
    text = said("第 %(number)s 行：%(reason)s。") % {"number": number, "reason": reason}
    return VoucherRefused(field="lines", reason=text)


def _typed(lines: Sequence[VoucherLine]) -> Typed:
    return [
        {
            "account": line["account"],
            "debit": str(Money(line["amount"])) if line["side"] == Side.DEBIT else "",
            "credit": str(Money(line["amount"])) if line["side"] == Side.CREDIT else "",
        }
        for line in lines
    ]


def _sums(rows: Typed) -> dict[str, Any]:
    """Both sides as far as they can be read, while one writes."""
    sums = {}
    for side, key in _SIDES:
        minors = []
        for row in rows:
            try:
                minors.append(Money.of(row[key] or "0"))
            except ValueError:
                continue
        sums[side.value.lower()] = total(minors)
    return {**sums, "gap": sums["debit"] - sums["credit"], "any": bool(rows)}


@require_POST
@access(SECTION.policy)
def check(request: HttpRequest) -> HttpResponse:
    """Do the two sides agree so far? Nothing is saved."""
    return render(request, "backoffice/books/_sums.html", {"sums": _sums(_read_rows(request.POST))})


@require_POST
@access(SECTION.policy)
def ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = voucher_of(public_id=public_id)
    try:
        services.ask_voucher(voucher=held, by=person(request))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("已提交，等待另一位财务复核。"))
    return redirect("office:voucher", public_id=public_id)


@require_POST
@access(SECTION.policy)
def take_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = voucher_of(public_id=public_id)
    try:
        services.take_back(voucher=held, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("已撤回。"))
    return redirect("office:voucher", public_id=public_id)


@require_POST
@access(SECTION.policy)
def discard(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = voucher_of(public_id=public_id)
    try:
        services.discard_voucher(voucher=held)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("office:voucher", public_id=public_id)
    messages.success(request, said("草稿已删除。"))
    return redirect("office:vouchers")


@access(SECTION.policy)
def attachment(request: HttpRequest, public_id: UUID) -> HttpResponse:
    held = voucher_of(public_id=public_id)
    if held.attachment is None:
        raise Http404
    return download(held.attachment)


@require_POST
@access(SECTION.policy)
def reverse_entry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    entry = entry_detail(public_id=public_id).entry
    try:
        made = services.ask_reversal(
            entry=entry,
            reason=request.POST.get("reason", ""),
            at=clock.now(),
            by=person(request),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("office:entry", public_id=public_id)
    messages.success(request, said("已提交冲销，等待另一位财务复核。"))
    return redirect("office:voucher", public_id=made.public_id)
