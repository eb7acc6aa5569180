"""Who may open what: every route of both sites, said a second time beside what the views declare.

A route that is missing here, or is about an object that nobody says how to make, fails the build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared_apps.identity.access import Policy
from shared_apps.identity.enums import Kind, Role


@dataclass(frozen=True)
class Row:
    """`about`: the route's parameters, and of which kind of object each is the name (`objects.py`)."""

    kind: str | None = None
    roles: tuple[str, ...] = ()
    operator_only: bool = False
    about: Mapping[str, str] = field(default_factory=dict)
    exists: bool = True

    def __call__(self, **about: str) -> Row:
        return replace(self, about=about)

    @property
    def policy(self) -> Policy:
        kinds = None if self.kind is None else frozenset({self.kind})
        return Policy(kinds, self.roles, self.operator_only)


anyone = Row()
nowhere = Row(exists=False)  # answers 404 to everybody
customer = Row(Kind.CUSTOMER)
staff = Row(Kind.STAFF)


def only(*roles: str) -> Row:
    return Row(Kind.STAFF, roles)


def operator(*roles: str) -> Row:
    return Row(Kind.STAFF, roles, operator_only=True)


ADMIN, MANAGER, SALES = Role.ADMIN, Role.MANAGER, Role.SALES
FINANCE, SUPPORT = Role.FINANCE, Role.SUPPORT
TRADE = only(MANAGER, SALES, SUPPORT, FINANCE)
PEOPLE = only(MANAGER, SALES, SUPPORT)
MACHINES = only(MANAGER, SUPPORT)
MONEY = only(FINANCE)
LEAD = only(MANAGER)
CHIEF = only(ADMIN)
SUPPLY = operator(MANAGER)
BOOKINGS = operator(MANAGER, FINANCE)

# What a person does, and no token of theirs: a stolen one must not make itself heirs.
NOT_BY_PROGRAMS = {("api:tokens", "post")}

_COMMON = {
    "healthz": anyone,
    "set_language": anyone,
}

EXCHANGE = {
    **_COMMON,
    "exchange": anyone,
}

SITE = {
    **_COMMON,
    "brand": anyone,
    "payments:alipay_notify": anyone,
    "payments:wechat_notify": anyone(app_id="payee"),
    "payments:stripe_notify": anyone(app_id="payee"),
    "account_login": anyone,
    "account_request_login_code": anyone,
    "account_confirm_login_code": anyone,
    "account_signup": anyone,
    "account_verify_phone": anyone,
    "account_email_verification_sent": anyone,
    "account_logout": anyone,
    "account_inactive": anyone,
    # ---- the shop
    "shop:home": anyone,
    "shop:catalogue": anyone,
    "shop:compare": anyone,
    "shop:offer": anyone(public_id="offer"),
    "shop:terms": anyone,
    "shop:help": anyone,
    "shop:about": anyone,
    "shop:cart": customer,
    "shop:cart_add": customer,
    "shop:cart_update": customer(public_id="cart item"),
    "shop:cart_remove": customer(public_id="cart item"),
    "shop:checkout": customer,
    "shop:invoices": customer,
    "shop:invoice_new": customer,
    "shop:invoice_titles": customer,
    "shop:invoice_title": customer(public_id="invoice title"),
    "shop:invoice_title_remove": customer(public_id="invoice title"),
    "shop:invoice": customer(public_id="invoice"),
    "shop:invoice_withdraw": customer(public_id="invoice"),
    "shop:invoice_file": customer(public_id="invoice"),
    "shop:orders": customer,
    "shop:order": customer(public_id="order"),
    "shop:order_state": customer(public_id="order"),
    "shop:order_cancel": customer(public_id="unpaid order"),
    "shop:pay": customer(public_id="unpaid order"),
    "shop:pay_state": customer(public_id="unpaid order"),
    "shop:pay_with": customer(public_id="unpaid order", pay_by="way to pay"),
    "shop:resources": customer,
    "shop:resource": customer(public_id="resource"),
    "shop:resource_access": customer(public_id="resource"),
    "shop:resource_give_back": customer(public_id="resource"),
    "shop:resource_renew": customer(public_id="resource"),
    "shop:resource_stop": customer(public_id="resource"),
    "shop:postpaid": customer,
    "shop:bills": customer,
    "shop:bill": customer(public_id="bill"),
    "shop:bill_pay": customer(public_id="bill"),
    "shop:resource_auto_renew": customer(public_id="resource"),
    "shop:balance": customer,
    "shop:balance_export": customer,
    "shop:offline": customer,
    "shop:offline_slip": customer(public_id="offline recharge"),
    "shop:offline_take_back": customer(public_id="offline recharge"),
    "shop:withdrawals": customer,
    "shop:recharge": customer(public_id="recharge"),
    "shop:recharge_state": customer(public_id="recharge"),
    "shop:recharge_with": customer(public_id="recharge", pay_by="way to recharge"),
    "shop:notices": customer,
    "shop:notices_read": customer,
    "shop:account": customer,
    "shop:tokens": customer,
    "shop:token_revoke": customer(public_id="token"),
    # ---- the back office
    "office:home": staff,
    "office:jump": staff,
    "office:approvals": MONEY,
    "office:approvals_export": MONEY,
    "office:approval": MONEY(public_id="approval"),
    "office:approval_decide": MONEY(public_id="approval"),
    "office:orders": TRADE,
    "office:orders_export": TRADE,
    "office:order": TRADE(public_id="order"),
    "office:refund": MONEY(public_id="line"),
    "office:customers": PEOPLE,
    "office:customers_export": PEOPLE,
    "office:customer": PEOPLE(public_id="customer"),
    "office:assign": LEAD(public_id="customer"),
    "office:balances": MONEY,
    "office:balances_export": MONEY,
    "office:customer_balance": TRADE(public_id="customer"),
    "office:customer_balance_export": TRADE(public_id="customer"),
    "office:customer_lots": TRADE(public_id="customer"),
    "office:customer_lots_export": TRADE(public_id="customer"),
    "office:gift_new": MONEY(public_id="customer"),
    "office:offline_new": MONEY(public_id="customer"),
    "office:offline_recharges": MONEY,
    "office:offline_recharges_export": MONEY,
    "office:offline_recharge": MONEY(public_id="offline recharge"),
    "office:offline_slip": MONEY(public_id="offline recharge"),
    "office:gifts": MONEY,
    "office:gifts_export": MONEY,
    "office:gift_take_back": MONEY(public_id="gift"),
    "office:payouts": MONEY,
    "office:payouts_export": MONEY,
    "office:payout": MONEY(public_id="bank payout"),
    "office:payout_transferred": MONEY(public_id="bank payout"),
    "office:payout_came_back": MONEY(public_id="bank payout"),
    "office:resources": MACHINES,
    "office:resources_export": MACHINES,
    "office:resource": MACHINES(public_id="resource"),
    "office:merchants": MONEY,
    "office:merchant_new": CHIEF,
    "office:merchant_active": CHIEF(public_id="merchant account"),
    "office:payments": MONEY,
    "office:payments_export": MONEY,
    "office:payment": MONEY(number="payment number"),
    "office:refund_again": MONEY(number="refund number"),
    "office:refund_ask": MONEY(number="refund number"),
    "office:refunds": MONEY,
    "office:refunds_export": MONEY,
    "office:events": MONEY,
    "office:events_export": MONEY,
    "office:event": MONEY(public_id="provider event"),
    "office:invoices": MONEY,
    "office:invoices_export": MONEY,
    "office:invoices_to_reverse": MONEY,
    "office:invoices_to_reverse_export": MONEY,
    "office:invoice": MONEY(public_id="invoice"),
    "office:invoice_issue": MONEY(public_id="invoice"),
    "office:invoice_reject": MONEY(public_id="invoice"),
    "office:invoice_reverse": MONEY(public_id="invoice"),
    "office:invoice_file": MONEY(public_id="invoice"),
    "office:bills": MONEY,
    "office:bills_export": MONEY,
    "office:usage": MONEY,
    "office:usage_export": MONEY,
    "office:credits": MONEY,
    "office:credits_export": MONEY,
    "office:credit": MONEY(public_id="customer"),
    "office:reconciliation": MONEY,
    "office:reconciliation_export": MONEY,
    "office:reconciliation_start": MONEY,
    "office:reconciliation_upload": MONEY,
    "office:reconciliation_columns": MONEY(public_id="reconciled day"),
    "office:reconciled_day": MONEY(public_id="reconciled day"),
    "office:reconciled_day_export": MONEY(public_id="reconciled day"),
    "office:reconciled_day_state": MONEY(public_id="reconciled day"),
    "office:reconciled_day_again": MONEY(public_id="reconciled day"),
    "office:reconciled_line": MONEY(public_id="reconciled line"),
    "office:reconciled_line_explain": MONEY(public_id="reconciled line"),
    "office:reconciled_line_adjust": MONEY(public_id="reconciled line"),
    "office:journal": MONEY,
    "office:journal_export": MONEY,
    "office:entry": MONEY(public_id="entry"),
    "office:accounts": MONEY,
    "office:accounts_export": MONEY,
    "office:account": MONEY(code="account code"),
    "office:account_export": MONEY(code="account code"),
    "office:rules": MONEY,
    "office:rules_export": MONEY,
    "office:rules_of": MONEY(event="ruled event"),
    "office:rules_draft": MONEY(event="ruled event"),
    "office:rules_off": MONEY(event="ruled event"),
    "office:rule_version": MONEY(public_id="rule version"),
    "office:rule_switch_on": MONEY(public_id="rule version"),
    "office:rule_withdraw": MONEY(public_id="rule version"),
    "office:rule_discard": MONEY(public_id="rule version"),
    "office:rule_compare": MONEY(public_id="rule version", other="rule version"),
    "office:rule_trial": MONEY(public_id="rule version"),
    "office:rule_trial_export": MONEY(public_id="rule version"),
    "office:rule": MONEY(public_id="rule draft", position="rule place"),
    "office:rule_check": MONEY(public_id="rule draft", position="rule place"),
    "office:rule_move": MONEY(public_id="rule draft", position="rule place"),
    "office:rule_remove": MONEY(public_id="rule draft", position="rule place"),
    "office:account_add": MONEY,
    "office:account_edit": MONEY(code="account code"),
    "office:mappings": MONEY,
    "office:mappings_export": MONEY,
    "office:mapping_add": MONEY,
    "office:vouchers": MONEY,
    "office:vouchers_export": MONEY,
    "office:voucher_add": MONEY,
    "office:voucher_check": MONEY,
    "office:voucher": MONEY(public_id="voucher"),
    "office:voucher_edit": MONEY(public_id="voucher"),
    "office:voucher_ask": MONEY(public_id="voucher"),
    "office:voucher_back": MONEY(public_id="voucher"),
    "office:voucher_discard": MONEY(public_id="voucher"),
    "office:voucher_file": MONEY(public_id="voucher"),
    "office:entry_reverse": MONEY(public_id="entry"),
    "office:balance_sheet": MONEY,
    "office:balance_sheet_export": MONEY,
    "office:income": MONEY,
    "office:income_export": MONEY,
    "office:whole_books": MONEY(kind="books format"),
    "office:periods": MONEY,
    "office:periods_export": MONEY,
    "office:periods_add": MONEY,
    "office:period": MONEY(start="period"),
    "office:period_close": MONEY(start="period"),
    "office:period_reopen": MONEY(start="period"),
    "office:trial": MONEY,
    "office:trial_export": MONEY,
    "office:dealings": MONEY,
    "office:dealings_export": MONEY,
    "office:obligations": MONEY(public_id="counterparty"),
    "office:obligations_export": MONEY(public_id="counterparty"),
    "office:dealing": MONEY(public_id="obligation"),
    "office:prices": LEAD,
    "office:terms": LEAD,
    "office:agree_terms": CHIEF(public_id="child"),
    "office:staff": CHIEF,
    "office:staff_export": CHIEF,
    "office:staff_add": CHIEF,
    "office:staff_member": CHIEF(public_id="colleague"),
    "office:staff_roles": CHIEF(public_id="colleague"),
    "office:staff_active": CHIEF(public_id="colleague"),
    "office:branding": CHIEF,
    "office:audit": CHIEF,
    "office:audit_export": CHIEF,
    "office:audit_record": CHIEF(public_id="audit record"),
    # ---- the operator's console
    "console:suppliers": SUPPLY,
    "console:suppliers_export": SUPPLY,
    "console:supplier": SUPPLY(slug="supplier slug"),
    "console:catalogue": SUPPLY,
    "console:catalogue_export": SUPPLY,
    "console:offering": SUPPLY(public_id="offer"),
    "console:imports": SUPPLY,
    "console:imports_export": SUPPLY,
    "console:import": SUPPLY(public_id="import"),
    "console:distributors": SUPPLY,
    "console:distributor": SUPPLY(slug="distributor slug"),
    "console:bookings": BOOKINGS,
    "console:bookings_export": BOOKINGS,
    "console:permit_refund": operator(FINANCE)(public_id="obligation"),
    "console:outbox": SUPPLY,
    "console:outbox_export": SUPPLY,
    "console:delivery": SUPPLY(public_id="delivery"),
    "console:retry": operator(ADMIN)(public_id="delivery"),
    # ---- the API
    "api:openapi": anyone,
    "api:docs": anyone,
    "api:nowhere": nowhere,
    "api:offers": anyone,
    "api:offers-compare": anyone,
    "api:offer": anyone(offer_id="offer"),
    "api:quotes": anyone,
    "api:cart": customer,
    "api:cart-items": customer,
    "api:cart-item": customer(item_id="cart item"),
    "api:invoices": customer,
    "api:invoice": customer(invoice_id="invoice"),
    "api:invoice-file": customer(invoice_id="invoice"),
    "api:invoice-withdraw": customer(invoice_id="invoice"),
    "api:invoice-titles": customer,
    "api:invoiceable": customer,
    "api:orders": customer,
    "api:order": customer(order_id="order"),
    "api:order-cancel": customer(order_id="unpaid order"),
    "api:order-pay": customer(order_id="unpaid order"),
    "api:order-payments": customer(order_id="order"),
    "api:resources": customer,
    "api:resource": customer(resource_id="resource"),
    "api:resource-reveal-access": customer(resource_id="resource"),
    "api:resource-renew": customer(resource_id="resource"),
    "api:resource-usage": customer(resource_id="resource"),
    "api:bills": customer,
    "api:bill": customer(bill_id="bill"),
    "api:me": customer,
    "api:tokens": customer,
    "api:token": customer(token_id="token"),
    "api:balance": customer,
    "api:balance-entries": customer,
    "api:recharges": customer,
    "api:recharge": customer(payment_id="recharge"),
}
