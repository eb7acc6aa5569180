"""Invoices over the API: what can be invoiced, asking once, the file of one's own."""

from __future__ import annotations

import pytest

from billing.invoicing import services
from billing.invoicing.models import Invoice
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel.ids import new_id
from tests import world
from tests.billing.invoicing.conftest import AT, TAX_NUMBER, consumed, papers
from tests.conftest import Inside

from .conftest import Api, ApiFor

TITLE = {"title_kind": "COMPANY", "name": "某某科技有限公司", "tax_number": TAX_NUMBER}


@pytest.fixture
def asked(api: Api, harbour: Distributor, inside: Inside) -> dict[str, object]:
    with inside(harbour):
        consumed(world.customer().public_id, "106.00")
    (open_one,) = api.get("/invoiceable").told["items"]
    assert (open_one["amount"], open_one["tax_rate"]) == ("106.00", "6")
    title = api.post("/invoice-titles", TITLE).told
    body = {
        "title_id": title["id"],
        "kind": "SPECIAL",
        "consumption_ids": [open_one["id"]],
        "email": "cw@customer.test",
    }
    first, again = (api.post("/invoices", body, key="one") for _ in range(2))
    assert first.status_code == 201 and again.told == first.told
    other = api.post("/invoices", body, key="two")
    assert (other.status_code, other.told["code"]) == (422, "invoicing.nothing_to_invoice")
    found: dict[str, object] = first.told
    return found


def test_a_request_takes_effect_once(
    asked: dict[str, object], api: Api, harbour: Distributor, inside: Inside
) -> None:
    assert (asked["amount"], asked["net"], asked["tax"]) == ("106.00", "100.00", "6.00")
    assert api.get("/invoiceable").told["items"] == []
    listed = api.get("/invoices?state=REQUESTED").told
    assert [one["id"] for one in listed["items"]] == [asked["id"]]
    with inside(harbour):
        assert Invoice.objects.count() == 1


def test_it_is_withdrawn_before_it_is_issued_and_has_a_file_after(
    asked: dict[str, object], api: Api, harbour: Distributor, inside: Inside
) -> None:
    file = f"/invoices/{asked['id']}/file"
    assert api.get(file).status_code == 404
    with inside(harbour):
        services.issue(
            invoice=Invoice.objects.get(), papers=papers(), by=world.staff(Role.FINANCE), at=AT
        )
    answer = api.client.get(f"/api/v1{file}", headers=api.headers)
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 an invoice")
    late = api.post(f"/invoices/{asked['id']}/withdraw")
    assert (late.status_code, late.told["code"]) == (409, "invoicing.not_this_state")


def test_it_is_nobody_elses(
    asked: dict[str, object], harbour: Distributor, api_for: ApiFor
) -> None:
    other = api_for(harbour, "客户乙")
    for path in (f"/invoices/{asked['id']}", f"/invoices/{asked['id']}/file"):
        assert other.get(path).status_code == 404
    assert other.post(f"/invoices/{asked['id']}/withdraw").status_code == 404
    assert other.get("/invoices").told["total"] == 0


def test_a_wrong_tax_number_is_refused(api: Api) -> None:
    answer = api.post("/invoice-titles", TITLE | {"tax_number": TAX_NUMBER[:-1] + "4"})
    assert (answer.status_code, answer.told["code"]) == (422, "invoicing.tax_number_wrong")
    assert api.get("/invoice-titles").told["total"] == 0
    unknown = {"title_id": str(new_id()), "kind": "GENERAL", "email": "a@b.test"}
    refused = api.post("/invoices", unknown | {"consumption_ids": [str(new_id())]}, key="k")
    assert refused.status_code == 404
