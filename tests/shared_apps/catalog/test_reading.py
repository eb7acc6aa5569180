"""The real file, to the row; and what a strict reader must not swallow."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_apps.catalog.errors import FileUnreadable
from shared_apps.catalog.importing import fields
from shared_apps.catalog.importing.fields import CellRefused, Span
from shared_apps.catalog.importing.findings import Severity
from shared_apps.catalog.importing.gpus import GpuUnknown, read_card
from shared_apps.catalog.importing.reading import read
from shared_apps.catalog.importing.skus import identify
from tests.shared_apps.catalog.market import FILE, HEADER, file_of

GOOD = "AWS,A100 (80 GB),Ampere,8,640,96,1152,40.97,5.12,,p4de.24xlarge"


def test_every_row_of_the_real_file_is_accounted_for() -> None:
    found = read(FILE.read_bytes())
    kinds = Counter(finding.severity for finding in found.findings)
    assert found.rows == 257
    assert len({offer.cloud.name for offer in found.offers}) == 18
    assert (len(found.offers), kinds[Severity.DUPLICATE], kinds[Severity.ERROR]) == (251, 2, 4)
    assert len(found.offers) + kinds[Severity.DUPLICATE] + kinds[Severity.ERROR] == found.rows


def test_refused_and_repeated_rows_of_the_real_file_are_these() -> None:
    found = read(FILE.read_bytes())
    lines = {
        severity: [f.line for f in found.findings if f.severity is severity]
        for severity in (Severity.ERROR, Severity.DUPLICATE)
    }
    assert lines == {Severity.ERROR: [107, 108, 110, 111], Severity.DUPLICATE: [19, 24]}
    assert "没有按需价" in next(f.reason for f in found.findings if f.line == 107)


def test_cards_of_the_real_file() -> None:
    found = read(FILE.read_bytes())
    cards = Counter((o.card.code, o.card.memory_gb) for o in found.offers if o.card)
    assert cards == {
        ("A100", 80): 33, ("A6000", 48): 28, ("V100", 16): 25, ("A100", 40): 23, ("H100", 80): 22,
        ("A5000", 24): 21, ("A4000", 16): 16, ("T4", 16): 15, ("K80", 12): 10, ("P100", 16): 10,
        ("A40", 48): 10, ("A10G", 24): 9, ("V100", 32): 7, ("RTX5000", 16): 7, ("A10", 24): 3,
        ("P4", 8): 3, ("RTX4000", 8): 3, ("L4", 24): 3, ("GH200", 96): 1, ("RTX3080Ti", 12): 1,
        ("RTX6000", 24): 1,
    }  # fmt: skip
    assert sum(offer.spot is not None for offer in found.offers) == 77


@pytest.mark.parametrize(
    ("written", "architecture", "total", "count", "expected"),
    [
        ("A100 (80 GB)", "Ampere", 640, 8, ("A100", "", 80)),
        ("H100 HGX (80GB)", "Hopper", 80, 1, ("H100", "HGX", 80)),
        ("H100 PCIe (80GB)", "Hopper", 80, 1, ("H100", "PCIe", 80)),
        ("RTX A6000 (48 GB)", "Ampere", 48, 1, ("A6000", "", 48)),
        ("Quadro RTX 6000 (24 GB)", "Turing", 24, 1, ("RTX6000", "", 24)),
        ("3080Ti (12 GB)", "Ampere", 12, 1, ("RTX3080Ti", "", 12)),
        ("NVIDIA T4（16GB）", "Turing", 16, 1, ("T4", "", 16)),
        ("A10", "Ampere", 48, 2, ("A10", "", 24)),
        ("B200 (192 GB)", "Blackwell", 192, 1, ("B200", "", 192)),
    ],
)
def test_a_card_is_known_however_it_is_written(
    written: str, architecture: str, total: int, count: int, expected: tuple[str, str, int]
) -> None:
    card, _ = read_card(written, architecture=architecture, total_gb=total, count=count)
    assert (card.code, card.form, card.memory_gb) == expected


@pytest.mark.parametrize(
    ("written", "architecture", "total"),
    [
        ("A100 (90 GB)", "Ampere", 90),  # no such card
        ("A100 (0 GB)", "Ampere", 0),
        ("Z9000 (80 GB)", "Zuse", 80),  # neither card nor architecture known
        ("A10", "Ampere", None),  # no memory anywhere
        ("(80 GB)", "Ampere", 80),
        ("best card", "Ampere", 80),
    ],
)
def test_a_card_that_cannot_be_is_refused(
    written: str, architecture: str, total: int | None
) -> None:
    with pytest.raises(GpuUnknown):
        read_card(written, architecture=architecture, total_gb=total, count=1)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("40.97", Decimal("40.97")), ("$1,234.50", Decimal("1234.50")), (" 3.1 ", Decimal("3.1")),
        ("USD 2", Decimal(2)), ("0.92361", Decimal("0.92361")), ("", None), ("-", None), ("N/A", None),
        ("１２．５", Decimal("12.5")),
    ],
)  # fmt: skip
def test_a_price_is_read(cell: str, amount: Decimal | None) -> None:
    assert fields.price(cell, column="On-demand", currency="USD") == amount


@pytest.mark.parametrize(
    "cell",
    [
        "0",
        "-1",
        "NaN",
        "Infinity",
        "1e3",
        "1_000",
        "1.234,56",
        "€3",
        "¥3",
        "1,23",
        "1000001",
        "0.0000001",
        "abc",
        "=1+1",
    ],
)
def test_a_price_that_would_have_to_be_guessed_is_refused(cell: str) -> None:
    with pytest.raises(CellRefused):
        fields.price(cell, column="On-demand", currency="USD")


def test_a_range_keeps_both_ends() -> None:
    assert fields.span("12-16", column="RAM", most=100) == Span(Decimal(12), Decimal(16))
    assert fields.span("64 GB", column="RAM", most=100) == Span(Decimal(64))
    for cell in ("16-12", "0", "1-2-3", "101", "4.125"):
        with pytest.raises(CellRefused):
            fields.span(cell, column="RAM", most=100)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("AWS,A100 (80 GB),Ampere,8,640,96,1152,abc,5.12,,bad", "On-demand 不是有效的数字"),
        ("AWS,A100 (80 GB),Ampere,8,640,96,1152,-4,5.12,,bad", "On-demand"),
        ("AWS,A100 (80 GB),Ampere,8,640,96,1152,0,5.12,,bad", "必须大于 0"),
        ("AWS,A100 (80 GB),Ampere,8,640,96,1152,4,5.12,x,bad", "Spot"),
        ("AWS,A100 (80 GB),Ampere,0,640,96,1152,4,5.12,,bad", "没有卡数"),
        ("AWS,A100 (80 GB),Ampere,1.5,640,96,1152,4,5.12,,bad", "必须是整数"),
        ("AWS,,Ampere,8,640,96,1152,4,5.12,,bad", "没有 GPU 型号"),
        (",A100 (80 GB),Ampere,8,640,96,1152,4,5.12,,bad", "缺少供应商"),
        ("AWS,A100 (80 GB),Ampere,8,640,96", "应有 11 列，实有 6 列"),
        ('AWS,"A100 (80 GB),Ampere,8,640,96,1152,4,5.12,,bad', "引号"),
        ("AWS,A100 (80 GB),Ampere,8,640,-2,1152,4,5.12,,bad", "vCPUs"),
        ("AWS,A100 (80 GB),Ampere,8,640,96,1152,,,,bad", "没有按需价"),
    ],
)
def test_a_bad_row_is_named_by_line_and_reason_and_the_rest_is_read(row: str, reason: str) -> None:
    found = read(file_of(GOOD, row, GOOD.replace("p4de", "p5")))
    assert found.rows == 3
    assert [offer.name for offer in found.offers] == ["p4de.24xlarge", "p5.24xlarge"]
    (finding,) = [f for f in found.findings if f.severity is Severity.ERROR]
    assert finding.line == 3
    assert reason in finding.reason


def test_a_line_of_broken_characters_spoils_itself_only() -> None:
    data = (
        file_of(GOOD)
        + b"AWS,\xff\xfe,Ampere,8,640,96,1152,4,5.12,,bad\r\n"
        + GOOD.replace("p4de", "p5").encode()
    )
    found = read(b"\xef\xbb\xbf" + data)
    assert [offer.name for offer in found.offers] == ["p4de.24xlarge", "p5.24xlarge"]
    assert [(f.line, f.severity) for f in found.findings] == [(3, Severity.ERROR)]


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"a,b\n1,2\n", b"\xff\xfe", HEADER.replace("RAM,", "", 1).encode()]
)
def test_a_file_without_its_columns_is_refused_whole(data: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(data)


def test_memory_that_contradicts_the_card_is_put_right_and_told() -> None:
    found = read(file_of("FluidStack,A100 (80 GB),Ampere,8,80,384,1024,17.68,2.21,,"))
    assert found.offers[0].memory_gb == 640
    assert [f.reason for f in found.findings] == ["总显存写作 80 GB，按 80 GB × 8 卡应为 640 GB"]


def test_a_machine_without_cards_may_be_sold() -> None:
    found = read(file_of("AWS,,,,,64,256,2.10,,,c7i.16xlarge"))
    assert found.offers[0].card is None
    assert found.offers[0].gpu_count == found.offers[0].memory_gb == 0
    assert not found.findings


CELLS = st.sampled_from(
    [
        "AWS",
        "GCP",
        "A100 (80 GB)",
        "K80 (12 GB)",
        "A10",
        "H100 HGX (80GB)",
        "Z1",
        "Ampere",
        "Hopper",
        "0",
        "1",
        "8",
        "16",
        "640",
        "12-16",
        "1.5",
        "$2",
        "€2",
        "1e9",
        "NaN",
        "n1",
        "n2",
        '"',
        "-",
        "卡",
        "",
    ]
)
LIKELY = st.tuples(
    st.sampled_from(["AWS", "GCP"]), st.sampled_from(["A100 (80 GB)", "K80 (12 GB)"]), st.just("Ampere"),
    st.sampled_from(["1", "8"]), st.just(""), st.sampled_from(["4", "4-8"]), st.just("16"),
    st.sampled_from(["1", "2", "x"]), st.just(""), st.sampled_from(["", "1"]), st.sampled_from(["", "n1", "n2"]),
)  # fmt: skip


@given(
    st.lists(
        st.one_of(LIKELY, st.lists(CELLS, min_size=9, max_size=12)).map(",".join),
        max_size=12,
    )
)
def test_every_row_of_any_file_is_an_offer_a_duplicate_or_refused(rows: list[str]) -> None:
    contents = read(file_of(*rows))
    identified, findings = identify(contents.offers, known={})
    lost = [f for f in contents.findings + findings if f.severity is not Severity.NOTE]
    told = len({finding.line for finding in lost})
    assert len(identified) + told == contents.rows == sum(bool(row.strip()) for row in rows)
    assert len(lost) == told
    skus = [(one.offer.cloud.slug, one.sku) for one in identified]
    assert len(set(skus)) == len(skus)
    assert all(len(sku) <= 120 for _, sku in skus)
