"""Any command from named texts, as the shell or a generic form gives them; the contract says what exists."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from firmware.control import checks
from protocols.uplink import area, messages, parameters
from protocols.uplink.codes import CONTROLS
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import commands, live

KINDS = {name: kind for kind, name in area.COMMAND_NAMES.items()}
SECTIONS = {name: section for section, name in area.SECTIONS.items()}
MASKS = ("rounds", "periods", "days")  # entered as 1,2,3; bit 0 is 1


def build(c: Connection, device: str, kind_name: str, texts: Mapping[str, str], have: int) -> dict[str, Any]:
    """Params of the kind; Invalid lists every field that is unknown, missing or no value of its type.

    `have`: rounds of the terminal. What the terminal's own rules would refuse is refused here too.
    For `parameters` section is a name, values a JSON map by field name, and version may be left out: the
    next one.
    """
    kind = KINDS[kind_name]
    problems: list[FieldError] = []
    params: dict[str, Any] = {}
    known = {field: (letter, need) for _key, field, letter, need in messages.rows(area.COMMANDS[kind])}
    given = dict(texts)
    if kind == messages.PARAMETERS:
        _parameters(c, device, given, problems)
    for field in given:
        if field not in known:
            problems.append(FieldError(field, "no_such_field", {"fields": " ".join(known)}))
    for field, (letter, need) in known.items():
        if field in given:
            params[field] = _value(field, letter, given[field], problems)
        elif need:
            problems.append(FieldError(field, "needed"))
    refuse(problems)
    if kind in checks.KINDS:
        reason = checks.params(kind, params, have)
        if reason:
            raise Invalid(FieldError("", "refused_by_rules", {"reason": reason}))
    return params


def release(control: str, group: int = 1) -> dict[str, Any]:
    """Params of messages.RELEASE by the control's name of codes.CONTROLS."""
    number = next((no for no, name in CONTROLS.items() if name == control), None)
    if number is None:
        raise Invalid(FieldError("control", "needed"))
    return {"control": number, "group": group}


def _value(field: str, letter: str, given: Any, problems: list[FieldError]) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return _READ["mask" if field in MASKS else letter](given)
    except ValueError:
        problems.append(FieldError(field, _WRONG.get(letter, "not_a_number")))
        return None


def _whole(text: str) -> int:
    if not text.strip().lstrip("+-").isascii() or "_" in text:
        raise ValueError(text)
    return int(text)


def _list(text: str) -> list[Any]:
    """1,2,3 or 1,2;3,4 for a list of lists."""
    parts = [[_whole(item) for item in part.split(",")] for part in text.split(";")]
    return parts[0] if len(parts) == 1 else list(parts)


def _mask(text: str) -> int:
    numbers = [_whole(item) for item in text.split(",")]
    if not all(1 <= number <= 31 for number in numbers):
        raise ValueError(text)
    return sum({1 << (number - 1) for number in numbers})


_READ: dict[str, Callable[[str], Any]] = {
    "u": _whole,
    "i": _whole,
    "l": _list,
    "b": bytes.fromhex,
    "t": str,
    "m": json.loads,
    "mask": _mask,
}
_WRONG = {"l": "not_a_list", "b": "not_hex", "m": "not_json"}


def _parameters(c: Connection, device: str, given: dict[str, Any], problems: list[FieldError]) -> None:
    """Names to numbers in place: section, version and values."""
    text, section = given.pop("values", "{}"), SECTIONS.get(given.get("section", ""))
    given["values"] = {}
    if section is None:
        given["section"] = given["version"] = 0
        problems.append(FieldError("section", "no_such_field", {"fields": " ".join(SECTIONS)}))
        return
    given["section"] = section
    given.setdefault("version", next_version(c, device, section))
    try:
        named = json.loads(text)
        wire = parameters.write(
            section,
            {name: _plain(section, name, value) for name, value in named.items()},
            area.PARAMETERS,
        )
        parameters.read(section, wire, area.PARAMETERS)
        given["values"] = wire
    except (json.JSONDecodeError, AttributeError):
        problems.append(FieldError("values", "not_json"))
    except KeyError:
        fields = " ".join(row[1] for row in parameters.rows(section, area.PARAMETERS))
        problems.append(FieldError("values", "no_such_field", {"fields": fields}))
    except ValueError as error:
        problems.append(FieldError("values", "bad_parameter", {"why": str(error)}))


_HEX_IN_ROWS = (area.PRICES, "tariffs")  # other rows have texts


def _plain(section: int, name: str, value: Any) -> Any:
    """JSON has no bytes: hex stands for them, in rows too."""
    letter = next((row[2] for row in parameters.rows(section, area.PARAMETERS) if row[1] == name), "")
    return _unhexed(value) if letter == "b" or (section, name) == _HEX_IN_ROWS else value


def _unhexed(value: Any) -> Any:
    if isinstance(value, list):
        return [_unhexed(each) for each in value]
    return bytes.fromhex(value) if isinstance(value, str) else value


def next_version(c: Connection, device: str, section: int) -> int:
    """Above the version the terminal reports and above every one that was ever sent to it."""
    now = live.latest(c, device) or {}
    sent = [
        row["params"]["version"]
        for row in commands.of_kind(c, device, messages.PARAMETERS)
        if row["params"]["section"] == section
    ]
    return max([now.get("parameters", {}).get(section, 0), *sent]) + 1
