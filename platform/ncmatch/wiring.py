"""The one table of who hears what, and which class serves which kind. Upward news goes only this way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from shared_apps.approvals.kinds import Kind

# Topic → the handlers that get it, each as its own delivery.
SUBSCRIPTIONS: Mapping[str, Sequence[str]] = {
    # A payment at the provider succeeded and its money is in the customer's balance.
    "payment.succeeded": [
        "tenant_apps.orders.handlers.payment_succeeded",
        "tenant_apps.fulfilment.handlers.money_came",
    ],
    # Time to ask the provider what became of a payment.
    "payment.check": ["billing.payments.handlers.check"],
    # A refund to the provider is to be sent, or asked after.
    "refund.check": ["billing.payments.handlers.check_refund"],
    # An order's money is held: its lines are to be opened at their suppliers.
    "order.paid": ["tenant_apps.fulfilment.handlers.open_order"],
    # A sold line was given back: its machine is to be released.
    "line.refunded": ["tenant_apps.fulfilment.handlers.given_back"],
    # Hours of a sold line were given back: its machine ends sooner.
    "line.shortened": ["tenant_apps.fulfilment.handlers.given_back"],
    # The time to pay an order is over.
    "order.expire": ["tenant_apps.orders.handlers.expire"],
    # An order needs no more payments: those still open are to be closed at their providers.
    "order.end_payments": ["tenant_apps.orders.handlers.end_payments"],
    # The next step of a work order is due.
    "work_order.due": ["tenant_apps.fulfilment.handlers.advance"],
    # A day of a merchant account is to be reconciled.
    "reconciliation.due": ["billing.reconciliation.handlers.due"],
    # An invoice was issued, reversed or refused.
    "invoice.decided": [
        "billing.invoicing.handlers.decided",
        "tenant_apps.customers.handlers.invoice_decided",
    ],
    # A supplier's name, hub or state is not what it was.
    "supplier.changed": ["shared_apps.catalog.handlers.supplier_changed"],
    # The hours that were paid for are over.
    "resource.end": ["tenant_apps.fulfilment.handlers.end"],
    # The time of given money is over.
    "lot.expire": ["billing.balances.handlers.expire"],
    # Given money has some days left.
    "lot.expiring": ["tenant_apps.customers.handlers.lot_expiring"],
    # The shop gave a customer money.
    "gift.given": ["tenant_apps.customers.handlers.gift_given"],
    # A transfer that a customer told of was credited, or was not.
    "offline_recharge.decided": ["tenant_apps.customers.handlers.offline_recharge_decided"],
    # A payout to a bank account was let through, was paid, or came back.
    "bank_payout.moved": ["tenant_apps.customers.handlers.bank_payout_moved"],
    # A provider refused a refund: its money is in the balance again.
    "refund.failed": ["tenant_apps.customers.handlers.refund_failed"],
    # A month that was paid for is nearly over.
    "resource.remind": ["tenant_apps.fulfilment.handlers.remind"],
    # Time to pay for another month, where the customer wants that.
    "resource.renew": ["tenant_apps.fulfilment.handlers.renew"],
    # An hour of a machine that is paid afterwards is over.
    "usage.tick": ["tenant_apps.fulfilment.handlers.tick"],
    # A month and the grace for late data are over: its bill comes out.
    "bill.issue": ["billing.metering.handlers.issue"],
    # The day on which a bill is to be paid; and the end of the grace after it.
    "bill.fall_due": ["billing.metering.handlers.fall_due"],
    "bill.grace_over": ["tenant_apps.fulfilment.handlers.grace_over"],
    # A customer is to be told of a bill.
    "bill.news": ["tenant_apps.customers.handlers.bill_news"],
    # A bill was paid, or a credit raised: what was suspended may run again.
    "credit.relieved": ["tenant_apps.fulfilment.handlers.relieved"],
    # A suspended machine: time to look again, and to release it for good.
    "resource.try_resume": ["tenant_apps.fulfilment.handlers.try_resume"],
    "resource.release_suspended": ["tenant_apps.fulfilment.handlers.release_suspended"],
    # Something that a customer wants to be told.
    "customer.notice": ["tenant_apps.customers.handlers.tell"],
}

# How a supplier is connected (suppliers.enums.AdapterKind) → what makes the adapter.
SUPPLIER_ADAPTERS: Mapping[str, str] = {
    "OSB": "shared_apps.suppliers.connecting.osb",
}

# Payment provider → what makes its gateway of a merchant account.
PAYMENT_GATEWAYS: Mapping[str, str] = {
    "ALIPAY": "billing.payments.accounts.alipay",
    "WECHAT": "billing.payments.accounts.wechat",
    "STRIPE": "billing.payments.accounts.stripe",
}

# What a second person decides → its name, what carries the decision out, and whose decision it is.
APPROVAL_KINDS: Mapping[str, Kind] = {
    "metering.credit_limit": Kind(
        _("信用额度"), "billing.metering.services.credit.limit_decided", ("FINANCE",)
    ),
    "reconciliation.adjust": Kind(
        _("对账调账"), "billing.reconciliation.services.decided", ("FINANCE",)
    ),
    "offline_recharge": Kind(
        _("线下充值"), "billing.balances.services.offline.decided", ("FINANCE",)
    ),
    "gift": Kind(_("赠送余额"), "billing.balances.services.gifts.decided", ("FINANCE",)),
    "bank_payout": Kind(_("提现到银行"), "billing.balances.services.payouts.decided", ("FINANCE",)),
    "voucher": Kind(_("手工凭证"), "billing.ledger.services.vouchers.decided", ("FINANCE",)),
    "order.refund": Kind(
        _("退款"), "tenant_apps.orders.services.lines.refund_decided", ("FINANCE",)
    ),
}

# Who is told of a customer's first log-in, in its transaction: `user=`, `at=`; safe to repeat.
AFTER_SIGNUP = "tenant_apps.customers.services.enrol"
