"""A customer's balance as staff see it: its parts, the statement, and the lots that it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from billing.balances import queries, requests
from billing.balances.enums import CreditState, LotKind
from billing.balances.models import Lot
from billing.balances.queries import StatementLine
from shared_apps.audit.services import record
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from tenant_apps.backoffice import sections, states
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import Column, Link, Row, column, link_column
from tenant_apps.backoffice.listing import DAYS, Asked, Empty, Filter, Listing
from tenant_apps.customers import queries as customers
from tenant_apps.customers import statements
from tenant_apps.customers.models import Customer

from .addresses import to
from .funds import tabs


def _wanted(asked: Asked, who: Customer) -> statements.Wanted:
    return statements.Wanted(
        who.public_id,
        since=asked.since(),
        until=asked.until(),
        kind=asked.raw("kind"),
        lot=asked.one_of("lot", LotKind.values),
    )


@access(sections.FUNDS.policy)
class Balances(Listing):
    section = sections.FUNDS
    title = _("客户余额")
    lead = _("选择客户，查看余额的组成和明细，提出赠送，或代提交线下充值。")
    export = "office:balances_export"
    columns = (
        link_column("name", _("客户")),
        column("number", _("客户编号"), "id"),
        column("company", _("单位")),
        column("available", _("可用余额"), "money", unit=_("元")),
        column("paid", _("其中充值"), "money", unit=_("元")),
        column("gifted", _("其中赠送"), "money", unit=_("元")),
        column("promo", _("其中活动"), "money", unit=_("元")),
        column("held", _("冻结"), "money", unit=_("元")),
    )
    filters = (Filter("q", _("姓名、单位、编号、手机尾号")),)
    empty = Empty(_("还没有客户"), _("客户在店铺注册后会出现在这里。"), "users")

    def find(self) -> QuerySet[Customer]:
        return customers.find(by=staff(self.request), text=self.asked.raw("q"))

    def rows(self, found: Sequence[Customer]) -> list[Row]:
        kept = queries.balances_of(customer_ids=[who.public_id for who in found])
        rows: list[Row] = []
        for who in found:
            balance = kept.get(who.public_id)
            rows.append(
                {
                    "name": Link(str(who), to("customer_balance", who.public_id)),
                    "number": who.number,
                    "company": who.company,
                    "available": balance and balance.available,
                    "paid": balance and balance.paid,
                    "gifted": balance and balance.gifted,
                    "promo": balance and balance.promo,
                    "held": balance and balance.held,
                }
            )
        return rows

    def more(self) -> Mapping[str, Any]:
        return {"tabs": tabs("balances")}


@access(sections.BALANCE)
class CustomerBalance(Listing):
    section = sections.CUSTOMERS
    title = _("余额")
    template = "backoffice/customer_balance.html"
    per_page = 20
    filters = (
        *DAYS,
        Filter("kind", _("全部事项"), "select", lambda: sorted(statements.kind_names().items())),
        Filter("lot", _("全部余额"), "select", LotKind.choices),
    )
    empty = Empty(_("还没有收支记录"), _("充值、消费、退款都会逐笔列在这里。"), "receipt-yuan")

    def who(self) -> Customer:
        return customers.customer(self.kwargs["public_id"], by=staff(self.request))

    def shown_columns(self) -> Sequence[Column]:
        return statements.columns()

    def find(self) -> Sequence[StatementLine]:
        return statements.Lines(_wanted(self.asked, self.who()))

    def rows(self, found: Sequence[StatementLine]) -> list[Row]:
        names = statements.kind_names()
        return [statements.row(line, names) for line in found]

    def more(self) -> Mapping[str, Any]:
        who = self.who()
        mine = self.request
        return {
            "title": said("%(name)s 的余额") % {"name": who},
            "customer": who,
            "balance": queries.balance_of(customer_id=who.public_id),
            "lots": queries.usable_lots(customer_id=who.public_id),
            "gifts": [
                {"gift": gift, "state": states.credit(gift.state)}
                for gift in requests.gifts(customer_id=who.public_id, state=CreditState.PENDING)
            ],
            "may_funds": sections.allows(sections.FUNDS.policy, mine),
            "may_customer": sections.allows(sections.CUSTOMERS.policy, mine),
            "statement_export": to("customer_balance_export", who.public_id),
        }


@access(sections.BALANCE)
@require_GET
def balance_export(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customers.customer(public_id, by=staff(request))
    form = "xlsx" if request.GET.get("form") == "xlsx" else "csv"
    wanted = _wanted(Asked(request.GET, clock.now()), who)
    response, count = statements.export(wanted, form=form, name=f"statement-{who.number}")
    record("balance.export", obj=who, after={"rows": count, "form": form})
    return response


@access(sections.BALANCE)
class Lots(Listing):
    section = sections.CUSTOMERS
    title = _("余额批次")
    lead = _("每一笔进来的款项是一个批次；使用顺序：活动、赠送、充值，同类中先到期的先用。")
    export = "office:customer_lots_export"
    columns = (
        column("created_at", _("存入时间"), "time"),
        column("title", _("来源")),
        column("kind", _("类型")),
        column("amount", _("存入"), "money", unit=_("元")),
        column("left", _("可用"), "money", unit=_("元")),
        column("held", _("冻结"), "money", unit=_("元")),
        column("gone", _("已用、已退或过期"), "money", unit=_("元")),
        column("expires_at", _("到期时间"), "time"),
    )
    filters = (Filter("kind", _("全部类型"), "select", LotKind.choices),)
    empty = Empty(_("还没有余额批次"), _("客户充值或获得赠送后会出现在这里。"), "coins")

    def find(self) -> QuerySet[Lot]:
        who = customers.customer(self.kwargs["public_id"], by=staff(self.request))
        found = queries.lots_of(customer_id=who.public_id)
        kind = self.asked.one_of("kind", LotKind.values)
        return found.filter(kind=kind) if kind else found

    def rows(self, found: Sequence[Lot]) -> list[Row]:
        return [
            {
                "created_at": lot.created_at,
                "title": lot.title,
                "kind": LotKind(lot.kind).label,
                "amount": lot.amount,
                "left": lot.left,
                "held": lot.held,
                "gone": lot.amount - lot.left - lot.held,
                "expires_at": lot.expires_at,
            }
            for lot in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {
            "back": to("customer_balance", self.kwargs["public_id"]),
            "back_label": _("余额"),
        }
