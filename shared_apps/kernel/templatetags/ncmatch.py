"""How figures are written on a page. One place, so that a sum looks the same in the shop, the books and an export."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from django import template
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from shared_apps.kernel.clock import now
from shared_apps.kernel.money import Money

register = template.Library()

SYMBOLS: Final = {"CNY": "¥", "USD": "US$", "HKD": "HK$", "EUR": "€"}
EMPTY: Final = "—"
FORMS: Final = {
    "Y-m-d H:i": "%Y-%m-%d %H:%M",
    "Y-m-d": "%Y-%m-%d",
    "H:i": "%H:%M",
    "s": "%Y-%m-%d %H:%M:%S",
}

# The four meanings that never change (see the style sheet), and the words customers read.
GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"
STATUSES: Final[dict[str, tuple[str, Promise]]] = {
    # resources
    "RUNNING": (GREEN, lazy("运行中")),
    "ACTIVE": (GREEN, lazy("生效中")),
    "OPENING": (AMBER, lazy("开通中")),
    "PROVISIONING": (AMBER, lazy("开通中")),
    "CREATING": (AMBER, lazy("开通中")),
    "CHANGING": (AMBER, lazy("变更中")),
    "SUSPENDED": (AMBER, lazy("已暂停")),
    "STOPPED": (GREY, lazy("已关机")),
    "ENDING": (AMBER, lazy("释放中")),
    "TERMINATING": (AMBER, lazy("退订中")),
    "TERMINATED": (GREY, lazy("已退订")),
    "EXPIRED": (GREY, lazy("已到期")),
    "ENDED": (GREY, lazy("已结束")),
    # orders and work
    "DRAFT": (GREY, lazy("草稿")),
    "WAITING": (AMBER, lazy("待支付")),
    "QUEUED": (AMBER, lazy("待派单")),
    "BINDING": (AMBER, lazy("获取访问方式")),
    "UNDOING": (AMBER, lazy("撤销中")),
    "PARTLY_COMPLETED": (AMBER, lazy("部分完成")),
    "PLACED": (AMBER, lazy("待支付")),
    "AWAITING_PAYMENT": (AMBER, lazy("待支付")),
    "PENDING": (AMBER, lazy("处理中")),
    "PAID": (GREEN, lazy("已支付")),
    "DISPATCHED": (AMBER, lazy("已派单")),
    "IN_PROGRESS": (AMBER, lazy("处理中")),
    "FULFILLED": (GREEN, lazy("已完成")),
    "PARTLY_FULFILLED": (AMBER, lazy("部分开通")),
    "DONE": (GREEN, lazy("已完成")),
    "SUCCEEDED": (GREEN, lazy("成功")),
    "COMPLETED": (GREEN, lazy("已完成")),
    "CANCELLED": (GREY, lazy("已取消")),
    "FAILED": (RED, lazy("失败")),
    "UNKNOWN": (AMBER, lazy("结果确认中")),
    # money
    "CONFIRMING": (AMBER, lazy("支付结果确认中")),
    "REFUNDING": (AMBER, lazy("退款中")),
    "REFUNDED": (GREY, lazy("已退款")),
    "HELD": (AMBER, lazy("已冻结")),
    "CAPTURED": (GREEN, lazy("已扣款")),
    "RELEASED": (GREY, lazy("已解冻")),
    "OWED": (RED, lazy("欠费")),
    "OVERDUE": (RED, lazy("已逾期")),
    "SETTLED": (GREEN, lazy("已结清")),
    "BOOKED": (GREEN, lazy("已入账")),
    "UNBOOKED": (AMBER, lazy("在途")),
    "REQUESTED": (AMBER, lazy("退款中")),
    "ACCEPTED": (GREEN, lazy("已采信")),
    "IGNORED": (GREY, lazy("无需处理")),
    "QUARANTINED": (RED, lazy("已隔离待查")),
    "REFUSED": (RED, lazy("已拒收")),
    # approvals and messages
    "APPROVED": (GREEN, lazy("已通过")),
    "REJECTED": (RED, lazy("已驳回")),
    "SENT": (GREEN, lazy("已发送")),
    "OPEN": (AMBER, lazy("待处理")),
    "CLOSED": (GREY, lazy("已关闭")),
}


@register.filter
def money(value: Money | int | str | None, style: str = "") -> str:
    """¥1,234.50 from Money or fen. "books": a negative as (¥1,234.50); "bare": no ¥."""
    if value is None or value == "":
        return EMPTY
    amount = value if isinstance(value, Money) else Money(int(value))
    symbol = (
        ""
        if style in ("bare", "bare books")
        else SYMBOLS.get(amount.currency, f"{amount.currency} ")
    )
    figure = f"{symbol}{abs(amount.decimal):,.2f}"
    if amount.minor >= 0:
        return figure
    return f"({figure})" if style.endswith("books") else f"−{figure}"


@register.filter
def price(value: Money | Decimal | int | str | None, style: str = "") -> str:
    """A rate: ¥12.35, or with more places while it is small (¥0.0012), never rounded to nothing. "bare": no ¥."""
    if value is None or value == "":
        return EMPTY
    rate = value.decimal if isinstance(value, Money) else _decimal(value)
    if rate is None:
        return EMPTY
    digits = 2
    while (
        digits < 6
        and rate
        and rate != rate.quantize(Decimal(1).scaleb(-digits))
        and abs(rate) < Decimal("0.1")
    ):
        digits += 1
    figure = f"{rate.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP):,f}"
    return figure if style == "bare" else f"¥{figure}"


_SCALES: Final = {
    "zh-hans": (("亿", Decimal(10**8)), ("万", Decimal(10**4))),
    "en": (("B", Decimal(10**9)), ("M", Decimal(10**6)), ("K", Decimal(10**3))),
}


@register.filter
def wan(value: Money | Decimal | int | None) -> SafeString | str:
    """12.3 万, 4.56 亿 (in English 123 K, 456 M): for boards. The exact value stands in the title."""
    if value is None or value == "":
        return EMPTY
    is_money = isinstance(value, Money)
    number = value.decimal if isinstance(value, Money) else _decimal(value)
    if number is None:
        return EMPTY
    symbol = "¥" if is_money else ""
    exact = f"{symbol}{number:,.2f}" if is_money else f"{number:,f}"
    for unit, size in _SCALES.get(get_language() or "", _SCALES["zh-hans"]):
        if abs(number) >= size:
            scaled = number / size
            digits = 2 if abs(scaled) < 100 else 1 if abs(scaled) < 1000 else 0
            short = f"{scaled.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN):,f}"
            return format_html(
                '<span class="nc-num" title="{}">{}{}<small class="nc-unit">{}</small></span>',
                exact,
                symbol,
                short,
                unit,
            )
    return format_html('<span class="nc-num" title="{}">{}</span>', exact, exact)


_SPANS: Final = (
    (86400 * 365, ngettext_lazy("%(n)s 年", "%(n)s 年", "n")),
    (86400 * 30, ngettext_lazy("%(n)s 个月", "%(n)s 个月", "n")),
    (86400, ngettext_lazy("%(n)s 天", "%(n)s 天", "n")),
    (3600, ngettext_lazy("%(n)s 小时", "%(n)s 小时", "n")),
    (60, ngettext_lazy("%(n)s 分钟", "%(n)s 分钟", "n")),
)


@register.filter
def ago(value: datetime | None) -> str:
    """3 分钟前, 2 小时后: the relative form that stands beside an exact time."""
    if value is None or value == "":
        return EMPTY
    seconds = int((now() - value).total_seconds())
    past, span = seconds >= 0, abs(seconds)
    if span < 45:
        return _("刚刚") if past else _("马上")
    for size, words in _SPANS:
        if span >= size or size == 60:
            count = max(1, span // size)
            text = str(words % {"n": count})
            return _("%(span)s前") % {"span": text} if past else _("%(span)s后") % {"span": text}
    raise AssertionError("unreachable")


@register.filter
def moment(value: datetime | date | None, form: str = "Y-m-d H:i") -> str:
    """The exact time in the site's zone."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime(FORMS[form])
    return value.strftime(FORMS["Y-m-d"])


@register.filter
def gb(value: Decimal | int | None) -> str:
    """80 GB, 1.5 TB."""
    number = _decimal(value)
    if number is None:
        return EMPTY
    if number >= 1024:
        return f"{_plain((number / 1024).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP))} TB"
    return f"{_plain(number)} GB"


@register.filter
def percent(value: Decimal | int | str | None, places: int | str = 1) -> str:
    """0.125 → 12.5%."""
    number = _decimal(value)
    if number is None:
        return EMPTY
    return f"{_plain((number * 100).quantize(Decimal(1).scaleb(-int(places)), rounding=ROUND_HALF_UP))}%"


@register.filter
def number(value: Decimal | int | str | None) -> str:
    """1,234,567; a decimal without its trailing zeros."""
    figure = _decimal(value)
    return EMPTY if figure is None else _plain(figure)


@register.filter
def status_label(value: object) -> str:
    """The word for a state; never the code."""
    label = getattr(value, "label", None)
    if label:
        return str(label)
    known = STATUSES.get(str(value).upper())
    return str(known[1]) if known else str(value)


@register.filter
def status_tone(value: object) -> str:
    """green, amber, red or grey; a state without a meaning yet is grey."""
    known = STATUSES.get(str(getattr(value, "value", value)).upper())
    return known[0] if known else GREY


@register.filter
def short_id(value: object) -> str:
    """An identifier that fits a column: the ends are kept, they are what people compare."""
    text = str(value)
    return text if len(text) <= 18 else f"{text[:8]}…{text[-6:]}"


def _decimal(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _plain(figure: Decimal) -> str:
    text = f"{figure:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
