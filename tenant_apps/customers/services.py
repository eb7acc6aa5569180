"""A distributor's customers: how they are enrolled, owned and told things."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from billing.payments.enums import IntentState
from billing.payments.models import PaymentIntent
from billing.payments.services import intents
from shared_apps.audit.services import record
from shared_apps.identity import services as identity
from shared_apps.identity.models import User
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from .errors import OwnerMustBeStaff, RechargeOutOfRange, UnknownNotice
from .models import Customer, Notice

LEAST_RECHARGE = Money.of("1.00")
MOST_RECHARGE = Money.of("1000000.00")
TIME_TO_RECHARGE = timedelta(minutes=30)


def enrol(*, user: User, at: datetime) -> Customer:
    """Makes the customer that a user is, once; called again it returns the same one."""
    with transaction.atomic():
        customer, fresh = Customer.objects.get_or_create(
            user=user, defaults={"number": ids.number("C", at)}
        )
        if fresh:
            record("customer.enrol", obj=customer, after={"number": customer.number})
    return customer


def register(
    *,
    name: str,
    at: datetime,
    phone: str | None = None,
    email: str | None = None,
    password: str | None = None,
    company: str = "",
    owner: User | None = None,
) -> Customer:
    """User and customer at once, for contacts that are already known to be theirs."""
    with transaction.atomic():
        user = identity.register(name=name, phone=phone, email=email, password=password)
        customer = enrol(user=user, at=at)
        if company:
            change_company(customer=customer, company=company)
        if owner is not None:
            assign(customer=customer, owner=owner)
    return customer


def assign(*, customer: Customer, owner: User | None) -> None:
    """Hands a customer to a salesperson: from then on they see them, and whoever had them no more."""
    if owner is not None and not (owner.is_staff_member and owner.is_active):
        raise OwnerMustBeStaff(field="owner")
    with transaction.atomic():
        locked = (
            Customer.objects.select_for_update(of=("self",))
            .select_related("owner")
            .get(pk=customer.pk)
        )
        before, locked.owner = locked.owner, owner
        locked.save(update_fields=["owner"])
        record(
            "customer.assign",
            obj=locked,
            before={"owner": str(before.public_id) if before else None},
            after={"owner": str(owner.public_id) if owner else None},
        )
    customer.owner = owner


def change_company(*, customer: Customer, company: str) -> None:
    with transaction.atomic():
        before, customer.company = customer.company, company.strip()[:120]
        customer.save(update_fields=["company"])
        record(
            "customer.change_company",
            obj=customer,
            before={"company": before},
            after={"company": customer.company},
        )


def notify(
    *, customer: Customer, title: str, body: str, link: str = "", important: bool = False
) -> Notice:
    """Tells a customer something on the site; with `important` also by text message, from the outbox.

    Part of the caller's transaction: nobody is told of what did not happen.
    """
    with transaction.atomic():
        notice = Notice.objects.create(customer=customer, title=title[:80], body=body, link=link)
        record("customer.notify", obj=notice, after={"title": notice.title, "important": important})
        if important:
            publish("customer.notice", {"notice": str(notice.public_id)})
    return notice


def mark_read(*, customer: Customer, notice_id: UUID, at: datetime) -> Notice:
    """Safe to repeat: the first moment stands."""
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update()
            .filter(customer=customer, public_id=notice_id)
            .first()
        )
        if notice is None:
            raise UnknownNotice
        if notice.read_at is None:
            notice.read_at = at
            notice.save(update_fields=["read_at"])
            record("customer.read_notice", obj=notice)
    return notice


def mark_all_read(*, customer: Customer, at: datetime) -> int:
    with transaction.atomic():
        count = Notice.objects.filter(customer=customer, read_at=None).update(read_at=at)
        if count:
            record("customer.read_notices", obj=customer, after={"count": count})
    return count


def note_told(*, notice: Notice, at: datetime) -> None:
    """The text went out, or need not: it is not sent again."""
    with transaction.atomic():
        Notice.objects.filter(pk=notice.pk, told_at=None).update(told_at=at)
        record("customer.tell", obj=notice)


def start_recharge(
    *, customer: Customer, amount: Money, method: str, back: intents.Return, at: datetime
) -> PaymentIntent:
    """Opens a payment at a provider into the customer's balance, which the provider's word will credit.

    Asked again it opens another one: an unpaid payment moves nothing and closes by itself.
    """
    if not LEAST_RECHARGE <= amount <= MOST_RECHARGE:
        raise RechargeOutOfRange(field="amount", least=LEAST_RECHARGE, most=MOST_RECHARGE)
    with transaction.atomic():
        record(
            "customer.start_recharge",
            obj=customer,
            after={"amount": str(amount), "method": method},
        )
    return intents.start(
        method=method,
        customer=Party(PartyKind.CUSTOMER, str(customer.public_id), str(customer)),
        amount=amount,
        subject=f"账户充值 {customer.number}",
        order_id=None,
        back=back,
        expires_at=at + TIME_TO_RECHARGE,
        at=at,
    )


def recharge_otherwise(
    *,
    customer: Customer,
    instead_of: PaymentIntent,
    method: str,
    back: intents.Return,
    at: datetime,
) -> PaymentIntent:
    """The same recharge begun anew: the one before is closed at its provider, or is paid after all.

    What is paid twice all the same stays in the balance, from where it can be withdrawn.
    """
    if intents.give_up(number=instead_of.number, at=at) == IntentState.SUCCEEDED:
        return instead_of
    return start_recharge(
        customer=customer, amount=instead_of.amount, method=method, back=back, at=at
    )
