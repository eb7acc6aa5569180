"""What a shop sets for itself: prices, terms, staff, brand; and who may."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils.html import escape

from billing.ledger import days
from billing.pricing.queries import retail_percent
from shared_apps.audit.models import Record
from shared_apps.distributors import queries as distributors
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.kernel import clock
from tests import world
from tests.conftest import Inside

from .conftest import SignIn


def page(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_a_new_percent_is_previewed_before_it_is_put_in_force(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.MANAGER)
    preview = page(browser.get("/office/prices/?percent=99"))
    assert "新售价" in preview and "97% → 99%" in preview
    assert "亏本" not in preview
    assert "亏本" in page(browser.get("/office/prices/?percent=93"))  # pier buys at 94
    with inside(pier):
        assert retail_percent(at=clock.now()) == Decimal(97)
    assert browser.post("/office/prices/", {"percent": "99"}).status_code == 302
    with inside(pier):
        assert retail_percent(at=clock.now()) == Decimal(99)
        assert Record.objects.filter(
            action="pricing.set_retail_percent", actor_name=Role.MANAGER
        ).exists()


def test_an_impossible_percent_is_refused_beside_its_field(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.MANAGER)
    for percent in ("0", "-1", "1001", "abc", "97.12345", "NaN", "Infinity"):
        answer = browser.post("/office/prices/", {"percent": percent})
        assert answer.status_code == 422 and 'aria-invalid="true"' in page(answer), percent
        assert browser.get(f"/office/prices/?percent={percent}").status_code == 422
    with inside(pier):
        assert retail_percent(at=clock.now()) == Decimal(97)


def test_a_parent_agrees_terms_with_its_child_and_both_see_them(
    harbour: Distributor, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    address = reverse("office:agree_terms", args=[pier.public_id])
    day = days.day_of(clock.now() + timedelta(days=10))
    answer = sign_in(harbour, Role.ADMIN).post(
        address, {"wholesale_percent": "93.5", "starts_on": day.isoformat(), "note": "年度约定"}
    )
    assert answer.status_code == 302
    with inside(harbour):
        coming = distributors.terms_in_force(pier, at=days.start_of(day))
        assert coming is not None and coming.wholesale_percent == Decimal("93.5")
        now = distributors.terms_in_force(pier, at=clock.now())
        assert now is not None and now.wholesale_percent == Decimal(94)
    assert "93.5%" in page(sign_in(harbour, Role.MANAGER).get("/office/terms/"))
    assert "93.5%" in page(sign_in(pier, Role.MANAGER).get("/office/terms/"))


def test_terms_are_the_parents_to_agree_from_now_on_only(
    harbour: Distributor, pier: Distributor, north: Distributor, rival: Distributor, sign_in: SignIn
) -> None:
    address = reverse("office:agree_terms", args=[pier.public_id])
    form = {"wholesale_percent": "50", "starts_on": days.day_of(clock.now()).isoformat()}
    for site in (pier, north, rival):
        assert sign_in(site, Role.ADMIN).post(address, form).status_code == 404
    assert sign_in(harbour, Role.MANAGER).post(address, form).status_code == 403
    browser = sign_in(harbour, Role.ADMIN)
    past = browser.post(address, form | {"starts_on": "2026-01-02"})
    assert past.status_code == 422 and "新条款只能从现在或以后开始生效" in page(past)
    for percent in ("0", "1001", "NaN", "1.23456"):
        assert browser.post(address, form | {"wholesale_percent": percent}).status_code == 422
    assert "50%" not in page(browser.get("/office/terms/"))


def test_staff_are_added_with_their_roles(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    form = {
        "name": "新同事",
        "email": "new@pier.test",
        "password": "a-long-password",
        "roles": ["SALES"],
    }
    assert browser.post("/office/staff/add/", form).status_code == 302
    with inside(pier):
        added = User.objects.get(email="new@pier.test")
        assert (added.roles, added.is_staff_member) == ([Role.SALES], True)
    taken = browser.post("/office/staff/add/", form)
    assert taken.status_code == 422 and "这个手机号或邮箱已被使用" in page(taken)
    weak = browser.post("/office/staff/add/", form | {"email": "b@pier.test", "password": "short"})
    assert weak.status_code == 422 and 'value="short"' not in page(weak)
    roleless = browser.post("/office/staff/add/", {**form, "email": "c@pier.test", "roles": []})
    assert roleless.status_code == 422


def test_the_last_administrator_stays_one(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    with inside(pier):
        me, other = world.staff(Role.ADMIN), world.staff(Role.SUPPORT)
    answer = browser.post(
        reverse("office:staff_roles", args=[me.public_id]), {"roles": ["SALES"]}, follow=True
    )
    assert "这是最后一位管理员" in page(answer)
    browser.post(reverse("office:staff_active", args=[me.public_id]), {"active": "0"})
    with inside(pier):
        me.refresh_from_db()
        assert me.roles == [Role.ADMIN] and me.is_active
    browser.post(reverse("office:staff_active", args=[other.public_id]), {"active": "0"})
    with inside(pier):
        other.refresh_from_db()
        assert not other.is_active


def test_a_customer_is_no_member_of_staff(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        user = world.customer().user
    browser = sign_in(pier, Role.ADMIN)
    assert browser.get(reverse("office:staff_member", args=[user.public_id])).status_code == 404
    answer = browser.post(
        reverse("office:staff_roles", args=[user.public_id]), {"roles": ["ADMIN"]}
    )
    assert answer.status_code == 404
    with inside(pier):
        user.refresh_from_db()
        assert user.roles == []


def brand(site: Distributor, **changes: str) -> dict[str, str]:
    return {
        "name": site.name,
        "legal_name": "",
        "primary_color": "#0a7d57",
        "tagline": "",
        "about": "",
        "service_phone": "",
        "icp_number": "",
    } | changes


def test_a_brand_is_changed_by_its_own_administrator(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    form = brand(pier, tagline="<b>大模型</b>", icp_number="京ICP备00000000号")
    answer = sign_in(pier, Role.ADMIN).post("/office/branding/", form, follow=True)
    assert "品牌已保存" in page(answer) and escape("<b>大模型</b>") in page(answer)
    with inside(pier):
        shop = distributors.by_slug(pier.slug)
        assert (shop.primary_color, shop.tagline) == ("#0a7d57", "<b>大模型</b>")
        told = Record.objects.get(action="distributor.change_branding")
        assert told.after is not None and "name" not in told.after


def test_a_colour_on_which_nothing_reads_is_refused(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    for colour in ("#ffe600", "red", "#fff", "url(x)"):
        answer = browser.post(
            "/office/branding/", brand(pier, primary_color=colour, tagline="不应保存")
        )
        assert answer.status_code == 422, colour
    with inside(pier):
        assert distributors.by_slug(pier.slug).tagline == ""


def test_the_audit_shows_who_changed_what(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    browser.post("/office/prices/", {"percent": "98"})
    listed = page(browser.get("/office/audit/?action=pricing&kind=STAFF"))
    assert "修改零售折扣" in listed and "ADMIN" in listed
    with inside(pier):
        told = Record.objects.get(action="pricing.set_retail_percent", actor_name=Role.ADMIN)
    seen = page(browser.get(reverse("office:audit_record", args=[told.public_id])))
    assert "97.0000" in seen and "98" in seen
