"""Messages between device and station for people: what a payload holds. Seals are not verified here."""

from typing import Any

from protocols import cbor
from protocols.meters import points, statistics
from protocols.uplink import area, codes, messages, parameters, topics
from station.decoding.refused import Refused

SEAL = "not verified: the device's key is not here"
# what keys 1 and 2 are -> message; of a sealed one the body says more
_SHAPES = {
    (str, bytes): ("hello", messages.HELLO),
    (bytes, int): ("batch", messages.BATCH),
    (int, int): ("now", messages.NOW),
}


def decode(data: bytes) -> list[dict[str, Any]]:
    try:
        wire = cbor.decode(data)
        messages.check_version(wire)
        return [_message(wire)]
    except (cbor.CborError, messages.MessageError) as error:
        raise Refused(f"no message of the uplink: {error.args[0]}") from error


def _message(wire: dict[Any, Any]) -> dict[str, Any]:
    shape = type(wire.get(1)), type(wire.get(2))
    if shape == (bytes, bytes):
        return _sealed(wire)
    if shape not in _SHAPES:
        raise messages.MessageError("keys 1 and 2 are of no message")
    name, schema = _SHAPES[shape]
    return _shown(name, messages.unpack(schema, wire), {})


def _sealed(wire: dict[Any, Any]) -> dict[str, Any]:
    """Key 1 is the body, itself CBOR; keys 2 and 3 are the MACs."""
    body = cbor.decode(wire[1])
    if not isinstance(body, dict):
        raise messages.MessageError("sealed body is not a map")
    envelope = {"seal": SEAL, "second_mac": 3 in wire}
    if 5 in body:
        return _shown("command", _command(messages.unpack(messages.COMMAND, body)), envelope)
    name, schema = ("welcome", messages.WELCOME) if 1 in body else ("mark", messages.MARK)
    return _shown(name, messages.unpack(schema, body), envelope)


def _command(values: dict[str, Any]) -> dict[str, Any]:
    kind = values["kind"]
    if kind not in area.COMMANDS:
        return values
    params = messages.unpack(area.COMMANDS[kind], values["params"])
    if kind == messages.PARAMETERS and params["section"] in area.SECTIONS:
        fields = {row[0]: row[1] for row in parameters.rows(params["section"], area.PARAMETERS)}
        params |= {
            "section": area.SECTIONS[params["section"]],
            "values": _named(params["values"], fields),
        }
    return values | {"kind": area.COMMAND_NAMES[kind], "params": params}


def _shown(name: str, values: dict[str, Any], envelope: dict[str, Any]) -> dict[str, Any]:
    body = {field: _field(field, value) for field, value in values.items()}
    return {"ok": True, "frame": {"message": name} | envelope, "body": body}


def _field(name: str, value: Any) -> Any:
    if name == "records":
        return [_record(item) for item in value]
    if name in _MAPS and isinstance(value, dict):
        return _named(value, _MAPS[name])
    return _plain(value)


def _record(wire: Any) -> dict[str, Any]:
    try:
        kind, t_s, t_ok, body = messages.unpack_record(wire, area.RECORDS)
    except messages.MessageError as error:
        return {"ok": False, "reason": error.args[0]}
    body = {key: _field(str(key), value) for key, value in body.items()}
    if kind == messages.EVENT:
        body["code"] = area.EVENTS.get(body["code"], body["code"])
    if kind == messages.RESULT:
        body["outcome"] = codes.OUTCOMES.get(body["outcome"], body["outcome"])
        body["reason"] = codes.REASONS.get(body["reason"], body["reason"])
    return {"kind": area.RECORD_NAMES.get(kind, kind), "t_s": t_s, "t_ok": t_ok, "body": _plain(body)}


class _Points:
    """Names of points and statistics by their numbers."""

    def get(self, no: Any, default: Any) -> Any:
        row = (points.BY_NO.get(no) or statistics.BY_NO.get(no)) if isinstance(no, int) else None
        return default if row is None else row[2] if no < statistics.FIRST else row[1]


_MAPS = {
    "next_seq": topics.STREAMS,
    "held_from": topics.STREAMS,
    "marks": topics.STREAMS,
    "parameters": area.SECTIONS,
    "data": area.EVENT_FIELDS,
    "detail": area.EVENT_FIELDS,
    "points": _Points(),
    "values": _Points(),
}


def _named(values: Any, names: Any) -> Any:
    if not isinstance(values, dict):
        return _plain(values)
    return {str(names.get(key, key)): _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    """As JSON can have it: bytes in hex, keys as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
