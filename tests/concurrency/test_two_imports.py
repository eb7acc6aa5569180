"""Two imports of one file at the same time are one import and one that finds nothing to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from shared_apps.catalog.importing.report import ImportReport
from shared_apps.catalog.models import Price
from shared_apps.kernel import tenancy
from tests.shared_apps.catalog.market import FILE, bring_in

AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.usefixtures("committed")
def test_two_imports_at_once_change_a_price_once() -> None:
    cheaper = FILE.read_bytes().replace(b"40.97", b"39.00")

    def run(_: int) -> ImportReport:
        try:
            with tenancy.shared():
                return bring_in(cheaper, at=AT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(run, range(4)))
    assert sorted(report.prices_changed for report in reports) == [0, 0, 0, 1]
    assert {report.offers_new for report in reports} == {0}
    with tenancy.shared():
        prices = Price.objects.filter(plan__offering__sku="p4de.24xlarge").order_by("starts_at")
        assert [price.ends_at for price in prices] == [AT, None]
