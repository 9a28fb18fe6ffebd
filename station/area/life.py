"""Archives of concentrators: taken from files, loaded, compared with what runs; orders and meters found.

`load` says what comes next; here its facts are fetched and its steps become commands. `work` is called by the
process that dispatches: who began a load need not stay.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from protocols.uplink import archive_rows, area
from protocols.uplink.codes import APPEND, REASONS, REFRESH
from station.approvals import policy
from station.approvals.policy import Leave
from station.area import load as way
from station.area import requests
from station.area import rows as table
from station.area.load import Answer, Load, Told
from station.checks import refuse, whole
from station.controls import DEADLINE_S, submit
from station.errors import FieldError, Invalid
from station.store import area as store
from station.store import audit, commands, db, devices

LOAD_S = 24 * 3600  # a concentrator that stays away so long gets it by a new load
HASH_BYTES = 8  # of it in NOW
MAX_ORDER = 0xFFFFFFFF
MAX_VALUE = 10**12
_FIELDS = Load._fields
Row = dict[str, Any]


# ---- the archive that is wanted


def check(c: Connection, device: str) -> Row:
    """The device; Invalid when it is no concentrator."""
    found = devices.get(c, device)
    if found is None:
        raise Invalid(FieldError("device", "no_such_device"))
    if found["area"] is None:
        raise Invalid(FieldError("device", "no_concentrator"))
    return found


def take(
    c: Connection,
    device: str,
    rows: Sequence[Row],
    author: str,
    before: str | None = None,
    leave: Leave | None = None,
) -> dict[str, int]:
    """Make these rows the archive that is wanted, whole; {fresh, changed, gone}.

    `before`: the `mark` of the archive that was looked at; Invalid when another one stands there by now, or
    when so many changes need two and there is no `leave`.
    """
    counts = differences(c, device, rows)
    if leave is None:
        policy.check(c, "archive_import", sum(counts.values()))
    if before is not None and before != mark(store.archive(c, device)):
        raise Invalid(FieldError("file", "archive_changed"))
    store.replace(c, device, rows)
    audit.add(c, author, "archive_taken", device, meters=len(rows), **counts)
    return counts


def differences(c: Connection, device: str, rows: Sequence[Row]) -> dict[str, int]:
    """How many rows of an archive would be new, changed and gone."""
    found = [kind for kind, _before, _after in changes(c, device, rows)]
    return {kind: found.count(kind) for kind in ("fresh", "changed", "gone")}


def changes(c: Connection, device: str, rows: Sequence[Row]) -> list[tuple[str, Row | None, Row | None]]:
    """[(fresh | changed | gone, row before, row after)] by number."""
    check(c, device)
    before = {row["meter"]: row for row in store.archive(c, device)}
    after = {row["meter"]: row for row in rows}
    pairs = [(before.get(n), after.get(n)) for n in sorted(before.keys() | after.keys())]
    return [
        ("gone" if new is None else "changed" if old else "fresh", old, new)
        for old, new in pairs
        if old != new
    ]


def mark(rows: Sequence[Row]) -> str:
    """Stands for an archive with its names, to tell whether it is still the same."""
    return hashlib.sha256(table.write(rows).encode()).hexdigest()[: 2 * HASH_BYTES]


def adopt(c: Connection, device: str, line: int, address: str, author: str) -> int:
    """Put a meter that a search found into the first free row; its number. Invalid: known, or no row."""
    check(c, device)
    rows = store.archive(c, device)
    found = {(each["line"], archive_rows.digits(each["address"])): each for each in store.unknown(c, device)}
    meter = found.get((line, address))
    if meter is None:
        raise Invalid(FieldError("address", "not_found_there"))
    if any((row["line"], row["address"]) == (line, address) for row in rows):
        raise Invalid(FieldError("address", "address_known"))
    taken = {row["meter"] for row in rows}
    number = next((n for n in range(1, archive_rows.MOST + 1) if n not in taken), 0)
    if not number:
        raise Invalid(FieldError("meter", "area_full", {"most": archive_rows.MOST}))
    fresh = dict.fromkeys(store.COLUMNS, 0) | {"meter": number, "address": address, "line": line, "name": ""}
    store.replace(c, device, [*rows, fresh | {"phase": meter["phase"], "multiplier": 1}])
    audit.add(c, author, "meter_taken", device, meter=number, address=address)
    return number


def drift(c: Connection, device: str, rows: Sequence[Mapping[str, Any]] | None = None) -> bool | None:
    """Whether another archive runs than is wanted (`rows`, where they are known already); None: not told."""
    now = store.now(c, device)
    if now is None:
        return None
    return now["hash"] != table.digest(store.archive(c, device) if rows is None else rows)[:HASH_BYTES]


# ---- loads


def begin(c: Connection, device: str, author: str, within_s: int = LOAD_S) -> int:
    """Begin to load the archive that is wanted; the load's id, of the one under way if it is the same."""
    check(c, device)
    rows = table.packed(store.archive(c, device))
    for row in _under_way(c, device):
        if row["rows"] == rows:
            return row["id"]
        store.change(c, row["id"], db.now_s(), state=way.STOPPED, why=author)
    fresh = Load(len(way.pieces(rows)) + 2, db.now_s() + within_s)
    made = store.begin(c, device, author, rows=rows, **fresh._asdict())
    audit.add(c, author, "archive_load", device, hash=archive_rows.digest(rows).hex()[: 2 * HASH_BYTES])
    return made


def stop(c: Connection, device: str, author: str) -> None:
    """End the load under way. Invalid: there is none."""
    check(c, device)
    rows = _under_way(c, device)
    if not rows:
        raise Invalid(FieldError("device", "no_load"))
    for row in rows:
        store.change(c, row["id"], db.now_s(), state=way.STOPPED, why=author)
    submit(c, device, area.ARCHIVE, {"op": area.DISCARD}, author, part=True)
    audit.add(c, author, "archive_load_stopped", device)


def _under_way(c: Connection, device: str) -> list[Row]:
    return [row for row in store.in_states(c, way.SENDING) if row["device"] == device]


def work(engine: Engine, t_s: int) -> None:
    """Take every load that is under way one step further, if there is one. Call often."""
    with db.reading(engine) as c:
        due = [row["id"] for row in store.in_states(c, way.SENDING) if _moved(c, row, t_s)]
    for number in due:
        with db.writing(engine) as c:
            _advance(c, number, t_s)


def _moved(c: Connection, row: Row, t_s: int) -> bool:
    before = _load(row)
    after, number = way.step(before, _answer(c, row), _told(c, row), t_s)
    return number is not None or after != before


def _advance(c: Connection, number: int, t_s: int) -> None:
    row = store.load(c, number)
    if row is None or row["state"] != way.SENDING:
        return
    after, what = way.step(_load(row), _answer(c, row), _told(c, row), t_s)
    facts = after._asdict() | {"command": None}
    if what is not None:
        until = min(row["until_s"], t_s + DEADLINE_S)
        params = _params(row["rows"], what)
        facts["command"] = submit(c, row["device"], area.ARCHIVE, params, row["author"], "", until, part=True)
    store.change(c, number, t_s, **facts)
    if after.state != way.SENDING:
        audit.add(c, row["author"], f"archive_{after.state}", row["device"], why=after.why)


def _params(rows: bytes, what: int) -> Row:
    pieces = way.pieces(rows)
    if what == 0:
        return {"op": area.BEGIN, "hash": b""}
    if what <= len(pieces):
        meter, data = pieces[what - 1]
        return {"op": area.ROWS, "meter": meter, "rows": data}
    return {"op": area.ACTIVATE, "hash": archive_rows.digest(rows)}


def _load(row: Row) -> Load:
    return Load(*[row[name] for name in _FIELDS])


def _answer(c: Connection, row: Row) -> Answer | None:
    found = row["command"] and commands.get(c, row["device"], row["command"])
    if not found:
        return None
    detail = found["detail"] or {}
    words = str(detail.get("error", "")) or REASONS.get(found["reason"], "")
    return Answer(found["state"], found["reason"] or 0, words)


def _told(c: Connection, row: Row) -> Told:
    device = devices.get(c, row["device"])
    now = store.now(c, row["device"])
    runs = None
    if now and now["received_s"] > row["changed_s"]:
        runs = archive_rows.digest(row["rows"])[:HASH_BYTES] == now["hash"]
    return Told(bool(device and device["online"]), runs)


# ---- one meter


def meter(c: Connection, device: str, number: int) -> Row:
    """The row of a meter; Invalid when there is none."""
    check(c, device)
    found = store.meter(c, device, number)
    if found is None:
        raise Invalid(FieldError("meter", "no_such_meter"))
    return found


def named(row: Mapping[str, Any]) -> Row:
    """What a command says of its meter."""
    return {"meter": row["meter"], "address": archive_rows.address(row["address"])}


def next_order(c: Connection, device: str, number: int) -> int:
    """Above every number given here and above the last that the concentrator told."""
    told = store.ledger(c, device, number)
    return max(store.last_order(c, device, number), told["order"] if told else 0) + 1


def order(c: Connection, device: str, number: int, flag: int, value: int, fee: int, author: str) -> int:
    """Sell to a meter: `value` in 10^-4 yuan with `fee`, else Wh. Its command; both in one transaction."""
    row = meter(c, device, number)
    problems: list[FieldError] = []
    whole(value, "value", -MAX_VALUE, MAX_VALUE, problems)
    if flag not in (APPEND, REFRESH):
        problems.append(FieldError("flag", "needed"))
    if not problems and flag == APPEND and value <= 0:
        problems.append(FieldError("value", "value_not_positive"))
    refuse(problems)
    params = named(row) | {"order": next_order(c, device, number), "flag": flag, "value": value, "fee": fee}
    return send(c, device, area.METER_ORDER, params, author)


def send(
    c: Connection,
    device: str,
    kind: int,
    params: Mapping[str, Any],
    author: str,
    note: str = "",
    deadline_s: int | None = None,
    leave: Leave | None = None,
) -> int:
    """Queue a command to a concentrator. Invalid: its meter is another one by now, an order out of turn,

    or what `requests` refuses.
    """
    requests.check(c, check(c, device), kind, params)
    address = ""
    if "meter" in params and "address" in params:
        address = archive_rows.digits(params["address"])
        if meter(c, device, params["meter"])["address"] != address:
            raise Invalid(FieldError("address", "meter_moved"))
    if kind != area.METER_ORDER:
        return submit(c, device, kind, params, author, note, deadline_s, leave=leave)
    _check_order(c, device, params)
    command = submit(c, device, kind, params, author, note, deadline_s, leave=leave)
    store.book(c, device, command, address, params)
    return command


def _check_order(c: Connection, device: str, params: Mapping[str, Any]) -> None:
    expected = next_order(c, device, params["meter"])
    if params["order"] != expected:
        raise Invalid(FieldError("order", "order_not_next", {"order": expected}))
    for row in store.orders(c, device, params["meter"], 1):
        if row["state"] not in commands.FINAL:
            raise Invalid(FieldError("order", "order_open", {"order": row["order"]}))
