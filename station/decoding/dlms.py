"""DLMS/COSEM for people: HDLC frames, wrapper frames or a bare APDU as JSON-able objects."""

from typing import Any

from protocols.crc import x25
from protocols.lines import refused
from protocols.lines.dlms import acse, apdu, axdr, clock, cosem, hdlc, security, wrapper
from station.decoding.refused import Refused

LLC = (hdlc.TO_METER, hdlc.FROM_METER)
MECHANISMS = {0: "none", 1: "lls", 5: "hls-gmac"}
ACSE = {acse.AARQ: "AARQ", acse.AARE: "AARE", acse.RLRQ: "RLRQ", acse.RLRE: "RLRE"}
PASSWORD = "not shown"  # a decoded line ends up in tickets and logs


def decode(data: bytes) -> list[dict[str, Any]]:
    """One object a frame; Refused says what is wrong with the first candidate when there is none."""
    framer = hdlc.Framer()
    frames = framer.feed(data) + framer.quiet()
    if frames:
        return _hdlc(frames) + _leftovers(framer)
    if data[:2] == b"\0\1":
        return _wrapped(data)
    if not data:
        raise Refused("no bytes")
    if data[0] == hdlc.FLAG:
        raise Refused(_why_none(data))
    try:
        return [{"ok": True, "frame": {"transport": "none"}, "apdu": _apdu(_without_llc(data))}]
    except refused.Refused as error:
        raise Refused(_why_bare(data, error)) from None


def _why_bare(data: bytes, error: refused.Refused) -> str:
    text = f"no HDLC flag 7E, no wrapper 0001; as an APDU: {_reason(error)}"
    return _why_none(data[data.index(hdlc.FLAG) :]) if hdlc.FLAG in data else text


def _reason(error: refused.Refused) -> str:
    return refused.REASONS[error.reason] + (f" ({error.detail})" if error.detail else "")


def _leftovers(framer: hdlc.Framer | wrapper.Framer) -> list[dict[str, Any]]:
    if not framer.bad:
        return []
    return [{"ok": False, "reason": f"{framer.bad} broken beside the good frames"}]


# ---- HDLC -------------------------------------------------------------------------------------


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame; data begins with a flag."""
    body = data.lstrip(b"\x7e")
    if len(body) < 2:
        return "truncated: a frame has at least 9 bytes"
    if body[0] & 0xF0 != 0xA0:
        return f"format is {body[0]:02X}, not A0 to AF"
    length = (body[0] & 7) << 8 | body[1]
    if length < 7:
        return f"length {length} is too small for a frame"
    if len(body) < length + 1:
        return f"truncated: length {length} asks for {length + 2} bytes, {len(body) + 1} are here"
    if body[length] != hdlc.FLAG:
        return f"closing flag is {body[length]:02X}, not 7E"
    stored, computed = body[length - 2] | body[length - 1] << 8, x25(body[: length - 2])
    if stored != computed:
        return f"checksum is {stored:04X}, computed {computed:04X}"
    return "addresses of 1, 2 or 4 bytes, or the header checksum, are wrong"


def _hdlc(frames: list[hdlc.Frame]) -> list[dict[str, Any]]:
    """A message in segments is shown with its last frame."""
    parts: dict[bytes, bytes] = {}
    out = []
    for frame in frames:
        item: dict[str, Any] = {"ok": True, "frame": _link(frame)}
        if item["frame"]["control"] in ("SNRM", "UA"):
            item["frame"] |= _limits(frame.info)
        elif frame.info and item["frame"]["control"] in ("I", "UI"):
            message = parts.pop(frame.by, b"") + frame.info
            if frame.segmented:
                parts[frame.by] = message
                item["note"] = "part of a longer message: it is shown with its last frame"
            else:
                item |= _shown(_without_llc(message))
        out.append(item)
    return out


def _link(frame: hdlc.Frame) -> dict[str, Any]:
    kind = hdlc.kind(frame.control)
    out: dict[str, Any] = {
        "transport": "hdlc",
        "to": _address(frame.to),
        "from": _address(frame.by),
        "control": kind or f"{frame.control:02X}",
        "segmented": frame.segmented,
    }
    if kind == "I":
        out["sent"] = hdlc.sent(frame.control)
    if kind in ("I", "RR", "RNR"):
        out["received"] = hdlc.received(frame.control)
    return out


def _address(data: bytes) -> str:
    upper, lower = hdlc.parts(data)
    return str(upper) if lower is None else f"{upper}/{lower}"


def _limits(info: bytes) -> dict[str, Any]:
    try:
        send, take = hdlc.limits(info)
    except refused.Refused as error:
        return {"limits": _reason(error)}
    return {"sends": send, "takes": take}


def _without_llc(data: bytes) -> bytes:
    return data[3:] if data[:3] in LLC else data


def _shown(data: bytes) -> dict[str, Any]:
    try:
        return {"apdu": _apdu(data)}
    except refused.Refused as error:
        return {"ok": False, "reason": _reason(error), "hex": data.hex()}


# ---- wrapper ----------------------------------------------------------------------------------


def _wrapped(data: bytes) -> list[dict[str, Any]]:
    framer = wrapper.Framer()
    frames = framer.feed(data)
    if not frames:
        length = int.from_bytes(data[6:8], "big")
        if len(data) < wrapper.HEADER + length or len(data) <= wrapper.HEADER:
            raise Refused(
                f"truncated: the wrapper asks for {wrapper.HEADER + length} bytes, {len(data)} are here"
            )
        raise Refused(
            f"behind the wrapper stands {data[8]:02X}, no APDU of DLMS, or more than {wrapper.MAX_APDU} bytes"
        )
    out = []
    for frame in frames:
        link = {"transport": "wrapper", "to": frame.to, "from": frame.by}
        out.append({"ok": True, "frame": link} | _shown(frame.apdu))
    return out + _leftovers(framer)


# ---- APDUs ------------------------------------------------------------------------------------


def _apdu(data: bytes) -> dict[str, Any]:
    if not data:
        raise refused.Refused("truncated", "no APDU")
    if data[0] in ACSE:
        return _association(data)
    if data[0] in (0x01, 0x08):
        return _initiate(data)
    if security.is_protected(data):
        return _protected(data)
    name, fields = apdu.decode(data)
    out = {"name": name} | {part: _part(part, fields[part]) for part in fields if fields[part] is not None}
    if "descriptor" in fields:
        meant = cosem.method_name if name.startswith("action") else cosem.attribute_name
        out["means"] = meant(fields["descriptor"][0], fields["descriptor"][2])
    return out


def _association(data: bytes) -> dict[str, Any]:
    tag, fields = acse.decode(data)
    out: dict[str, Any] = {"name": ACSE[tag]} | {
        key: value for key, value in fields.items() if key != "authenticated"
    }
    if "mechanism" in fields:
        out["mechanism"] = MECHANISMS.get(fields["mechanism"], fields["mechanism"])
    if "diagnostic" in fields:
        out["diagnostic"] = acse.DIAGNOSTICS.get(fields["diagnostic"], fields["diagnostic"])
    if "info" in fields:
        out["info"] = _shown(fields["info"])
    for key in ("title", "value"):
        if key in fields:
            out[key] = fields[key].hex()
    if tag == acse.AARQ and fields.get("mechanism") == acse.LLS:
        out["value"] = PASSWORD
    return out


def _initiate(data: bytes) -> dict[str, Any]:
    fields = acse.initiate(data)
    if fields.pop("dedicated", b""):
        fields["dedicated"] = PASSWORD
    fields["conformance"] = acse.conformance_names(fields["conformance"])
    return {"name": "initiate-request" if data[0] == 0x01 else "initiate-response"} | fields


def _protected(data: bytes) -> dict[str, Any]:
    title, body, general, dedicated = security.unwrap(data)
    control, counter, rest = security.split(body)
    names = [name for bit, name in ((0x10, "authenticated"), (0x20, "encrypted")) if control & bit]
    out: dict[str, Any] = {
        "name": "ciphered",
        "tag": f"{data[0]:02X}",
        "general": general,
        "dedicated": dedicated,
    }
    out |= {"suite": control & 15, "protection": names, "counter": counter, "bytes": len(rest)}
    return out | ({"title": title.hex()} if title else {})


def _part(name: str, value: Any) -> Any:
    """A field of an APDU as JSON."""
    return _PARTS[name](value) if name in _PARTS else value


def _result(value: tuple) -> Any:
    code, tree = value
    return apdu.result_name(code) if tree is None else _tree(tree)


def _descriptor(value: tuple) -> str:
    number, name, attribute = value
    return f"{number}:{cosem.name_text(name)}:{attribute}"


def _selected(value: tuple) -> dict[str, Any]:
    return {"selector": value[0], "parameter": _tree(value[1])}


def _row(value: tuple) -> dict[str, Any]:
    descriptor, selection = value
    out: dict[str, Any] = {"descriptor": _descriptor(descriptor)}
    out["means"] = cosem.attribute_name(descriptor[0], descriptor[2])
    return out | ({"selection": _selected(selection)} if selection else {})


def _service(value: tuple) -> dict[str, Any]:
    code, counter = value
    return {"error": apdu.SERVICES.get(code, code)} | ({} if counter is None else {"counter": counter})


def _block(value: tuple) -> Any:
    code, raw = value
    return apdu.result_name(code) if code else raw.hex()


_PARTS = {
    "descriptor": _descriptor,
    "descriptors": lambda rows: [_row(row) for row in rows],
    "selection": _selected,
    "data": lambda tree: _tree(tree),
    "values": lambda trees: [_tree(tree) for tree in trees],
    "parameter": lambda tree: _tree(tree),
    "result": _result,
    "results": lambda results: [_result(result) for result in results],
    "returned": _result,
    "code": apdu.result_name,
    "codes": lambda codes: [apdu.result_name(code) for code in codes],
    "block": _block,
    "raw": lambda raw: raw.hex(),
    "state": lambda code: apdu.STATES.get(code, code),
    "service": _service,
    "error": lambda value: [value[0], apdu.SERVICE_ERRORS.get(value[1], value[1]), value[2]],
    "time": lambda time: clock.show(time) if time else None,
}


def _tree(tree: tuple) -> Any:
    """{"type", "value"} of a leaf, with what the bytes may mean; lists for arrays and structures.

    A scaler and unit are taken for what they look like: a structure of an i8 and an enum.
    """
    tag, value = tree
    if tag == axdr.STRUCTURE and [item[0] for item in value] == [axdr.I8, axdr.ENUM]:
        scale, unit = cosem.scaler_unit(tree) or (0, 0)
        return {"type": "scaler_unit", "scale": scale, "unit": cosem.UNITS.get(unit, f"unit-{unit}")}
    if tag in (axdr.ARRAY, axdr.STRUCTURE):
        return [_tree(item) for item in value]
    if tag == axdr.COMPACT:
        return [_tree(item) for item in value[1]]
    out: dict[str, Any] = {"type": axdr.TYPES[tag][0], "value": axdr.plain(tree)}
    return out | _bytes(value) if isinstance(out["value"], bytes) else out


def _bytes(value: bytes) -> dict[str, Any]:
    out = {"value": value.hex()}
    if len(value) == clock.SIZE and 1990 <= int.from_bytes(value[:2], "big") < 2100:
        return out | {"time": clock.show(value)}
    if len(value) == 6 and value[5] == 0xFF:
        return out | {"name": cosem.name_text(value)}
    if value and all(0x20 <= b < 0x7F for b in value):
        return out | {"text": value.decode("ascii")}
    return out
