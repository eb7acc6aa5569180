"""The books that a new distributor starts with: a chart by the codes of 企业会计准则, journals and rules.

It is data for `open_books`; afterwards all of it is the distributor's own.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop as named

from .enums import AccountKind, PartyKind, Side
from .rules import RuleLine

_A, _L, _Q, _I, _X = (
    AccountKind.ASSET,
    AccountKind.LIABILITY,
    AccountKind.EQUITY,
    AccountKind.INCOME,
    AccountKind.EXPENSE,
)


class StandardAccount(NamedTuple):
    code: str
    name: str
    kind: AccountKind
    parent: str = ""
    takes: tuple[PartyKind, ...] = ()
    floor_minor: int | None = None


ACCOUNTS = (
    StandardAccount("1001", "库存现金", _A),
    StandardAccount("1002", "银行存款", _A),
    StandardAccount("1012", "其他货币资金", _A, takes=(PartyKind.CHANNEL,)),
    StandardAccount("1122", "应收账款", _A, takes=(PartyKind.DISTRIBUTOR,)),
    StandardAccount("1123", "预付账款", _A),
    StandardAccount("1124", "应收客户款", _A, takes=(PartyKind.CUSTOMER,), floor_minor=0),
    StandardAccount("1221", "其他应收款", _A),
    StandardAccount("2202", "应付账款", _L, takes=(PartyKind.DISTRIBUTOR, PartyKind.SUPPLIER)),
    StandardAccount("2203", "预收账款", _L),
    StandardAccount("220301", "客户可用余额", _L, "2203", (PartyKind.CUSTOMER,), 0),
    StandardAccount("220302", "客户冻结款", _L, "2203", (PartyKind.CUSTOMER,), 0),
    StandardAccount("220303", "客户赠送余额", _L, "2203", (PartyKind.CUSTOMER,), 0),
    StandardAccount("220304", "客户活动余额", _L, "2203", (PartyKind.CUSTOMER,), 0),
    StandardAccount("2221", "应交税费", _L),
    StandardAccount("2241", "其他应付款", _L),
    StandardAccount("4001", "实收资本", _Q),
    StandardAccount("4103", "本年利润", _Q),
    StandardAccount("4104", "利润分配", _Q),
    StandardAccount("6001", "主营业务收入", _I),
    StandardAccount("6051", "其他业务收入", _I),
    StandardAccount("6301", "营业外收入", _I),
    StandardAccount("6401", "主营业务成本", _X),
    StandardAccount("6402", "其他业务成本", _X),
    StandardAccount("6403", "税金及附加", _X),
    StandardAccount("6601", "销售费用", _X),
    StandardAccount("6602", "管理费用", _X),
    StandardAccount("6603", "财务费用", _X),
    StandardAccount("6711", "营业外支出", _X),
    StandardAccount("6801", "所得税费用", _X),
)

JOURNALS = (
    ("GENERAL", "总账"),
    ("CASH", "收付款账"),
    ("SALES", "销售账"),
    ("SETTLEMENT", "往来结算账"),
    ("ADJUSTMENT", "调整账"),
)


Place = tuple[str, str | None]  # an account, and which of the event's parties in it
Others = tuple[tuple[str, Place, Place], ...]


class StandardRule(NamedTuple):
    """`amount` goes from `credit` to `debit`; `others` are further amounts, each with its own two places."""

    event: str
    name: str
    journal: str
    debit: Place
    credit: Place
    amount: str = "amount"
    others: Others = ()

    def lines(self) -> list[RuleLine]:
        pairs = ((self.amount, self.debit, self.credit), *self.others)
        return [
            {"side": side.value, "account": account, "party": party, "amount": {amount: 1}}
            for amount, debit, credit in pairs
            for side, (account, party) in ((Side.DEBIT, debit), (Side.CREDIT, credit))
        ]


_CHANNEL, _FREE, _HELD = ("1012", "channel"), ("220301", "customer"), ("220302", "customer")
_GIFTED, _PROMO = ("220303", "customer"), ("220304", "customer")
_CREDIT = ("1124", "customer")
_BANK, _SELLING = ("1002", None), ("6601", None)
_SALES, _OTHER_SALES, _COST = ("6001", None), ("6051", None), ("6401", None)
_FINANCE, _OTHER_RECEIVABLE, _OTHER_PAYABLE = ("6603", None), ("1221", None), ("2241", None)
_PAYABLE, _RECEIVABLE = ("2202", "creditor"), ("1122", "debtor")


def _to(place: Place) -> Others:
    """Of a customer's balance `amount` is what was paid; what was given is told beside it, by kind."""
    return (("gifted", _GIFTED, place), ("promo", _PROMO, place))


def _out_of(place: Place) -> Others:
    return (("gifted", place, _GIFTED), ("promo", place, _PROMO))


def _both(debit: Place, credit: Place) -> Others:
    return (("gifted", debit, credit), ("promo", debit, credit))


RULES = (
    StandardRule("recharge", named("充值"), "CASH", _CHANNEL, _FREE),
    StandardRule("offline_recharge", named("线下充值"), "CASH", _BANK, _FREE),
    StandardRule("hold", named("冻结"), "SALES", _FREE, _HELD, others=_to(_HELD)),
    StandardRule("release", named("解冻"), "SALES", _HELD, _FREE, others=_out_of(_HELD)),
    StandardRule("consumption", named("消费"), "SALES", _HELD, _SALES, others=_both(_HELD, _SALES)),
    StandardRule(
        "consumption_refund", named("消费退款"), "SALES", _SALES, _FREE, others=_out_of(_SALES)
    ),
    StandardRule("credit_consumption", named("信用消费"), "SALES", _CREDIT, _SALES),
    StandardRule(
        "credit_repayment", named("偿还信用"), "SALES", _HELD, _CREDIT, others=_both(_HELD, _CREDIT)
    ),
    StandardRule("payout", named("原路退款"), "CASH", _HELD, _CHANNEL),
    StandardRule("bank_payout", named("银行退款"), "CASH", _HELD, _BANK),
    StandardRule(
        "gift",
        named("赠送"),
        "SALES",
        _SELLING,
        _GIFTED,
        "gifted",
        (("promo", _SELLING, _PROMO),),
    ),
    StandardRule(
        "lot_expiry",
        named("余额过期"),
        "SALES",
        _GIFTED,
        _SELLING,
        "gifted",
        (("promo", _PROMO, _SELLING),),
    ),
    StandardRule("purchase", named("采购"), "SETTLEMENT", _COST, _PAYABLE),
    StandardRule("purchase_refund", named("采购退回"), "SETTLEMENT", _PAYABLE, _COST),
    StandardRule("supply", named("供货"), "SETTLEMENT", _RECEIVABLE, _SALES),
    StandardRule("supply_refund", named("供货退回"), "SETTLEMENT", _SALES, _RECEIVABLE),
    StandardRule("settlement_payment", named("支付往来款"), "SETTLEMENT", _PAYABLE, _BANK),
    StandardRule("settlement_receipt", named("收到往来款"), "SETTLEMENT", _BANK, _RECEIVABLE),
    StandardRule("commission_income", named("返佣收入"), "SETTLEMENT", _RECEIVABLE, _OTHER_SALES),
    StandardRule("commission_expense", named("返佣支出"), "SETTLEMENT", _SELLING, _PAYABLE),
    StandardRule("channel_fee", named("渠道手续费"), "CASH", _FINANCE, _CHANNEL),
    StandardRule("channel_fee_return", named("渠道退还手续费"), "CASH", _CHANNEL, _FINANCE),
    StandardRule("channel_surplus", named("渠道长款"), "ADJUSTMENT", _CHANNEL, _OTHER_PAYABLE),
    StandardRule("channel_shortage", named("渠道短款"), "ADJUSTMENT", _OTHER_RECEIVABLE, _CHANNEL),
)
