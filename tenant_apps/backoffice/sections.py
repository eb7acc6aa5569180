"""The one table of what there is to open, and for whom: the rail, the views and the jump search read it.

The operator's extra sections come from the project, which stands above this app: `settings.OFFICE_CONSOLE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shared_apps.identity.access import Policy, Staff, Verdict
from shared_apps.identity.enums import Role


@dataclass(frozen=True, slots=True)
class Section:
    """`url` is the name of its first page; a policy that opens it opens every page of it."""

    url: str
    label: str | Promise
    icon: str
    group: str | Promise
    policy: Policy


_TRADE, _MONEY, _SHOP = _("经营"), _("账务"), _("店铺设置")

HOME = Section("office:home", _("今日待办"), "home", "", Staff())
APPROVALS = Section("office:approvals", _("审批"), "circle-check", "", Staff(Role.FINANCE))
ORDERS = Section(
    "office:orders",
    pgettext_lazy("many", "订单"),
    "receipt-2",
    _TRADE,
    Staff(Role.MANAGER, Role.SALES, Role.SUPPORT, Role.FINANCE),
)
CUSTOMERS = Section(
    "office:customers",
    pgettext_lazy("many", "客户"),
    "users",
    _TRADE,
    Staff(Role.MANAGER, Role.SALES, Role.SUPPORT),
)
RESOURCES = Section(
    "office:resources",
    pgettext_lazy("many", "资源"),
    "server-2",
    _TRADE,
    Staff(Role.MANAGER, Role.SUPPORT),
)
PAYMENTS = Section("office:payments", _("收款与退款"), "credit-card", _MONEY, Staff(Role.FINANCE))
MERCHANTS = Section("office:merchants", _("收款账户"), "building-bank", _MONEY, Staff(Role.FINANCE))
FUNDS = Section(
    "office:offline_recharges", _("充值审核与提现"), "wallet", _MONEY, Staff(Role.FINANCE)
)
INVOICES = Section("office:invoices", _("发票"), "file-invoice", _MONEY, Staff(Role.FINANCE))
METERING = Section("office:bills", _("按量账单与信用"), "chart-bar", _MONEY, Staff(Role.FINANCE))
RECONCILIATION = Section(
    "office:reconciliation", _("对账"), "checklist", _MONEY, Staff(Role.FINANCE)
)
JOURNAL = Section(
    "office:journal", pgettext_lazy("many", "分录"), "book", _MONEY, Staff(Role.FINANCE)
)
ACCOUNTS = Section(
    "office:accounts", pgettext_lazy("many", "科目"), "list-details", _MONEY, Staff(Role.FINANCE)
)
RULES = Section("office:rules", _("分录规则"), "books", _MONEY, Staff(Role.FINANCE))
MAPPINGS = Section("office:mappings", _("机构科目对照"), "arrows-diff", _MONEY, Staff(Role.FINANCE))
VOUCHERS = Section("office:vouchers", _("手工凭证"), "receipt", _MONEY, Staff(Role.FINANCE))
TRIAL = Section("office:trial", _("科目余额表"), "scale", _MONEY, Staff(Role.FINANCE))
BALANCE_SHEET = Section(
    "office:balance_sheet", _("资产负债表"), "building-bank", _MONEY, Staff(Role.FINANCE)
)
INCOME = Section("office:income", _("利润表"), "chart-line", _MONEY, Staff(Role.FINANCE))
PERIODS = Section("office:periods", _("期间与结账"), "calendar", _MONEY, Staff(Role.FINANCE))
DEALINGS = Section(
    "office:dealings", _("应付与应收"), "arrows-exchange", _MONEY, Staff(Role.FINANCE)
)
PRICES = Section("office:prices", _("售价"), "percentage", _SHOP, Staff(Role.MANAGER))
TERMS = Section("office:terms", _("结算条款"), "contract", _SHOP, Staff(Role.MANAGER))
STAFF = Section("office:staff", _("员工"), "users-group", _SHOP, Staff(Role.ADMIN))
BRANDING = Section("office:branding", _("品牌"), "building-store", _SHOP, Staff(Role.ADMIN))
AUDIT = Section("office:audit", _("操作记录"), "history", _SHOP, Staff(Role.ADMIN))

OFFICE: tuple[Section, ...] = (
    HOME,
    APPROVALS,
    ORDERS,
    CUSTOMERS,
    RESOURCES,
    PAYMENTS,
    MERCHANTS,
    FUNDS,
    INVOICES,
    RECONCILIATION,
    METERING,
    JOURNAL,
    VOUCHERS,
    ACCOUNTS,
    RULES,
    MAPPINGS,
    TRIAL,
    BALANCE_SHEET,
    INCOME,
    PERIODS,
    DEALINGS,
    PRICES,
    TERMS,
    STAFF,
    BRANDING,
    AUDIT,
)

# What one may do or see on a page beyond opening it.
REFUND = Staff(Role.FINANCE)
CONNECT = Staff(Role.ADMIN)
OWN_COST = Staff(Role.MANAGER, Role.FINANCE)
BALANCE = Staff(Role.MANAGER, Role.SALES, Role.SUPPORT, Role.FINANCE)
AGREE_TERMS = Staff(Role.ADMIN)
ASSIGN = Staff(Role.MANAGER)


@cache
def table() -> tuple[Section, ...]:
    console: Sequence[Section] = import_string(settings.OFFICE_CONSOLE)
    return (*OFFICE, *console)


def allows(policy: Policy, request: HttpRequest) -> bool:
    return policy.verdict(request) is Verdict.ALLOW


def rail(request: HttpRequest, here: Section) -> list[dict[str, Any]]:
    """The left rail of `layouts/backoffice.html`: only what this person may open."""
    parts: list[dict[str, Any]] = []
    for section in table():
        if not allows(section.policy, request):
            continue
        if not parts or parts[-1]["label"] != section.group:
            parts.append({"label": section.group, "items": []})
        parts[-1]["items"].append(
            {
                "url": reverse(section.url),
                "icon": section.icon,
                "label": section.label,
                "active": section is here,
            }
        )
    return parts
