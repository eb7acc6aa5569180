"""A price file read into offers: every row becomes an offer, a duplicate or a refusal with its reason."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from shared_apps.catalog.errors import FileUnreadable

from . import fields
from .clouds import Cloud, cloud
from .fields import CellRefused, Span
from .findings import Finding, Severity
from .gpus import Card, GpuUnknown, read_card

CURRENCY = "USD"
COLUMNS = (
    "Cloud",
    "GPU Type",
    "GPU Arch",
    "GPUs",
    "GPU RAM",
    "vCPUs",
    "RAM",
    "On-demand",
    "Per-GPU",
    "Spot",
    "Name",
)
_MOST_BYTES = 20_000_000
_ROUNDING = Decimal("0.015")


@dataclass(frozen=True, slots=True)
class ReadOffer:
    line: int
    cloud: Cloud
    name: str
    card: Card | None
    gpu_count: int
    vcpu: Span | None
    ram: Span | None
    on_demand: Decimal
    spot: Decimal | None

    @property
    def memory_gb(self) -> int:
        return self.card.memory_gb * self.gpu_count if self.card else 0

    @property
    def machine(self) -> tuple[object, ...]:
        """What makes two rows the same machine, whatever they cost."""
        return (self.cloud.slug, self.name, self.card, self.gpu_count, self.vcpu, self.ram)


@dataclass(slots=True)
class ReadFile:
    rows: int = 0
    offers: list[ReadOffer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    # Names on refused rows: an offer that was there before has not vanished, it could not be read.
    refused_names: set[tuple[str, str]] = field(default_factory=set)


def read(data: bytes) -> ReadFile:
    """Reads a whole file. Raises FileUnreadable only when no row can be told from another."""
    result = ReadFile()
    seen: dict[tuple[object, ...], int] = {}
    for line, row in _rows(data):
        result.rows += 1
        if isinstance(row, str):
            result.findings.append(Finding(line, Severity.ERROR, row))
            continue
        remarks: list[str] = []
        named = (row["Cloud"], row["Name"])
        try:
            offer = _offer(line, row, remarks)
        except (CellRefused, GpuUnknown) as refusal:
            result.findings.append(Finding(line, Severity.ERROR, str(refusal), *named))
            result.refused_names.add(named)
            continue
        contents = (*offer.machine, offer.on_demand, offer.spot)
        if contents in seen:
            result.findings.append(
                Finding(
                    line,
                    Severity.DUPLICATE,
                    f"与第 {seen[contents]} 行完全相同，只保留一行",
                    *named,
                )
            )
            continue
        seen.setdefault(contents, line)
        result.offers.append(offer)
        result.findings += [Finding(line, Severity.NOTE, remark, *named) for remark in remarks]
    return result


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Line numbers with their cells, or with the reason why the line has none.

    Line by line, so that a stray quote or a broken character spoils its own line and no other.
    """
    if len(data) > _MOST_BYTES:
        raise FileUnreadable(reason="文件超过 20 MB")
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    first = _cells(lines[0]) if lines else []
    header = first if isinstance(first, list) else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise FileUnreadable(reason=f"首行缺少列 {'、'.join(missing)}")
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = _cells(line)
        if isinstance(cells, str):
            yield number, cells
        elif len(cells) != len(header):
            yield number, f"应有 {len(header)} 列，实有 {len(cells)} 列"
        else:
            yield number, dict(zip(header, cells, strict=True))


def _cells(line: bytes) -> list[str] | str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"不是 UTF-8 编码（行内第 {error.start + 1} 字节）"
    if "\0" in text:
        return "含有空字符"
    try:
        return [fields.plain(cell) for cell in next(csv.reader([text], strict=True))]
    except csv.Error:
        return "引号没有配对，无法分列"


def _offer(line: int, row: dict[str, str], remarks: list[str]) -> ReadOffer:
    if fields.is_blank(row["Cloud"]):
        raise CellRefused("缺少供应商名称（Cloud）")
    supplier = cloud(row["Cloud"])
    if not supplier.slug or len(supplier.name) > 80:
        raise CellRefused(f"供应商名称无法使用：“{row['Cloud']}”")
    name = "" if fields.is_blank(row["Name"]) else row["Name"]
    if len(name) > 60:
        raise CellRefused("产品名称（Name）超过 60 个字")
    card, count = _cards(row, remarks)
    vcpu = fields.span(row["vCPUs"], column="vCPUs", most=10_000, whole=True)
    ram = fields.span(row["RAM"], column="RAM", most=100_000)
    for label, size, unit in (("vCPU", vcpu, ""), ("内存", ram, " GB")):
        if size is None:
            remarks.append(f"没有写{label}，留空")
        elif size.high is not None:
            remarks.append(
                f"{label}是范围 {size.low}-{size.high}{unit}，按下限 {size.low}{unit} 计"
            )
    on_demand = _on_demand(row, count, remarks)
    spot = fields.price(row["Spot"], column="Spot", currency=CURRENCY)
    if spot is not None and spot >= on_demand:
        remarks.append(f"竞价 {spot} 不低于按需价 {on_demand}")
    return ReadOffer(line, supplier, name, card, count, vcpu, ram, on_demand, spot)


def _cards(row: dict[str, str], remarks: list[str]) -> tuple[Card | None, int]:
    count = fields.count(row["GPUs"], column="GPUs", most=1_024)
    total = fields.count(row["GPU RAM"], column="GPU RAM", most=1_000_000)
    if fields.is_blank(row["GPU Type"]):
        if count or total:
            raise CellRefused("有卡数或显存，却没有 GPU 型号（GPU Type）")
        return None, 0
    if not count:
        raise CellRefused("有 GPU 型号，却没有卡数（GPUs）")
    card, card_remarks = read_card(
        row["GPU Type"], architecture=row["GPU Arch"], total_gb=total, count=count
    )
    remarks += card_remarks
    right = card.memory_gb * count
    if total is None:
        remarks.append(f"没有写总显存，按 {card.memory_gb} GB × {count} 卡取 {right} GB")
    elif total != right:
        remarks.append(f"总显存写作 {total} GB，按 {card.memory_gb} GB × {count} 卡应为 {right} GB")
    return card, count


def _on_demand(row: dict[str, str], count: int, remarks: list[str]) -> Decimal:
    """The price of the whole machine. The price per card is not used for several cards: some
    suppliers' rows write the machine's price into that column, and a guess would be sold."""
    whole = fields.price(row["On-demand"], column="On-demand", currency=CURRENCY)
    per_card = fields.price(row["Per-GPU"], column="Per-GPU", currency=CURRENCY)
    if whole is None:
        if per_card is not None and count == 1:
            remarks.append(f"没有按需价，单卡机型取 Per-GPU 价 {per_card}")
            return per_card
        if per_card is not None:
            raise CellRefused(
                f"没有按需价（On-demand）；{count} 卡机型的 Per-GPU {per_card} 可能是单卡价也可能是整机价，不作推断"
            )
        raise CellRefused("没有按需价（On-demand）")
    if per_card is not None and count and abs(whole / count - per_card) > _ROUNDING:
        remarks.append(f"单卡价写作 {per_card}，与按需价 {whole} ÷ {count} 卡不符，以按需价为准")
    return whole
