"""How a price file writes a card, and which card that is.

`KNOWN` holds what the makers' data sheets say: memory sizes that exist, the architecture, and the
peak FP32 rate where it does not depend on the form that a file leaves out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

NVIDIA = "NVIDIA"


@dataclass(frozen=True, slots=True)
class Card:
    code: str
    name: str
    vendor: str
    architecture: str
    form: str
    memory_gb: int
    fp32_tflops: Decimal | None
    aliases: str


@dataclass(frozen=True, slots=True)
class Facts:
    name: str
    architecture: str
    memories: tuple[int, ...]
    fp32: str | None = None
    aliases: str = ""


KNOWN: dict[str, Facts] = {
    "K80": Facts("Tesla K80", "Kepler", (12, 24)),
    "P4": Facts("Tesla P4", "Pascal", (8,), "5.5"),
    "P100": Facts("Tesla P100", "Pascal", (12, 16)),
    "V100": Facts("Tesla V100", "Volta", (16, 32)),
    "T4": Facts("T4", "Turing", (16,), "8.1", "Tesla T4"),
    "RTX4000": Facts("Quadro RTX 4000", "Turing", (8,), "7.1", "RTX4000"),
    "RTX5000": Facts("Quadro RTX 5000", "Turing", (16,), "11.2", "RTX5000"),
    "RTX6000": Facts("Quadro RTX 6000", "Turing", (24,), "16.3", "RTX6000"),
    "A10": Facts("A10", "Ampere", (24,), "31.2"),
    "A10G": Facts("A10G", "Ampere", (24,)),
    "A40": Facts("A40", "Ampere", (48,), "37.4"),
    "A100": Facts("A100", "Ampere", (40, 80), "19.5"),
    "A4000": Facts("RTX A4000", "Ampere", (16,), "19.2", "RTXA4000"),
    "A5000": Facts("RTX A5000", "Ampere", (24,), "27.8", "RTXA5000"),
    "A6000": Facts("RTX A6000", "Ampere", (48,), "38.7", "RTXA6000"),
    "RTX3080Ti": Facts("GeForce RTX 3080 Ti", "Ampere", (12,), "34.1", "3080Ti 3080 Ti RTX 3080Ti"),
    "L4": Facts("L4", "Ada Lovelace", (24,), "30.3", "Ada"),
    "H100": Facts("H100", "Hopper", (80, 94)),
    "GH200": Facts("GH200", "Grace Hopper", (96, 144), "67", "Grace-Hopper"),
}

_H100_FP32 = {"HGX": "67", "SXM": "67", "PCIe": "51"}
_FORMS = {
    "HGX": "HGX",
    "SXM": "SXM",
    "SXM2": "SXM",
    "SXM4": "SXM",
    "SXM5": "SXM",
    "PCIE": "PCIe",
    "NVL": "NVL",
}
_MAKERS = {"NVIDIA", "TESLA", "QUADRO", "GEFORCE", "英伟达"}
_SPELLINGS = {
    "RTXA4000": "A4000",
    "RTXA5000": "A5000",
    "RTXA6000": "A6000",
    "3080TI": "RTX3080Ti",
    "RTX3080TI": "RTX3080Ti",
}
# The makers' names of generations; "Tesla" in an architecture column is a product line, not one.
_ARCHITECTURES = {
    "Kepler": "Kepler",
    "Maxwell": "Maxwell",
    "Pascal": "Pascal",
    "Volta": "Volta",
    "Turing": "Turing",
    "Ampere": "Ampere",
    "Lovelace": "Ada Lovelace",
    "Ada Lovelace": "Ada Lovelace",
    "Ada": "Ada Lovelace",
    "Hopper": "Hopper",
    "Grace-Hopper": "Grace Hopper",
    "Grace Hopper": "Grace Hopper",
    "Blackwell": "Blackwell",
}
_CHINESE = {
    "Kepler": "开普勒",
    "Maxwell": "麦克斯韦",
    "Pascal": "帕斯卡",
    "Volta": "伏特",
    "Turing": "图灵",
    "Ampere": "安培",
    "Ada Lovelace": "艾达",
    "Hopper": "霍珀",
    "Grace Hopper": "霍珀",
    "Blackwell": "布莱克韦尔",
}

_WRITTEN = re.compile(
    r"(?P<name>[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff -]*?)\s*"
    r"(?:\(\s*(?P<memory>\d{1,4})\s*(?:GB|GiB|G)\s*\))?",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?=.*\d)[A-Z0-9]{2,20}")


class GpuUnknown(ValueError):
    """The text names no card that we can stand for; the message says why, in the reader's words."""


def read_card(
    text: str, *, architecture: str, total_gb: int | None, count: int
) -> tuple[Card, list[str]]:
    """The card that a file's type column names, and remarks on what was put right."""
    match = _WRITTEN.fullmatch(" ".join(unicodedata.normalize("NFKC", text).split()))
    if match is None:
        raise GpuUnknown(f"GPU 型号“{text}”无法识别")
    code, form = _code(match["name"])
    if not _CODE.fullmatch(code.upper()):
        raise GpuUnknown(f"GPU 型号“{text}”无法识别")
    remarks: list[str] = []
    if match["memory"]:
        memory = int(match["memory"])
    elif total_gb and total_gb % count == 0:
        memory = total_gb // count
        remarks.append(f"型号未写显存，按总显存 {total_gb} GB ÷ {count} 卡取 {memory} GB")
    else:
        raise GpuUnknown(f"GPU 型号“{text}”没有显存，总显存也无法推出")
    if memory <= 0:
        raise GpuUnknown(f"GPU 型号“{text}”的显存必须大于 0")
    facts = KNOWN.get(code)
    stated = _ARCHITECTURES.get(architecture.strip())
    if facts is None:
        if stated is None:
            raise GpuUnknown(f"GPU 型号“{text}”不在型号表中，架构“{architecture}”也不认识")
        facts = Facts(code, stated, (memory,))
        remarks.append(f"新型号 {code}，按架构 {stated} 登记")
    if memory not in facts.memories:
        sizes = "、".join(str(size) for size in facts.memories)
        raise GpuUnknown(f"{code} 没有 {memory} GB 的规格（只有 {sizes} GB）")
    if stated != facts.architecture:
        remarks.append(f"架构写作“{architecture}”，{code} 实为 {facts.architecture}")
    fp32 = _H100_FP32.get(form) if code == "H100" else facts.fp32
    return (
        Card(
            code=code,
            name=facts.name,
            vendor=NVIDIA,
            architecture=facts.architecture,
            form=form,
            memory_gb=memory,
            fp32_tflops=Decimal(fp32) if fp32 else None,
            aliases=" ".join(
                filter(None, ("英伟达", _CHINESE.get(facts.architecture), facts.aliases))
            ),
        ),
        remarks,
    )


def _code(name: str) -> tuple[str, str]:
    form = ""
    parts: list[str] = []
    for part in name.upper().replace("-", " ").split():
        if part in _MAKERS:
            continue
        if part in _FORMS:
            form = _FORMS[part]
            continue
        parts.append(part)
    joined = "".join(parts)
    return _SPELLINGS.get(joined, joined), form
