"""One transaction of ingest: many messages in, one commit, then the replies that the commit has earned."""

from typing import Any

from sqlalchemy import Connection

from protocols.meters.points import QUALITIES
from protocols.uplink import area, codes, messages, topics
from station.ingest.wire import Bad, Record, Up
from station.store import area as areas
from station.store import (
    collection_counts,
    commands,
    counters,
    devices,
    events,
    gaps,
    live,
    orders,
    statistics,
    streams,
)
from station.store.readings import DAY_S, Reading, SqliteReadingStore
from station.store.streams import Stream

NAME = "ingest"  # of its counters
SUSPECT = next(no for no, name in QUALITIES.items() if name == "suspect")
_GENERAL = topics.STREAM_NO[topics.LG]  # the stream of general events
LATE_S = 8 * 3600  # what is older may belong to a day that collection has counted
FUTURE_S = 300  # clocks of terminal and station may differ so much

Key = tuple[str, bytes, int]  # device, epoch, stream number


class Transaction:
    """Rows are gathered and written together; `finish` must be called before the commit."""

    def __init__(self, c: Connection, t_s: int) -> None:
        self.c = c
        self.t_s = t_s
        self.marks: dict[str, dict[Key, int]] = {}  # device -> streams to report
        self.hellos: dict[str, dict[str, Any]] = {}  # device -> the hello to answer
        self._shards: dict[str, str] = {}
        self._streams: dict[Key, Stream] = {}
        self._meters: dict[tuple[str, int], int] = {}
        self._records: list[streams.Record] = []
        self._readings: list[Reading] = []
        self._late: set[tuple[str, int]] = set()
        self._statistics: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._area: dict[int, list[dict[str, Any]]] = {}
        self._links: dict[str, dict[str, Any]] = {}
        self._nows: dict[str, Up] = {}

    # ---- messages

    def take(self, up: Up) -> None:
        """Bad when the device is not ours or speaks under a shard that is not its own."""
        shard = self.shard_of(up.device)
        if shard != up.shard:
            raise Bad("foreign", "shard of another" if shard else "unknown device")
        _LEAVES[up.leaf](self, up)

    def shard_of(self, device: str) -> str:
        """Empty for a device that is not enrolled."""
        if device not in self._shards:
            self._shards[device] = devices.shard_of(self.c, device) or ""
        return self._shards[device]

    def _now(self, up: Up) -> None:
        self._nows[up.device] = up  # of several in one transaction the last one counts

    def _hello(self, up: Up) -> None:
        hello = up.fields
        self._links[up.device] = {
            "last_seen_s": self.t_s,
            "hello_s": self.t_s,
            "clock_off_s": hello["t_s"] - self.t_s,
            **{name: hello[name] for name in _LINK_FACTS},
        }
        for no in topics.STREAMS:
            stream = self._open(up.device, hello["epoch"], no)
            if no in hello["held_from"]:
                self._held_from(stream, hello["held_from"][no])
            if hello["next_seq"].get(no, stream.top + 1) <= stream.top:
                # the flash went back in time under the same epoch: new records will look like old ones
                counters.bump(self.c, NAME, "sequence_went_back", up.payload, up.device)
        self.hellos[up.device] = hello

    def _batch(self, up: Up) -> None:
        no = topics.STREAM_NO[up.leaf]
        stream = self._open(up.device, up.fields["epoch"], no)
        self._links.setdefault(up.device, {"last_seen_s": self.t_s})
        self._held_from(stream, up.fields["held_from"])
        fresh = self._fresh(stream, up.records)
        for record in fresh:
            self._store(up, stream, record)
        if fresh and fresh[0].seq == stream.mark + 1 and stream.mark == stream.top:
            stream.mark = stream.top = fresh[-1].seq  # in order with nothing waiting above: no need to look
        elif fresh:
            self._settle(stream, fresh)

    # ---- records

    def _fresh(self, stream: Stream, records: list[Record]) -> list[Record]:
        """The records that are not in the ledger yet."""
        first, last = records[0].seq, records[-1].seq
        if first > stream.top:
            return records
        self._flush()
        held = streams.stored(self.c, stream.id, first, last)
        return [record for record in records if record.seq not in held]

    def _store(self, up: Up, stream: Stream, record: Record) -> None:
        self._records.append(
            streams.Record(
                stream.id, record.seq, record.kind, record.t_s, record.t_ok, self.t_s, record.flaw, record.raw
            )
        )
        if record.flaw is not None or record.fields is None:
            counters.bump(
                self.c, NAME, "poisoned", record.raw, f"{up.device}/{up.leaf}/{record.seq}: {record.flaw}"
            )
        elif record.kind in _KINDS:
            _KINDS[record.kind](self, up.device, stream, record, record.fields)

    def _event(self, device: str, stream: Stream, record: Record, fields: dict[str, Any]) -> None:
        code = fields["code"]
        data = _named(fields["data"])
        name = area.EVENTS.get(code, "")
        important = stream.no != _GENERAL  # the terminal's parameters decide
        self._events.append(
            {
                "device": device,
                "t_s": record.t_s,
                "t_ok": record.t_ok,
                "received_s": self.t_s,
                "code": code,
                "important": int(important),
                "data": data,
                "stream_id": stream.id,
                "seq": record.seq,
            }
        )
        if name == "purchase_applied" and isinstance(data.get("order"), int):
            orders.applied(self.c, device, data["order"], record.t_s, data)

    def _result(self, device: str, _stream: Stream, record: Record, fields: dict[str, Any]) -> None:
        to = codes.OUTCOMES[fields["outcome"]]
        facts = {name: fields[name] for name in ("reason", "tripped", "open", "remaining_wh")}
        facts |= {"detail": _named(fields["detail"]), "device_t_s": record.t_s}
        command = fields["command"]
        if commands.move(self.c, device, command, to, self.t_s, **facts):
            if to == "executed":
                self._replaced(device, command)
            return
        known = commands.get(self.c, device, command)
        if known is None:
            counters.bump(self.c, NAME, "unknown_command", record.raw, f"{device}/{command}")
        elif known["state"] in commands.FINAL and to in commands.FINAL and known["state"] != to:
            counters.bump(self.c, NAME, "contradicting_result", record.raw, f"{device}/{command}")

    def _replaced(self, device: str, command: int) -> None:
        """A concentrator that changed the address of a row has told so: the archive here follows."""
        known = commands.get(self.c, device, command)
        if known and known["kind"] == area.METER_REPLACED:
            areas.readdress(self.c, device, known["params"])

    def _gap(self, _device: str, stream: Stream, record: Record, fields: dict[str, Any]) -> None:
        reason = fields["reason"] if fields["reason"] in codes.GAP_REASONS else gaps.UNEXPLAINED
        self._flush()
        first, last = fields["first_seq"], fields["last_seq"]
        gaps.cover(self.c, stream.id, first, last, reason, self.t_s, own=record.seq)
        streams.advance(self.c, stream)

    def _reading(self, device: str, _stream: Stream, record: Record, fields: dict[str, Any]) -> None:
        slot_s = fields["slot_s"] if record.kind == messages.CURVE else fields["day_s"]
        meter_id = self._meter(device, fields["metering_point"])
        if slot_s < self.t_s - LATE_S:
            self._late.add((device, slot_s // DAY_S))
        # A terminal whose clock is ahead: kept under the time it claims, but never as good as a measured one.
        quality = SUSPECT if slot_s > self.t_s + FUTURE_S else fields["quality"]
        self._readings.append(
            Reading(
                meter_id,
                record.kind,
                slot_s,
                fields.get("interval_s", 0),
                quality,
                record.t_ok,
                fields["values"],
            )
        )

    def _stats(self, device: str, _stream: Stream, record: Record, fields: dict[str, Any]) -> None:
        ahead = fields["from_s"] > self.t_s + FUTURE_S
        self._statistics.append(
            {
                "device": device,
                "metering_point": fields.get("metering_point", 0),
                "summation_group": fields.get("group", 0),
                "period": fields["period"],
                "from_s": fields["from_s"],
                "quality": SUSPECT if ahead else fields["quality"],
                "t_ok": record.t_ok,
                "values": fields["values"],
            }
        )

    def _of_area(self, device: str, stream: Stream, record: Record, fields: dict[str, Any]) -> None:
        place = {"stream_id": stream.id, "seq": record.seq, "device": device, "t_s": record.t_s}
        self._area.setdefault(record.kind, []).append(fields | place)

    # ---- helpers

    def _open(self, device: str, epoch: bytes, no: int) -> Stream:
        key = (device, epoch, no)
        if key not in self._streams:
            self._streams[key] = streams.opened(self.c, device, epoch, no, self.t_s)
        self.marks.setdefault(device, {})[key] = 0
        return self._streams[key]

    def _meter(self, device: str, metering_point: int) -> int:
        key = (device, metering_point)
        if key not in self._meters:
            self._meters[key] = SqliteReadingStore.meter_id(self.c, device, metering_point)
        return self._meters[key]

    def _held_from(self, stream: Stream, held_from: int) -> None:
        """What the device no longer holds and we never got is gone for good: give it a name."""
        if held_from <= stream.mark + 1:
            return
        self._flush()
        gaps.cover(self.c, stream.id, stream.mark + 1, held_from - 1, gaps.UNEXPLAINED, self.t_s)
        streams.advance(self.c, stream)

    def _settle(self, stream: Stream, fresh: list[Record]) -> None:
        """Records that came out of order: take them out of the gaps and look how far the mark may go."""
        self._flush()
        stream.top = max(stream.top, fresh[-1].seq)
        for record in fresh:
            if record.kind != messages.GAP:  # such a record may name its own number
                gaps.fill(self.c, stream.id, record.seq, record.seq)
        streams.advance(self.c, stream)

    def _flush(self) -> None:
        """Write what was gathered, so that questions to the ledger see it."""
        streams.put(self.c, self._records)
        events.put(self.c, self._events)
        SqliteReadingStore.put(self.c, self._readings)
        statistics.put(self.c, self._statistics)
        areas.put(self.c, self._area)
        self._area = {}
        self._records, self._events, self._readings, self._statistics = [], [], [], []

    def finish(self) -> None:
        """Write everything; afterwards `marks` and `hellos` say what to answer."""
        self._flush()
        collection_counts.note_late(self.c, self._late)
        streams.save(self.c, list(self._streams.values()))
        for device, facts in self._links.items():
            devices.set_link(self.c, device, **facts)
        for device, up in self._nows.items():
            live.put(self.c, device, up.fields, up.payload, self.t_s)
            live.prune(self.c, device, self.t_s)
        for device, keys in self.marks.items():
            self.marks[device] = {key: self._streams[key].mark for key in keys}


def _named(data: dict[int, Any]) -> dict[str, Any]:
    return {area.EVENT_FIELDS.get(no, str(no)): value for no, value in data.items()}


_LINK_FACTS = ("epoch", "boot", "firmware", "product", "board", "t_ok", "last_command", "multiplier")
_LEAVES = {
    topics.HELLO: Transaction._hello,
    topics.NOW: Transaction._now,
    topics.EV: Transaction._batch,
    topics.DA: Transaction._batch,
    topics.LG: Transaction._batch,
    topics.CV: Transaction._batch,
}
_KINDS = {
    messages.EVENT: Transaction._event,
    messages.RESULT: Transaction._result,
    messages.GAP: Transaction._gap,
    messages.CURVE: Transaction._reading,
    messages.DAILY: Transaction._reading,
    messages.MONTHLY: Transaction._reading,
    messages.BILLING: Transaction._reading,
    messages.STATS: Transaction._stats,
    area.ABSENT: Transaction._of_area,
    area.FOUND: Transaction._of_area,
    area.REPLY: Transaction._of_area,
    area.READ: Transaction._of_area,
    area.LEDGER: Transaction._of_area,
    area.ROUTE: Transaction._of_area,
}
