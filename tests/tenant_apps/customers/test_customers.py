"""Who sees which customers, and what customers are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser

from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.identity.errors import ContactTaken
from shared_apps.identity.models import User
from shared_apps.identity.sms import SmsRefused
from shared_apps.kernel import tenancy
from shared_apps.outbox.models import Delivery
from tenant_apps.customers import handlers, queries, services
from tenant_apps.customers.errors import OwnerMustBeStaff, UnknownCustomer, UnknownNotice
from tenant_apps.customers.models import Customer, Notice
from tests import world
from tests.conftest import Inside
from tests.sandbox_process import SMS_KEY_ID, SMS_KEY_SECRET, Sandbox

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_north(db: None, north: Distributor, inside: Inside) -> Any:
    with inside(north):
        yield


@pytest.fixture
def texts(sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.SMS_ENDPOINT = sandbox.base_url.removeprefix("http://")
    settings.SMS_PROTOCOL = "http"
    settings.SMS_ACCESS_KEY_ID, settings.SMS_ACCESS_KEY_SECRET = SMS_KEY_ID, SMS_KEY_SECRET
    return sandbox


class TestVisibility:
    @pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER, Role.FINANCE, Role.SUPPORT])
    def test_these_roles_see_every_customer(self, role: str) -> None:
        assert set(queries.visible_to(world.staff(role))) == set(Customer.objects.all())

    def test_sales_see_those_they_own_and_no_colleagues(self) -> None:
        mine, theirs = world.customer("客户甲"), world.customer("客户乙")
        me = world.staff(Role.SALES)
        colleague = identity.add_staff(name="同事", roles=[Role.SALES], email="other@north.test")
        assert not queries.visible_to(me).exists()
        services.assign(customer=mine, owner=me)
        services.assign(customer=theirs, owner=colleague)
        assert list(queries.visible_to(me)) == [mine]
        assert queries.customer(mine.public_id, by=me) == mine
        with pytest.raises(UnknownCustomer):
            queries.customer(theirs.public_id, by=me)
        services.assign(customer=mine, owner=colleague)
        assert not queries.visible_to(me).exists()

    def test_a_second_role_widens_what_sales_see(self) -> None:
        both = identity.add_staff(
            name="甲", roles=[Role.SALES, Role.SUPPORT], email="both@north.test"
        )
        assert queries.visible_to(both).count() == Customer.objects.count()

    def test_a_customer_sees_themself_alone(self) -> None:
        one = world.customer("客户甲")
        assert list(queries.visible_to(one.user)) == [one]

    def test_visitors_and_closed_accounts_see_nobody(self) -> None:
        assert not queries.visible_to(AnonymousUser()).exists()
        finance = world.staff(Role.FINANCE)
        identity.set_active(user=finance, active=False)
        assert not queries.visible_to(User.objects.get(pk=finance.pk)).exists()

    def test_staff_are_no_customers(self) -> None:
        assert queries.find_customer_of(world.staff(Role.ADMIN)) is None
        with pytest.raises(UnknownCustomer):
            queries.customer_of(world.staff(Role.ADMIN))
        assert queries.customer_of(world.customer().user) == world.customer()

    def test_an_owner_is_staff_at_work(self) -> None:
        one, finance = world.customer(), world.staff(Role.FINANCE)
        with pytest.raises(OwnerMustBeStaff):
            services.assign(customer=one, owner=world.customer("客户乙").user)
        with pytest.raises(OwnerMustBeStaff):
            services.assign(customer=one, owner=identity.set_active(user=finance, active=False))
        one.refresh_from_db()
        assert one.owner is None


class TestEnrolment:
    def test_it_happens_once(self) -> None:
        user = identity.register(name="丙", email="c@example.com")
        first = services.enrol(user=user, at=AT)
        assert services.enrol(user=user, at=AT + timedelta(days=1)) == first
        assert first.number.startswith("C261101")

    def test_registering_is_whole_or_not_at_all(self) -> None:
        before = User.objects.count()
        taken = world.customer().user.phone
        with pytest.raises(ContactTaken):
            services.register(name="丁", phone=taken, at=AT)
        assert User.objects.count() == before

    def test_the_same_number_is_another_customer_elsewhere(
        self, rival: Distributor, north: Distributor
    ) -> None:
        # The cast has the same two numbers at every shop.
        here = world.customer().user
        with tenancy.enter(rival.schema_name):
            there = world.customer().user
        assert here.phone == there.phone
        assert here.public_id != there.public_id


class TestNotices:
    def test_one_that_matters_goes_out_as_a_text_once(self, texts: Sandbox) -> None:
        one = services.register(name="丙", phone="13700000001", at=AT)
        notice = services.notify(customer=one, title="资源已开通", body="…", important=True)
        delivery = Delivery.objects.get(topic="customer.notice")
        assert delivery.payload == {"notice": str(notice.public_id)}
        for _delivered_again in range(2):
            handlers.tell(delivery.payload)
        (text,) = texts.inbox("+8613700000001")
        assert text["params"] == {"shop": "北方算力", "title": "资源已开通"}
        notice.refresh_from_db()
        assert notice.told_at is not None

    def test_others_stay_on_the_site(self) -> None:
        services.notify(customer=world.customer(), title="优惠", body="…")
        assert not Delivery.objects.filter(topic="customer.notice").exists()

    def test_what_was_read_is_not_texted(self, texts: Sandbox) -> None:
        one = services.register(name="丙", phone="13700000002", at=AT)
        notice = services.notify(customer=one, title="资源已开通", body="…", important=True)
        services.mark_read(customer=one, notice_id=notice.public_id, at=AT)
        handlers.tell({"notice": str(notice.public_id)})
        assert texts.inbox("+8613700000002") == []

    def test_a_busy_provider_is_asked_again_a_silent_one_is_not(self, texts: Sandbox) -> None:
        one = services.register(name="丙", phone="13700000003", at=AT)
        busy = services.notify(customer=one, title="一", body="…", important=True)
        texts.fault("sms", "limited")
        with pytest.raises(SmsRefused):
            handlers.tell({"notice": str(busy.public_id)})
        handlers.tell({"notice": str(busy.public_id)})
        assert len(texts.inbox("+8613700000003")) == 1

        unsure = services.notify(customer=one, title="二", body="…", important=True)
        texts.fault("sms", "error_500")
        for _delivered_again in range(2):
            handlers.tell({"notice": str(unsure.public_id)})
        assert len(texts.inbox("+8613700000003")) == 1

    def test_reading_is_ones_own_and_keeps_the_first_moment(self) -> None:
        one, other = world.customer("客户甲"), world.customer("客户乙")
        notice = services.notify(customer=one, title="一", body="…")
        assert queries.unread(one) == 1
        with pytest.raises(UnknownNotice):
            services.mark_read(customer=other, notice_id=notice.public_id, at=AT)
        with pytest.raises(UnknownNotice):
            services.mark_read(customer=one, notice_id=uuid4(), at=AT)
        for days in range(2):
            services.mark_read(
                customer=one, notice_id=notice.public_id, at=AT + timedelta(days=days)
            )
        assert Notice.objects.get(pk=notice.pk).read_at == AT
        services.notify(customer=one, title="二", body="…")
        assert services.mark_all_read(customer=one, at=AT) == 1
        assert queries.unread(one) == 0
