"""Q/GDW 376.1 for people: one object a frame with its units, points and what could not be read."""

from typing import Any

from protocols.gdw376 import frame, items, message, schema
from protocols.lines import refused as line
from station.decoding.frames import frames_of

FUNCTIONS_STARTED = {
    frame.RESET: "reset",
    frame.NO_REPLY: "no reply wanted",
    frame.LINK_TEST: "link test",
    frame.CLASS_1: "class 1",
    frame.CLASS_2: "class 2",
}
FUNCTIONS_ANSWER = {
    frame.OK: "confirmation",
    frame.DATA: "data",
    frame.NOTHING: "no such data",
    frame.LINK_STATE: "link state",
}


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_of(data, frame.Framer(), _frame, _why_none)


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = data.find(frame.START)
    if start < 0:
        return "no start byte 68"
    body = data[start:]
    if len(body) < frame.HEADER:
        return f"truncated: {len(body)} bytes, not even 68 L L 68"
    length = int.from_bytes(body[1:3], "little")
    if body[1:3] != body[3:5] or body[5] != frame.START or length & 3 not in (1, 2):
        return f"no 68 L L 68 with version 1 or 2, but {body[: frame.HEADER].hex(' ').upper()}"
    size = frame.HEADER + (length >> 2) + 2
    if length >> 2 < frame.LEAST:
        return f"length is {length >> 2}, the least is {frame.LEAST}"
    if len(body) < size:
        return f"truncated: the frame has {size} bytes, {len(body)} are here"
    if body[size - 1] != frame.END:
        return f"end byte is {body[size - 1]:02X}, not 16"
    checksum = sum(body[frame.HEADER : size - 2]) & 0xFF
    return f"checksum is {body[size - 2]:02X}, computed {checksum:02X}"


def _frame(got: frame.Frame) -> dict[str, Any]:
    up, started = bool(got.control & frame.UP), got.control & frame.STARTED
    names = FUNCTIONS_STARTED if started else FUNCTIONS_ANSWER
    out = {
        "direction": "up" if up else "down",
        "function": names.get(got.control & 15, "unknown"),
        "control": f"{got.control:02X}",
        "region": got.region,
        "terminal": got.terminal,
        "group": bool(got.a3 & 1),
        "station": got.a3 >> 1,
        "afn": f"{got.afn:02X}",
        "meaning": frame.AFN.get(got.afn, "unknown"),
        "seq": f"{got.seq:02X}",
        "version": got.version,
    }
    try:
        told = message.decode(got)
    except line.Refused as refused:
        return {
            "ok": True,
            "frame": out,
            "data": got.data.hex(),
            "note": f"{refused.reason}: {refused.detail}",
        }
    result = {"ok": True, "frame": out | _additions(told.additions)}
    result["units"] = [_unit(got.afn, up, unit) for unit in told.units]
    if told.refused:
        result |= {"rest": told.rest.hex(), "note": f"{told.refused.reason}: {told.refused.detail}"}
    return result


def _additions(additions: frame.Additions) -> dict[str, Any]:
    found = additions._asdict()
    if found["pw"]:
        found["pw"] = found["pw"].hex()
    return {name: value for name, value in found.items() if value is not None}


def _unit(afn: int, up: bool, unit: message.Unit) -> dict[str, Any]:
    name, layout, mark = items.find(afn, up, unit.fn)
    points = [_point(*row) for row in schema.rows(layout, unit.values)]
    out = {"p": unit.p, "f": unit.fn, "name": name, "points": points}
    return out | ({"note": "layout known from one source only"} if mark else {})


def _point(key: str, value: Any, scale: int, unit: str) -> dict[str, Any]:
    shown = value.hex() if isinstance(value, bytes) else value
    out = {"point": key, "value": shown, "scale": scale, "unit": unit}
    return out | ({"quality": "absent"} if value is None else {})
