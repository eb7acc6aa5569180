"""What a second person decides: offline recharges, gifts, payouts by bank. Nobody decides what they asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from billing.balances.enums import CreditState, LotKind, PayoutState
from billing.balances.errors import (
    AlreadyDecided,
    AmountOutOfRange,
    DayInFuture,
    ExpiredBeforeApproval,
    ExpiryTooEarly,
    ReferenceTaken,
    TransferKnown,
)
from billing.balances.models import BankPayout, Gift, Hold, Lot, OfflineRecharge
from billing.balances.queries import balance_of
from billing.balances.services import gifts, offline, payouts
from billing.balances.services.payouts import BankAccount
from billing.ledger import queries as books
from billing.ledger.errors import FloorBreached
from billing.ledger.models import Entry
from shared_apps.approvals import queries as approvals
from shared_apps.approvals.enums import State
from shared_apps.approvals.errors import OwnRequest
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.distributors.models import Distributor
from shared_apps.files.errors import FileKindRefused
from shared_apps.files.models import StoredFile
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.customers import handlers
from tenant_apps.customers.models import Customer, Notice
from tests import world
from tests.billing.balances.purses import GIFTED, PAID, fill, judge, party
from tests.conftest import Inside

SLIP = b"%PDF-1.4\n% a slip"
NOW = clock.now()
BANK = BankAccount("招商银行上海分行", "海港客户", "6225 8801 2345 6789")


@pytest.fixture
def who(db: None, harbour: Distributor, inside: Inside) -> Iterator[Customer]:
    with inside(harbour):
        who = world.customer()
        yield who
        judge(who)


def submit(
    who: Customer, amount: str = "5000.00", reference: str = "N2026 1101", by: User | None = None
) -> OfflineRecharge:
    return offline.submit(
        customer=party(who),
        amount=Money.of(amount),
        payer="海港客户有限公司",
        bank_reference=reference,
        paid_on=date(2026, 3, 1),
        slip=SimpleUploadedFile("slip.pdf", SLIP),
        by=by or who.user,
        at=NOW,
    )


def say(about: OfflineRecharge | Gift | BankPayout, approved: bool, role: str = "FINANCE") -> None:
    """A member of staff decides what waits, having read it."""
    waiting = ApprovalRequest.objects.get(subject_id=about.public_id, state=State.PENDING)
    decide(
        request=waiting,
        approved=approved,
        by=world.staff(role),
        reason="" if approved else "与银行流水不符",
        digest=waiting.digest,
        at=NOW,
    )
    about.refresh_from_db()


class TestOfflineRecharge:
    def test_it_is_credited_once_when_a_second_person_agrees(self, who: Customer) -> None:
        found = submit(who)
        assert (found.bank_reference, found.state) == ("N20261101", CreditState.PENDING)
        assert balance_of(customer_id=who.public_id).available == Money.zero()
        bank = books.balance(account="1002")
        say(found, True)
        assert found.state == CreditState.APPROVED
        assert balance_of(customer_id=who.public_id).paid == Money.of("5000.00")
        assert books.balance(account="1002") - bank == Money.of("5000.00")
        with pytest.raises(AlreadyDecided):
            offline.decided(
                subject_id=found.public_id,
                approved=True,
                by=world.staff("FINANCE"),
                reason="",
                at=NOW,
            )
        assert Entry.objects.filter(kind="offline_recharge").count() == 1

    def test_the_customer_reads_what_became_of_it(self, who: Customer) -> None:
        refused = submit(who)
        say(refused, False)
        assert (refused.state, refused.reason) == (CreditState.REJECTED, "与银行流水不符")
        assert not Lot.objects.exists()
        say(submit(who, reference="N2"), True)
        for number in OfflineRecharge.objects.values_list("public_id", flat=True):
            for _ in range(2):
                handlers.offline_recharge_decided({"id": str(number)})
        titles = set(Notice.objects.values_list("title", flat=True))
        assert titles == {"线下充值未通过", "线下充值已入账"}
        assert Notice.objects.count() == 2
        assert "与银行流水不符" in Notice.objects.get(title="线下充值未通过").body

    def test_a_transfer_counts_once(self, who: Customer) -> None:
        submit(who, reference="n-1")
        with pytest.raises(TransferKnown):
            submit(who, reference=" N- 1 ")
        assert OfflineRecharge.objects.count() == StoredFile.objects.count() == 1
        row = OfflineRecharge.objects.get()
        row.pk, row.public_id, row.number = None, who.public_id, "B1"
        with pytest.raises(IntegrityError, match="offline_recharge_once"), transaction.atomic():
            row.save(force_insert=True)

    def test_a_refused_one_may_come_again(self, who: Customer) -> None:
        say(submit(who), False)
        offline.take_back(recharge=submit(who), at=NOW)
        assert approvals.waiting_for(world.staff("FINANCE")).count() == 0
        say(submit(who), True)
        assert Lot.objects.count() == 1

    def test_nobody_agrees_to_their_own(self, who: Customer) -> None:
        finance = world.staff(Role.FINANCE)
        found = submit(who, by=finance)
        with pytest.raises(OwnRequest):
            say(found, True)
        with pytest.raises(IntegrityError, match="by_another"), transaction.atomic():
            offline.decided(
                subject_id=found.public_id, approved=True, by=finance, reason="", at=NOW
            )
        assert not Lot.objects.exists()

    def test_what_makes_no_sense_is_refused(self, who: Customer) -> None:
        with pytest.raises(AmountOutOfRange):
            submit(who, amount="0.99")
        with pytest.raises(DayInFuture):
            offline.submit(
                customer=party(who),
                amount=Money.of("5"),
                payer="某",
                bank_reference="1",
                paid_on=(NOW + timedelta(days=2)).date(),
                slip=SimpleUploadedFile("slip.pdf", SLIP),
                by=who.user,
                at=NOW,
            )
        with pytest.raises(FileKindRefused):
            offline.submit(
                customer=party(who),
                amount=Money.of("5"),
                payer="某",
                bank_reference="1",
                paid_on=NOW.date(),
                slip=SimpleUploadedFile("slip.pdf", b"<script>"),
                by=who.user,
                at=NOW,
            )
        assert not OfflineRecharge.objects.exists()


class TestGifts:
    def propose(self, who: Customer, kind: LotKind = GIFTED, days: int = 30) -> Gift:
        return gifts.propose(
            customer=party(who),
            kind=kind,
            amount=Money.of("66.00"),
            title="故障补偿",
            expires_at=NOW + timedelta(days=days),
            by=world.staff(Role.FINANCE),
            at=NOW,
        )

    def test_it_comes_when_a_second_person_agrees(self, who: Customer) -> None:
        gift = self.propose(who)
        assert not Lot.objects.exists()
        with pytest.raises(OwnRequest):
            say(gift, True)
        say(gift, True, Role.ADMIN)
        lot = Lot.objects.get()
        assert (lot.kind, lot.amount, lot.expires_at) == (
            LotKind.GIFTED,
            Money.of("66.00"),
            gift.expires_at,
        )
        assert books.balance(account="6601") == Money.of("66.00")
        assert books.balance(account="220303") == Money.of("66.00")

    def test_a_refused_one_gives_nothing(self, who: Customer) -> None:
        gift = self.propose(who)
        say(gift, False, Role.ADMIN)
        assert gift.state == CreditState.REJECTED
        assert not Lot.objects.exists()

    def test_the_database_refuses_who_agrees_to_their_own(self, who: Customer) -> None:
        gift = self.propose(who)
        with pytest.raises(IntegrityError, match="gift_by_another"), transaction.atomic():
            gifts.decided(
                subject_id=gift.public_id,
                approved=True,
                by=world.staff(Role.FINANCE),
                reason="",
                at=NOW,
            )
        assert not Lot.objects.exists()

    def test_its_time_is_ahead(self, who: Customer) -> None:
        with pytest.raises(ExpiryTooEarly):
            self.propose(who, days=0)
        gift = self.propose(who, days=1)
        with pytest.raises(ExpiredBeforeApproval):
            gifts.decided(
                subject_id=gift.public_id,
                approved=True,
                by=world.staff(Role.ADMIN),
                reason="",
                at=NOW + timedelta(days=1),
            )
        assert not Lot.objects.exists()


class TestBankPayouts:
    def ask(self, who: Customer, amount: str = "40.00") -> BankPayout:
        return payouts.request(
            customer=party(who), amount=Money.of(amount), to=BANK, by=who.user, at=NOW
        )

    def test_it_is_held_checked_transferred_and_gone(self, who: Customer) -> None:
        fill(who, PAID, "100.00")
        payout = self.ask(who)
        assert payout.account_tail == "6789"
        assert "6225880123456789" not in payout.account_sealed
        assert balance_of(customer_id=who.public_id).held == Money.of("40.00")
        with pytest.raises(AlreadyDecided):
            payouts.transferred(payout=payout, bank_reference="T1", at=NOW)
        say(payout, True)
        assert payout.state == PayoutState.APPROVED
        bank = books.balance(account="1002")
        payouts.transferred(payout=payout, bank_reference="t 1", at=NOW)
        payout.refresh_from_db()
        assert (payout.state, payout.bank_reference) == (PayoutState.PAID, "T1")
        assert bank - books.balance(account="1002") == Money.of("40.00")
        balance = balance_of(customer_id=who.public_id)
        assert (balance.available, balance.held) == (Money.of("60.00"), Money.zero())
        with pytest.raises(AlreadyDecided):
            payouts.came_back(payout=payout, reason="退票", at=NOW)

    @pytest.mark.parametrize("where", ["refused", "came back"])
    def test_what_is_not_paid_stays_in_the_balance(self, who: Customer, where: str) -> None:
        fill(who, PAID, "100.00")
        payout = self.ask(who)
        say(payout, where == "came back")
        if where == "came back":
            payouts.came_back(payout=payout, reason="户名不符", at=NOW)
            payout.refresh_from_db()
        balance = balance_of(customer_id=who.public_id)
        assert (balance.available, balance.held) == (Money.of("100.00"), Money.zero())
        assert payout.reason in {"与银行流水不符", "户名不符"}
        assert Hold.objects.get().state == "RELEASED"
        assert not Entry.objects.filter(kind="bank_payout").exists()

    def test_given_money_cannot_be_taken_out(self, who: Customer) -> None:
        fill(who, GIFTED, "100.00", at=NOW)
        fill(who, PAID, "39.99")
        with pytest.raises(FloorBreached), transaction.atomic():
            self.ask(who)
        assert not BankPayout.objects.exists()

    def test_a_transfer_pays_one(self, who: Customer) -> None:
        fill(who, PAID, "100.00")
        one, another = self.ask(who), self.ask(who)
        for payout in (one, another):
            say(payout, True)
        payouts.transferred(payout=one, bank_reference="T1", at=NOW)
        with pytest.raises(ReferenceTaken):
            payouts.transferred(payout=another, bank_reference="T1", at=NOW)
        another.refresh_from_db()
        assert another.state == PayoutState.APPROVED
