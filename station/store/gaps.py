"""Named gaps: sequence numbers of a stream that the station does not have, and why."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from protocols.uplink.codes import GAP_REASONS
from protocols.uplink.topics import STREAMS
from station.store.db import rows
from station.store.schema import gaps, records, streams

UNEXPLAINED = 0
Range = tuple[int, int]  # first and last sequence, both inside


def missing(first: int, last: int, held: Sequence[int]) -> list[Range]:
    """The parts of first..last without the sorted numbers of `held`."""
    found: list[Range] = []
    for seq in held:
        if seq < first or seq > last:
            continue
        if seq > first:
            found.append((first, seq - 1))
        first = seq + 1
    if first <= last:
        found.append((first, last))
    return found


def cover(
    c: Connection, stream_id: int, first: int, last: int, reason: int, t_s: int, own: int | None = None
) -> int:
    """Name every sequence of first..last that is not stored. Returns how many parts were named.

    `own`: the sequence of the gap record itself, which may stand in place of a record that is gone.

    A part named before keeps its explained reason; an unexplained one takes the new reason.
    """
    stored = c.execute(
        select(records.c.seq)
        .where(records.c.stream_id == stream_id, records.c.seq.between(first, last))
        .order_by(records.c.seq)
    ).scalars()
    parts = missing(first, last, [seq for seq in stored if seq != own])
    for old in _overlapping(c, stream_id, first, last):
        if old["reason"] == UNEXPLAINED and reason != UNEXPLAINED:
            _cut(c, old, first, last)
        else:
            kept = range(old["first_seq"], old["last_seq"] + 1)
            parts = [p for part in parts for p in _outside(part, kept)]
    for part in parts:
        _add(c, stream_id, part, reason, t_s)
    return len(parts)


def fill(c: Connection, stream_id: int, first: int, last: int) -> None:
    """Records first..last came after all: they leave the gaps."""
    for old in _overlapping(c, stream_id, first, last):
        _cut(c, old, first, last)


def end_of(c: Connection, stream_id: int, seq: int) -> int | None:
    """Last sequence of the gap that contains `seq`, or None."""
    return c.execute(
        select(gaps.c.last_seq)
        .where(gaps.c.stream_id == stream_id, gaps.c.first_seq <= seq, gaps.c.last_seq >= seq)
        .limit(1)
    ).scalar()


def open_gaps(c: Connection, device: str) -> list[dict[str, Any]]:
    """All gaps, newest first: stream ("ev"), first_seq, last_seq, reason, reason_name, found_s."""
    found = rows(
        c.execute(
            select(gaps, streams.c.stream, streams.c.epoch)
            .join_from(gaps, streams)
            .where(streams.c.device == device)
            .order_by(gaps.c.id.desc())
        )
    )
    return [
        gap
        | {"stream": STREAMS.get(gap["stream"]), "reason_name": GAP_REASONS.get(gap["reason"], "unexplained")}
        for gap in found
    ]


def _outside(part: Range, kept: range) -> list[Range]:
    """`part` without `kept`."""
    sides = [(part[0], min(part[1], kept.start - 1)), (max(part[0], kept.stop), part[1])]
    return [(first, last) for first, last in sides if first <= last]


def _overlapping(c: Connection, stream_id: int, first: int, last: int) -> list[dict[str, Any]]:
    return rows(
        c.execute(
            select(gaps).where(
                gaps.c.stream_id == stream_id, gaps.c.first_seq <= last, gaps.c.last_seq >= first
            )
        )
    )


def _cut(c: Connection, old: dict[str, Any], first: int, last: int) -> None:
    c.execute(delete(gaps).where(gaps.c.id == old["id"]))
    for part in _outside((old["first_seq"], old["last_seq"]), range(first, last + 1)):
        _add(c, old["stream_id"], part, old["reason"], old["found_s"])


def _add(c: Connection, stream_id: int, part: Range, reason: int, t_s: int) -> None:
    c.execute(
        insert(gaps).values(
            stream_id=stream_id, first_seq=part[0], last_seq=part[1], reason=reason, found_s=t_s
        )
    )
