"""M-Bus for people: one object a frame; of an answer with data the header and all records."""

from typing import Any

from protocols.lines import refused as line
from protocols.lines.mbus import link, records, secondary, telegram
from station.decoding.frames import frames_of

FUNCTIONS = {0x40: "SND_NKE", 0x43: "SND_UD", 0x4A: "REQ_UD1", 0x4B: "REQ_UD2", 0x08: "RSP_UD"}
CONTROL_INFORMATION = {
    link.CI_RESET: "application reset",
    link.CI_SEND: "data to the meter",
    link.CI_SELECT: "selection by secondary address",
    link.CI_ERROR: "error",
    link.CI_ALARM: "alarm",
    link.CI_LONG: "data, long header",
    link.CI_LONG_MSB: "data, long header, high byte first",
    link.CI_NONE: "data, no header",
    link.CI_SHORT: "data, short header",
} | {0xB8 + n: f"change speed to {baud}" for n, baud in enumerate(link.BAUDS)}


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_of(data, link.Framer(), _frame, _why_none)


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = min((at for at in (data.find(link.LONG), data.find(link.SHORT)) if at >= 0), default=-1)
    if start < 0:
        return "no start byte 68 or 10, no single E5"
    body = data[start:]
    if body[0] == link.LONG and len(body) > 3 and (body[1] != body[2] or body[3] != link.LONG or body[1] < 3):
        return f"no 68 L L 68 with L of 3 or more, but {body[:4].hex(' ').upper()}"
    size = 5 if body[0] == link.SHORT else body[1] + 6 if len(body) > 3 else 9
    if len(body) < size:
        return f"truncated: the frame has {size} bytes, {len(body)} are here"
    if body[size - 1] != link.END:
        return f"end byte is {body[size - 1]:02X}, not 16"
    checksum = sum(body[1 if size == 5 else 4 : size - 2]) & 0xFF
    return f"checksum is {body[size - 2]:02X}, computed {checksum:02X}"


def _frame(frame: link.Frame) -> dict[str, Any]:
    if frame == link.ACK:
        return {"ok": True, "frame": {"function": "confirmation"}}
    from_master = frame.control & link.FROM_MASTER
    kind = frame.control & (0x4F if from_master else 0x0F)
    out: dict[str, Any] = {"function": FUNCTIONS.get(kind, "unknown"), "control": f"{frame.control:02X}"}
    out["address"] = frame.address
    if frame.control & (link.FROM_MASTER | link.FCV) == link.FROM_MASTER | link.FCV:
        out["fcb"] = bool(frame.control & link.FCB)
    if frame.ci is None:
        return {"ok": True, "frame": out}
    out |= {"ci": f"{frame.ci:02X}", "meaning": CONTROL_INFORMATION.get(frame.ci, "unknown")}
    if from_master and frame.ci == link.CI_SELECT and len(frame.data) == 8:
        return {"ok": True, "frame": out | {"secondary": secondary.unpack(frame.data)}}
    if from_master or frame.ci == link.CI_ALARM:
        return {"ok": True, "frame": out, "data": frame.data.hex()}
    return {"ok": True, "frame": out} | _content(frame)


def _content(frame: link.Frame) -> dict[str, Any]:
    try:
        got = telegram.decode(frame)
    except line.Refused as refused:
        return {"data": frame.data.hex(), "note": f"{refused.reason}: {refused.detail}"}
    header: dict[str, Any] = got.header._asdict()
    if got.header.address is not None:
        header["medium"] = secondary.MEDIA.get(telegram.identity(frame.data, frame.ci == link.CI_LONG_MSB)[7])
    points = [_point(*row) for row in records.keyed(got.records)]
    return {"header": header, "more": got.more, "points": points}


def _point(key: str, value: Any, scale: int, unit: str) -> dict[str, Any]:
    shown = value.hex() if isinstance(value, bytes) else value
    out = {"point": key, "value": shown, "scale": scale, "unit": unit}
    return out | ({"quality": "absent"} if value is None else {})
