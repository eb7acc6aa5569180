"""Every sentence of a page is marked, gathered and translated, and what was translated reads alike."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polib  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from django.core.management import call_command
from django.template.base import Lexer, TokenType
from django.test import Client
from django.utils import translation

from ncmatch import translations
from ncmatch.translations import CATALOGUE, ROOT, Message, NotGatherable
from shared_apps.distributors.models import Distributor

HAN = re.compile(r"[\u3400-\u9fff]")
# What no English page may show: the characters, and the punctuation that belongs to them.
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff01-\uff5e]")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[a-z]|\{\w*\}|</?\w+[^>]*>")
MARKED = re.compile(r"^(?:blocktrans|trans)(?:late)?\b")
OWN_NAME = re.compile(r"""<(\w+)[^>]*\blang="zh-hans"[^>]*>.*?</\1>|<!--.*?-->""", re.DOTALL)
CONSTANT = re.compile(r"""_\((?:"[^"]*"|'[^']*')\)""")

# The modules whose texts people read, wherever they stand. What is stored stays as it was written.
SPOKEN = ("enums.py", "errors.py", "forms.py", "cards.py", "words.py", "states.py", "timeline.py")
SPOKEN_FOLDERS = ("views", "templatetags", "console", "backoffice")
STORED = {"reason", "memo", "note", "subject", "body", "name"}
# Units of large numbers, which the filter `wan` chooses by language; the search's word for cards.
NOT_SAID = {"万", "亿", "卡"}
NOT_PAGES = ("shared_apps/catalog/words.py",)  # reads what buyers type


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return translations.catalogue()


def unmarked_in_template(source: str) -> list[str]:
    """Chinese outside of comments and of the tags that translate it."""
    return [
        f"line {line}: {text}" for line, text in _template_texts(source) if CHINESE.search(text)
    ]


def _template_texts(source: str) -> Iterator[tuple[int | None, str]]:
    until = ""
    for token in Lexer(OWN_NAME.sub("", source)).tokenize():
        said = token.contents.strip()
        if token.token_type == TokenType.BLOCK:
            if until:
                until = "" if said == until else until
            elif said.startswith("comment"):
                until = "endcomment"
            elif said.startswith("blocktrans"):
                until = "end" + said.split()[0]
            elif not MARKED.match(said):
                yield token.lineno, CONSTANT.sub("", said)
        elif token.token_type != TokenType.COMMENT and not until:
            yield token.lineno, CONSTANT.sub("", said)


def unmarked_in_python(source: str) -> list[str]:
    """Chinese outside of docstrings and gettext, and of what is stored as it was written."""
    tree = ast.parse(source)
    said = {name for name, _ in translations._imported(tree)}
    excused: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            excused.add(node.value)
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said
        ):
            excused.update(ast.walk(node))
        elif isinstance(node, ast.keyword) and node.arg in STORED:
            excused.update(ast.walk(node.value))
    return [
        f"line {node.lineno}: {node.value}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in excused
        and node.value not in NOT_SAID
        and CHINESE.search(node.value)
    ]


def templates() -> list[Path]:
    found = [path for path in translations.sources() if path.suffix != ".py"]
    return [path for path in found if "styleguide" not in path.parts]


def speaking_modules() -> list[Path]:
    return [
        path
        for path in translations.sources()
        if path.suffix == ".py"
        and (path.name in SPOKEN or set(SPOKEN_FOLDERS) & set(path.parts))
        and "api" not in path.parts
        and path.name != "apps.py"
        and path.relative_to(ROOT).as_posix() not in NOT_PAGES
    ]


def test_the_catalogue_is_up_to_date(catalogue: polib.POFile) -> None:
    """`manage.py extract_translations` brings it there."""
    wanted = translations.brought_up_to_date(catalogue, translations.extract())
    assert [entry.msgid for entry in catalogue] == [entry.msgid for entry in wanted]
    assert str(catalogue) == str(wanted)


def test_everything_has_english(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in translations.missing(catalogue)] == []


def test_the_english_is_english(catalogue: polib.POFile) -> None:
    assert [
        said
        for entry in catalogue
        for said in translations.translations(entry)
        if CHINESE.search(said)
    ] == []


def test_placeholders_and_tags_are_the_same(catalogue: polib.POFile) -> None:
    assert list(unlike(catalogue)) == []


def unlike(entries: list[polib.POEntry]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        wanted = sorted(PLACEHOLDER.findall(entry.msgid))
        for said in translations.translations(entry):
            if sorted(PLACEHOLDER.findall(said)) != wanted:
                yield entry.msgid, said


def test_texts_break_their_lines_alike(catalogue: polib.POFile) -> None:
    """A mail's text is laid out by its line breaks."""
    assert [
        entry.msgid
        for entry in catalogue
        for said in translations.translations(entry)
        if re.findall(r"\n+", said) != re.findall(r"\n+", entry.msgid)
    ] == []


def test_templates_hold_no_unmarked_chinese() -> None:
    assert {
        path.relative_to(ROOT).as_posix(): found
        for path in templates()
        if (found := unmarked_in_template(path.read_text()))
    } == {}


def test_modules_that_speak_hold_no_unmarked_chinese() -> None:
    assert {
        path.relative_to(ROOT).as_posix(): found
        for path in speaking_modules()
        if (found := unmarked_in_python(path.read_text()))
    } == {}


@pytest.mark.parametrize(
    "source",
    [
        "<p>价格</p>",
        '<c-card title="价格">{% translate "价格" %}</c-card>',
        '{% firstof x "没有" %}',
        '{{ x|default:"没有" }}',
        "{{ a }}：{{ b }}",
        "{% blocktranslate %}价格{% endblocktranslate %}以上",
        "{% comment %}价格{% endcomment %}以上",
    ],
)
def test_a_planted_text_is_caught(source: str) -> None:
    assert unmarked_in_template(source)


@pytest.mark.parametrize(
    "source",
    [
        '<c-card title="{% translate "价格" %}">',
        "{% blocktranslate with n=x trimmed %}共 {{ n }} 台{% endblocktranslate %}",
        "{% comment %}价格{% endcomment %}{# 价格 #}<!-- 价格 -->",
        '{{ x|default:_("没有") }}',
        '{% firstof x _("没有") %}',
        '<button name="language" lang="zh-hans">简体中文</button>',
    ],
)
def test_a_marked_text_is_not(source: str) -> None:
    assert unmarked_in_template(source) == []


def test_a_planted_literal_is_caught() -> None:
    head = "from django.utils.translation import gettext as said\n"
    assert unmarked_in_python(head + 'LABELS = {"a": "价格"}')
    assert unmarked_in_python(head + 'x = f"{n} 台"')
    assert (
        unmarked_in_python(head + '"""价格"""\nx = said("价格")\ncancel(reason="客户取消")') == []
    )


def test_python_is_gathered_under_any_name() -> None:
    source = """
from django.utils.translation import gettext as said, ngettext, pgettext_lazy as of
a = said("价格" "表")
b = ngettext("%(n)s 台", "%(n)s 台以上", 3)
c = of("books", "借")
d = other("不是")
"""
    assert list(translations.in_python(source)) == [
        Message("价格表"),
        Message("%(n)s 台", plural="%(n)s 台以上"),
        Message("借", context="books"),
    ]


def test_a_text_that_cannot_be_gathered_is_refused() -> None:
    source = "from django.utils.translation import gettext as _\nx = _(word)"
    with pytest.raises(NotGatherable, match=r"shop\.py, line 2"):
        list(translations.in_python(source, "shop.py"))


def test_templates_are_gathered_in_attributes_blocks_and_filters() -> None:
    source = """<c-card title="{% translate "价格" %}" note="{% translate '说明' context 'card' %}">
{% blocktranslate trimmed with n=x %}
  共 {{ n }} 台，
  九折 100%
{% endblocktranslate %}
{% blocktranslate count n=x %}{{ n }} 台{% plural %}{{ n }} 台以上{% endblocktranslate %}
{{ x|default:_("没有") }}{% comment %}{% translate "不是" %}{% endcomment %}"""
    assert set(translations.in_template(source)) == {
        Message("价格"),
        Message("说明", context="card"),
        Message("共 %(n)s 台， 九折 100%%"),
        Message("%(n)s 台", plural="%(n)s 台以上"),
        Message("没有"),
    }


def test_one_text_is_not_both_with_and_without_a_plural(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for other in translations.FOLDERS:
        (tmp_path / other).mkdir(parents=True, exist_ok=True)
    (folder / "a.html").write_text(
        '{% blocktranslate count n=x %}一台{% plural %}多台{% endblocktranslate %}{% translate "一台" %}'
    )
    with pytest.raises(NotGatherable, match="一台"):
        translations.extract(tmp_path)


def test_what_is_known_is_kept_and_what_is_gone_is_dropped() -> None:
    old = polib.POFile()
    old.append(polib.POEntry(msgid="价格", msgstr="Price"))
    old.append(polib.POEntry(msgid="旧", msgstr="Old"))
    new = translations.brought_up_to_date(old, {Message("新"): {"b"}, Message("价格"): {"b", "a"}})
    assert [(entry.msgid, entry.msgstr) for entry in new] == [("价格", "Price"), ("新", "")]
    assert new[0].occurrences == [("a", ""), ("b", "")]
    assert [entry.msgid for entry in translations.missing(new)] == ["新"]


def test_a_changed_placeholder_is_caught() -> None:
    right = polib.POEntry(msgid="共 %(n)s 台，<b>%%</b>", msgstr="%(n)s <b>%%</b>")
    wrong = polib.POEntry(msgid="共 %(n)s 台", msgstr="%(count)s")
    assert list(unlike([right, wrong])) == [("共 %(n)s 台", "%(count)s")]


def test_compiling_makes_what_pages_read(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(CATALOGUE.read_text())
    settings.LOCALE_PATHS = [tmp_path]  # type: ignore[attr-defined]
    call_command("compile_translations")
    compiled = polib.mofile(str(folder / "django.mo"))
    assert {entry.msgid for entry in compiled} == {
        entry.msgid for entry in translations.catalogue()
    }


def test_a_page_of_plurals_reads_right_in_both_languages() -> None:
    with translation.override("en"):
        said = [translation.ngettext("%(n)s 天", "%(n)s 天", n) % {"n": n} for n in (1, 2)]
        assert said == ["1 day", "2 days"]
    with translation.override("zh-hans"):
        assert translation.ngettext("%(n)s 天", "%(n)s 天", 2) % {"n": 2} == "2 天"


@pytest.mark.django_db
def test_a_reader_chooses_the_language(
    client_for: Callable[..., Client], harbour: Distributor
) -> None:
    """The shop's own name and texts stay as the shop wrote them; everything around them changes."""
    client = client_for(harbour)
    assert '<html lang="zh-hans">' in client.get("/offers/").content.decode()
    client.post("/language/", {"language": "en"})
    english = client.get("/offers/").content.decode()
    assert '<html lang="en">' in english
    assert "Choose compute" in english
    client.post("/language/", {"language": "zh-hans"})
    assert "选购算力" in client.get("/offers/").content.decode()
