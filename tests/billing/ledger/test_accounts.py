"""The chart is the distributor's own, and so is the account under which a party stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from billing.ledger import queries, services
from billing.ledger.enums import AccountKind, PartyKind
from billing.ledger.errors import AccountRefused, MappingRefused, WrittenOnce, refusals
from billing.ledger.models import Account, PartyAccount
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import AT, PARENT, SUPPLIER, event
from tests.billing.ledger.test_rules import line

pytestmark = pytest.mark.usefixtures("books")


def account(code: str) -> Account:
    return Account.objects.get(code=code)


def owed(code: str, kind: PartyKind = PartyKind.DISTRIBUTOR) -> Account:
    return services.open_account(
        code=code, name="关联方应付", kind=AccountKind.LIABILITY, takes=[kind]
    )


def test_a_sub_account_is_of_its_parents_kind_and_goes_on_from_its_code() -> None:
    travel = services.open_account(code="660201", name="差旅费", parent=account("6602"))
    assert (travel.kind, travel.parent, travel.active) == ("EXPENSE", account("6602"), True)
    for code, said in (("6602", "已经在用"), ("660302", "以上级编码"), ("66A2", "4 到 16 位")):
        with pytest.raises(AccountRefused, match=said):
            services.open_account(code=code, name="x", parent=account("6602"))
    with pytest.raises(AccountRefused, match="由系统按单位开设"):
        services.open_account(code="220201", name="x", parent=account("2202"))


def test_a_name_changes_and_what_postings_rely_on_does_not() -> None:
    assert services.rename_account(account=account("6602"), name="行政费用").name == "行政费用"
    with pytest.raises(WrittenOnce), transaction.atomic(), refusals():
        Account.objects.filter(code="6602").update(kind="ASSET")


def test_an_account_is_switched_off_when_nothing_relies_on_it() -> None:
    for code, said in (("6401", "分录规则“采购"), ("2203", "下级科目")):
        with pytest.raises(AccountRefused, match=said):
            services.set_account_active(account=account(code), active=False)
        assert account(code).active
    services.post_events(events=[event("supply", "1.00", "o:1")])
    with pytest.raises(AccountRefused, match="还有余额"):
        services.set_account_active(account=account("1122"), active=False)
    assert not services.set_account_active(account=account("6711"), active=False).active
    assert services.set_account_active(account=account("6711"), active=True).active


def test_an_account_of_a_superseded_version_may_be_switched_off() -> None:
    for event_name in ("commission_income",):
        version = services.draft(event=event_name, at=AT)
        services.save_rule(
            version=version,
            position=1,
            name="返佣收入",
            journal="SETTLEMENT",
            lines=[line("DEBIT", "1122", "amount", "debtor"), line("CREDIT", "6301", "amount")],
        )
        services.switch_on(version=version, starts_at=None, at=AT)
    assert not services.set_account_active(account=account("6051"), active=False).active


def test_a_party_goes_under_its_own_account_from_a_day_on() -> None:
    other = owed("2211")
    services.map_party(
        control=account("2202"),
        party_kind=PartyKind.DISTRIBUTOR,
        party_id=PARENT.id,
        party_name="上级",
        account=other,
        starts_at=AT + timedelta(minutes=5),
        at=AT,
    )
    services.post_events(
        events=[
            event("purchase", "10.00", "o:1"),
            event("purchase", "7.00", "o:2", minutes=5),
        ]
    )
    assert queries.balance(account="2202", party=PARENT) == Money.of("10.00")
    assert queries.balance(account="2211", party=PARENT) == Money.of("7.00")
    assert account("2211.distributor.d-parent").name == "上级"


def test_the_partys_own_account_goes_before_that_of_its_kind_and_can_end() -> None:
    first, second = owed("2211"), owed("2212")

    def say(party_id: str, to: Account | None, minutes: int) -> None:
        services.map_party(
            control=account("2202"),
            party_kind=PartyKind.DISTRIBUTOR,
            party_id=party_id,
            party_name="",
            account=to,
            starts_at=AT + timedelta(minutes=minutes),
            at=AT,
        )

    say("", first, 0)
    say(PARENT.id, second, 10)
    say(PARENT.id, None, 20)
    say("", None, 30)
    for number, minutes in enumerate((5, 15, 25, 35)):
        services.post_events(events=[event("purchase", "1.00", f"o:{number}", minutes=minutes)])
    told = {code: str(queries.balance(account=code)) for code in ("2211", "2212", "2202")}
    assert told == {"2211": "2.00", "2212": "1.00", "2202": "1.00"}


def test_a_mapping_keeps_to_the_kind_and_away_from_customers_money() -> None:
    def say(control: str, kind: PartyKind, to: Account) -> None:
        services.map_party(
            control=account(control),
            party_kind=kind,
            party_id="x",
            party_name="",
            account=to,
            starts_at=None,
            at=AT,
        )

    for control, kind, to in (
        ("2202", PartyKind.SUPPLIER, owed("2211")),
        ("2202", PartyKind.CUSTOMER, owed("2213", PartyKind.CUSTOMER)),
        ("220301", PartyKind.CUSTOMER, account("2213")),
        ("1122", PartyKind.DISTRIBUTOR, account("2211")),
        ("2202", PartyKind.SUPPLIER, account("2202")),
        ("2202", PartyKind.SUPPLIER, account("6001")),
    ):
        with pytest.raises(MappingRefused):
            say(control, kind, to)
    assert not PartyAccount.objects.exists()


def test_a_mapping_is_written_once_and_keeps_its_account_on() -> None:
    row = services.map_party(
        control=account("2202"),
        party_kind=PartyKind.SUPPLIER,
        party_id=SUPPLIER.id,
        party_name="供应商",
        account=owed("2211", PartyKind.SUPPLIER),
        starts_at=None,
        at=AT,
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        PartyAccount.objects.filter(pk=row.pk).update(account=None)
    with pytest.raises(AccountRefused, match="机构科目对照"):
        services.set_account_active(account=account("2211"), active=False)
