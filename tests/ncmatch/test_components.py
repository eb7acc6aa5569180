"""The component library renders every state, holds to the content security policy, and names only icons that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django_cotton.compiler_regex import CottonCompiler

from ncmatch import styleguide
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted(p for p in (ROOT / "templates/cotton").glob("*.html") if p.name[0] != "_")
INLINE = re.compile(r"<[^>]+\s(?:style|on[a-z]+)\s*=|<style|javascript:", re.IGNORECASE)
SCRIPT = re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))")


def draw(source: str, path: str = "/", **context: object) -> str:
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    template = engines["django"].from_string(CottonCompiler().process(source))
    return template.render({**context}, request)


@pytest.fixture(scope="module", params=["shop", "backoffice", "exchange", "plain"])
def page(request: pytest.FixtureRequest) -> str:
    asked = RequestFactory().get("/styleguide/")
    asked.user = AnonymousUser()
    context = styleguide.sample(layout=request.param, at=clock.now())
    return render_to_string("styleguide/index.html", context, asked)


def test_the_style_guide_renders_in_every_layout(page: str) -> None:
    assert "组件与状态" in page
    assert "<c-" not in page and "{{" not in page and "{%" not in page


def test_nothing_inline_that_the_policy_would_refuse(page: str) -> None:
    assert INLINE.search(page) is None
    assert SCRIPT.search(page) is None


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda p: p.stem)
def test_every_component_stands_in_the_style_guide(component: Path) -> None:
    name = component.stem.replace("_", "-")
    users = [p for p in TEMPLATES if f"<c-{name}" in p.read_text()]
    shown = ROOT / "templates/styleguide/index.html"
    through = [p for p in users if p.parent.name == "cotton" and p != component]
    assert shown in users or through, f"<c-{name}> is shown nowhere."


@pytest.mark.parametrize(
    "template", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "templates"))
)
def test_templates_hold_no_inline_code_and_only_known_icons(template: Path) -> None:
    text = template.read_text()
    assert INLINE.search(re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.DOTALL)) is None
    icons = set((ROOT / "deploy/icons.txt").read_text().split())
    named = {
        n.replace("filled-", "filled/", 1) for n in re.findall(r'<c-icon name="([a-z0-9-]+)"', text)
    }
    named |= set(re.findall(r'\bicon="([a-z0-9-]+)"', text))
    assert named <= icons, f"Not in deploy/icons.txt: {sorted(named - icons)}"


# ——— what the figures say ———


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ m|money }}", "¥1,234.50"),
        ("{{ d|money }}", "−¥1,234.50"),
        ('{{ d|money:"books" }}', "(¥1,234.50)"),
        ('{{ d|money:"bare books" }}', "(1,234.50)"),
        ("{{ 5|money }}", "¥0.05"),
        ("{{ none|money }}", "—"),
        ("{{ '0.00123'|price }}", "¥0.00123"),
        ("{{ '12.345'|price }}", "¥12.35"),
        ("{{ '12'|price:'bare' }}", "12.00"),
        ("{{ 80|gb }}", "80 GB"),
        ("{{ 1152|gb }}", "1.1 TB"),
        ("{{ '0.125'|percent }}", "12.5%"),
        ("{{ '1234567.500'|number }}", "1,234,567.5"),
        ("{{ 'CONFIRMING'|status_label }}", "支付结果确认中"),
        ("{{ 'FAILED'|status_tone }}", "red"),
        ("{{ 'NEVER_HEARD_OF'|status_tone }}", "grey"),
    ],
)
def test_figures_are_written_one_way(source: str, text: str) -> None:
    assert draw(source, m=Money(123450), d=Money(-123450), none=None) == text


def test_big_numbers_keep_the_exact_value_in_their_title() -> None:
    assert 'title="¥12,345,678.90"' in draw("{{ m|wan }}", m=Money(1234567890))
    assert "1234.5" not in draw("{{ m|wan }}", m=Money(1234567890))
    assert "1,234<small" in draw("{{ m|wan }}", m=Money(1234567890))


# ——— lists keep their place ———


def test_paging_keeps_the_filter_and_sorting_goes_back_to_page_one() -> None:
    to_page = draw("{% load components %}{% with_query page=3 %}", "/?q=a100&page=2")
    assert to_page == "?q=a100&amp;page=3"
    to_order = draw("{% load components %}{% with_query sort='-price' %}", "/?q=a100&page=2")
    assert to_order == "?q=a100&amp;sort=-price"


def test_a_second_click_on_a_heading_turns_the_order_round() -> None:
    columns = [{"key": "a", "label": "A", "sort": "a"}]
    rows = [{"a": 1}]
    source = '<c-table :columns="columns" :rows="rows" />'
    assert 'href="?sort=a"' in draw(source, "/", columns=columns, rows=rows)
    turned = draw(source, "/?sort=a", columns=columns, rows=rows)
    assert 'href="?sort=-a"' in turned and 'aria-sort="ascending"' in turned


def test_only_chosen_columns_are_shown() -> None:
    columns = [{"key": "a", "label": "甲"}, {"key": "b", "label": "乙", "off": True}]
    source = '<c-table :columns="columns" :rows="rows" />'
    rows = [{"a": "一", "b": "二"}]
    assert "乙" not in draw(source, "/", columns=columns, rows=rows)
    chosen = draw(source, "/?cols=b", columns=columns, rows=rows)
    assert "乙" in chosen and "甲" not in chosen


def test_the_pager_leaves_gaps_only_where_pages_are_left_out() -> None:
    source = '<c-pager :page="page" />'
    many = draw(source, page=Paginator(range(500), 20).page(10))
    assert many.count("…") == 2 and "第 181–200 条，共 500 条" in many
    few = draw(source, page=Paginator(range(60), 20).page(2))
    assert "…" not in few


# ——— fields ———


def test_an_error_stands_beside_its_field_and_what_was_typed_stays() -> None:
    html = draw(
        '<c-field name="amount" label="金额" value="12.345" error="最多两位小数" help="元" />'
    )
    assert 'value="12.345"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_amount-error id_amount-help"' in html
    assert 'id="id_amount-error"' in html and 'for="id_amount"' in html


def test_values_are_escaped() -> None:
    html = draw(
        '<c-field name="q" label="x" value="{{ typed }}" />', typed='"><script>alert(1)</script>'
    )
    assert "<script>" not in html
    html = draw('<c-status :state="state" />', state="<b>")
    assert "<b>" not in html
