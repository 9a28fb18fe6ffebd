"""Data query: points, kind, items and days stand in the address; the answer is a table, a picture, a file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, render_template, request
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from station.errors import FieldError, Invalid
from station.query import items, slots
from station.query.items import Item
from station.store import audit
from station.store import query as store
from station.store.db import now_s
from station.store.query import Point
from station.store.scope import Scope
from station.web import query_chart, query_table
from station.web.area import as_csv
from station.web.arguments import FIRST_DAY, MOST, whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field
from station.web.figures import local
from station.web.helpers import station_offset_s
from station.web.query_table import Series
from station.web.rights import needs, scope

blueprint = Blueprint("query", __name__, url_prefix="/data")
PAGE_ROWS, FOUND_ROWS, Q_CHARS = 96, 50, 64
FILE_CHARS, LINE_CHARS, CELL_CHARS = 800_000, 240, 60  # a file stays below 1 MB, whatever is asked for
FRESH_DAYS = {items.DAILY: 7, items.MONTHLY: 400, items.CURVE: 1, items.STATISTICS: 7}


class Question(NamedTuple):
    points: list[tuple[str, int]]
    kind: str
    items: list[Item]
    first: date
    last: date
    q: str  # what points are looked for
    picture: int  # number of the item of the picture

    def address(self, **change: Any) -> dict[str, Any]:
        """Arguments of the address of this question, changed."""
        return {
            "p": [f"{device}:{number}" for device, number in self.points],
            "kind": self.kind,
            "item": [item.no for item in self.items],
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "picture": self.picture or None,
        } | change


def question(arguments: MultiDict[str, str], offset_s: int) -> Question:
    """`offset_s`: local time minus UTC of the place: its today is the last day of a fresh question.

    Refused 400 for what no link and no form of ours asks for; what people may get wrong is in `wrong`.
    """
    kind = arguments.get("kind", items.DAILY)
    if kind not in items.KINDS:
        raise Refused(400, "bad_argument", argument="kind")
    today = datetime.fromtimestamp(now_s() + offset_s, UTC).date()
    last = _day("last", arguments.get("last"), today)
    first = _day("first", arguments.get("first"), last - timedelta(days=FRESH_DAYS[kind] - 1))
    chosen = [whole("item", text) or 0 for text in dict.fromkeys(arguments.getlist("item"))]
    known = [found for no in chosen if (found := items.item(kind, no))]
    known = known or [found for no in items.fresh(kind) if (found := items.item(kind, no))]
    picture = whole("picture", arguments.get("picture")) or 0
    return Question(
        _keys(arguments), kind, known, first, last, arguments.get("q", "").strip()[:Q_CHARS], picture
    )


def _day(name: str, text: str | None, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise Refused(400, "bad_argument", argument=name) from None
    if not FIRST_DAY <= day <= date(2100, 1, 1):
        raise Refused(400, "bad_argument", argument=name)
    return day


def _keys(arguments: MultiDict[str, str]) -> list[tuple[str, int]]:
    return [_key(text) for text in dict.fromkeys(arguments.getlist("p"))]


def _key(text: str) -> tuple[str, int]:
    device, _colon, number = text.rpartition(":")
    return device, whole("p", number) or 0


def wrong(asked: Question) -> list[FieldError]:
    found: list[FieldError] = []
    if len(asked.points) > items.MOST_POINTS:
        found.append(FieldError("p", "out_of_range", {"least": 1, "most": items.MOST_POINTS}))
    if len(asked.items) > items.MOST_ITEMS:
        found.append(FieldError("item", "out_of_range", {"least": 1, "most": items.MOST_ITEMS}))
    days, most = (asked.last - asked.first).days + 1, items.MOST_DAYS[asked.kind]
    if not 1 <= days <= most:
        found.append(FieldError("days", "query_days", {"least": 1, "most": most}))
    return found


def chosen(keys: Sequence[tuple[str, int]], seen: Scope) -> list[Point]:
    """These points; 404 unless all of them are there for the person. One too many is left to `wrong`."""
    some = keys[: items.MOST_POINTS + 1]
    found = store.named(view(), seen, some)
    if len(found) != len(some):
        abort(404)
    return found


def offset(points: Sequence[Point]) -> int:
    return points[0].offset_s if points else station_offset_s()


def answer(asked: Question, points: Sequence[Point]) -> list[Series]:
    """Invalid when it is more than a page can read."""
    spans = [slots.span(asked.kind, asked.first, asked.last, each.offset_s) for each in points]
    told = [
        each
        for point, span in zip(points, spans, strict=True)
        if asked.kind == items.CURVE
        for each in store.intervals(view(), point, *span)
    ]
    step_s, made, left = slots.interval(told), list[Series](), slots.MOST_ROWS
    for point, span in zip(points, spans, strict=True):
        grid = slots.expected(asked.kind, asked.first, asked.last, point.offset_s, step_s)
        left -= len(grid)
        if left < 0:
            raise Invalid(FieldError("days", "query_too_much", {"most": slots.MOST_ROWS}))
        found = _rows(asked, point, span)
        changes = store.changes(view(), point)
        made.append(query_table.series(point, grid, found, asked.items, changes))
    return made


def _rows(asked: Question, point: Point, span: tuple[int, int]) -> list[store.Row]:
    if asked.kind == items.STATISTICS:
        return store.counted(view(), point, *span)
    return store.values(view(), point, items.RECORDS[asked.kind], *span, slots.MOST_ROWS)


@blueprint.get("")
@needs("view")
def page() -> str:
    points = chosen(_keys(request.args), scope())
    asked = question(request.args, offset(points))
    errors, made = wrong(asked), list[Series]()
    if points and not errors:
        try:
            made = answer(asked, points)
        except Invalid as invalid:
            errors += invalid.errors
    return render_template("query/page.html", **_form(asked, points, errors), **_shown(asked, made))


def _form(asked: Question, points: Sequence[Point], errors: list[FieldError]) -> dict[str, Any]:
    matches = store.sought(view(), scope(), asked.q, FOUND_ROWS + 1) if asked.q else []
    held = {each.key for each in points}
    return {
        "asked": asked,
        "points": points,
        "matches": [each for each in matches[:FOUND_ROWS] if each.key not in held],
        "more": len(matches) > FOUND_ROWS,
        "kinds": items.KINDS,
        "groups": items.groups(asked.kind),
        "item_name": query_table.item_name,
        "head": query_table.head,
        "errors": by_field(errors),
        "most": {"points": items.MOST_POINTS, "days": items.MOST_DAYS[asked.kind]},
        "q_chars": Q_CHARS,
    }


def _shown(asked: Question, made: Sequence[Series]) -> Mapping[str, Any]:
    total, at = sum(len(each.slots) for each in made), now_s()
    part = min(whole("part", request.args.get("part")) or 0, MOST)
    pages = -(-total // PAGE_ROWS)
    return {
        "made": made,
        "lines": query_table.lines(made, asked.items, part * PAGE_ROWS, PAGE_ROWS, at),
        "part": part,
        "pages": pages,
        "files": -(-total // file_rows(asked)),
        "time": lambda line: time(asked, line),
        "summary": lambda each: query_table.summary(each, asked.items),
        "picture": drawn(asked, made),
        "picture_item": _pictured(asked),
    }


def file_rows(asked: Question) -> int:
    """Rows of a part of the file: no part is above 1 MB."""
    return FILE_CHARS // (LINE_CHARS + CELL_CHARS * sum(2 if item.register else 1 for item in asked.items))


def time(asked: Question, line: Mapping[str, Any]) -> str:
    form = {items.CURVE: "%Y-%m-%d %H:%M", items.MONTHLY: "%Y-%m"}.get(asked.kind, "%Y-%m-%d")
    return local(line["slot_s"], line["point"].offset_s, form)


def _pictured(asked: Question) -> Item | None:
    numbers = [item for item in asked.items if not item.clock]
    return next((item for item in numbers if item.no == asked.picture), numbers[0] if numbers else None)


def drawn(asked: Question, made: Sequence[Series]) -> dict[str, Any] | None:
    item = _pictured(asked)
    if item is None or not made:
        return None
    many = [query_chart.Line(_name(each.point), each.slots, _values(each, item)) for each in made]
    offset_s = made[0].point.offset_s
    from_s, until_s = slots.span(asked.kind, asked.first, asked.last, offset_s)
    found = query_chart.draw(many, from_s, until_s, item.scale)
    if found:
        form = "%m-%d %H:%M" if until_s - from_s <= 8 * 86_400 else "%Y-%m-%d"
        found["times"] = [(x, local(at, offset_s, form)) for x, at in found["times"]]
    return found


def _values(made: Series, item: Item) -> list[tuple[int, int] | None]:
    out: list[tuple[int, int] | None] = []
    for slot_s in made.slots:
        value = made.value(slot_s, item)
        out.append((value, made.rows[slot_s].quality) if isinstance(value, int) else None)
    return out


def _name(point: Point) -> str:
    return f"{point.name or point.device_name} {point.key}"


@blueprint.get("/<int:part>.csv")
@needs("export")
def csv(part: int) -> Response:
    """A part of the answer; the page says how many there are."""
    points = chosen(_keys(request.args), scope())
    asked = question(request.args, offset(points))
    if wrong(asked) or not points or part > MOST:
        abort(404)
    try:
        made = answer(asked, points)
    except Invalid:
        abort(404)
    rows = file_rows(asked)
    found = query_table.lines(made, asked.items, part * rows, rows, now_s())
    with writing() as c:
        facts = {"points": " ".join(each.key for each in points), "days": f"{asked.first} {asked.last}"}
        audit.add(c, current_user.name, "exported", f"data {asked.kind}", rows=len(found), **facts)
    lines = [query_table.csv_row(line, time(asked, line)) for line in found]
    name = f"data-{asked.kind}-{asked.first}-{part + 1}.csv"
    return as_csv(name, query_table.csv_heads(asked.items), lines)
