"""Q/GDW 376.2 for people: one object a frame, with the frames of the meter it carries."""

from collections.abc import Callable
from typing import Any

from protocols.lines import refused as line
from protocols.lines.gdw3762 import frame, items
from station.decoding import dlt645, dlt645_1997, dlt698
from station.decoding.frames import frames_of
from station.decoding.refused import Refused

CARRIED: dict[int, Callable[[bytes], list[dict[str, Any]]]] = {
    items.DLT645_1997: dlt645_1997.decode,
    items.DLT645_2007: dlt645.decode,
    items.DLT698: dlt698.decode,
}


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_of(data, frame.Framer(), _frame, _why_none)


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = data.find(frame.START)
    if start < 0:
        return "no start byte 68"
    body = data[start:]
    if len(body) < 3:
        return f"truncated: {len(body)} bytes from the first 68, a frame has at least {frame.LEAST}"
    size = int.from_bytes(body[1:3], "little")
    if not frame.LEAST <= size <= frame.MAX_FRAME:
        return f"length is {size}, a frame has {frame.LEAST} to {frame.MAX_FRAME} bytes"
    if len(body) < size:
        return f"truncated: the frame has {size} bytes, {len(body)} are here"
    if body[size - 1] != frame.END:
        return f"end byte is {body[size - 1]:02X}, not 16"
    checksum = sum(body[3 : size - 2]) & 0xFF
    if body[size - 2] != checksum:
        return f"checksum is {body[size - 2]:02X}, computed {checksum:02X}"
    return f"{size} bytes are too few for the addresses that R {body[4:10].hex(' ').upper()} names"


def _frame(got: frame.Frame) -> dict[str, Any]:
    up, fns = bool(got.control & frame.UP), frame.fns(got.dt)
    row = items.ITEMS.get((got.afn, fns[0])) if len(fns) == 1 else None
    info = frame.view(got)
    head = {
        "direction": "up" if up else "down",
        "started": bool(got.control & frame.STARTED),
        "mode": frame.MODES.get(got.control & frame.MODE, "unknown"),
        "number": info.pop("number"),
        "afn": f"{got.afn:02X}",
        "fn": list(fns),
        "name": row[0] if row else "unknown",
        "addresses": list(got.addresses),
        "info": info,
    }
    out = {"ok": True, "frame": head}
    try:
        values = items.decode(got)
    except line.Refused as refused:
        return out | {"data": got.data.hex(), "note": f"{refused.reason}: {refused.detail}"}
    out["values"] = {name: _shown(value) for name, value in values.items()}
    if "error" in values:
        out["error"] = items.error_name(values["error"])
    if head["name"] in items.ONE_SOURCE:
        out["note"] = "layout known from one source only"
    return out | _carried(values)


def _shown(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _carried(values: dict[str, Any]) -> dict[str, Any]:
    """What a frame of a meter inside says."""
    reader = CARRIED.get(values.get("protocol", -1))
    if reader is None or not values.get("data"):
        return {}
    try:
        return {"carried": reader(values["data"])}
    except Refused as refused:
        return {"carried": [{"ok": False, "reason": refused.args[0]}]}
