"""A bill as a file of whichever channel: its columns are guessed, named, and read to the fen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.payments.models import MerchantAccount
from billing.reconciliation import errors, services, uploads

from .conftest import DAY, NEXT, differences, given_back, paid

HEAD = "交易时间,微信订单号,商户订单号,商户退款单号,订单金额,手续费"


def bill(*rows: str, head: str = HEAD, above: str = "账单明细列表\n") -> bytes:
    return (above + "\n".join([head, *rows]) + "\n总计,1\n").encode("gb18030")


def test_columns_are_guessed_by_what_they_are_called() -> None:
    found = uploads.table(bill("2026-11-20 08:00:00,T1,P1,,1.00,0.01"))
    assert found.head == HEAD.split(",")
    assert uploads.guess(found.head) == {
        "number": 2,
        "amount": 4,
        "at": 0,
        "request_no": 3,
        "trade_no": 1,
        "fee": 5,
    }


def test_a_file_is_reconciled_like_a_fetched_bill(account: MerchantAccount) -> None:
    payment = paid(account, "1234.50")
    refund = given_back(payment, "34.50")
    content = bill(
        f'`2026-11-20 12:00:00,`{payment.provider_trade_no},`{payment.intent.number},,"1,234.50",0.00',
        f"2026-11-20 12:00:00,{payment.provider_trade_no},{payment.intent.number},{refund.number},-34.49,0",
    )
    read = uploads.read(content, mapping=uploads.guess(HEAD.split(",")), day=DAY)
    day = services.take_upload(account=account, day=DAY, bill=read, at=NEXT)
    assert (day.uploaded, bytes(day.bill)) == (True, content)
    assert differences() == [("REFUND", "AMOUNT", "0.01", "OPEN")]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-11-20 08:00:00,T,P,,abc,0", "“abc”不是金额"),
        ("2026-11-21 08:00:00,T,P,,1.00,0", "日期 2026-11-21 不是所选的那一天"),
        ("gestern,T,P,,1.00,0", "“gestern”不是时间"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(row: str, why: str) -> None:
    good = "2026-11-20 08:00:00,T,P,,1.00,0"
    with pytest.raises(errors.BillUnreadable) as told:
        uploads.read(bill(good, row), mapping=uploads.guess(HEAD.split(",")), day=DAY)
    assert str(told.value) == f"账单第 4 行无法读取：{why}。"


@pytest.mark.parametrize("content", [b"", b"no table", b"\xff\xfe\xff"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(errors.BillUnreadable):
        uploads.table(content)


def test_a_draft_waits_for_its_columns(account: MerchantAccount) -> None:
    day = services.keep_draft(
        account=account, day=DAY, content=b"a,b\n1,2\n", at=NEXT + timedelta(days=3)
    )
    assert bytes(day.draft) == b"a,b\n1,2\n"
    with pytest.raises(errors.BillTooLarge):
        services.keep_draft(account=account, day=DAY, content=b"x" * 5_242_881, at=NEXT)
