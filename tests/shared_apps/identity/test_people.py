"""People, their roles and their tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from hypothesis import given
from hypothesis import strategies as st

from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity import phones, queries, services
from shared_apps.identity.enums import Kind, Role
from shared_apps.identity.errors import (
    BadEmail,
    BadPhone,
    ContactMissing,
    ContactTaken,
    LastAdministrator,
    NotStaff,
    RolesMissing,
    TooManyTokens,
    WeakPassword,
)
from shared_apps.identity.models import ApiToken, User
from shared_apps.kernel import signing
from shared_apps.kernel.tenancy import TenantNotSet
from tests import world
from tests.conftest import Inside

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
PHONE = "+8613911112222"


@pytest.fixture
def at_north(db: None, north: Distributor, inside: Inside) -> Any:
    with inside(north):
        yield


@pytest.mark.parametrize(
    "typed",
    [
        "13911112222",
        " 139 1111 2222 ",
        "139-1111-2222",
        "+86 13911112222",
        "008613911112222",
        "１３９１１１１２２２２",
    ],
)
def test_a_number_is_kept_in_one_form(typed: str) -> None:
    assert phones.normalise(typed) == PHONE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12911112222",
        "1391111222",
        "139111122223",
        "+4915112345678",
        "1391111222a",
        "١٣٩١١١١٢٢٢٢",
    ],
)
def test_what_is_no_mainland_mobile_is_refused(typed: str) -> None:
    with pytest.raises(BadPhone):
        phones.normalise(typed)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_one_form_or_nothing(typed: str) -> None:
    found = phones.normalise_or_none(typed)
    assert found is None or (len(found) == 14 and phones.normalise(found) == found)


@pytest.mark.usefixtures("at_north")
class TestPeople:
    def test_staff_are_added_with_what_they_need_to_log_in(self) -> None:
        user = services.add_staff(
            name="财务",
            roles=[Role.FINANCE, Role.SALES],
            phone="139 1111 2222",
            email="Books@Example.com",
        )
        assert (user.phone, user.email, user.kind) == (PHONE, "books@example.com", Kind.STAFF)
        assert user.roles == [Role.SALES, Role.FINANCE]
        assert EmailAddress.objects.get(user=user).verified
        assert not user.has_usable_password()
        audited = Record.objects.get(action="staff.add", object_id=str(user.public_id))
        assert audited.after == {
            "name": "财务",
            "phone": "139****2222",
            "email": True,
            "roles": ["SALES", "FINANCE"],
        }

    @pytest.mark.parametrize("roles", [[], ["BOSS"], [Role.SALES, "BOSS"]])
    def test_staff_need_roles_that_exist(self, roles: list[str]) -> None:
        with pytest.raises(RolesMissing):
            services.add_staff(name="甲", roles=roles, phone=PHONE)
        assert not User.objects.filter(phone=PHONE).exists()

    def test_contacts_are_needed_right_and_free(self) -> None:
        with pytest.raises(ContactMissing):
            services.register(name="甲")
        with pytest.raises(BadEmail):
            services.register(name="甲", email="nobody")
        with pytest.raises(BadPhone):
            services.register(name="甲", phone="110")
        services.register(name="甲", phone=PHONE, email="a@example.com")
        with pytest.raises(ContactTaken):
            services.register(name="乙", phone=PHONE)
        with pytest.raises(ContactTaken):
            services.add_staff(name="乙", roles=[Role.SALES], email="A@example.com")

    def test_an_unfinished_sign_up_holds_no_contact(self) -> None:
        begun = services.begin_signup(name="占位", phone=PHONE)
        assert not queries.is_taken(phone=PHONE)
        staff = services.add_staff(name="销售", roles=[Role.SALES], phone=PHONE)
        assert not User.objects.filter(pk=begun.pk).exists()
        assert queries.is_taken(phone=PHONE)
        with pytest.raises(ContactTaken):
            services.begin_signup(phone=PHONE)
        staff.refresh_from_db()
        assert staff.name == "销售"

    def test_a_password_must_be_good_and_is_not_in_the_audit(self) -> None:
        user = services.register(name="甲", phone=PHONE)
        for weak in ("short", "password1234"):
            with pytest.raises(WeakPassword) as refused:
                services.set_password(user=user, password=weak)
            assert refused.value.field == "password" and str(refused.value)
        services.set_password(user=user, password=world.PASSWORD)
        assert User.objects.get(pk=user.pk).check_password(world.PASSWORD)
        assert world.PASSWORD not in str(list(Record.objects.values()))

    def test_roles_change_but_never_of_customers(self) -> None:
        changed = services.change_roles(
            user=world.staff(Role.SALES), roles=[Role.SUPPORT, Role.SALES]
        )
        assert changed.roles == [Role.SALES, Role.SUPPORT]
        record = Record.objects.get(action="staff.change_roles")
        assert (record.before, record.after) == (
            {"roles": ["SALES"]},
            {"roles": ["SALES", "SUPPORT"]},
        )
        with pytest.raises(NotStaff):
            services.change_roles(user=world.customer().user, roles=[Role.ADMIN])

    def test_the_last_administrator_stays(self) -> None:
        administrator = world.staff(Role.ADMIN)
        with pytest.raises(LastAdministrator):
            services.change_roles(user=administrator, roles=[Role.SALES])
        with pytest.raises(LastAdministrator):
            services.set_active(user=administrator, active=False)
        administrator.refresh_from_db()
        assert administrator.is_active and administrator.roles == [Role.ADMIN]
        second = services.add_staff(name="乙", roles=[Role.ADMIN], phone=PHONE)
        services.set_active(user=administrator, active=False)
        with pytest.raises(LastAdministrator):
            services.change_roles(user=second, roles=[Role.SALES])

    def test_administrators_hold_every_role_and_customers_none(self) -> None:
        assert world.staff(Role.ADMIN).has_role(Role.FINANCE)
        assert not world.staff(Role.SALES).has_role(Role.FINANCE)
        assert not world.customer().user.has_role(*Role.values)


@pytest.mark.usefixtures("at_north")
class TestTokens:
    def test_the_text_is_shown_once_and_opens(self) -> None:
        user = world.customer().user
        token, text = services.issue_token(user=user, name="脚本")
        assert text.startswith("ncm_") and len(text) >= 36
        assert text[12:] not in str(list(ApiToken.objects.values()))
        found = queries.token_by_text(text, at=AT)
        assert found == token and found.user == user
        assert queries.token_by_text(text + "x", at=AT) is None
        assert text not in str(list(Record.objects.values()))

    def test_it_ends_when_its_time_is_over_it_is_revoked_or_the_account_closed(self) -> None:
        user = world.customer().user
        _short, text = services.issue_token(user=user, name="短", expires_at=AT)
        assert queries.token_by_text(text, at=AT - timedelta(seconds=1)) is not None
        assert queries.token_by_text(text, at=AT) is None
        token, text = services.issue_token(user=user, name="长")
        services.set_active(user=user, active=False)
        assert queries.token_by_text(text, at=AT) is None
        services.set_active(user=user, active=True)
        services.revoke_token(token=token, at=AT)
        services.revoke_token(token=token, at=AT + timedelta(days=1))
        assert token.revoked_at == AT
        assert queries.token_by_text(text, at=AT) is None
        assert Record.objects.filter(action="token.revoke").count() == 1

    def test_its_last_use_is_noted_once_a_minute(self) -> None:
        token, _text = services.issue_token(user=world.customer().user, name="脚本")
        for seconds, noted in ((0, 0), (59, 0), (61, 61)):
            services.note_token_use(token=token, at=AT + timedelta(seconds=seconds))
            token.refresh_from_db()
            assert token.last_used_at == AT + timedelta(seconds=noted)

    def test_there_are_not_ever_more_of_them(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(services, "MOST_TOKENS", 2)
        user = world.customer().user
        first, _text = services.issue_token(user=user, name="一")
        services.issue_token(user=user, name="二")
        with pytest.raises(TooManyTokens):
            services.issue_token(user=user, name="三")
        services.revoke_token(token=first, at=AT)
        services.issue_token(user=user, name="三")


class TestSigning:
    AGE = timedelta(minutes=5)

    def test_what_one_shop_signed_means_nothing_at_another(
        self, north: Distributor, rival: Distributor, inside: Inside
    ) -> None:
        with inside(north):
            text = signing.dumps({"user": 1}, purpose="reset")
            assert signing.loads(text, purpose="reset", max_age=self.AGE) == {"user": 1}
            with pytest.raises(signing.SignatureRefused):
                signing.loads(text, purpose="invite", max_age=self.AGE)
            with pytest.raises(signing.SignatureRefused):
                signing.loads(text[:-1], purpose="reset", max_age=self.AGE)
            with pytest.raises(signing.SignatureRefused):
                signing.loads(text, purpose="reset", max_age=timedelta(seconds=-1))
        with inside(rival), pytest.raises(signing.SignatureRefused):
            signing.loads(text, purpose="reset", max_age=self.AGE)

    def test_nothing_is_signed_for_nobody(self) -> None:
        with pytest.raises(TenantNotSet):
            signing.dumps(1, purpose="reset")
