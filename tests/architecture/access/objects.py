"""What routes are about: one of each kind in a shop, and its like where nobody of that shop may look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from billing.balances.enums import LotKind
from billing.balances.models import BankPayout, Gift, OfflineRecharge
from billing.balances.services import gifts, offline, payouts
from billing.invoicing import services as invoicing
from billing.invoicing.models import Consumption
from billing.ledger import services as ledger
from billing.ledger.days import day_of
from billing.ledger.models import Account, Entry
from billing.metering.models import Bill as MonthsBill
from billing.payments.enums import Provider
from billing.payments.gateways.base import Bill, BillKind, BillLine, GatewayTrade, TradeState
from billing.payments.models import MerchantAccount, Payment, ProviderEvent, Refund
from billing.payments.services import intents, notifications, refunds
from billing.payments.services.accounts import connect_account
from billing.payments.services.intents import Return
from billing.reconciliation import services as reconciliation
from billing.reconciliation.models import ReconciledDay
from billing.settlement.models import Obligation
from shared_apps.approvals import services as approvals
from shared_apps.approvals.kinds import kinds
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.audit.models import Record
from shared_apps.catalog.models import ImportRun, Plan
from shared_apps.distributors.models import Distributor
from shared_apps.files.services import keep_bytes
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, ids, tenancy
from shared_apps.kernel.money import Money
from shared_apps.outbox.models import Delivery
from shared_apps.suppliers.models import Supplier
from tenant_apps.customers import queries as customer_queries
from tenant_apps.customers import services as customers
from tenant_apps.customers.models import Customer
from tenant_apps.fulfilment.models import Resource
from tenant_apps.orders.models import OrderLine
from tenant_apps.orders.services import cart, paying
from tests import world
from tests.sandbox_process import new_key_pair

Names = dict[str, str]

# Kinds that belong to one customer: their shop's other customers may not know of them, nor may a
# salesperson whose customer they are not.
ONE_CUSTOMERS = {
    "bill",
    "cart item",
    "customer",
    "invoice",
    "invoice title",
    "line",
    "offline recharge",
    "order",
    "recharge",
    "resource",
    "token",
    "unpaid order",
}


@dataclass(frozen=True)
class Things:
    """By kind: the name of one that is the site's own, and of one that is not, "" where there is none."""

    own: Names
    foreign: Names


def furnish(site: Distributor, elsewhere: Distributor, cast: dict[str, Distributor]) -> Things:
    """Something of every kind, 客户甲's where a customer has it and looked after by the first SALES."""
    own, foreign = _tenants(site), _tenants(elsewhere)
    with tenancy.enter(site.schema_name):
        trace = OrderLine.objects.get(public_id=own["line"]).public_id
    own |= _shared(site, trace, cast)
    foreign |= {kind: str(ids.new_id()) for kind in ("offer", "import", "delivery")}
    foreign |= {
        "supplier slug": "nobody",
        "distributor slug": "nobody",
        "child": str(elsewhere.public_id),
        "counterparty": str(elsewhere.public_id),
        "obligation": _others_hop(site, trace),
        "way to pay": "",
        "way to recharge": "",
        "books format": "",
        "payee": "",
        "period": "",
        "ruled event": "nothing",
        "rule place": "",
    }
    return Things(own, foreign)


def _tenants(site: Distributor) -> Names:
    with tenancy.enter(site.schema_name):
        who = world.customer()
        customers.assign(customer=who, owner=world.staff(Role.SALES))
        private, public = new_key_pair()
        connect_account(
            provider=Provider.ALIPAY,
            app_id=f"2021{site.pk:012d}",
            seller_id=f"2088{site.pk:012d}",
            settings={"provider_public_key": public},
            secret={"private_key": private},
        )
        world.recharge(who, Money.of("10000"))
        choice = world.a_choice(hours=5)
        order = world.place(who, choice)
        paying.pay_from_balance(order=order, at=clock.now())
    world.drain()  # the supplier opens at once
    with tenancy.enter(site.schema_name):
        back = Return(site="http://shop.localhost", return_url="http://shop.localhost/")
        unpaid = world.place(who, choice)
        intent = paying.start_payment(order=unpaid, method="ALIPAY_PAGE", back=back, at=clock.now())
        recharge = customers.start_recharge(
            customer=who, amount=Money.of("9"), method="ALIPAY_PAGE", back=back, at=clock.now()
        )
        item = cart.add(customer=who, choice=choice)
        token, _ = identity.issue_token(user=who.user, name="程序")
        notifications.receive(
            provider=Provider.ALIPAY,
            claimed_app_id="nobody",
            body=b"forged",
            headers={},
            at=clock.now(),
        )
        title = invoicing.save_title(customer_id=who.public_id, title_kind="PERSON", name="客户甲")
        invoice = invoicing.ask(
            customer_id=who.public_id,
            title_id=title.public_id,
            kind="GENERAL",
            consumptions=[Consumption.objects.get().public_id],
            email="a@customer.test",
            request_key=ids.new_id(),
            at=clock.now(),
        )
        invoicing.issue(
            invoice=invoice,
            papers=invoicing.Papers(
                tax_code="",
                tax_invoice_number="1" * 20,
                issued_on=day_of(clock.now()),
                upload=SimpleUploadedFile("fp.pdf", b"%PDF-1.7"),
            ),
            by=world.staff(Role.FINANCE),
            at=clock.now(),
        )
        clerk, at = world.staff(Role.FINANCE), clock.now()
        rules = ledger.draft(event="recharge", at=at, by=clerk)
        voucher = ledger.save_voucher(
            voucher=None,
            dated=day_of(at),
            memo="付房租",
            lines=[],
            at=at,
            by=clerk,
            attachment=keep_bytes(
                content=b"%PDF-1.7", name="fp.pdf", purpose="voucher", by=clerk, at=at
            ),
        )
        day = _reconciled_day()
        account = Account.objects.get(party_id=str(who.public_id), code__startswith="220301")
        bill = MonthsBill.objects.create(
            number=ids.number("B", clock.now()),
            customer_id=who.public_id,
            month=clock.now().date().replace(day=1),
        )
        given, handed_in, taken_out = _funds(who)
        return {
            "bank payout": str(taken_out.public_id),
            "gift": str(given.public_id),
            "offline recharge": str(handed_in.public_id),
            "account code": account.code,
            "approval": str(_approval().public_id),
            "audit record": str(Record.objects.latest("id").public_id),
            "bill": str(bill.public_id),
            "cart item": str(item.public_id),
            "colleague": str(world.staff(Role.SUPPORT).public_id),
            "customer": str(who.public_id),
            "entry": str(Entry.objects.latest("id").public_id),
            "invoice": str(invoice.public_id),
            "invoice title": str(title.public_id),
            "line": str(order.lines.get().public_id),
            "order": str(order.public_id),
            "merchant account": str(MerchantAccount.objects.get().public_id),
            "payment number": intent.number,
            "provider event": str(ProviderEvent.objects.get().public_id),
            "reconciled day": str(day.public_id),
            "reconciled line": str(day.lines.get().public_id),
            "recharge": str(recharge.public_id),
            "refund number": _refund(who).number,
            "rule draft": str(rules.public_id),
            "rule place": "1",
            "rule version": str(rules.public_id),
            "ruled event": "recharge",
            "voucher": str(voucher.public_id),
            "resource": str(Resource.objects.get().public_id),
            "token": str(token.public_id),
            "unpaid order": str(unpaid.public_id),
        }


def _refund(who: Customer) -> Refund:
    """On its way back, of a recharge that was paid."""
    at = clock.now()
    back = Return(site="http://shop.localhost", return_url="http://shop.localhost/")
    intent = customers.start_recharge(
        customer=who, amount=Money.of("5"), method="ALIPAY_PAGE", back=back, at=at
    )
    trade = GatewayTrade(
        number=intent.number,
        state=TradeState.PAID,
        amount=intent.amount,
        provider_trade_no=f"T{intent.number}",
        paid_at=at,
    )
    intents.succeed(number=intent.number, trade=trade, at=at)
    payment = Payment.objects.get(intent=intent)
    return refunds.request(payment=payment, amount=intent.amount, reason="客户提现", at=at)


def _reconciled_day() -> ReconciledDay:
    """The day before yesterday, with one line that only the provider has, and a draft."""
    merchant, at = MerchantAccount.objects.get(), clock.now()
    before = day_of(at) - timedelta(days=2)
    line = BillLine(
        kind=BillKind.PAYMENT,
        number="P-STRANGER",
        request_no="",
        provider_trade_no="T-STRANGER",
        amount=Money.of("1"),
        fee=Money.zero(),
        at=at,
    )
    day = reconciliation.take_upload(
        account=merchant, day=before, bill=Bill(before, (line,)), at=at
    )
    reconciliation.keep_draft(account=merchant, day=before, content=b"a,b\n1,2\n", at=at)
    return day


def _funds(who: Customer) -> tuple[Gift, OfflineRecharge, BankPayout]:
    """A gift, a slip and a payout that wait for a second person."""
    at, finance = clock.now(), world.staff(Role.FINANCE)
    party = customer_queries.party_of(who)
    given = gifts.propose(
        customer=party,
        kind=LotKind.GIFTED,
        amount=Money.of("5"),
        title="开业活动",
        expires_at=at + timedelta(days=30),
        by=finance,
        at=at,
    )
    handed_in = offline.submit(
        customer=party,
        amount=Money.of("5"),
        payer="客户甲",
        bank_reference="N1",
        paid_on=day_of(at),
        slip=SimpleUploadedFile("slip.pdf", b"%PDF-1.7"),
        by=who.user,
        at=at,
    )
    taken_out = payouts.request(
        customer=party,
        amount=Money.of("1"),
        to=payouts.BankAccount("某银行", "客户甲", "6225880123456789"),
        by=who.user,
        at=at,
    )
    return given, handed_in, taken_out


def _shared(site: Distributor, trace: UUID, cast: dict[str, Distributor]) -> Names:
    found: dict[str, Callable[[], object]] = {
        "child": lambda: Distributor.objects.filter(parent=site).earliest("id").public_id,
        "counterparty": lambda: _creditor(site, trace),
        "delivery": lambda: Delivery.objects.latest("id").public_id,
        "distributor slug": lambda: cast["harbour"].slug,
        "import": lambda: ImportRun.objects.latest("id").public_id,
        "obligation": lambda: Obligation.objects.get(trace_id=trace, debtor=site).public_id,
        "offer": lambda: Plan.objects.select_related("offering").earliest("id").offering.public_id,
        "supplier slug": lambda: Supplier.objects.earliest("id").slug,
        "period": lambda: str(day_of(clock.now()).replace(day=1)),
        "payee": lambda: "wx0000000000000000",
        "way to pay": lambda: "BALANCE",
        "way to recharge": lambda: "ALIPAY_PAGE",
        "books format": lambda: "beancount",
    }
    with tenancy.shared():
        return {kind: str(look()) for kind, look in found.items()}


def _creditor(site: Distributor, trace: UUID) -> UUID:
    hop = Obligation.objects.select_related("creditor", "supplier").get(trace_id=trace, debtor=site)
    above = hop.creditor or hop.supplier
    assert above is not None
    return above.public_id


def _others_hop(site: Distributor, trace: UUID) -> str:
    """A hop of the very same sale that the site is no party to; "" for the operator of its own sale."""
    with tenancy.shared():
        hop = Obligation.objects.filter(trace_id=trace).exclude(debtor=site).exclude(creditor=site)
        first = hop.first()
    return str(first.public_id) if first else str(ids.new_id())


def _approval() -> ApprovalRequest:
    return approvals.ask(
        kind=next(iter(kinds())),
        subject_id=ids.new_id(),
        title="等待第二个人",
        facts=[("金额", "¥1.00")],
        requested_by=None,
    )
