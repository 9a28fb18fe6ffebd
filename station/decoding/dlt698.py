"""DL/T 698.45 frames for people: link fields, the service, and the objects it names with their values."""

from typing import Any

from protocols.lines import framing
from protocols.lines.dlt698 import apdu, axdr, link, segments, values
from protocols.lines.refused import REASONS
from protocols.lines.refused import Refused as LineRefused
from station.decoding.frames import failed, frames_counted

SERVICES = {
    0x01: "LINK-Request", 0x02: "CONNECT-Request", 0x03: "RELEASE-Request", 0x05: "GET-Request",
    0x06: "SET-Request", 0x07: "ACTION-Request", 0x08: "REPORT-Response", 0x09: "PROXY-Request",
    0x10: "SECURITY-Request", 0x6E: "ERROR-Response", 0x81: "LINK-Response", 0x82: "CONNECT-Response",
    0x83: "RELEASE-Response", 0x84: "RELEASE-Notification", 0x85: "GET-Response", 0x86: "SET-Response",
    0x87: "ACTION-Response", 0x88: "REPORT-Notification", 0x89: "PROXY-Response", 0x90: "SECURITY-Response",
    0xEE: "ERROR-Response",
}  # fmt: skip
_CHANGES = {1: "Normal", 2: "NormalList", 3: "ThenGetNormalList"}
KINDS = {  # of a service and its answer
    apdu.GET: {1: "Normal", 2: "NormalList", 3: "Record", 4: "RecordList", 5: "Next", 6: "MD5"},
    apdu.SET: _CHANGES,
    apdu.ACTION: _CHANGES,
    apdu.REPORT: {1: "List", 2: "RecordList", 3: "TransData"},
    apdu.PROXY: {
        1: "GetList", 2: "GetRecord", 3: "SetList", 4: "SetThenGetList", 5: "ActionList",
        6: "ActionThenGetList", 7: "TransCommand",
    },
    apdu.SECURITY: {0: "plain", 1: "cipher", 2: "refusal"},
}  # fmt: skip
TYPES = {
    0x00: "null", 0x01: "array", 0x02: "structure", 0x03: "bool", 0x04: "bit-string",
    0x05: "i32", 0x06: "u32", 0x09: "octet-string", 0x0A: "visible-string", 0x0C: "utf8-string",
    0x0F: "i8", 0x10: "i16", 0x11: "u8", 0x12: "u16", 0x14: "i64",
    0x15: "u64", 0x16: "enum", 0x17: "float32", 0x18: "float64", 0x19: "date_time",
    0x1A: "date", 0x1B: "time", 0x1C: "date_time_s", 0x50: "OI", 0x51: "OAD",
    0x52: "ROAD", 0x53: "OMD", 0x54: "TI", 0x55: "TSA", 0x56: "MAC",
    0x57: "RN", 0x58: "region", 0x59: "scaler_unit", 0x5A: "RSD", 0x5B: "CSD",
    0x5C: "MS", 0x5D: "SID", 0x5E: "SID_MAC", 0x5F: "COMDCB", 0x60: "RCSD",
}  # fmt: skip
SEGMENTS = ("first", "last", "acknowledgement", "middle")
TIMES = (0x19, 0x1A, 0x1B, 0x1C)  # tags
PASSWORD = 1  # a mechanism of CONNECT
MAX_NESTED = 3  # secured APDUs inside secured ones


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_counted(data, link.Framer(), _frame, _why_none)


# ---- what is wrong


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = data.find(link.START)
    if start < 0:
        return "no start byte 68"
    body = data[start:]
    size = link.size_at(body, 0)
    if size == framing.UNKNOWN:
        return f"truncated: {len(body)} bytes from the first 68, its header is longer"
    if size == framing.NONE:
        return _why_no_header(body)
    header = 9 + (body[4] & 0x0F)
    if size == framing.BROKEN:
        return _sums("header checksum", body[1:header])
    if len(body) < size:
        return f"truncated: the length asks for {size} bytes, {len(body)} are here"
    if body[size - 1] != link.END:
        return f"end byte is {body[size - 1]:02X}, not 16"
    return _sums("frame checksum", body[1 : size - 1])


def _why_no_header(body: bytes) -> str:
    if body[3] & 0x17 not in (link.LINK, link.USER):
        return f"control {body[3]:02X}: function {body[3] & 7} is neither 1 (link) nor 3 (user data)"
    return (
        f"length {body[2]:02X}{body[1]:02X} is shorter than the header or longer than {link.MAX_FRAME} bytes"
    )


def _sums(name: str, summed: bytes) -> str:
    return f"{name} is {summed[-2:].hex().upper()}, computed {link.checksum(summed[:-2]).hex().upper()}"


# ---- frames


def _frame(frame: link.Frame) -> dict[str, Any]:
    head = {
        "address": frame.address,
        "kind": link.KINDS[frame.kind],
        "logical": frame.logical,
        "client": frame.client,
        "control": f"{frame.control:02X}",
        "from": "server" if frame.control & link.FROM_SERVER else "client",
        "scrambled": bool(frame.control & link.SCRAMBLED),
    }
    if frame.control & link.SEGMENT:
        return _segment(head, frame.data)
    try:
        return {"ok": True, "frame": head, "apdu": _apdu(frame.data, 0)}
    except LineRefused as refused:
        detail = f" ({refused.detail})" if refused.detail else ""
        return failed(REASONS[refused.reason] + detail) | {"frame": head, "data": frame.data.hex().upper()}


def _segment(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    if segments.kind_of(data) < 0:
        return failed("a segment without its header") | {"frame": head}
    piece = {
        "kind": SEGMENTS[segments.kind_of(data)],
        "number": segments.number_of(data),
        "data": data[2:].hex().upper(),
    }
    return {"ok": True, "frame": head, "segment": piece}


def _apdu(data: bytes, depth: int) -> dict[str, Any]:
    if depth > MAX_NESTED:
        raise LineRefused("too_deep", "secured APDUs")
    one = apdu.decode(data)
    _tail, kinds = apdu.SERVICES[one.service]
    out: dict[str, Any] = {"service": SERVICES[one.service]}
    if one.kind is not None:
        out["kind"] = KINDS[one.service & 0x7F][one.kind]
    if one.piid is not None:
        out["number"] = one.piid & apdu.NUMBER
        out["priority"] = bool(one.piid & apdu.PRIORITY)
    if one.piid is not None and one.service & apdu.ANSWER:
        out["events_wait"] = bool(one.piid & apdu.ACD)
    if one.service in (apdu.SECURITY, apdu.SECURITY | apdu.ANSWER):
        out |= _secured(one, depth)
    else:
        out["body"] = _shown(kinds[one.kind], one.body)
    if one.report is not None:
        out["report"] = _shown({1: apdu.READ_LIST, 2: ["record"]}, one.report)
    if one.time is not None:
        (sent, (unit, count)) = one.time
        out["time"] = {"sent": _time(sent), "good_for": f"{count} {_unit(unit)}"}
    return out


def _unit(unit: int) -> str:
    return axdr.TI_UNITS[unit] if unit < len(axdr.TI_UNITS) else f"of unit {unit}"


def _secured(one: apdu.Apdu, depth: int) -> dict[str, Any]:
    payload, verification = one.body
    out: dict[str, Any] = {"verification": _plain(verification)}
    if one.kind == apdu.REFUSAL:
        out["result"] = apdu.meaning("dar", payload)
    elif one.kind == apdu.CIPHER:
        out["ciphertext"] = payload.hex().upper()
    else:
        out["apdu"] = _apdu(payload, depth + 1)
    return out


# ---- bodies: objects by name, results with DAR names, the rest as it is


def _shown(kind: Any, value: Any) -> Any:
    if isinstance(kind, str) and kind in apdu.MEANINGS:
        return apdu.meaning(kind, value)
    if isinstance(kind, str):
        return NAMED[kind](value) if kind in NAMED else _plain(value)
    if kind == axdr.DATE_TIME or kind == axdr.DATE_TIME_S:
        return _time(value)
    if isinstance(kind, tuple):
        return [_shown(part, one) for part, one in zip(kind, value, strict=True)]
    if isinstance(kind, list):
        return [_shown(kind[0], one) for one in value]
    if isinstance(kind, axdr.Option):
        return None if value is None else _shown(kind.kind, value)
    choice, inner = value
    if kind == apdu.MECHANISM and choice == PASSWORD:
        return [choice, "not shown"]  # a decoded line ends up in tickets and logs
    return _shown(kind[choice], inner) if kind == apdu.RESULT else [choice, _shown(kind[choice], inner)]


def _data(value: tuple[int, Any]) -> dict[str, Any]:
    tag, inner = value
    out: dict[str, Any] = {"type": TYPES[tag]}
    if tag in (axdr.ARRAY, axdr.STRUCTURE):
        return out | {"values": [_data(item) for item in inner]}
    return out | {"value": _time(inner) if tag in TIMES else _plain(values.plain(tag, inner))}


def _record(value: tuple[int, list[Any], tuple[int, Any]]) -> dict[str, Any]:
    oad, columns, (choice, rows) = value
    out: dict[str, Any] = {"object": f"{oad:08X}", "columns": _shown(axdr.RCSD, columns)}
    if not choice:
        return out | {"result": apdu.meaning("dar", rows)}
    return out | {"rows": [[_data(cell) for cell in row] for row in rows]}


def _plain(value: Any) -> Any:
    """JSON has no bytes; a number with its own power of ten is told as both."""
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _time(value: tuple[int, ...]) -> str:
    """Fields of FF or FFFF mean any; weekday and milliseconds come only with the long form."""
    shown = ["--" if one in (0xFF, 0xFFFF) else f"{one:02d}" for one in value]
    if len(value) == 3:
        return ":".join(shown)
    clock = shown[4:] if len(value) == 8 else shown[3:] if len(value) == 6 else []
    return (
        "-".join(shown[:3])
        + (" " + ":".join(clock[:3]) if clock else "")
        + "".join("." + ms for ms in clock[3:])
    )


NAMED = {
    "oad": lambda value: f"{value:08X}",
    "data": _data,
    "record": _record,
}
