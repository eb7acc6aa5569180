"""What a line of text asks for, in the words that offers are indexed by.

Offers and questions go through the same pieces: Latin letters and digits are lower-cased and cut
at everything else, memory becomes `80g`, a number of cards becomes `8卡`, Chinese is cut into
words by rjieba and matched by its pairs of characters, so that 显卡, 英伟达 and 贵州 are found
whatever words rjieba makes of them inside an offer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import rjieba

MOST_TERMS = 12
_LONGEST = 200

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_PIECE = re.compile(rf"[{_CJK}]+|[a-z0-9]+")
_DIGITS = {
    "半": Decimal("0.5"),
    "单": Decimal(1),
    "一": Decimal(1),
    "两": Decimal(2),
    "双": Decimal(2),
    "二": Decimal(2),
    "三": Decimal(3),
    "四": Decimal(4),
    "五": Decimal(5),
    "六": Decimal(6),
    "七": Decimal(7),
    "八": Decimal(8),
    "九": Decimal(9),
    "十": Decimal(10),
    "十六": Decimal(16),
}
_NUMBER = r"(?:\d+(?:\.\d+)?|十六|[半单一两双二三四五六七八九十])"

_MONEY = re.compile(
    rf"({_NUMBER})\s*(万元|万|千元|千|元|块钱)(?:\s*(?:/|每)\s*(小时|天|日|月|年))?"
)
_TERM = re.compile(rf"({_NUMBER})\s*(?:个)?\s*(小时|天|日|周|星期|礼拜|月|年)")
_MEMORY = re.compile(r"(?<![a-z0-9.])(\d{1,4})\s*(?:gb|gib|g)(?![a-z0-9])")
_CARDS = re.compile(rf"(?<![a-z0-9.])({_NUMBER})\s*(?:卡|张|块|片|颗)")
_MACHINES = re.compile(rf"(?<![a-z0-9.]){_NUMBER}\s*(?:台|个)(?![a-z0-9])")
_TIMES_BEFORE = re.compile(r"(?<![a-z0-9.])(\d{1,3})\s*[x×*](?!large)\s*(?=[a-z0-9])")
_TIMES_AFTER = re.compile(r"(?:×|\*|(?<=[\sg)])x)\s*(\d{1,3})(?![a-z0-9.])")

_HOURS = {
    "小时": 1,
    "天": 24,
    "日": 24,
    "周": 168,
    "星期": 168,
    "礼拜": 168,
    "月": 720,
    "年": 8760,
}
_TIMES = {"万元": 10_000, "万": 10_000, "千元": 1_000, "千": 1_000, "元": 1, "块钱": 1}

# Words of a buyer's sentence that no offer can be chosen by. They are told back, not matched.
NOISE = frozenset(
    {
        "训练",
        "推理",
        "微调",
        "大",
        "模型",
        "大模型",
        "算力",
        "云",
        "主机",
        "服务器",
        "机器",
        "实例",
        "资源",
        "租",
        "租用",
        "租赁",
        "租一台",
        "预算",
        "需要",
        "想要",
        "想",
        "要",
        "我",
        "我要",
        "我们",
        "买",
        "购买",
        "找",
        "求",
        "求购",
        "有",
        "没有",
        "吗",
        "的",
        "了",
        "用",
        "用于",
        "做",
        "跑",
        "和",
        "与",
        "在",
        "个",
        "台",
        "以内",
        "以下",
        "不",
        "超过",
        "不超过",
        "低于",
        "左右",
        "大约",
        "约",
        "便宜",
        "价格",
        "多少",
        "钱",
        "多少钱",
        "每",
        "使用",
        "一",
        "一台",
        "长期",
        "短期",
        "请",
        "帮",
        "帮我",
        "请问",
        "什么",
    }
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What was made of a line of text.

    `terms` must all be found; `noise` was set aside; `hours` and `budget_hourly` are for the caller,
    who knows what a shop adds to the list price. `nothing` is a text of which no word is usable.
    """

    terms: tuple[str, ...] = ()
    gpu_count: int | None = None
    memory_gb: int | None = None
    hours: int | None = None
    budget: Decimal | None = None
    budget_hourly: Decimal | None = None
    noise: tuple[str, ...] = ()
    nothing: bool = False

    def tsquery(self) -> str:
        """The terms as a tsquery of exact lexemes; words of letters also match as beginnings."""
        return " & ".join(_lexeme(term) for term in self.terms)


def understand(text: str) -> Understood:
    rest = _normal(text)[:_LONGEST]
    if not rest:
        return Understood()
    rest, budget, per_hours = _take_budget(rest)
    rest, hours = _take_term(rest)
    rest, memory = _take(rest, _MEMORY)
    rest, cards = _take(rest, _CARDS, _TIMES_BEFORE, _TIMES_AFTER)
    terms: list[str] = []
    noise: list[str] = []
    if machines := _MACHINES.search(rest):  # how many machines says nothing of which
        noise.append(machines[0].strip())
        rest = _without(rest, machines)
    if cards is not None:
        terms.append(f"{cards}卡")
    if memory is not None:
        terms.append(f"{memory}g")
    for piece in _PIECE.findall(rest):
        if piece[0].isascii():
            terms.append(piece)
            continue
        for word in rjieba.cut(piece):
            if word in NOISE:
                noise.append(word)
            else:
                terms.extend(_pairs(word))
    spread = per_hours or hours
    return Understood(
        terms=tuple(dict.fromkeys(terms))[:MOST_TERMS],
        gpu_count=cards,
        memory_gb=memory,
        hours=hours,
        budget=budget,
        budget_hourly=budget / spread if budget is not None and spread else None,
        noise=tuple(dict.fromkeys(noise)),
        nothing=not (terms or noise or budget is not None or hours),
    )


def lexemes(texts: Iterable[str], *, gpu_count: int = 0, memory_gb: int = 0) -> list[str]:
    """The words that an offer is found by, from its texts and its cards; sorted, each once.

    Memory is a card's own: an offer with 80 GB of ordinary RAM must not answer "80G".
    """
    found: set[str] = set()
    for text in texts:
        for piece in _PIECE.findall(_normal(text)):
            if piece[0].isascii():
                found.add(piece)
            else:
                found.update(piece)
                found.update(_pairs(piece))
                found.update(rjieba.cut(piece))
    if gpu_count:
        found.add(f"{gpu_count}卡")
    if memory_gb:
        found |= {f"{memory_gb}g", str(memory_gb)}
    return sorted(found)


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("\0", " ").lower().split())


def _pairs(word: str) -> list[str]:
    return [word[i : i + 2] for i in range(len(word) - 1)] or [word]


def _lexeme(term: str) -> str:
    # Terms are letters, digits and Chinese only, so the quotes cannot be left.
    return f"'{term}':*" if len(term) > 2 and term.isascii() and term.isalpha() else f"'{term}'"


def _number(text: str) -> Decimal:
    return _DIGITS[text] if text in _DIGITS else Decimal(text)


def _take(text: str, *patterns: re.Pattern[str]) -> tuple[str, int | None]:
    for pattern in patterns:
        match = pattern.search(text)
        if match and _number(match[1]) == int(_number(match[1])):
            return _without(text, match), int(_number(match[1]))
    return text, None


def _take_budget(text: str) -> tuple[str, Decimal | None, int | None]:
    match = _MONEY.search(text)
    if match is None:
        return text, None, None
    return _without(text, match), _number(match[1]) * _TIMES[match[2]], _HOURS.get(match[3] or "")


def _take_term(text: str) -> tuple[str, int | None]:
    match = _TERM.search(text)
    if match is None:
        return text, None
    return _without(text, match), max(1, int(_number(match[1]) * _HOURS[match[2]]))


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
