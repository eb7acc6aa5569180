"""The name under which an offer is known again at the next import.

The supplier's own name where it has one. Where a supplier gives one name to several machines (the
cards are added to a general machine), the cards follow the name. Where there is no name, the specs
make one; two prices for equal specs are told apart by their order in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from .clouds import slug
from .fields import Span
from .findings import Finding, Severity
from .reading import ReadOffer


@dataclass(frozen=True, slots=True)
class Identified:
    offer: ReadOffer
    sku: str


def identify(
    offers: list[ReadOffer], *, known: Mapping[tuple[str, str], str]
) -> tuple[list[Identified], list[Finding]]:
    """Gives every offer its SKU. `known` tells (supplier slug, SKU) → cards of what is already there."""
    machines = {(offer.machine, offer.cloud.slug, offer.name) for offer in offers if offer.name}
    shared = Counter((supplier, name) for _, supplier, name in machines)
    lines: dict[tuple[str, str], int] = {}
    identified: list[Identified] = []
    findings: list[Finding] = []
    for offer in offers:
        supplier = offer.cloud.slug
        ambiguous = shared[supplier, offer.name] > 1
        sku = _named(offer, ambiguous=ambiguous, known=known) if offer.name else _specs(offer)
        if (supplier, sku) in lines:
            earlier = lines[supplier, sku]
            if offer.name:
                reason = f"与第 {earlier} 行同名同卡，但价格或规格不同，无法判断以哪一行为准"
                findings.append(_finding(offer, Severity.ERROR, reason))
                continue
            sku = _next_free(supplier, sku, lines)
            reason = f"与第 {earlier} 行规格相同、价格不同，按另一个报价导入，SKU 为 {sku}"
            findings.append(_finding(offer, Severity.NOTE, reason))
        elif offer.name and sku != offer.name:
            reason = f"名称 {offer.name} 用于多种机型，SKU 为 {sku}"
            findings.append(_finding(offer, Severity.NOTE, reason))
        lines[supplier, sku] = offer.line
        identified.append(Identified(offer, sku))
    return identified, findings


def cards(code: str | None, memory_gb: int, form: str, count: int) -> str:
    if code is None:
        return "cpu"
    return f"{count}x{slug(code)}{'-' + slug(form) if form else ''}-{memory_gb}g"


def _cards(offer: ReadOffer) -> str:
    card = offer.card
    if card is None:
        return cards(None, 0, "", 0)
    return cards(card.code, card.memory_gb, card.form, offer.gpu_count)


def _named(offer: ReadOffer, *, ambiguous: bool, known: Mapping[tuple[str, str], str]) -> str:
    """An SKU once given is kept, also when the name becomes, or stops being, one of several machines'."""
    own = _cards(offer)
    qualified = f"{offer.name}@{own}"
    if (offer.cloud.slug, qualified) in known:
        return qualified
    if ambiguous and known.get((offer.cloud.slug, offer.name)) != own:
        return qualified
    return offer.name


def _specs(offer: ReadOffer) -> str:
    return f"{_cards(offer)}-{_size(offer.vcpu)}c-{_size(offer.ram)}g"


def _size(size: Span | None) -> str:
    if size is None:
        return "0"
    ends = [size.low] if size.high is None else [size.low, size.high]
    return "-".join(f"{end.normalize():f}" for end in ends)


def _next_free(supplier: str, sku: str, taken: Mapping[tuple[str, str], int]) -> str:
    number = 2
    while (supplier, f"{sku}-{number}") in taken:
        number += 1
    return f"{sku}-{number}"


def _finding(offer: ReadOffer, severity: Severity, reason: str) -> Finding:
    return Finding(offer.line, severity, reason, offer.cloud.name, offer.name)
