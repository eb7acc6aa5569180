"""Access policies of routes whose views are a library's and so can't declare one themselves."""

from __future__ import annotations

from django.http import HttpRequest

from shared_apps.identity.access import Anyone, Policy

# URL name → policy.
THIRD_PARTY: dict[str, Policy] = {
    "account_login": Anyone,
    "account_signup": Anyone,
    "account_logout": Anyone,  # a second press, after the session ended, goes home and not to log in
    "account_inactive": Anyone,
    "account_request_login_code": Anyone,
    "account_confirm_login_code": Anyone,
    "account_verify_phone": Anyone,
    "account_email_verification_sent": Anyone,
}


def third_party(request: HttpRequest) -> Policy | None:
    match = request.resolver_match
    return THIRD_PARTY.get(match.url_name or "") if match else None
