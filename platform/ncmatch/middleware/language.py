"""The language of the answer: the reader's cookie, else what their browser asks for.

In place of Django's own, which asks of every path whether it begins with a language; ours never do.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

_MOST_WISHES = 1_000
_LONGEST_WISH = 200


class LanguageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._known: dict[str, str] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = self._language(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response

    def _language(self, request: HttpRequest) -> str:
        """Most readers send one of a few wishes, so the answer to a short one is remembered."""
        cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        wish = f"{cookie};{request.META.get('HTTP_ACCEPT_LANGUAGE', '')}"
        language = self._known.get(wish)
        if language is None:
            language = translation.get_language_from_request(request)
            if len(wish) <= _LONGEST_WISH and len(self._known) < _MOST_WISHES:
                self._known[wish] = language
        return language
