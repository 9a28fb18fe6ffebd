"""Readings of the embedded store: one packed row per (meter, kind, slot), written idempotently.

Simple form: the points of a slot are one CBOR map {point number: value}, values as the canonical integers of
protocols.meters.points. Hot and closed days share this table for now.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cbor2
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols.uplink.messages import CURVE, DAILY
from station.store.schema import meters, readings

SLOT_S = 900  # a day curve has 96 points
DAY_S = 86_400
MAIN = 1  # metering point of the main meter

# For the driver: a Reading is a tuple in the order of the columns.
_PUT = str(upsert(readings).on_conflict_do_nothing().compile(dialect=sqlite.dialect()))

Value = tuple[int | None, int | None]  # value, quality; (None, None) is a slot that is missing


class Reading(NamedTuple):
    """What was read of one metering point in one slot; kind is messages.CURVE or messages.DAILY."""

    meter_id: int
    kind: int
    slot_s: int
    interval_s: int
    quality: int
    t_ok: int
    points: dict[int, int]


class SqliteReadingStore:
    @staticmethod
    def meter_id(c: Connection, device: str, metering_point: int) -> int:
        """Id of the meter, made on first use."""
        here = (meters.c.device == device) & (meters.c.metering_point == metering_point)
        found = c.execute(select(meters.c.id).where(here)).scalar()
        if found is None:
            made = c.execute(upsert(meters).values(device=device, metering_point=metering_point))
            found = made.inserted_primary_key[0]  # type: ignore[index]
        return found

    @staticmethod
    def put(c: Connection, batch: Sequence[Reading]) -> None:
        """Store readings. The same one twice changes nothing; of two for one slot the points are merged,
        and where both have a point the one of better quality (lower number) stands, the newer of equals."""
        if not batch:
            return
        done = c.exec_driver_sql(_PUT, [(*reading[:-1], _packed(reading.points)) for reading in batch])
        if done.rowcount != len(batch):
            for reading in batch:
                _merge(c, reading)

    @staticmethod
    def curve(
        c: Connection, device: str, point_no: int, day_s: int, metering_point: int = MAIN
    ) -> list[Value]:
        """96 quarter hours from `day_s` (UTC instant of a local midnight): (value, quality) or two None."""
        out: list[Value] = [(None, None)] * (DAY_S // SLOT_S)
        for slot_s, quality, points in _rows(c, device, metering_point, CURVE, day_s, day_s + DAY_S):
            value = points.get(point_no)
            if value is not None and (slot_s - day_s) % SLOT_S == 0:
                out[(slot_s - day_s) // SLOT_S] = (value, quality)
        return out

    @staticmethod
    def daily(c: Connection, device: str, day_s: int, metering_point: int = MAIN) -> dict[int, int] | None:
        """{point number: value} of the freeze labelled `day_s`, or None when there is none."""
        for _slot_s, _quality, points in _rows(c, device, metering_point, DAILY, day_s, day_s + 1):
            return points
        return None

    @staticmethod
    def days(
        c: Connection, device: str, point_no: int, first_day_s: int, n: int, metering_point: int = MAIN
    ) -> list[Value]:
        """One point of `n` daily freezes from `first_day_s` on, in steps of 24 h."""
        out: list[Value] = [(None, None)] * n
        last_s = first_day_s + n * DAY_S
        for slot_s, quality, points in _rows(c, device, metering_point, DAILY, first_day_s, last_s):
            value = points.get(point_no)
            if value is not None and (slot_s - first_day_s) % DAY_S == 0:
                out[(slot_s - first_day_s) // DAY_S] = (value, quality)
        return out


def _rows(
    c: Connection, device: str, metering_point: int, kind: int, from_s: int, until_s: int
) -> list[tuple[int, int, dict[int, int]]]:
    query = (
        select(readings.c.slot_s, readings.c.quality, readings.c.points)
        .join_from(readings, meters)
        .where(
            meters.c.device == device,
            meters.c.metering_point == metering_point,
            readings.c.kind == kind,
            readings.c.slot_s >= from_s,
            readings.c.slot_s < until_s,
        )
        .order_by(readings.c.slot_s)
    )
    return [(slot_s, quality, unpacked(points)) for slot_s, quality, points in c.execute(query)]


def _merge(c: Connection, new: Reading) -> None:
    here = (
        (readings.c.meter_id == new.meter_id)
        & (readings.c.kind == new.kind)
        & (readings.c.slot_s == new.slot_s)
    )
    quality, packed = c.execute(select(readings.c.quality, readings.c.points).where(here)).one()
    points = merged(unpacked(packed), quality, new.points, new.quality)
    best = min(quality, new.quality)
    c.execute(update(readings).where(here).values(points=_packed(points), quality=best))


def merged(
    old: Mapping[int, int], old_quality: int, new: Mapping[int, int], new_quality: int
) -> dict[int, int]:
    """Points of both; where both have one, that of the better quality."""
    return {**old, **new} if new_quality <= old_quality else {**new, **old}


def _packed(points: Mapping[int, int]) -> bytes:
    """The `points` column: the bytes of protocols.cbor, by cbor2, which keeps the order it is given."""
    return cbor2.dumps(dict(sorted(points.items())))


def unpacked(points: bytes) -> dict[int, int]:
    """The `points` column again."""
    return cbor2.loads(points)
