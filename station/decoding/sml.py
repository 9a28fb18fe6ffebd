"""SML files for people."""

from typing import Any

from protocols.lines.refused import REASONS
from protocols.lines.refused import Refused as Unreadable
from protocols.lines.sml import messages, transport
from station.decoding.refused import Refused

Item = dict[str, Any]


def decode(data: bytes) -> list[Item]:
    """One object a file: `frame` with its bytes, `messages` with their fields, of a list its `values`."""
    framer = transport.Framer()
    frames = framer.feed(data) + framer.quiet()
    if not frames:
        raise Refused(_why_none(data))
    out = [_file(frame) for frame in frames]
    if framer.bad:
        out.append({"ok": False, "reason": f"{framer.bad} broken or unfinished beside the good ones"})
    return out


def _file(frame: transport.Frame) -> Item:
    shown = {"bytes": len(frame.data)}
    try:
        return {"ok": True, "frame": shown, "messages": [_message(m) for m in messages.decode(frame.data)]}
    except Unreadable as error:
        return {"ok": False, "reason": f"{REASONS[error.reason]}: {error.detail}", "frame": shown}


def _message(message: messages.Message) -> Item:
    known = isinstance(message.kind, int)
    name = messages.KINDS[message.kind][0] if known and message.kind in messages.KINDS else "unknown"
    fields = messages.fields(message)
    fields.pop("values", None)
    out = {"kind": name, "transaction": _plain(message.transaction)} | {
        key: _plain(fields[key]) for key in fields
    }
    entries = messages.entries(message)
    return out | {"values": [_entry(entry) for entry in entries]} if entries else out


def _entry(entry: messages.Entry) -> Item:
    out: Item = {"name": entry.name, "value": _plain(entry.value)}
    if isinstance(entry.value, int) and not isinstance(entry.value, bool):
        out["scale"] = entry.scaler
    for key in ("status", "time", "unit"):
        if getattr(entry, key) is not None:
            out[key] = _plain(getattr(entry, key))
    return out


def _plain(value: Any) -> Any:
    """Bytes as text where they are printable, else as hex; lists as lists."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not isinstance(value, bytes):
        return value
    return (
        value.decode("ascii")
        if len(value) > 1 and value.isascii() and value.decode().isprintable()
        else value.hex()
    )


def _why_none(data: bytes) -> str:
    start = data.find(transport.START)
    if start < 0:
        return "no start 1B1B1B1B 01010101"
    end = data.find(transport.ESCAPE + b"\x1a", start + len(transport.START))
    if end < 0:
        return f"truncated: no end 1B1B1B1B 1A in the {len(data) - start} bytes from the start"
    whole = data[start : end + 8]
    if len(data) < end + 8:
        return f"truncated: the end lacks {end + 8 - len(data)} bytes"
    if int.from_bytes(whole[-2:], "big") in transport.checks(whole[:-2]):
        return f"{whole[-3]} fill bytes"
    return f"checksum is {whole[-2:].hex().upper()}, computed {transport.checks(whole[:-2])[0]:04X}"
