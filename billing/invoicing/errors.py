"""What invoicing refuses, and how the database says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, DomainError, Invalid, NotFound


class InvoiceNotFound(NotFound):
    code = "invoicing.not_found"
    sentence = _("没有找到这张发票。")


class TitleNotFound(NotFound):
    code = "invoicing.title_not_found"
    sentence = _("没有找到这个发票抬头。")


class TaxNumberWrong(Invalid):
    code = "invoicing.tax_number_wrong"
    sentence = _("税号应为 18 位统一社会信用代码，请对照营业执照检查，末位校验码不符。")


class TitleIncomplete(Invalid):
    code = "invoicing.title_incomplete"
    sentence = _("请填写抬头名称。")


class TooManyTitles(Conflict):
    code = "invoicing.too_many_titles"
    sentence = _("最多保存 %(most)s 个抬头，请先删除不用的。")


class CompanyOnly(Invalid):
    code = "invoicing.company_only"
    sentence = _("专用发票只能开给企业抬头。")


class NothingToInvoice(Invalid):
    code = "invoicing.nothing_to_invoice"
    sentence = _("所选范围内没有可开票的消费。")


class TooManyLines(Invalid):
    code = "invoicing.too_many_lines"
    sentence = _("一张发票最多 %(most)s 项消费，请分几次申请。")


class NowhereToSend(Invalid):
    code = "invoicing.nowhere_to_send"
    sentence = _("请填写接收发票的邮箱。")


class MoreThanConsumed(Conflict):
    """The database's word: more would be invoiced than was consumed and not given back."""

    code = "invoicing.more_than_consumed"
    sentence = _("开票金额超过了未开票的消费金额：申请后可能有退款，请驳回并请客户重新申请。")


class MoreThanBlue(Conflict):
    code = "invoicing.more_than_blue"
    sentence = _("红冲金额超过了这张蓝票尚未红冲的金额。")


class NotThisState(Conflict):
    code = "invoicing.not_this_state"
    sentence = _("发票当前状态为“%(state)s”，不能这样处理。")


class NumberWrong(Invalid):
    code = "invoicing.number_wrong"
    sentence = _(
        "数电发票号码为 20 位数字，不填发票代码；纸质发票号码为 8 位，发票代码为 10 或 12 位。"
    )


class NumberUsed(Conflict):
    code = "invoicing.number_used"
    sentence = _("这个发票号码已登记过，请核对。")


class DateWrong(Invalid):
    code = "invoicing.date_wrong"
    sentence = _("开票日期不能晚于今天，红票日期不能早于蓝票。")


class ReasonNeeded(Invalid):
    code = "invoicing.reason_needed"
    sentence = _("请写明原因，客户会看到。")


class WrittenOnce(Conflict):
    code = "invoicing.written_once"
    sentence = _("发票和消费记录的金额不能修改，请用红票更正。")


_BY_STATE: dict[str, type[DomainError]] = {
    "23I01": MoreThanConsumed,
    "23I02": MoreThanBlue,
    "23I03": WrittenOnce,
}
_BY_CONSTRAINT: dict[str, type[DomainError]] = {"invoice_number_once": NumberUsed}


@contextmanager
def refusals() -> Iterator[None]:
    """Turns the database's refusals inside the block into errors of the domain."""
    try:
        yield
    except DatabaseError as error:
        said = error.__cause__
        constraint = getattr(getattr(said, "diag", None), "constraint_name", None) or ""
        kind = _BY_STATE.get(getattr(said, "sqlstate", None) or "") or _BY_CONSTRAINT.get(
            constraint
        )
        if kind is None:
            raise
        raise kind from error
