"""Answers of a data query as rows for people: values with units, quality and holes, uses, sums."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask_babel import gettext as _

from protocols.meters.points import QUALITIES
from station.query import slots, uses
from station.query.items import Item
from station.store.query import Point, Row
from station.web import i18n
from station.web.figures import NOTHING, fixed, local
from station.web.i18n import word

TONES = {  # quality or state of a slot -> tone and shape of templates/_m.html; measured is plain
    "backfilled": ("accent", "clock"),
    "estimated": ("warn", "unknown"),
    "manual": ("accent", "hand"),
    "suspect": ("trip", "warn"),
    slots.MISSING: ("warn", "gap"),
    slots.NOT_DUE: ("idle", "clock"),
    slots.BEFORE: ("idle", "idle"),
}
USE_TONES = {uses.REPLACED: "accent", uses.ROLLED: "accent", uses.FELL: "trip", uses.JUMP: "trip"}


class Series(NamedTuple):
    """One point of an answer: its slots (UTC seconds, rising) with what came, and how registers moved."""

    point: Point
    slots: list[int]
    rows: dict[int, Row]
    uses: dict[int, list[uses.Use]]  # by number of the item, one a slot

    def value(self, slot_s: int, item: Item) -> int | None:
        row = self.rows.get(slot_s)
        return row.values.get(item.no) if row else None


def series(
    point: Point, grid: list[int], found: Sequence[Row], items: Sequence[Item], changes: list[int]
) -> Series:
    rows = {row.slot_s: row for row in found}
    made = Series(point, grid, rows, {})
    for item in items:
        if item.register:
            values = [made.value(slot_s, item) for slot_s in grid]
            made.uses[item.no] = uses.uses(grid, values, changes)
    return made


def item_name(item: Item) -> str:
    return item.en if i18n.shown() == "en" else item.zh


def head(item: Item) -> str:
    unit = "" if item.clock or not item.unit else item.unit
    return f"{item_name(item)} / {unit}" if unit else item_name(item)


def text(item: Item, value: int | str | None, offset_s: int) -> str:
    """A value in the item's unit, which stands in the head."""
    if value is None:
        return NOTHING
    if not isinstance(value, int):
        return str(value)
    if item.clock:  # a meter's clock has no zone
        return local(value, offset_s if item.clock == "utc" else 0, "%Y-%m-%d %H:%M")
    return fixed(value, item.scale)


def quality(made: Series, slot_s: int, now_s: int) -> str:
    """Name of the quality of a slot, or of the reason why nothing is there."""
    row = made.rows.get(slot_s)
    since_s = min(made.point.added_s, next(iter(made.rows), made.point.added_s))  # it told of days before it
    state = slots.state(slot_s, row is not None, since_s, now_s)
    return QUALITIES.get(row.quality, str(row.quality)) if row else state


def lines(
    all_of_it: Sequence[Series], items: Sequence[Item], from_row: int, n: int, now_s: int
) -> list[dict[str, Any]]:
    """`n` rows from `from_row` on, of all points one after the other."""
    out: list[dict[str, Any]] = []
    passed = 0
    for made in all_of_it:
        low, high = max(0, from_row - passed), min(len(made.slots), from_row + n - passed)
        out += [_line(made, at, items, now_s) for at in range(low, high)]
        passed += len(made.slots)
    return out


def _line(made: Series, at: int, items: Sequence[Item], now_s: int) -> dict[str, Any]:
    slot_s, name = made.slots[at], quality(made, made.slots[at], now_s)
    return {
        "point": made.point,
        "slot_s": slot_s,
        "here": slot_s in made.rows,
        "unset": slot_s in made.rows and not made.rows[slot_s].t_ok,
        "quality": name,
        "tone": TONES.get(name),
        "cells": [_cell(made, at, item) for item in items],
    }


def _cell(made: Series, at: int, item: Item) -> dict[str, Any]:
    value = made.value(made.slots[at], item)
    cell: dict[str, Any] = {"text": text(item, value, made.point.offset_s), "gap": value is None, "use": None}
    if item.no in made.uses:
        use = made.uses[item.no][at]
        cell["use"] = fixed(use.value, item.scale) if at else NOTHING
        cell["word"] = use.word if at and use.word in USE_TONES else ""
        cell["tone"] = USE_TONES.get(use.word)
    return cell


def summary(made: Series, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Of each item of a point: the sum of uses, or the extremes; how many of how many slots are there."""
    return [_summed(made, item) if item.no in made.uses else _extremes(made, item) for item in items]


def _summed(made: Series, item: Item) -> dict[str, Any]:
    found = made.uses[item.no]
    total = uses.total(found)
    told = [use.word for use in found[1:] if use.word in USE_TONES]
    primary = None
    if total.value is not None and made.point.multiplier:
        primary = fixed(total.value * made.point.multiplier, item.scale)
    return {
        "item": item,
        "sum": fixed(total.value, item.scale),
        "primary": primary,
        "count": total.count,
        "of": total.of,
        "told": [(each, told.count(each)) for each in dict.fromkeys(told)],
    }


def _extremes(made: Series, item: Item) -> dict[str, Any]:
    there = [value for slot_s in made.slots if isinstance(value := made.value(slot_s, item), int)]
    shown = {"item": item, "count": len(there), "of": len(made.slots), "told": []}
    if there and not item.clock:
        shown |= {"low": fixed(min(there), item.scale), "high": fixed(max(there), item.scale)}
    return shown


def csv_heads(items: Sequence[Item]) -> list[str]:
    heads = [_("Terminal or concentrator"), _("Name"), _("Metering point"), _("Address"), _("Multiplier")]
    heads += [_("Slot, local time"), _("Quality")]
    for item in items:
        heads.append(head(item))
        if item.register:
            heads += [_("Use: %(item)s", item=head(item)), _("About the use")]
    return heads


def csv_row(line: dict[str, Any], made_at: str) -> list[Any]:
    point = line["point"]
    name = point.name or point.device_name
    multiplier = "" if point.multiplier is None else point.multiplier
    row = [point.device, name, point.number, point.address, multiplier, made_at]
    row.append(word("quality", line["quality"]) + (f"; {_('clock was not set')}" if line["unset"] else ""))
    for cell in line["cells"]:
        row.append("" if cell["gap"] else cell["text"].replace(",", ""))
        if cell["use"] is not None:
            row += ["" if cell["use"] == NOTHING else cell["use"].replace(",", "")]
            row.append(word("use", cell["word"]) if cell["word"] else "")
    return row
