"""What a log-in passes through between the credentials and the session: contacts must be proved."""

from __future__ import annotations

from typing import Any

from allauth.account import stages
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.utils import has_verified_email
from allauth.core.exceptions import ImmediateHttpResponse, RateLimited
from allauth.core.ratelimit import respond_429
from django.http import HttpResponse

Answer = tuple[HttpResponse | None, bool]


class PhoneStage(stages.PhoneVerificationStage):  # type: ignore[misc]
    """allauth's, except that asking too often is answered and not a server error."""

    def handle(self) -> Answer:
        try:
            response, goes_on = super().handle()
        except RateLimited as error:
            clear_login(self.request)
            raise ImmediateHttpResponse(respond_429(self.request)) from error
        return response, goes_on


class EmailStage(stages.EmailVerificationStage):  # type: ignore[misc]
    """Asks for the mailbox's code only of those who come by e-mail: a proved number is enough."""

    def handle(self) -> Answer:
        if not self._is_due():
            return None, True
        send_verification_email_at_login(self.request, self.login)
        return get_adapter().respond_email_verification_sent(self.request, self.login.user), True

    def _is_due(self) -> bool:
        user: Any = self.login.user
        if user is None:
            return True  # a pretended log-in, which hides that somebody has the address already
        if self.login.signup:
            # Also when the address was proved a moment ago: that was in somebody's other session.
            return bool(user.email) and not user.phone
        if self.login.email:
            return not has_verified_email(user, self.login.email)
        return not user.phone_verified and not has_verified_email(user)
