"""Which column of a handed-in bill says what: guessed, shown with the first rows, confirmed by a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said

from billing.reconciliation import queries, services, uploads
from billing.reconciliation.errors import BillUnreadable, DayNotFound
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice.frame import page, told

from .reconciliation import SECTION, account_name

SHOWN = 5


class ColumnsForm(forms.Form):
    def __init__(self, *args: Any, head: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        titles = [(str(place), title or str(place + 1)) for place, title in enumerate(head)]
        for field, label in uploads.FIELDS.items():
            needed = field in uploads.NEEDED
            self.fields[field] = forms.ChoiceField(
                label=label,
                required=needed,
                choices=[("", said("请选择") if needed else said("没有这一列")), *titles],
            )

    def mapping(self) -> dict[str, int]:
        return {field: int(place) for field, place in self.cleaned_data.items() if place}


@access(SECTION.policy)
def columns(request: HttpRequest, public_id: UUID) -> HttpResponse:
    day = queries.day(public_id=public_id)
    content = bytes(day.draft)
    if not content:
        if request.method == "POST":
            return redirect("office:reconciled_day", public_id=public_id)
        raise DayNotFound
    try:
        table = uploads.table(content)
    except BillUnreadable as error:
        messages.error(request, str(error))
        return redirect("office:reconciliation_upload")
    if request.method == "POST":
        form = ColumnsForm(request.POST, head=table.head)
        if form.is_valid():
            try:
                bill = uploads.read(content, mapping=form.mapping(), day=day.day)
                services.take_upload(account=day.account, day=day.day, bill=bill, at=clock.now())
            except DomainError as error:
                told(form, error)
            else:
                text = said("账单共 %(n)s 笔，已比对。") % {"n": len(bill.lines)}
                messages.success(request, text)
                return redirect("office:reconciled_day", public_id=public_id)
    else:
        guessed = {field: str(place) for field, place in uploads.guess(table.head).items()}
        form = ColumnsForm(initial=guessed, head=table.head)
    context = {
        "form": form,
        "day": day,
        "account": account_name(day.account),
        "head": table.head,
        "rows": table.rows[:SHOWN],
        "count": len(table.rows),
    }
    status = 422 if form.is_bound else 200
    return page(request, "backoffice/reconciliation_columns.html", SECTION, context, status=status)
