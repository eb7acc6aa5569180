"""Two runs at once: one does the work, nothing stands twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection

from billing.payments.gateways.base import Bill, BillLine
from billing.reconciliation import errors, services
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from billing.reconciliation.services import runs
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy

from .conftest import DAY, NEXT, Provider, an_account, paid, said, stranger


def prepared(harbour: Distributor, provider: Provider) -> int:
    with tenancy.enter(harbour.schema_name):
        account = an_account()
        lines: list[BillLine] = [said(paid(account, "10.00")) for _ in range(20)]
        provider.bills[DAY] = [*lines, *(stranger("1.00", f"P-{n}") for n in range(20))]
        row = services.start(account=account, day=DAY, at=NEXT)
        return row.pk


def test_eight_runs_at_once_leave_each_line_once(
    committed: None, harbour: Distributor, provider: Provider
) -> None:
    pk = prepared(harbour, provider)
    gate = Barrier(8)

    def work(_n: int) -> str:
        try:
            with tenancy.enter(harbour.schema_name):
                row = ReconciledDay.objects.select_related("account").get(pk=pk)
                gate.wait(60)
                services.run(row=row, at=NEXT)
        except (errors.AlreadyRunning, errors.Superseded) as turned_away:
            return turned_away.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(work, range(8)))
    assert "done" in told
    assert set(told) <= {"done", errors.AlreadyRunning.code, errors.Superseded.code}
    with tenancy.enter(harbour.schema_name):
        day = ReconciledDay.objects.get(pk=pk)
        assert (day.state, day.lines.count()) == ("OPEN", 40)
        assert ReconciledLine.objects.filter(result="MISSING_HERE").count() == 20
        assert str(day.theirs) == "220.00"


def test_a_run_that_outlived_its_lease_writes_nothing_more(
    committed: None, harbour: Distributor, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = prepared(harbour, provider)
    overtaken = Event()

    class Slow:
        """Its bill comes only after another run has been through."""

        def daily_bill(self, *, day: object) -> Bill:
            assert overtaken.wait(60)
            return Bill(DAY, (stranger("99.00", "P-STALE"),))

    with ThreadPoolExecutor(1) as pool:

        def slow() -> str:
            try:
                with tenancy.enter(harbour.schema_name):
                    row = ReconciledDay.objects.select_related("account").get(pk=pk)
                    services.run(row=row, at=NEXT)
            except errors.Superseded:
                return "superseded"
            else:
                return "done"
            finally:
                connection.close()

        monkeypatch.setattr(runs, "gateway_for", lambda _account: Slow())
        late = pool.submit(slow)
        with tenancy.enter(harbour.schema_name):
            row = ReconciledDay.objects.select_related("account").get(pk=pk)
            while not ReconciledDay.objects.get(pk=pk).leased_until:
                continue
            with pytest.raises(errors.AlreadyRunning):
                services.run(row=row, at=NEXT)
            monkeypatch.setattr(runs, "gateway_for", lambda _account: provider)
            services.run(row=row, at=NEXT + timedelta(minutes=6))
        overtaken.set()
        assert late.result(60) == "superseded"
    with tenancy.enter(harbour.schema_name):
        assert not ReconciledLine.objects.filter(number="P-STALE").exists()
        assert ReconciledDay.objects.get(pk=pk).lines.count() == 40
