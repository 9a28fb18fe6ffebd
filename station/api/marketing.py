"""Records of the marketing system, one or many: held against the archives, a person settles what differs."""

import time
from datetime import date
from typing import Any

from sqlalchemy import Connection

from station.api import gate, shapes
from station.api.door import Blueprint
from station.api.failures import not_found
from station.archives import shapes as archive_shapes
from station.archives.records import Desk
from station.errors import FieldError, Invalid
from station.marketing import kinds, receive
from station.marketing.receive import Said
from station.store import devices_import
from station.store.db import now_s

blueprint = Blueprint("marketing", __name__, description="Records of the marketing system")
DAY_S = 86_400


@blueprint.route("/marketing/<kind>/<number>", methods=["PUT"])
@gate.needs("archive")
@blueprint.arguments(shapes.MarketingRecord)
@blueprint.response(200, shapes.MarketingOutcome)
def put(record: dict[str, Any], kind: str, number: str) -> dict[str, Any]:
    """Say a record: it is new, the same, taken, kept as it is, or in conflict. Header Idempotency-Key."""
    return _answered(kind, [record | {"number": number}], record["whole"], f"marketing {kind}")["items"][0]


@blueprint.post("/marketing/<kind>")
@gate.needs("archive")
@blueprint.arguments(shapes.MarketingBatch)
@blueprint.response(200, shapes.MarketingOutcomes)
def put_many(batch: dict[str, Any], kind: str) -> dict[str, Any]:
    """Say many records of a kind; all are taken in, or none. Header Idempotency-Key."""
    return _answered(kind, batch["items"], batch["whole"], f"marketing {kind} {len(batch['items'])}")


def _answered(kind: str, many: list[dict[str, Any]], whole: bool, subject: str) -> dict[str, Any]:
    if kind not in kinds.SHEETS:
        raise not_found()
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        outcomes = _received(once.c, kind, many, whole)
        if receive.ELSEWHERE in outcomes:
            raise not_found()
        items = [
            {"number": each["number"].strip(), "outcome": outcome}
            for each, outcome in zip(many, outcomes, strict=True)
        ]
        return once.keep({"items": items}, 200, subject)


def _received(c: Connection, kind: str, many: list[dict[str, Any]], whole: bool) -> list[str]:
    """Outcomes of all. Invalid names the place in the list."""
    scope, now = gate.scope("archive"), now_s()
    codes = sorted({each["unit"] for each in many if each["unit"]})
    units = devices_import.units_by_code(c, scope, codes) if codes else {}
    problems: list[FieldError] = []
    said = [_said(at, kind, each, units, scope.units[0], problems) for at, each in enumerate(many)]
    if len({each.number for each in said}) < len(said):
        problems.append(FieldError("items", "number_twice"))
    if problems:
        raise Invalid(*problems)
    desk = Desk(gate.bearer().user, scope, (now + time.localtime().tm_gmtoff) // DAY_S)
    return receive.receive(c, desk, kind, said, now, whole=whole)


def _said(
    at: int,
    kind: str,
    record: dict[str, Any],
    units: dict[str, int],
    first: int,
    problems: list[FieldError],
) -> Said:
    found: list[FieldError] = []
    number = archive_shapes.number(record["number"], found)
    values = kinds.parsed(kind, record["values"], found)
    if record["unit"] and record["unit"] not in units:
        found.append(FieldError("unit", "no_unit_there"))
    day: date | None = record["from_day"]
    problems += [FieldError(f"items.{at}.{each.field}", each.key, each.args) for each in found]
    unit = units.get(record["unit"], first)
    return Said(number, values, unit, archive_shapes.day_of(day.isoformat()) if day else None)
