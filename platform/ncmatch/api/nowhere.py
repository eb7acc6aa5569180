"""Where no route is, a program is told so as everywhere else: by a problem, not by a page."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared_apps.identity.access import Anyone, access
from shared_apps.kernel.errors import NotFound


@access(Anyone)
class NowhereView(APIView):
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Before it matters who asks, or how."""
        raise NotFound

    def get(self, request: Request) -> Response:
        raise NotFound
