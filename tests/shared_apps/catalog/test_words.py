from decimal import Decimal

import pytest

from shared_apps.catalog.words import MOST_TERMS, lexemes, understand


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("A100 80G", {"a100", "80g"}),
        ("A100-80GB", {"a100", "80g"}),
        ("a100（80 gb）", {"a100", "80g"}),
        ("8卡 A100", {"8卡", "a100"}),
        ("八卡A100", {"8卡", "a100"}),
        ("8×A100", {"8卡", "a100"}),
        ("A100*8", {"8卡", "a100"}),
        ("p3.16xlarge", {"p3", "16xlarge"}),
        ("显卡", {"显卡"}),
        ("贵州的显卡", {"贵州", "显卡"}),
    ],
)
def test_terms(text: str, terms: set[str]) -> None:
    assert set(understand(text).terms) == terms


def test_a_buyers_sentence_is_taken_apart() -> None:
    said = understand("8 张 A100 80G 训练 一个月 预算 5 万")
    assert set(said.terms) == {"8卡", "80g", "a100"}
    assert (said.gpu_count, said.memory_gb, said.hours, said.budget) == (
        8,
        80,
        720,
        Decimal(50_000),
    )
    assert said.budget_hourly == Decimal(50_000) / 720
    assert set(said.noise) == {"训练", "预算"}


def test_a_budget_without_a_term_is_no_hourly_price() -> None:
    assert understand("A100 预算 5000元").budget_hourly is None
    assert understand("A100 50元/小时").budget_hourly == Decimal(50)


@pytest.mark.parametrize("text", ["!!!", "、。", "***"])
def test_signs_alone_ask_for_nothing(text: str) -> None:
    assert understand(text).nothing


@pytest.mark.parametrize(
    "text", ["' | 'a", "a' & !b", "\\", "a:*", "(", "\0a", "a" * 10_000, "显" * 10_000]
)
def test_no_text_breaks_out_of_the_query(text: str) -> None:
    said = understand(text)
    assert len(said.terms) <= MOST_TERMS
    assert not set(said.tsquery().replace("':*", "'").replace(" & ", "")) & set("|!()\\:<>")


def test_ordinary_ram_is_not_card_memory() -> None:
    assert "64g" not in lexemes(["g4dn.4xlarge"], gpu_count=1, memory_gb=16)
    assert {"16g", "1卡"} <= set(lexemes(["g4dn.4xlarge"], gpu_count=1, memory_gb=16))
