"""What the component library needs from Python: lists that keep their place, fields, charts. No business here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypedDict

from django import forms, template
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, QueryDict
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString

from shared_apps.kernel.money import Money

register = template.Library()

FIGURES: Final = frozenset({"money", "books", "figure", "rate", "percent", "gb"})
MAP_WIDTH: Final = 625
LABEL_HEIGHT: Final = 18
Column = Mapping[str, Any]


class Sorting(TypedDict):
    url: str
    direction: str


class FieldParts(TypedDict):
    id: str
    label: str
    help: str
    error: str
    described: str
    checkbox: bool
    control: SafeString | str


@register.filter
def get(mapping: object, key: str) -> object:
    """mapping[key] where the key is itself a variable, dots allowed; nothing when it is not there."""
    found: object = mapping
    for part in str(key).split("."):
        found = found.get(part) if isinstance(found, Mapping) else getattr(found, part, None)
        if (
            callable(found)
            and not getattr(found, "alters_data", False)
            and not isinstance(found, type)
        ):
            found = found()
        if found is None:
            return None
    return found


@register.filter
def is_negative(amount: Money | Decimal | int | None) -> bool:
    return _sign(amount) < 0


@register.filter
def is_positive(amount: Money | Decimal | int | None) -> bool:
    return _sign(amount) > 0


@register.filter
def is_figure(kind: str | None) -> bool:
    return kind in FIGURES


@register.filter
def same(one: object, other: object) -> bool:
    return str(one) == str(other)


@register.filter
def up_to(count: str | int) -> range:
    return range(int(count))


@register.filter
def iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


# ——— lists: the address holds their state, so that a link, the back button and an export agree ———


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: object) -> str:
    """The present query with some parameters changed; None or "" takes one away; goes back to page one."""
    query = _query(context)
    if "page" not in changes:
        query.pop("page", None)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag(takes_context=True)
def hidden_query(context: template.Context, *but: str) -> SafeString:
    """The present query as hidden inputs, for a GET form that must not lose it."""
    pairs = (
        (k, v)
        for k, values in _query(context).lists()
        if k not in but and k != "page"
        for v in values
    )
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


@register.simple_tag(takes_context=True)
def shown_columns(context: template.Context, columns: Sequence[Column]) -> list[Column]:
    """The columns that the reader chose (?cols=…), else those not marked `off`."""
    chosen = set(_query(context).getlist("cols"))
    shown = [column for column in columns if column["key"] in chosen]
    return shown or [column for column in columns if not column.get("off")]


@register.simple_tag(takes_context=True)
def sorting(context: template.Context, column: Column) -> Sorting:
    """Where a click on a heading leads, and how the list stands now (?sort=name, ?sort=-name)."""
    key = column.get("sort")
    if not key:
        return {"url": "", "direction": ""}
    now = _query(context).get("sort", "")
    direction = {key: "ascending", f"-{key}": "descending"}.get(now, "")
    upside_down = direction == "ascending" or (not direction and is_figure(column.get("kind")))
    return {
        "url": with_query(context, sort=f"-{key}" if upside_down else key),
        "direction": direction,
    }


@register.simple_tag
def page_numbers(page: Page[Any]) -> list[int | None]:
    """1 … 4 5 6 … 20; None stands for the gap."""
    last, at = page.paginator.num_pages, page.number
    wanted = sorted(n for n in {1, last, at - 1, at, at + 1} if 1 <= n <= last)
    numbers: list[int | None] = []
    for n in wanted:
        before = numbers[-1] if numbers else None
        if before is not None and n - before > 1:
            numbers.append(None if n - before > 2 else n - 1)
        numbers.append(n)
    return numbers


# ——— fields ———


@register.simple_tag
def field_parts(*, field: forms.BoundField, help: str = "") -> FieldParts:
    """A bound form field taken apart, with the classes and ARIA that our markup needs put on its widget."""
    error = " ".join(str(e) for e in field.errors)
    told = str(help or field.help_text)
    ident = field.id_for_label or field.auto_id
    widget = field.field.widget
    checkbox = isinstance(widget, forms.CheckboxInput)
    css = (
        "form-check-input"
        if checkbox
        else "form-select"
        if isinstance(widget, forms.Select)
        else "form-control"
    )
    described = _described(ident, told, error)
    attrs: dict[str, Any] = {"class": f"{css} {widget.attrs.get('class', '')}".strip()}
    if error:
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = described
    return {
        "id": ident,
        "label": str(field.label),
        "help": told,
        "error": error,
        "described": described,
        "checkbox": checkbox,
        "control": field.as_widget(attrs=attrs),
    }


@register.simple_tag
def plain_parts(
    *, name: str, id: str, label: str, help: str, error: object, required: object, type: str
) -> FieldParts:
    ident = id or f"id_{name}"
    said = " ".join(str(e) for e in error) if isinstance(error, list | tuple) else str(error or "")
    return {
        "id": ident,
        "label": label,
        "help": help,
        "error": said,
        "described": _described(ident, help, said),
        "checkbox": type == "checkbox",
        "control": "",
    }


# ——— charts: one dict feeds the drawing and the table behind it ———


class _ChartEncoder(DjangoJSONEncoder):
    def default(self, o: object) -> object:
        if isinstance(o, Money):
            return str(o)
        return super().default(o)


@register.filter
def as_json(data: object, ident: str) -> SafeString:
    """A <script type="application/json"> block: data to the browser, not code."""
    return json_script(data, f"{ident}-data", encoder=_ChartEncoder)


@register.filter
def has_points(data: Mapping[str, Any] | None) -> bool:
    if not data:
        return False
    return bool(data.get("points") or any(series["values"] for series in data.get("series", ())))


@register.filter
def chart_head(data: Mapping[str, Any]) -> list[str]:
    if "points" in data:
        return [str(data.get("name", ""))]
    return [str(series["name"]) for series in data["series"]]


@register.filter
def chart_rows(data: Mapping[str, Any]) -> Iterable[tuple[object, list[object]]]:
    if "points" in data:
        return [(point["name"], [_plain(point["value"])]) for point in data["points"]]
    return [(x, [_plain(s["values"][i]) for s in data["series"]]) for i, x in enumerate(data["x"])]


@register.simple_tag
def map_places(towns: Iterable[Mapping[str, Any] | object]) -> list[dict[str, object]]:
    """Where towns (name, lon, lat, count, url) lie on vendor/china.svg, with labels that keep clear of each other.

    deploy/assets.mjs draws the country by the same two lines.
    """
    spots = []
    for town in towns:
        x = (Decimal(str(get(town, "lon"))) - 73) * 10
        y = (54 - Decimal(str(get(town, "lat")))) * Decimal("12.5")
        spots.append((x, y, town))
    most = max((int(str(get(town, "count") or 0)) for _x, _y, town in spots), default=0)
    places: list[dict[str, object]] = []
    for x, y, town in spots:
        width = _label_width(str(get(town, "name")))
        crowded = x + width > MAP_WIDTH or any(
            0 < other - x < width and abs(high - y) < LABEL_HEIGHT for other, high, _t in spots
        )
        count = int(str(get(town, "count") or 0))
        places.append(
            {
                "name": get(town, "name"),
                "url": get(town, "url"),
                "count": count,
                "x": f"{x:.1f}",
                "y": f"{y:.1f}",
                "label_x": f"{x - 12 if crowded else x + 12:.1f}",
                "label_y": f"{y + 5:.1f}",
                "anchor": "end" if crowded else "start",
                "reach": f"{9 + 15 * (Decimal(count) / most).sqrt():.1f}" if most else "9",
            }
        )
    return places


def _label_width(name: str) -> int:
    """As on a phone, where labels are largest; a Chinese character is twice as wide as a letter."""
    return 15 + sum(10 if letter.isascii() else 19 for letter in name)


@register.simple_tag
def attribute(name: str, value: object) -> SafeString | str:
    """name="value", or nothing at all when there is no value."""
    return "" if value in (None, "", False) else format_html(' {}="{}"', name, value)


def _query(context: template.Context) -> QueryDict:
    request = context.get("request")
    return request.GET.copy() if isinstance(request, HttpRequest) else QueryDict(mutable=True)


def _described(ident: str, help: str, error: str) -> str:
    return " ".join(f"{ident}-{part}" for part, told in (("error", error), ("help", help)) if told)


def _sign(amount: Money | Decimal | int | None) -> int:
    if amount is None or amount == "":
        return 0
    size = amount.minor if isinstance(amount, Money) else amount
    return (size > 0) - (size < 0)


def _plain(value: object) -> object:
    return value.decimal if isinstance(value, Money) else value
