"""What every request passes through: it does nothing for a page that needs nothing, and forgets nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from csp.constants import HEADER, NONCE, SELF
from csp.decorators import csp_update
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation

from ncmatch.middleware.content_policy import ContentPolicyMiddleware
from ncmatch.middleware.guard import GuardMiddleware
from ncmatch.middleware.language import LanguageMiddleware
from shared_apps.kernel.context import SYSTEM, Actor, acting, actor, become

View = Callable[[HttpRequest], Any]


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


class Session:
    def __init__(self, *, accessed: bool = False) -> None:
        self.accessed = accessed


class Person:
    kind = "CUSTOMER"
    public_id = "0198-1"
    is_authenticated = True

    def __str__(self) -> str:
        return "演示客户"


class Unasked:
    """A user whom nobody should have to look up."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"user.{name} was asked for")


def a_request(
    user: Any = None, *, cookie: bool = False, headers: dict[str, str] | None = None
) -> HttpRequest:
    request: Any = RequestFactory().get("/", headers=headers)
    if cookie:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "a-key"
    request.user = user or Unasked()
    request.session = Session(accessed=user is not None)
    return request  # type: ignore[no-any-return]


class TestGuard:
    def answer(self, request: HttpRequest, view: View = page) -> HttpResponse:
        return GuardMiddleware(view)(request)

    def test_a_visitor_without_a_session_is_never_looked_up(self) -> None:
        def audited(request: HttpRequest) -> HttpResponse:
            assert actor().kind == "ANONYMOUS"
            assert actor().user_agent == "browser"
            assert actor() is actor()  # one request id
            return page(request)

        response = self.answer(a_request(headers={"user-agent": "browser"}), audited)
        assert not response.has_header("Cache-Control")
        assert actor() is SYSTEM

    def test_who_comes_with_a_session_acts_under_their_name(self) -> None:
        def audited(request: HttpRequest) -> HttpResponse:
            assert (actor().kind, actor().id, actor().name) == ("CUSTOMER", "0198-1", "演示客户")
            return page(request)

        self.answer(a_request(Person(), cookie=True, headers={"x-request-id": "r1"}), audited)

    @pytest.mark.parametrize(
        "request_",
        [
            a_request(Person(), cookie=True),
            a_request(AnonymousUser(), cookie=True),  # a cart without a log-in
            a_request(headers={"authorization": "Bearer ncm_x"}),
            a_request(Person()),  # logged in by this very request
        ],
        ids=["signed in", "a session", "a token", "just logged in"],
    )
    def test_nobody_keeps_a_page_meant_for_one_person(self, request_: HttpRequest) -> None:
        assert self.answer(request_)["Cache-Control"] == "private, no-store"

    def test_a_view_that_says_how_long_is_heard(self) -> None:
        def kept(request: HttpRequest) -> HttpResponse:
            return HttpResponse(headers={"Cache-Control": "max-age=60"})

        assert self.answer(a_request(Person(), cookie=True), kept)["Cache-Control"] == "max-age=60"


class TestActing:
    def test_who_acts_is_found_out_once_and_only_when_asked(self) -> None:
        asked = []

        def find_out() -> Actor:
            asked.append(1)
            return Actor(kind="ANONYMOUS")

        with acting(find_out):
            assert asked == []
            assert actor() == actor() == Actor(kind="ANONYMOUS")
            assert asked == [1]
            become(Actor(kind="PROVIDER"))
            assert actor().kind == "PROVIDER"
        assert actor() is SYSTEM

    def test_it_ends_with_its_block_also_by_an_error(self) -> None:
        with pytest.raises(ZeroDivisionError), acting(Actor(kind="STAFF")):
            with acting(lambda: Actor(kind="PROVIDER")):
                assert actor().kind == "PROVIDER"
            assert actor().kind == "STAFF"
            raise ZeroDivisionError
        assert actor() is SYSTEM


class TestContentPolicy:
    def answers(self, view: View) -> tuple[str | None, str | None]:
        """Ours, and django-csp's own."""
        middleware: tuple[Any, Any] = (ContentPolicyMiddleware(view), CSPMiddleware(view))
        ours, theirs = (one(a_request()).headers.get(HEADER) for one in middleware)
        return ours, theirs

    def test_an_ordinary_page_has_the_policy_of_the_settings(self) -> None:
        ours, theirs = self.answers(page)
        assert ours == theirs
        assert ours is not None
        assert "script-src 'self'" in ours

    def test_a_page_may_change_its_own(self) -> None:
        changed = csp_update({"img-src": [SELF, "https://example.test"]})(page)
        ours, theirs = self.answers(changed)
        assert ours == theirs
        assert ours is not None
        assert "https://example.test" in ours

    def test_a_nonce_is_its_page_s_own(self) -> None:
        nonces = []

        @csp_update({"script-src": [SELF, NONCE]})
        def with_nonce(request: Any) -> HttpResponse:
            nonces.append(str(request.csp_nonce))
            return HttpResponse("page")

        view: View = with_nonce
        middleware = ContentPolicyMiddleware(view)
        headers = [middleware(a_request())[HEADER] for _ in range(2)]
        assert nonces[0] != nonces[1]
        assert [f"'nonce-{nonce}'" in header for nonce, header in zip(nonces, headers, strict=True)]
        assert nonces[1] not in headers[0]

    def test_a_policy_that_is_already_there_stays(self) -> None:
        ours, _ = self.answers(lambda request: HttpResponse(headers={HEADER: "default-src x"}))
        assert ours == "default-src x"


class TestLanguage:
    @pytest.fixture(autouse=True)
    def restored(self) -> Any:
        with translation.override(translation.get_language()):
            yield

    def answer(self, middleware: LanguageMiddleware, wish: str, cookie: str = "") -> HttpResponse:
        request = a_request(headers={"accept-language": wish} if wish else None)
        if cookie:
            request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
        response = middleware(request)
        assert response.content.decode() == response["Content-Language"] == request.LANGUAGE_CODE
        assert "Accept-Language" in response["Vary"]
        return response

    @pytest.mark.parametrize(
        ("wish", "cookie", "language"),
        [
            ("", "", "zh-hans"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-hans"),
            ("en-GB,en;q=0.9", "", "en"),
            ("ja", "", "zh-hans"),
            ("zh-CN", "en", "en"),
            ("en", "nonsense", "en"),
            pytest.param("en" + ",zh;q=0.5" * 30, "", "en", id="a long wish"),
        ],
    )
    def test_the_cookie_then_the_browser_then_chinese(
        self, wish: str, cookie: str, language: str
    ) -> None:
        middleware = LanguageMiddleware(
            lambda request: HttpResponse(translation.get_language() or "")
        )
        for _ in range(2):  # found out, then remembered
            assert self.answer(middleware, wish, cookie)["Content-Language"] == language
            assert self.answer(middleware, "en")["Content-Language"] == "en"
            assert self.answer(middleware, "zh")["Content-Language"] == "zh-hans"

    def test_what_a_page_says_of_itself_stays(self) -> None:
        response = LanguageMiddleware(
            lambda request: HttpResponse(headers={"Content-Language": "fr", "Vary": "Cookie"})
        )(a_request())
        assert response["Content-Language"] == "fr"
        assert response["Vary"] == "Cookie, Accept-Language"
