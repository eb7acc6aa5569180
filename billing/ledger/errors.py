"""What the books refuse, and how the database says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, DomainError, Invalid, NotFound


class UnmatchedEvent(Invalid):
    """No active rule has a place for all parties and amounts of the event."""

    code = "ledger.unmatched_event"
    sentence = _("没有适用于“%(event)s”的会计分录规则，请先在分录设置中启用。")


class FloorBreached(Conflict):
    """`account` and `name` say which account would fall below its floor, `source` by which entry."""

    code = "ledger.floor_breached"
    sentence = _("余额不足，请充值后再试。")


class Unbalanced(Invalid):
    code = "ledger.unbalanced"
    sentence = _("借贷不平，这笔分录没有入账。")


class PeriodClosed(Conflict):
    code = "ledger.period_closed"
    sentence = _("该日期所在的会计期间已结账，不能再记账。")


class SourceConflict(Conflict):
    code = "ledger.source_conflict"
    sentence = _("同一来源已按不同内容入账，请核对后再处理。")


class AlreadyReversed(Conflict):
    code = "ledger.already_reversed"
    sentence = _("这笔分录已经冲销过，不能重复冲销。")


class NotReversible(Conflict):
    code = "ledger.not_reversible"
    sentence = _("这笔分录不能冲销，或者冲销内容与原分录不一致。")


class WrittenOnce(Conflict):
    code = "ledger.written_once"
    sentence = _("账簿记录不能修改或删除，请用冲销更正。")


class UnknownAccount(Invalid):
    code = "ledger.unknown_account"
    sentence = _("科目不存在，或者不能这样记账。")


class Malformed(Invalid):
    code = "ledger.malformed"
    sentence = _("分录内容不完整或不符合要求。")


class RuleRefused(Invalid):
    """`reason` says which amount or line of the rule does not hold."""

    code = "ledger.rule_refused"
    sentence = _("分录规则不能保存：%(reason)s")


class NegativeLine(Invalid):
    """By its rule a line of the entry would be less than nothing. Sides do not turn by themselves."""

    code = "ledger.negative_line"
    sentence = _("按规则“%(rule)s”算出的金额为负，没有入账。请为这种情况单独设置一条规则。")


class VersionFixed(Conflict):
    code = "ledger.version_fixed"
    sentence = _("这个版本已经启用过，不能再改。请新建一个版本。")


class VersionRefused(Conflict):
    """`reason` says why the version cannot be switched on, or taken back, as asked."""

    code = "ledger.version_refused"
    sentence = _("%(reason)s")


class AccountRefused(Invalid):
    """`reason` says what of the account does not hold."""

    code = "ledger.account_refused"
    sentence = _("%(reason)s")


class MappingRefused(Invalid):
    code = "ledger.mapping_refused"
    sentence = _("%(reason)s")


class UnknownVersion(NotFound):
    code = "ledger.unknown_version"
    sentence = _("没有找到这个规则版本。")


class VoucherRefused(Invalid):
    """`reason` says which line or field of the voucher does not hold."""

    code = "ledger.voucher_refused"
    sentence = _("%(reason)s")


class VoucherMoved(Conflict):
    code = "ledger.voucher_moved"
    sentence = _("凭证已经提交或入账，不能再改；请刷新后查看。")


class UnknownVoucher(NotFound):
    code = "ledger.unknown_voucher"
    sentence = _("没有找到这张凭证。")


class PeriodOverlaps(Conflict):
    code = "ledger.period_overlaps"
    sentence = _("会计期间与已有期间重叠。")


class ClosingRefused(Invalid):
    """`reason` says what stands in the way of closing a period or of opening it again."""

    code = "ledger.closing_refused"
    sentence = _("%(reason)s")


class UnknownPeriod(NotFound):
    code = "ledger.unknown_period"
    sentence = _("没有找到这个会计期间。")


class UnknownEntry(NotFound):
    code = "ledger.unknown_entry"
    sentence = _("没有找到这笔分录。")


_BY_STATE: dict[str, type[DomainError]] = {
    "23L01": Unbalanced,
    "23L02": FloorBreached,
    "23L03": PeriodClosed,
    "23L04": SourceConflict,
    "23L05": WrittenOnce,
    "23L06": WrittenOnce,
    "23L07": UnknownAccount,
    "23L08": Malformed,
    "23L09": NotReversible,
    "23L10": VersionFixed,
}
_BY_CONSTRAINT: dict[str, type[DomainError]] = {
    "ledger_entry_reversed_once": AlreadyReversed,
    "ledger_voucher_one_reversal": AlreadyReversed,
    "ledger_entry_source": Malformed,
    "ledger_period_no_overlap": PeriodOverlaps,
    "ledger_postingrule_proved": RuleRefused,
}


@contextmanager
def refusals() -> Iterator[None]:
    """Turns the database's refusals inside the block into errors of the domain."""
    try:
        yield
    except DatabaseError as error:
        said = error.__cause__
        state = getattr(said, "sqlstate", None) or ""
        diag = getattr(said, "diag", None)
        kind = _BY_STATE.get(state) or _BY_CONSTRAINT.get(
            getattr(diag, "constraint_name", None) or ""
        )
        if kind is None:
            raise
        facts = (
            json.loads(diag.message_detail)
            if diag and state in _BY_STATE and diag.message_detail
            else {}
        )
        if kind is RuleRefused:
            facts = {"reason": _("借贷不平。")}
        raise kind(**facts) from error
