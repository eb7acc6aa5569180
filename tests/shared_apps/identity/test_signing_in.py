"""Logging in and signing up, as a browser sees it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse

from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity import codes, services
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.kernel import clock
from tenant_apps.customers import services as customers
from tenant_apps.customers.models import Customer
from tests.conftest import Inside

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

ClientFor = Callable[..., Client]
Texts = Callable[[str], list[dict[str, Any]]]
PASSWORD = "three-racks-of-gpus"


@pytest.fixture
def number() -> str:
    """A number that no other test texts: the sandbox keeps its inbox for the whole run."""
    return f"+861390{next(_NUMBERS):07d}"


_NUMBERS = itertools.count(1000, 10)


def code_in(text: str) -> str:
    found = re.findall(r"(?<!\d)\d{6}(?!\d)", text)
    assert len(found) == 1, text
    return str(found[0])


def is_in(client: Client) -> bool:
    """As the page that asks whether one wants to log out tells: it sends everybody else home."""
    return client.get("/accounts/logout/").status_code == 200


def sign_up(client: Client, contact: str, **more: str) -> Any:
    return client.post("/accounts/signup/", {"contact": contact, "agree": "1", **more})


def test_a_visitor_signs_up_by_phone_and_becomes_a_customer(
    north: Distributor, client_for: ClientFor, inside: Inside, texts: Texts, number: str
) -> None:
    client = client_for(north)
    typed = f"{number[3:6]} {number[6:10]} {number[10:]}"
    answer = sign_up(client, typed, name="演示客户")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/phone/verify/")
    (text,) = texts(number)
    assert text["params"] == {"shop": "北方算力", "code": code_in(text["params"]["code"])}
    with inside(north):
        assert not Customer.objects.filter(user__phone=number).exists()

    assert "验证码不正确" in client.post(answer["Location"], {"code": "000000x"}).content.decode()
    answer = client.post(answer["Location"], {"code": text["params"]["code"]})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)
    with inside(north):
        customer = Customer.objects.get(user__phone=number)
        assert customer.number.startswith("C")
        assert (customer.user.phone, customer.user.phone_verified) == (number, True)
        assert customer.user.name == "演示客户"
        assert not customer.user.has_usable_password()
        done = Record.objects.order_by("-pk").values_list("action", "actor_kind", "actor_id")
        herself = ("CUSTOMER", str(customer.user.public_id))
        assert list(done[:4]) == [
            ("user.log_in", *herself),
            ("customer.enrol", *herself),
            ("user.prove_phone", "ANONYMOUS", ""),
            ("user.begin_signup", "ANONYMOUS", ""),
        ]


def test_a_visitor_signs_up_by_email_and_the_letter_is_the_shops(
    harbour: Distributor, client_for: ClientFor, inside: Inside, letters: list[mail.EmailMessage]
) -> None:
    client = client_for(harbour)
    client.defaults["HTTP_HOST"] = "harbour.ncmatch.localhost:8443"
    answer = sign_up(client, "Buyer@Example.com")
    assert answer["Location"] == "/accounts/email/verify/"
    (letter,) = letters
    assert letter.to == ["buyer@example.com"]
    assert letter.subject == "【海港算力】验证码"
    assert letter.content_subtype == "plain" and not getattr(letter, "alternatives", [])
    body = str(letter.body)
    assert "harbour.ncmatch.localhost" in body and "8443" not in body
    answer = client.post(answer["Location"], {"code": code_in(body), "action": "verify"})
    assert answer["Location"] == "/"
    assert is_in(client)
    with inside(harbour):
        user = Customer.objects.get(user__email="buyer@example.com").user
        assert EmailAddress.objects.get(user=user).verified


def test_a_customer_comes_back_with_a_code(
    north: Distributor, client_for: ClientFor, inside: Inside, texts: Texts, number: str
) -> None:
    with inside(north):
        customers.register(name="甲", phone=number, at=clock.now())
    client = client_for(north)
    answer = client.post("/accounts/login/code/?next=/orders/", {"contact": number})
    assert answer["Location"] == "/accounts/login/code/confirm/?next=%2Forders%2F"
    answer = client.post(answer["Location"], {"code": texts(number)[0]["params"]["code"]})
    assert answer["Location"] == "/orders/"
    assert is_in(client)


def test_a_code_opens_nothing_elsewhere_than_where_it_was_asked_for(
    north: Distributor,
    harbour: Distributor,
    client_for: ClientFor,
    inside: Inside,
    texts: Texts,
    number: str,
) -> None:
    for shop in (north, harbour):
        with inside(shop):
            customers.register(name="同一号码", phone=number, at=clock.now())
    at_north, at_harbour = client_for(north), client_for(harbour)
    at_north.post("/accounts/login/code/", {"contact": number})
    code = texts(number)[0]["params"]["code"]
    # The whole browser carried over, session cookie included.
    at_harbour.cookies = at_north.cookies
    answer = at_harbour.post("/accounts/login/code/confirm/", {"code": code})
    assert answer["Location"] == "/accounts/login/code/"
    assert not is_in(at_harbour)


def test_a_session_of_one_shop_is_nobody_at_another(
    north: Distributor, rival: Distributor, client_for: ClientFor, inside: Inside, number: str
) -> None:
    with inside(north):
        user = customers.register(name="甲", phone=number, at=clock.now()).user
    with inside(rival):
        customers.register(name="乙", phone=number, at=clock.now())
    at_north, at_rival = client_for(north, user), client_for(rival)
    at_rival.cookies = at_north.cookies
    assert at_north.get("/accounts/login/").status_code == 302
    assert at_rival.get("/accounts/login/").status_code == 200


@pytest.mark.parametrize("contact", ["phone", "email"])
def test_staff_log_in_by_password_on_the_same_page(
    contact: str, north: Distributor, client_for: ClientFor, inside: Inside, number: str
) -> None:
    with inside(north):
        services.add_staff(
            name="财务",
            roles=[Role.FINANCE],
            phone=number,
            email="books@example.com",
            password=PASSWORD,
        )
    login = {"phone": number[3:], "email": "Books@example.com"}[contact]
    client = client_for(north)
    assert (
        "不正确"
        in client.post(
            "/accounts/login/", {"login": login, "password": "wrong-password"}
        ).content.decode()
    )
    answer = client.post("/accounts/login/", {"login": login, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, settings.STAFF_HOME_URL)
    with inside(north):
        assert not Customer.objects.filter(user__phone=number).exists()
        failed = Record.objects.get(action="user.log_in_failed")
        assert number not in failed.note and "books@example.com" not in failed.note


def test_whether_an_account_exists_cannot_be_seen(
    north: Distributor, client_for: ClientFor, inside: Inside, texts: Texts, number: str
) -> None:
    known, unknown = number, f"{number[:-1]}9" if number[-1] != "9" else f"{number[:-1]}8"
    with inside(north):
        customers.register(name="甲", phone=known, at=clock.now())
    seen = {}
    for contact in (known, unknown):
        signing_up, logging_in = client_for(north), client_for(north)
        answers = [sign_up(signing_up, contact)]
        answers.append(signing_up.get(answers[0]["Location"]))
        answers.append(logging_in.post("/accounts/login/code/", {"contact": contact}))
        answers.append(logging_in.get(answers[2]["Location"]))
        answers.append(logging_in.post(answers[2]["Location"], {"code": "000000"}))
        answers.append(
            client_for(north).post("/accounts/login/", {"login": contact, "password": "x" * 12})
        )
        seen[contact] = [
            (a.status_code, a.get("Location"), plain(a.content.decode(), contact)) for a in answers
        ]
    assert seen[known] == seen[unknown]
    # Only the texts differ, and they reach the number's owner alone.
    assert [t["template"] for t in texts(known)] == ["NCM_CODE", "NCM_ACCOUNT_EXISTS"]


def plain(page: str, contact: str) -> str:
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"', "", page)
    return page.replace(contact, "…").replace(contact.removeprefix("+86"), "…")


def test_an_existing_mailbox_gets_a_letter_that_says_so(
    north: Distributor, client_for: ClientFor, inside: Inside, letters: list[mail.EmailMessage]
) -> None:
    with inside(north):
        customers.register(name="甲", email="a@example.com", at=clock.now())
    client = client_for(north)
    assert sign_up(client, "a@example.com")["Location"] == "/accounts/email/verify/"
    assert letters[0].subject == "【北方算力】您已有账号"
    with inside(north):
        assert User.objects.filter(email="a@example.com").count() == 1


def test_who_began_a_sign_up_with_anothers_number_gains_nothing(
    north: Distributor, client_for: ClientFor, inside: Inside, texts: Texts, number: str
) -> None:
    thief, owner = client_for(north), client_for(north)
    sign_up(thief, number, name="冒名")
    with inside(north):
        taken = User.objects.get(phone=number)
    thiefs_code = texts(number)[0]["params"]["code"]

    # The owner is in no way hindered: by logging in they finish what was begun in their name.
    owner.post("/accounts/login/code/", {"contact": number})
    answer = owner.post(
        "/accounts/login/code/confirm/", {"code": texts(number)[0]["params"]["code"]}
    )
    assert answer["Location"] == "/" and is_in(owner)
    assert texts(number)[0]["params"]["code"] != thiefs_code
    with inside(north):
        assert Customer.objects.get(user__phone=number).user == taken
        assert not taken.has_usable_password()
    assert not is_in(thief)
    # The thief's page still wants the code that only the owner was sent.
    for _attempt in range(3):
        thief.post("/accounts/phone/verify/", {"code": "000000"})
    assert not is_in(thief)


def test_an_unfinished_sign_up_can_be_begun_again(
    north: Distributor, client_for: ClientFor, inside: Inside, letters: list[mail.EmailMessage]
) -> None:
    sign_up(client_for(north), "a@example.com", name="一")
    with inside(north):
        first = User.objects.get(email="a@example.com")
    with inside(north):
        cache.clear()  # half a minute later
    client = client_for(north)
    answer = sign_up(client, "a@example.com", name="二")
    client.post(answer["Location"], {"code": code_in(str(letters[-1].body))})
    assert is_in(client)
    with inside(north):
        kept = User.objects.get(email="a@example.com")
        assert (kept, kept.name) == (first, "二")


def test_codes_are_limited_per_number_and_say_when_to_try_again(
    north: Distributor, client_for: ClientFor, texts: Texts, number: str
) -> None:
    for _time in range(3):
        assert (
            client_for(north).post("/accounts/login/code/", {"contact": number}).status_code == 302
        )
    fourth = client_for(north).post("/accounts/login/code/", {"contact": number})
    assert "1 分钟后再试" in fourth.content.decode()
    assert len(texts(number)) == 3

    again = client_for(north)
    assert sign_up(again, number).status_code == 302
    assert "1 分钟后再试" in sign_up(client_for(north), number).content.decode()
    assert len(texts(number)) == 4


def test_walking_from_shop_to_shop_does_not_flood_a_number(
    north: Distributor,
    rival: Distributor,
    client_for: ClientFor,
    texts: Texts,
    number: str,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(codes, "PER_HOUR", 2)
    for shop in (north, rival):
        assert (
            client_for(shop).post("/accounts/login/code/", {"contact": number}).status_code == 302
        )
    third = client_for(north).post("/accounts/login/code/", {"contact": number})
    assert (third.status_code, third["Retry-After"]) == (429, "60")
    assert len(texts(number)) == 2


def test_password_guessing_is_stopped_for_that_number_alone(
    north: Distributor, client_for: ClientFor, inside: Inside, number: str
) -> None:
    other = f"{number[:3]}138{number[6:]}"
    with inside(north):
        for phone in (number, other):
            customers.register(name="甲", phone=phone, password=PASSWORD, at=clock.now())
    client = client_for(north)
    for attempt in range(5):
        # Another port in the Host header, or spaces in the number, start no new count.
        client.defaults["HTTP_HOST"] = f"north.ncmatch.localhost:{8000 + attempt}"
        typed = number[3:] if attempt % 2 else f"{number[3:6]} {number[6:]}"
        client.post("/accounts/login/", {"login": typed, "password": "wrong-password"})
    locked = client.post("/accounts/login/", {"login": number, "password": PASSWORD})
    assert "5 分钟后再试" in locked.content.decode()
    assert not is_in(client)
    fine = client_for(north)
    fine.post("/accounts/login/", {"login": other, "password": PASSWORD})
    assert is_in(fine)


def test_three_wrong_codes_end_the_attempt(
    north: Distributor, client_for: ClientFor, inside: Inside, texts: Texts, number: str
) -> None:
    with inside(north):
        customers.register(name="甲", phone=number, at=clock.now())
    client = client_for(north)
    client.post("/accounts/login/code/", {"contact": number})
    right = texts(number)[0]["params"]["code"]
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _attempt in range(3):
        client.post("/accounts/login/code/confirm/", {"code": wrong})
    answer = client.post("/accounts/login/code/confirm/", {"code": right})
    assert answer["Location"] == "/accounts/login/code/"
    assert not is_in(client)


def test_a_closed_account_stays_out(
    north: Distributor, client_for: ClientFor, inside: Inside, texts: Texts, number: str
) -> None:
    with inside(north):
        user = customers.register(name="甲", phone=number, password=PASSWORD, at=clock.now()).user
        services.set_active(user=user, active=False)
    client = client_for(north)
    answer = client.post("/accounts/login/", {"login": number, "password": PASSWORD})
    assert answer["Location"] == "/accounts/inactive/"
    assert client.get("/accounts/inactive/").status_code == 200
    client.post("/accounts/login/code/", {"contact": number})
    assert [t["template"] for t in texts(number)] == ["NCM_UNKNOWN_ACCOUNT"]
    assert not is_in(client)


def test_a_text_that_cannot_be_sent_is_said_plainly(
    north: Distributor,
    client_for: ClientFor,
    inside: Inside,
    texts: Texts,
    number: str,
    sandbox: Any,
) -> None:
    with inside(north):
        customers.register(name="甲", phone=number, at=clock.now())
    sandbox.fault("sms", "limited")
    answer = client_for(north).post("/accounts/login/code/", {"contact": number})
    assert answer.status_code == 502
    assert "请稍后再试" in answer.content.decode()


def test_who_is_in_is_sent_home_and_comes_out_by_post(
    north: Distributor, client_for: ClientFor, inside: Inside, number: str
) -> None:
    with inside(north):
        user = customers.register(name="甲", phone=number, at=clock.now()).user
    client = client_for(north, user)
    for path in (
        "login/",
        "login/code/",
        "login/code/confirm/",
        "signup/",
        "phone/verify/",
        "email/verify/",
    ):
        answer = client.get(f"/accounts/{path}")
        assert (answer.status_code, answer["Location"]) == (302, "/"), path
    assert is_in(client)
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert not is_in(client)
    with inside(north):
        assert Record.objects.filter(action="user.log_out").count() == 1


def test_a_next_address_of_another_site_is_not_followed(
    north: Distributor, client_for: ClientFor, inside: Inside, number: str
) -> None:
    with inside(north):
        customers.register(name="甲", phone=number, password=PASSWORD, at=clock.now())
    for bad in ("https://rival.ncmatch.localhost/", "//evil.example/", "javascript:alert(1)"):
        client = client_for(north)
        answer = client.post(
            "/accounts/login/", {"login": number, "password": PASSWORD, "next": bad}
        )
        assert answer["Location"] == "/"


def test_nothing_else_of_allauth_is_routed() -> None:
    from ncmatch.policies import THIRD_PARTY
    from ncmatch.urls import accounts

    routed = {str(route.name) for route in accounts.urlpatterns}
    assert {name for name in THIRD_PARTY if name.startswith("account_")} == routed
    for name in ("account_email", "account_reset_password", "account_change_password"):
        with pytest.raises(NoReverseMatch):
            reverse(name)


@pytest.mark.parametrize("path", ["login/", "login/code/", "signup/", "inactive/"])
def test_the_pages_are_in_plain_chinese_and_without_holes(
    path: str, north: Distributor, client_for: ClientFor
) -> None:
    answer = client_for(north).get(f"/accounts/{path}")
    page = answer.content.decode()
    assert answer.status_code == 200
    body = page[page.index("<main") : page.index("</main>")]
    words = re.sub(r"<[^>]*>", " ", body)
    assert not re.search(r"[A-Za-z]{4,}", words), words
