"""Everybody finds in the rail what they may open, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from tenant_apps.backoffice import sections
from tests import world
from tests.conftest import Inside

from .conftest import SignIn

MAY_OPEN = {
    Role.ADMIN: {section.url for section in sections.OFFICE},
    Role.MANAGER: {"home", "orders", "customers", "resources", "prices", "terms"},
    Role.SALES: {"home", "orders", "customers"},
    Role.SUPPORT: {"home", "orders", "customers", "resources"},
    Role.FINANCE: {
        "home",
        "approvals",
        "orders",
        "payments",
        "merchants",
        "offline_recharges",
        "invoices",
        "bills",
        "reconciliation",
        "journal",
        "vouchers",
        "accounts",
        "rules",
        "mappings",
        "trial",
        "periods",
        "balance_sheet",
        "income",
        "dealings",
    },
}


def wanted(role: Role) -> set[str]:
    return {url if ":" in url else f"office:{url}" for url in MAY_OPEN[role]}


@pytest.mark.parametrize("role", list(Role))
def test_the_rail_shows_what_the_role_opens_and_the_pages_agree(
    role: Role, pier: Distributor, sign_in: SignIn
) -> None:
    browser = sign_in(pier, role)
    page = browser.get("/office/").content.decode()
    shown = set(re.findall(r'class="nc-rail-item" href="([^"]+)"', page))
    assert shown == {reverse(url) for url in wanted(role)}
    for section in sections.OFFICE:
        expected = 200 if section.url in wanted(role) else 403
        assert browser.get(reverse(section.url)).status_code == expected, (role, section.url)


@pytest.mark.parametrize("section", sections.OFFICE, ids=lambda section: section.url)
def test_a_visitor_logs_in_first_and_a_customer_finds_nothing(
    section: sections.Section,
    db: None,
    pier: Distributor,
    client_for: Callable[..., Client],
    inside: Inside,
) -> None:
    answer = client_for(pier).get(reverse(section.url))
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    with inside(pier):
        customer = world.customer().user
    assert client_for(pier, customer).get(reverse(section.url)).status_code == 404


def test_every_section_stands_once_in_the_table() -> None:
    urls = [section.url for section in sections.table()]
    assert len(urls) == len(set(urls))
    assert set(sections.OFFICE) < set(sections.table())
