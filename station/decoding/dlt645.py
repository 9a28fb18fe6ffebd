"""DL/T 645-2007 frames for people: function, identifier, what the data says; answers in pieces are joined."""

from datetime import UTC, datetime
from typing import Any

from protocols.lines import dlt645, dlt645_admin, dlt645_meter, refused
from protocols.meters import dlt645_items, dlt645_records, dlt645_status, points
from station.decoding.frames import failed, frames_counted

ADDRESS = 0x04000401
FREEZE, LOAD = 0x05, 0x06


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_counted(data, dlt645.Framer(), Answers().show, why_none)


def why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = data.find(dlt645.START)
    if start < 0:
        return "no start byte 68"
    body = data[start:]
    if len(body) < dlt645.HEADER:
        return f"truncated: {len(body)} bytes from the first 68, a frame has at least {dlt645.HEADER + 2}"
    if body[7] != dlt645.START:
        return f"no second 68 seven bytes after the first, but {body[7]:02X}"
    stop = dlt645.HEADER + body[9]
    if len(body) < stop + 2:
        return f"truncated: length {body[9]} asks for {stop + 2} bytes, {len(body)} are here"
    if body[stop + 1] != dlt645.END:
        return f"end byte is {body[stop + 1]:02X}, not 16"
    checksum = sum(body[:stop]) & 0xFF
    if body[stop] != checksum:
        return f"checksum is {body[stop]:02X}, computed {checksum:02X}"
    return f"address {body[6:0:-1].hex().upper()} has digits other than 0-9 and A"


def frame_of(
    frame: dlt645.Frame, function: str, di: str | None, more: bool, errors: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "ok": True,
        "frame": {
            "address": frame.address,
            "control": f"{frame.control:02X}",
            "function": function,
            "di": di,
            "more": more,
            "errors": list(errors),
        },
        "points": [],
    }


def point(row: tuple[str, Any, int, str]) -> dict[str, Any]:
    obis, value, scale, unit = row
    out = {"point": obis, "value": value, "scale": scale, "unit": unit}
    known = points.BY_OBIS[obis]
    if value is None:
        out["quality"] = "absent"
    elif known[5] == "time" and isinstance(value, int):
        out["text"] = _moment(value)
    elif known[2].startswith("status_word_"):
        out["flags"] = dlt645_status.flags(int(known[2][-1]), value)
    return out


def _moment(t_s: int) -> str:
    return datetime.fromtimestamp(t_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Answers:
    """Shows frames one after another; an answer in pieces is read with its last one."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, int], list[bytes]] = {}

    def show(self, frame: dlt645.Frame) -> dict[str, Any]:
        di = dlt645.di_of(frame)
        function = dlt645_meter.function_name(frame.control)
        _di, data, more, _errors = dlt645.reply_data(frame)
        name = None if di is None else f"{di:08X}"
        out = frame_of(frame, function, name, more, dlt645_admin.errors_of(frame))
        if function == "control":
            out["frame"]["action"] = _action(data)
        if function == "read_address-reply":
            di = ADDRESS
        elif function not in ("read-reply", "read_next-reply") or di is None:
            return out
        elif more or function == "read_next-reply":
            joined = self._joined((frame.address, di), frame, data)
            if more or joined is None:
                return out | {
                    "note": "part of a longer answer: join the data of its frames to read the points"
                }
            data = joined
        return _meaning(out, di, data)

    def _joined(self, key: tuple[str, int], frame: dlt645.Frame, data: bytes) -> bytes | None:
        """All pieces up to this one, None when one before it is not here."""
        first = frame.control & 0x1F == dlt645.READ
        pieces = [] if first else self._begun.get(key, [])
        if not first and (not pieces or frame.data[-1] != len(pieces)):
            return None
        self._begun[key] = [*pieces, data]
        return b"".join(self._begun[key])


def _action(data: bytes) -> str:
    if data[:1] == bytes([dlt645_admin.SEALED]):
        return "sealed"
    return next((name for name, n1 in dlt645_admin.CONTROLS.items() if data[8:9] == bytes([n1])), "unknown")


def _meaning(out: dict[str, Any], di: int, data: bytes) -> dict[str, Any]:
    """Points of an item, fields of a record, or load records."""
    try:
        if di in dlt645_items.ITEMS:
            return out | {"points": [point(row) for row in dlt645_items.decode(di, data)]}
        if di >> 24 == FREEZE:
            return out | {"points": [point(row) for row in dlt645_records.freeze_block(di, data)]}
        if di >> 24 == LOAD:
            return out | {"records": [_record(*record) for record in dlt645_records.load_records(di, data)]}
        return out | {"fields": [_field(*row) for row in dlt645_records.decode(di, data)]}
    except dlt645_items.ItemError as error:
        return failed(error.args[0]) | {"frame": out["frame"]}
    except refused.Refused as error:
        if error.reason == "unknown_item":
            return out | {"note": f"identifier {di:08X} is not in the table"}
        return failed(error.detail) | {"frame": out["frame"]}


def _record(t_s: int | None, good: bool, rows: list[tuple[str, Any, int, str]]) -> dict[str, Any]:
    time = None if t_s is None else _moment(t_s)
    return {"time": time, "good": good, "points": [point(row) for row in rows]}


def _field(name: str, value: Any, scale: int, unit: str) -> dict[str, Any]:
    out = {"name": name, "value": value, "scale": scale, "unit": unit}
    if value is None:
        out["quality"] = "absent"
    elif unit == "s":
        out["text"] = _moment(value)[11:16] if value < 86400 else _moment(value)
    return out
