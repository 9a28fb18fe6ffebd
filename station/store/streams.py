"""Record streams: the ledger of what came, and the mark up to which nothing is missing without a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols import cbor
from protocols.uplink import messages
from protocols.uplink.topics import LG, STREAM_NO
from station.store import gaps
from station.store.schema import records, streams

# For the driver: a Record is a tuple in the order of the columns, and there are thousands of them a second.
_PUT = str(upsert(records).on_conflict_do_nothing().compile(dialect=sqlite.dialect()))
_RUN = 5000  # ledger rows read at a time while the mark is moved


@dataclass(slots=True)
class Stream:
    """A row of `streams`; the one ingest worker of its shard may hold it for a transaction."""

    id: int
    mark: int
    top: int
    no: int  # protocols.uplink.topics.STREAMS


class Record(NamedTuple):
    """A row of `records`."""

    stream_id: int
    seq: int
    kind: int
    t_s: int
    t_ok: int
    received_s: int
    flaw: str | None
    body: bytes


def opened(c: Connection, device: str, epoch: bytes, stream: int, t_s: int) -> Stream:
    """The stream, made on first use."""
    query = select(streams.c.id, streams.c.mark, streams.c.top).where(
        streams.c.device == device, streams.c.epoch == epoch, streams.c.stream == stream
    )
    found = c.execute(query).first()
    if found is None:
        fresh = {"device": device, "epoch": epoch, "stream": stream, "mark": 0, "top": 0, "opened_s": t_s}
        c.execute(upsert(streams).values(**fresh))
        found = c.execute(query).one()
    number, mark, top = found
    return Stream(number, mark, top, stream)


def stored(c: Connection, stream_id: int, first: int, last: int) -> set[int]:
    """Which sequences of first..last the ledger holds."""
    query = select(records.c.seq).where(records.c.stream_id == stream_id, records.c.seq.between(first, last))
    return set(c.execute(query).scalars())


def put(c: Connection, many: Sequence[Record]) -> None:
    """Write records; one that is there already is left as it was."""
    if many:
        c.exec_driver_sql(_PUT, list(many))


def advance(c: Connection, stream: Stream) -> None:
    """Move the mark over everything stored or named as a gap."""
    before = -1
    while stream.mark != before:
        before = stream.mark
        stream.mark = gaps.end_of(c, stream.id, stream.mark + 1) or stream.mark
        query = select(records.c.seq).where(records.c.stream_id == stream.id, records.c.seq > stream.mark)
        for seq in c.execute(query.order_by(records.c.seq).limit(_RUN)).scalars():
            if seq != stream.mark + 1:
                break
            stream.mark = seq
    stream.top = max(stream.top, stream.mark)


def save(c: Connection, many: Sequence[Stream]) -> None:
    for stream in many:
        c.execute(update(streams).where(streams.c.id == stream.id).values(mark=stream.mark, top=stream.top))


def marks(c: Connection, device: str, epoch: bytes) -> dict[int, int]:
    """{stream number: mark} of those streams that exist."""
    query = select(streams.c.stream, streams.c.mark).where(
        streams.c.device == device, streams.c.epoch == epoch
    )
    return {stream: mark for stream, mark in c.execute(query)}


def last_diag(c: Connection, device: str) -> dict[str, Any] | None:
    """The newest diagnostics of a device by field name (messages.DIAG_BODY) with `received_s`, or None."""
    query = (
        select(records.c.body, records.c.received_s)
        .join_from(records, streams)
        .where(streams.c.device == device, streams.c.stream == STREAM_NO[LG])
        .where(records.c.kind == messages.DIAG, records.c.flaw.is_(None))
        .order_by(streams.c.id.desc(), records.c.seq.desc())
        .limit(1)
    )
    found = c.execute(query).first()
    if found is None:
        return None
    return messages.unpack(messages.DIAG_BODY, cbor.decode(found[0])) | {"received_s": found[1]}
