"""Versions of parameters that devices report, those that were sent to them, and where the two differ."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import cbor2
from sqlalchemy import Connection, delete, func, or_, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols.uplink import messages
from station.store import commands
from station.store.db import rows
from station.store.parameters_schema import parameter_differences as differences
from station.store.schema import devices, live
from station.store.scope import Scope

_REPORTED = 21  # key of `parameters` in messages.NOW
Row = dict[str, Any]


class Told(NamedTuple):
    """Of one device: versions by section; the newest command of a section that was executed, and is open."""

    reported: dict[int, int] | None  # None: it never said
    received_s: int | None  # station time of the NOW that said it
    executed: dict[int, Row]
    open: dict[int, Row]

    def sending(self) -> set[int]:
        """Sections that are on the way, or were executed after the device last reported."""
        late = {no for no, row in self.executed.items() if (row["done_s"] or 0) > (self.received_s or 0)}
        return set(self.open) | late

    def wanted(self) -> dict[int, int]:
        return {section: row["params"]["version"] for section, row in self.executed.items()}


def told(c: Connection, names: Sequence[str]) -> dict[str, Told]:
    """Of these devices; commands as store.commands shows them. The caller has asked the scope."""
    query = select(live.c.device, live.c.received_s, live.c.body).where(live.c.device.in_(names))
    said = {device: (_reported(body), received_s) for device, received_s, body in c.execute(query)}
    out = {name: Told(*said.get(name, (None, None)), {}, {}) for name in names}
    for row in commands.of_kinds(c, names, (messages.PARAMETERS,)):
        mine, section = out[row["device"]], row["params"].get("section")
        if row["state"] == "executed":
            mine.executed[section] = row
            mine.open.pop(section, None)
        elif row["state"] in commands.OPEN:
            mine.open[section] = row
    return out


def _reported(body: bytes) -> dict[int, int] | None:
    found = cbor2.loads(body).get(_REPORTED)
    return dict(found) if isinstance(found, dict) else None


def reporting(c: Connection, after: str, limit: int) -> list[str]:
    """Devices that ever reported, those behind `after`."""
    query = select(live.c.device).where(live.c.device > after).order_by(live.c.device).limit(limit)
    return list(c.execute(query).scalars())


def held(c: Connection, names: Sequence[str]) -> set[tuple[str, int, int, int]]:
    """(device, section, wanted, reported) of these devices, as they were found last."""
    query = select(differences.c.device, differences.c.section, differences.c.wanted, differences.c.reported)
    return {tuple(found) for found in c.execute(query.where(differences.c.device.in_(names)))}  # type: ignore[misc]


def replace(
    c: Connection, gone: Iterable[tuple[str, int]], found: Iterable[tuple[str, int, int, int]], t_s: int
) -> None:
    """Drop (device, section), put (device, section, wanted, reported); one that stays keeps its `since_s`."""
    place = tuple_(differences.c.device, differences.c.section)
    if named := list(gone):
        c.execute(delete(differences).where(place.in_(named)))
    made = [
        dict(zip(("device", "section", "wanted", "reported"), each, strict=True)) | {"since_s": t_s}
        for each in found
    ]
    if made:
        query = upsert(differences)
        news = {name: query.excluded[name] for name in ("wanted", "reported")}
        c.execute(query.on_conflict_do_update(index_elements=["device", "section"], set_=news), made)


def page(
    c: Connection, scope: Scope, wanted: Mapping[str, Any], limit: int, after: tuple[str, int] = ("", 0)
) -> list[Row]:
    """Differences by (device, section) behind `after`: device, name, section, wanted, reported, since_s.

    `wanted`: `q` a part of id or name, `section` a number or None.
    """
    place = tuple_(differences.c.device, differences.c.section)
    query = (
        select(differences, devices.c.name, devices.c.utc_offset_s, devices.c.area.is_not(None).label("many"))
        .join_from(differences, devices)
        .where(scope.over(devices.c.unit), place > tuple_(*after))
        .order_by(differences.c.device, differences.c.section)
        .limit(limit)
    )
    if wanted["q"]:
        named = (devices.c.device, devices.c.name)
        query = query.where(or_(*(each.icontains(wanted["q"], autoescape=True) for each in named)))
    if wanted["section"]:
        query = query.where(differences.c.section == wanted["section"])
    return rows(c.execute(query))


def waiting(c: Connection, scope: Scope, _t_s: int) -> int:
    """Devices that run something else than was sent to them."""
    query = select(func.count(differences.c.device.distinct())).select_from(differences.join(devices))
    return c.execute(query.where(scope.over(devices.c.unit))).scalar_one()
