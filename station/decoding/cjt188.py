"""CJ/T 188 for people: one object a frame, with the quantities of those identifiers whose layout is known."""

from datetime import UTC, datetime
from typing import Any

from protocols.lines import cjt188, cjt188_meter
from protocols.lines import refused as line
from protocols.meters import cjt188_items
from station.decoding.frames import frames_of


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_of(data, cjt188.Framer(), _frame, _why_none)


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = data.find(cjt188.START)
    if start < 0:
        return "no start byte 68"
    body = data[start:]
    if len(body) < cjt188.HEADER:
        return f"truncated: {len(body)} bytes from the first 68, a frame has at least {cjt188.HEADER + 2}"
    if not cjt188.is_kind(body[1]):
        return f"{body[1]:02X} after the first 68 is no type of meter: 10 to 4F and AA are"
    stop = cjt188.HEADER + body[10]
    if len(body) < stop + 2:
        return f"truncated: length {body[10]} asks for {stop + 2} bytes, {len(body)} are here"
    if body[stop + 1] != cjt188.END:
        return f"end byte is {body[stop + 1]:02X}, not 16"
    return f"checksum is {body[stop]:02X}, computed {sum(body[:stop]) & 0xFF:02X}"


def _frame(frame: cjt188.Frame) -> dict[str, Any]:
    data, error = cjt188.reply_data(frame)
    out: dict[str, Any] = {
        "ok": True,
        "frame": {
            "type": f"{frame.kind:02X}",
            "address": frame.address,
            "control": f"{frame.control:02X}",
            "function": cjt188_meter.function_name(frame.control),
        },
    }
    if error:
        return out | {"flags": cjt188_items.status_flags(int.from_bytes(data[:2], "little"))}
    if len(frame.data) < 3:
        return out
    di = _identifier(frame.data)
    out["frame"] |= {"di": f"{di:04X}", "ser": frame.data[2]}
    return out | (
        _points(frame.kind, di, data) if data and frame.control & cjt188.FROM_METER else {"data": data.hex()}
    )


def _identifier(data: bytes) -> int:
    """Either byte order: the high byte of every identifier in use is 80 or above, the low one under 80."""
    low_first = int.from_bytes(data[:2], "little")
    return low_first if data[1] & 0x80 or not data[0] & 0x80 else int.from_bytes(data[:2], "big")


def _points(kind: int, di: int, data: bytes) -> dict[str, Any]:
    try:
        rows = cjt188_items.decode(kind, di, data)
    except line.Refused as refused:
        return {"data": data.hex(), "note": f"{refused.reason}: {refused.detail}"}
    return {"points": [_point(*row) for row in rows]}


def _point(name: str, value: Any, scale: int, unit: str) -> dict[str, Any]:
    out = {"point": name, "value": value, "scale": scale, "unit": unit}
    if value is None:
        out["quality"] = "absent"
    elif name == "time":
        out["text"] = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    elif name == "status":
        out["flags"] = cjt188_items.status_flags(value)
    return out
