"""IEC 62056-21 messages and P1 telegrams for people."""

from typing import Any

from protocols import crc
from protocols.lines import iec62056_21, iec62056_21_data, p1
from protocols.lines.refused import REASONS
from protocols.lines.refused import Refused as Unreadable
from station.decoding.refused import Refused

Item = dict[str, Any]


def decode(data: bytes) -> list[Item]:
    """One object a message: `frame`, and of data `values` of {address, value, scale or none}."""
    framer = p1.Framer()
    telegrams = framer.feed(data) + framer.quiet()
    if telegrams:
        return [_telegram(telegram) for telegram in telegrams] + _rest(framer.bad)
    lines = iec62056_21.Framer(options=True)
    frames = lines.feed(_seven_bits(data)) + lines.quiet()
    if not frames:
        raise Refused(_why_none(data))
    if lines.skipped and not [frame for frame in frames if frame.kind != "ident"]:
        raise Refused(_why_no_telegram(data[data.find(b"/") :]))
    return [_message(frame) for frame in frames] + _rest(lines.bad)


def _rest(bad: int) -> list[Item]:
    return [_failed(f"{bad} with a wrong check beside the good ones")] if bad else []


def _failed(reason: str) -> Item:
    return {"ok": False, "reason": reason}


def _seven_bits(data: bytes) -> bytes:
    """Without the parity bits of a line that was recorded as 8N1."""
    if iec62056_21.add_parity(data) == data:
        return iec62056_21.strip_parity(data)
    return data


def _telegram(telegram: p1.Telegram) -> Item:
    frame = {"kind": "telegram", "ident": telegram.ident, "crc": telegram.crc}
    return _with_values(frame, lambda: p1.values(telegram))


def _message(frame: iec62056_21.Frame) -> Item:
    shown = {"kind": frame.kind, "head": frame.head, "text": frame.data.decode("latin-1")}
    if frame.kind == "ident":
        shown["mode"], shown["baud"] = iec62056_21.speed(frame.head)
    if frame.kind in ("data", "part"):
        return _with_values(shown, lambda: iec62056_21_data.values(frame.data))
    return {"ok": True, "frame": shown}


def _with_values(frame: Item, read: Any) -> Item:
    try:
        values = read()
    except Unreadable as error:
        if frame["kind"] == "data" and frame["text"].startswith(
            "("
        ):  # a value or an error without its address
            return {"ok": True, "frame": frame}
        return _failed(f"{REASONS[error.reason]}: {error.detail}") | {"frame": frame}
    return {"ok": True, "frame": frame, "values": [_value(key, values[key]) for key in values]}


def _value(address: str, value: Any) -> Item:
    if isinstance(value, tuple):
        return {"address": address, "value": value[0], "scale": value[1]}
    return {"address": address, "value": value}


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a message."""
    starts = [
        at for at in range(len(data)) if data[at] in (iec62056_21.SLASH, iec62056_21.SOH, iec62056_21.STX)
    ]
    if not starts:
        return "no start: neither / nor 01 nor 02"
    body = data[starts[0] :]
    if body[0] == iec62056_21.SLASH:
        return _why_no_telegram(body)
    ends = [at for at in range(len(body)) if body[at] in (iec62056_21.ETX, iec62056_21.EOT)]
    if not ends:
        return f"truncated: no 03 or 04 in the {len(body)} bytes from the first {body[0]:02X}"
    if ends[0] + 1 == len(body):
        return "truncated: no check character"
    found, good = body[ends[0] + 1], iec62056_21.bcc(body[: ends[0] + 1])
    if found & 0x7F != good:
        return f"check character is {found:02X}, computed {good:02X}"
    return "control characters inside the block"


def _why_no_telegram(body: bytes) -> str:
    """An identification, if it is one, and what follows it."""
    end = body.find(b"!")
    if end < 0:
        return f"truncated: neither ! nor 03 in the {len(body)} bytes from the first /"
    digits = body[end + 1 : end + 5]
    if len(digits) < 4:
        return "truncated: no checksum after !"
    return f"checksum is {digits.decode('latin-1')!r}, computed {crc.arc(body[: end + 1]):04X}"
