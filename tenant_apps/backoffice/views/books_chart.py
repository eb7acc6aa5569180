"""科目 as data: accounts added, renamed, switched off; and which account a party's lines go under."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.ledger import days, services
from billing.ledger.enums import AccountKind, PartyKind
from billing.ledger.errors import UnknownAccount
from billing.ledger.models import Account, PartyAccount
from billing.ledger.queries.chart import account_of, own_accounts, parties
from billing.ledger.queries.rules import mappings
from shared_apps.identity.access import access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.cells import AMBER, GREEN, GREY, Mark, Row, column, mark_column
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.listing import Empty, Filter, Listing


def rule_account_choices(*, used: Iterable[str]) -> list[tuple[str, str]]:
    """Accounts that a line of a rule may name, and those that it names already."""
    rows = [
        (a.code, f"{a.code} {a.name}" + (said("（按往来单位）") if a.takes else ""))
        for a in own_accounts()
        if a.active
    ]
    known = {code for code, _name in rows}
    return [*rows, *((code, code) for code in dict.fromkeys(used) if code and code not in known)]


class AccountForm(forms.Form):
    parent = forms.ChoiceField(
        label=_("上级科目"), required=False, help_text=_("留空则为一级科目。")
    )
    code = forms.CharField(
        label=_("科目编码"),
        max_length=16,
        help_text=_("4 到 16 位数字；下级科目以上级编码开头，例如 660201。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    name = forms.CharField(label=_("科目名称"), max_length=100)
    kind = forms.ChoiceField(
        label=_("类别"),
        choices=[("", _("随上级科目")), *AccountKind.choices],
        required=False,
    )
    takes = forms.MultipleChoiceField(
        label=_("核算往来单位"),
        choices=PartyKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("选中后按单位自动开设下级科目，记账时必须指明单位。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parents = [
            (a.code, f"{a.code} {a.name}") for a in own_accounts() if a.active and not a.takes
        ]
        self.fields["parent"].choices = [("", said("无")), *parents]  # type: ignore[attr-defined]


@access(sections.ACCOUNTS.policy)
def add_account(request: HttpRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, initial={"parent": request.GET.get("parent", "")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            account = services.open_account(
                code=data["code"],
                name=data["name"],
                kind=AccountKind(data["kind"]) if data["kind"] else None,
                parent=account_of(code=data["parent"]) if data["parent"] else None,
                takes=[PartyKind(kind) for kind in data["takes"]],
            )
        except DomainError as error:
            told(form, error)
        else:
            messages.success(request, said("已新增科目“%(name)s”。") % {"name": account})
            return redirect("office:accounts")
    context = {"form": form, "chosen": form["takes"].value() or [], "kinds": PartyKind.choices}
    status = 422 if form.errors else 200
    return page(
        request, "backoffice/books/account_add.html", sections.ACCOUNTS, context, status=status
    )


class NameForm(forms.Form):
    name = forms.CharField(label=_("科目名称"), max_length=100)


@access(sections.ACCOUNTS.policy)
def edit_account(request: HttpRequest, code: str) -> HttpResponse:
    """Its name, and whether it is used. POST with `active` switches; without, renames."""
    try:
        account = account_of(code=code)
    except UnknownAccount as error:
        raise Http404 from error
    form = NameForm(initial={"name": account.name})
    problem = ""
    if request.method == "POST":
        try:
            if "active" in request.POST:
                on = request.POST["active"] == "1"
                services.set_account_active(account=account, active=on)
                done = said("科目已启用。") if on else said("科目已停用。")
            else:
                form = NameForm(request.POST)
                if not form.is_valid():
                    raise _Unfinished
                services.rename_account(account=account, name=form.cleaned_data["name"])
                done = said("科目名称已修改。")
        except DomainError as error:
            problem = str(error)
        except _Unfinished:
            problem = said("请填写科目名称。")
        else:
            messages.success(request, done)
            return redirect("office:account_edit", code=code)
    context = {"account": account, "form": form, "problem": problem, "takes": _takes(account)}
    status = 422 if problem else 200
    return page(
        request, "backoffice/books/account_edit.html", sections.ACCOUNTS, context, status=status
    )


class _Unfinished(Exception):
    """The form itself says what is missing."""


def _takes(account: Account) -> str:
    return said("、").join(str(PartyKind(kind).label) for kind in account.takes)


@access(sections.MAPPINGS.policy)
class Mappings(Listing):
    section = sections.MAPPINGS
    title = _("机构科目对照")
    lead = _("默认按规则里的科目记账；可让某个单位、或某一类单位改用另一个科目，按生效日期执行。")
    export = "office:mappings_export"
    columns = (
        column("party", _("往来单位")),
        column("kind", _("单位类型")),
        column("control", _("规则中的科目")),
        column("account", _("改用科目")),
        column("starts_at", _("生效时间"), "time", sort="starts_at"),
        mark_column("state", _("状态")),
        column("made_by", _("经办人")),
        column("made_at", _("设置时间"), "time", off=True),
        column("note", _("说明"), off=True),
    )
    sorts = {"starts_at": "starts_at"}
    filters = (
        Filter("q", _("单位名称、科目")),
        Filter("kind", _("全部类型"), "select", PartyKind.choices),
    )
    empty = Empty(
        _("还没有对照"),
        _("所有单位都按规则里的科目记账。需要单独核算某个单位时，在这里设置。"),
        "arrows-diff",
    )

    def find(self) -> QuerySet[PartyAccount]:
        return mappings(text=self.asked.raw("q"), kind=self.asked.one_of("kind", PartyKind.values))

    def rows(self, found: Sequence[PartyAccount]) -> list[Row]:
        counts: set[tuple[int, str, str]] = set()
        states: dict[int, Mark] = {}
        for row in mappings():
            key = (row.control_id, row.party_kind, row.party_id)
            if row.starts_at > self.asked.at:
                states[row.pk] = Mark(said("待生效"), AMBER)
            elif key in counts:
                states[row.pk] = Mark(said("已被取代"), GREY)
            else:
                counts.add(key)
                states[row.pk] = Mark(said("生效中"), GREEN)
        return [
            {
                "party": row.party_name or row.party_id or said("全部"),
                "kind": PartyKind(row.party_kind).label,
                "control": str(row.control),
                "account": str(row.account) if row.account else said("恢复规则中的科目"),
                "starts_at": row.starts_at,
                "state": states[row.pk],
                "made_by": str(row.made_by) if row.made_by else "",
                "made_at": row.made_at,
                "note": row.note,
            }
            for row in found
        ]

    def more(self) -> dict[str, str]:
        return {"actions": "backoffice/books/_add_mapping.html"}


class MappingForm(forms.Form):
    party = forms.ChoiceField(label=_("往来单位"))
    control = forms.ChoiceField(label=_("规则中的科目"))
    account = forms.ChoiceField(
        label=_("改用科目"),
        required=False,
        help_text=_("须与原科目同类别，并核算同一种往来单位；没有合适的，先到科目里新增。"),
    )
    starts_on = forms.DateField(
        label=_("生效日期"),
        required=False,
        help_text=_("从这一天零点起；留空则立即生效。已入账的不变，需要时用凭证结转。"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(label=_("说明"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        controls = [
            (a.code, f"{a.code} {a.name}")
            for a in own_accounts()
            if a.takes and a.active and a.floor_minor is None
        ]
        everyone = [
            (f"{kind}:", said("全部%(kind)s") % {"kind": PartyKind(kind).label})
            for kind in (PartyKind.DISTRIBUTOR, PartyKind.SUPPLIER, PartyKind.CHANNEL)
        ]
        own = [
            (f"{kind}:{party_id}", f"{PartyKind(kind).label} · {name}")
            for kind, party_id, name in parties()
        ]
        self.fields["party"].choices = [*everyone, *own]  # type: ignore[attr-defined]
        self.fields["control"].choices = controls  # type: ignore[attr-defined]
        self.fields["account"].choices = [("", said("恢复规则中的科目")), *controls]  # type: ignore[attr-defined]


@access(sections.MAPPINGS.policy)
def add_mapping(request: HttpRequest) -> HttpResponse:
    form = MappingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        at = clock.now()
        kind, _colon, party_id = data["party"].partition(":")
        day: date | None = data["starts_on"]
        names = {(k, i): name for k, i, name in parties()}
        try:
            services.map_party(
                control=account_of(code=data["control"]),
                party_kind=PartyKind(kind),
                party_id=party_id,
                party_name=names.get((kind, party_id), ""),
                account=account_of(code=data["account"]) if data["account"] else None,
                starts_at=days.start_of(day) if day and day != days.day_of(at) else None,
                at=at,
                by=person(request),
                note=data["note"],
            )
        except DomainError as error:
            told(form, error)
        else:
            messages.success(request, said("对照已设置。"))
            return redirect("office:mappings")
    status = 422 if form.errors else 200
    return page(
        request,
        "backoffice/books/mapping_add.html",
        sections.MAPPINGS,
        {"form": form},
        status=status,
    )
