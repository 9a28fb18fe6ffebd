"""Outside bytes -> checked messages. Pure: no database, no clock. The rest of ingest trusts what passes here.

A message that cannot be used raises `Bad` with one of REASONS. A batch passes if its envelope is right;
a record inside it whose body is wrong becomes a `Record` with a flaw, so that it cannot block its stream.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from protocols import cbor
from protocols.uplink import archive_rows, area, codes, messages, topics
from protocols.uplink.messages import MessageError
from station.ingest import fastcbor

MAX_PAYLOAD = 65_536
MAX_SEQ = 1 << 48  # no flash wears that long; keeps sums far from the 63 bits of the database
MAX_T_S = 1 << 40
MAX_INT = 1 << 62  # of any value that becomes a column
MAX_POINT = 1 << 16
MAX_TEXT = 64  # characters of a point of kind text
MAX_METERING_POINT = 2040
MAX_GROUP = 8
GROUP_NOW = 9  # columns of a row of NOW's groups
MAX_METER = archive_rows.MOST
MODULE_MOST = 1000  # of any number of meters, or thousandths, of NOW's module
AREA_ROWS = {"duties": 5, "lines": 4, "work": 4}  # columns of the lists in NOW's area
ADDRESS_BYTES = 6
EPOCH_BYTES = 8
NONCE_BYTES = 8
QUALITIES = range(5)  # protocols.meters.points.QUALITIES
REASONS = ("oversized", "bad_topic", "malformed", "unknown_version", "foreign")


class Bad(ValueError):
    """args: reason (one of REASONS), detail."""


class Message(NamedTuple):
    """As it came from the broker."""

    topic: str
    payload: bytes
    mid: int = 0
    qos: int = 0


class Record(NamedTuple):
    seq: int
    kind: int
    t_s: int
    t_ok: int
    fields: dict[str, Any] | None  # by name; None when there is a flaw
    flaw: str | None
    raw: bytes


class Up(NamedTuple):
    """A checked message: `fields` by name; for a batch `records` stands for fields["records"]."""

    shard: str
    device: str
    leaf: str
    fields: dict[str, Any]
    records: list[Record]
    payload: bytes


def read(message: Message) -> Up:
    """Check one message; Bad says why it is refused."""
    if len(message.payload) > MAX_PAYLOAD:
        raise Bad("oversized", str(len(message.payload)))
    place = topics.parse_up(message.topic)
    if place is None:
        raise Bad("bad_topic", message.topic[:80])
    shard, device, leaf = place
    try:
        wire, encode = fastcbor.decode(message.payload)
        messages.check_version(wire)
        fields = messages.unpack(_SCHEMAS[leaf], wire)
        _CHECKS[leaf](fields)
    except (cbor.CborError, MessageError) as error:
        reason = "unknown_version" if error.args[0] == "unknown version" else "malformed"
        raise Bad(reason, error.args[0]) from None
    if leaf == topics.HELLO and fields["device"] != device:
        raise Bad("foreign", "hello of another device")
    first_seq = fields.get("first_seq", 0)
    records = [record(first_seq + n, raw, encode) for n, raw in enumerate(fields.pop("records", ()))]
    return Up(shard, device, leaf, fields, records, message.payload)


def record(seq: int, raw: Any, encode: Callable[[Any], bytes]) -> Record:
    """Check one record of a batch; `encode` gives its bytes back."""
    kind, t_s, t_ok, body = raw if isinstance(raw, list) and len(raw) == 4 else (0, 0, 0, raw)
    try:
        kind, t_s, t_ok, fields = messages.unpack_record(raw, area.RECORDS)
        if t_s > MAX_T_S or kind > MAX_POINT:
            raise MessageError("out of range")
        if kind not in area.RECORDS:
            raise MessageError("unknown kind")
        _BODY_CHECKS.get(kind, _small)(fields)
        if kind == messages.GAP and not 0 < fields["first_seq"] <= fields["last_seq"] <= seq:
            raise MessageError("gap outside its stream")
    except MessageError as error:
        known = (kind, t_s) if _known(kind, MAX_POINT) and _known(t_s, MAX_T_S) else (0, 0)
        return Record(seq, *known, int(t_ok == 1), None, error.args[0], encode(body))
    return Record(seq, kind, t_s, t_ok, fields, None, encode(body))


def _known(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise MessageError(what)


def _whole(value: Any, most: int = MAX_INT) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -most <= value <= most


def _list_of(value: Any, size: int) -> bool:
    return isinstance(value, list) and len(value) == size


def _small(fields: dict[str, Any]) -> None:
    """Every number fits a column."""
    for name, value in fields.items():
        _demand(not isinstance(value, int) or _whole(value), "out of range " + name)


def _points(points: dict[Any, Any], text: int = 0) -> None:
    """Values are whole numbers, or with `text` also words of at most so many characters."""
    for no, value in points.items():
        word = isinstance(value, str) and len(value) <= text
        _demand(_known(no, MAX_POINT) and (word or _whole(value)), "bad point")


def _words(data: dict[Any, Any]) -> None:
    for no, value in data.items():
        _demand(_known(no, MAX_POINT) and (isinstance(value, str) or _whole(value)), "bad data")


def _seqs(numbers: dict[Any, Any]) -> None:
    for stream, seq in numbers.items():
        _demand(_known(stream, MAX_POINT) and _known(seq, MAX_SEQ), "bad stream map")


def _hello(fields: dict[str, Any]) -> None:
    _small(fields)
    _demand(len(fields["epoch"]) == EPOCH_BYTES and len(fields["nonce"]) == NONCE_BYTES, "bad length")
    _demand(fields["t_s"] <= MAX_T_S, "out of range t_s")
    for name in ("firmware", "product", "board"):
        _demand(len(fields[name]) <= MAX_TEXT, "too long " + name)
    _seqs(fields["next_seq"])
    _seqs(fields["held_from"])


def _batch(fields: dict[str, Any]) -> None:
    first, held, n = fields["first_seq"], fields["held_from"], len(fields["records"])
    _demand(len(fields["epoch"]) == EPOCH_BYTES, "bad length")
    _demand(n > 0 and 0 < first <= MAX_SEQ - n and 0 < held <= first, "bad sequence")


def _now(fields: dict[str, Any]) -> None:
    _small(fields)
    _points(fields["points"], MAX_TEXT)
    for row in fields["controls"]:
        _demand(_list_of(row, 4) and all(_known(n, MAX_POINT) for n in row), "bad control")
    for row in fields.get("groups", ()):
        _demand(_list_of(row, GROUP_NOW) and all(n is None or _whole(n) for n in row), "bad group")
        _demand(_known(row[0], MAX_GROUP) and row[0] > 0, "bad group")
    for row in fields.get("metering", ()):
        _demand(_list_of(row, 3) and all(n is None or _whole(n) for n in row), "bad metering")
    _words(fields.get("parameters", {}))
    if "area" in fields:
        _area_now(messages.unpack(area.NOW_AREA, fields["area"]))
    for row in fields["frames"]:
        _demand(_list_of(row, 3) and isinstance(row[2], bytes), "bad frame")
        _demand(_known(row[0], MAX_T_S) and row[1] in (0, 1), "bad frame")


def _area_now(fields: dict[str, Any]) -> None:
    _small(fields)
    for name, columns in AREA_ROWS.items():
        for row in fields[name]:
            _demand(_list_of(row, columns) and all(_known(n, MAX_INT) for n in row), "bad " + name)
    if "module" in fields:
        _module_now(messages.unpack(area.MODULE_NOW, fields["module"]))


def _module_now(fields: dict[str, Any]) -> None:
    _demand(fields["state"] in area.MODULES and len(fields["maker"]) <= MAX_TEXT, "bad module")
    for name in ("wanted", "told", "refused", "answering", "success_e3"):
        _demand(_known(fields[name], MODULE_MOST), "out of range " + name)
    _demand(_known(fields["reports"], MAX_INT), "out of range reports")


def _event(fields: dict[str, Any]) -> None:
    _small(fields)
    _words(fields["data"])


def _result(fields: dict[str, Any]) -> None:
    _small(fields)
    _words(fields["detail"])
    _demand(fields["outcome"] in codes.OUTCOMES, "unknown outcome")


def _reading(fields: dict[str, Any]) -> None:
    _small(fields)
    _points(fields["values"])
    _demand(fields["quality"] in QUALITIES, "unknown quality")
    _demand(1 <= fields["metering_point"] <= MAX_METERING_POINT, "bad metering point")
    _demand(fields.get("slot_s", fields.get("day_s", 0)) <= MAX_T_S, "out of range slot")


def _stats(fields: dict[str, Any]) -> None:
    _small(fields)
    _points(fields["values"])
    _demand(fields["quality"] in QUALITIES, "unknown quality")
    _demand(fields["period"] in (codes.DAY, codes.MONTH), "unknown period")
    _demand(fields.get("metering_point", 0) <= MAX_METERING_POINT, "bad metering point")
    _demand(fields.get("group", 0) <= MAX_GROUP, "bad group")
    _demand(fields["from_s"] <= MAX_T_S, "out of range from_s")


def _of_meter(fields: dict[str, Any]) -> None:
    _small(fields)
    _demand(fields.get("meter", 0) <= MAX_METER, "bad meter")
    for name in ("first_s", "last_s", "day_s"):
        _demand(fields.get(name, 0) <= MAX_T_S, "out of range " + name)


def _found(fields: dict[str, Any]) -> None:
    _small(fields)
    _demand(len(fields["address"]) == ADDRESS_BYTES, "bad address")
    _demand(fields["state"] in area.FOUNDS, "unknown state")


def _route(fields: dict[str, Any]) -> None:
    _of_meter(fields)
    for name, most in (("phase", 3), ("hops", 15), ("signal", 15), ("success_e3", 1000)):
        _demand(_known(fields[name], most), "out of range " + name)


def _read(fields: dict[str, Any]) -> None:
    _of_meter(fields)
    _points(fields["values"], MAX_TEXT)


_SCHEMAS = {
    topics.HELLO: messages.HELLO,
    topics.NOW: messages.NOW,
    topics.EV: messages.BATCH,
    topics.DA: messages.BATCH,
    topics.LG: messages.BATCH,
    topics.CV: messages.BATCH,
}
_CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    topics.HELLO: _hello,
    topics.NOW: _now,
    topics.EV: _batch,
    topics.DA: _batch,
    topics.LG: _batch,
    topics.CV: _batch,
}
_BODY_CHECKS: dict[int, Callable[[dict[str, Any]], None]] = {
    messages.EVENT: _event,
    messages.RESULT: _result,
    messages.CURVE: _reading,
    messages.DAILY: _reading,
    messages.MONTHLY: _reading,
    messages.BILLING: _reading,
    messages.STATS: _stats,
    area.ABSENT: _of_meter,
    area.FOUND: _found,
    area.READ: _read,
    area.LEDGER: _of_meter,
    area.ROUTE: _route,
}
