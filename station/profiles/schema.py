"""JSON Schema of a meter profile, made of the tables that own the words. `python -m station.profiles.schema`
writes docs/meter-profile.schema.json; a test says when that is not current.

A `description` says what to do: `check` shows it beside the reason.
"""

import json
from pathlib import Path
from typing import Any

import protocols.meters
from protocols.meters import sound
from protocols.meters.links import LINKS
from protocols.meters.package import MAX_TESTS
from protocols.meters.sound import SHIFT_MAX
from protocols.meters.type_names import NAMES, UNITS
from protocols.meters.types import LEN_MAX

FILE = Path(__file__).resolve().parents[2] / "docs" / "meter-profile.schema.json"
BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)


def _text(least: int = 1, most: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def _whole(least: int, most: int, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most, **more}


def _list(items: dict[str, Any], least: int = 0, most: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most, **more}


def _object(needed: str, **fields: Any) -> dict[str, Any]:
    """`needed`: names of the fields that must be there."""
    made: dict[str, Any] = {"type": "object", "properties": fields, "additionalProperties": False}
    return made | ({"required": needed.split()} if needed else {})


_HEX = _text(0, 4096, pattern="^([0-9A-Fa-f]{2})*$", description="write bytes as pairs of hex digits")
_FILL = _text(
    2, 128, pattern="^([0-9A-Fa-f]{2})+$", description="write the fill as hex: FF for any number of FF bytes"
)
_REQ = _text(0, 200, pattern="^[^\\n]*$", description="write the request as the protocol's reader takes it")
_POINT = _text(most=60, description="use an alias or an OBIS code of protocols/meters/points.py")
_BOTH = _object("zh en", zh=_text(most=80), en=_text(most=80))
_VALUE = {"type": ["integer", "string", "null"]}
_STATE = {"type": "object", "maxProperties": 16, "propertyNames": {"pattern": "^-?[0-9]{1,9}$"},
          "additionalProperties": _whole(-0x80000000, 0x7FFFFFFF),
          "description": "the meter's number, as a text, to the point's: {\"0\": 1, \"1\": 0}"}  # fmt: skip

_PART = _object(
    "type",
    at=_whole(0, 255, description="offset in the answer, in bytes"),
    reg=_text(
        most=4, pattern="^[0-9A-Fa-f]{1,4}$", description="Modbus: the register as the data sheet has it, hex"
    ),
    key=_text(most=60, description="key in the reader's answer; {} counts 0, 1, ... with `points`"),
    len=_whole(1, LEN_MAX, description="bytes of the field"),
    type={"enum": sorted(NAMES)},
    order=_text(most=16, pattern="^[snhWDMYy.]+$", description="letters s n h W D M Y y, . to skip"),
    scale=_whole(-SHIFT_MAX, SHIFT_MAX, description="the number times 10 to this is in `unit`"),
    unit={"enum": sorted({*UNITS, *(unit for unit, _power in UNITS.values())})},
    bit=_whole(0, 63),
    bits=_list(_whole(0, 64), 2, 2, description="first bit and number of bits"),
    map=_STATE,
    absent=_list(_FILL, most=8),
    point=_POINT,
    points=_list({"anyOf": [_POINT, {"type": "null"}]}, 1, 64, description="fields that follow one another"),
    wire=_text(most=40, description="how a simulated meter writes it, see docs/meter-profiles.md"),
    note=_text(most=200),
)
_READ = _object(
    "req parts",
    req=_REQ,
    parts=_list(_PART, 1, 64),
    fallback=_list(
        _REQ, 1, 64, description="reads that replace the block when the meter refuses it, one a part"
    ),
    step=_whole(1, 255, description="an answer's length is a multiple of this"),
    end=_text(2, 2, pattern="^[0-9A-Fa-f]{2}$", description="a byte that some meters put behind the answer"),
    note=_text(most=200),
)
_VERIFY = _object("read point value", read=_REQ, point=_POINT, value=_whole(-0x80000000, 0x7FFFFFFF),
                  within_s=_whole(1, 600))  # fmt: skip
_CONTROL = _object(
    "verify",
    req=_REQ,
    data=_HEX,
    fields={
        "type": "object",
        "description": "what the reader's `control` takes; never a password: people give it",
    },
    valid_min=_whole(1, 60, description="minutes that the command stays good on the meter's clock"),
    verify=_VERIFY,
)
_TEST = _object(
    "name read points",
    name=_text(most=100),
    read=_REQ,
    address=_text(0, 40),
    exchanges=_list(_list(_HEX, 2, 2), 1, 64, description="[request, answer] as on the line, in hex"),
    data=_HEX,
    values={"type": "object", "description": 'key -> integer, text, null, [integer, power] or {"hex": ...}'},
    points={"type": "object", "additionalProperties": _VALUE},
)

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Meter profile",
    "description": "docs/meter-profiles.md explains it; `loadkeeper profile check` also compares its parts",
    **_object(
        "id rev names maker source link address reads tests",
        id=_text(2, 40, pattern="^[a-z0-9][a-z0-9-]+$", description="lower case letters, digits and -"),
        rev=_whole(1, 65535, description="count up with each change"),
        names=_BOTH,
        maker=_text(most=60),
        models=_list(_text(most=60), most=30),
        source=_text(most=400, description="name the document that the table was taken from"),
        unverified=_list(_text(most=300), description="say what no public source or meter has confirmed"),
        link={"enum": list(LINKS)},
        address=_text(0, 40, description="an address such a meter may have; tests and simulation use it"),
        serial=_object(
            "",
            baud={"enum": list(BAUDS)},
            format={"enum": ["8N1", "8E1", "8O1", "8N2", "7E1"]},
            timeout_ms=_whole(20, sound.TIMEOUT_MS, description="until the meter begins to answer"),
            gap_ms=_whole(5, sound.GAP_MS, description="silence after which nothing more comes"),
            tries=_whole(1, sound.TRIES),
        ),
        options={"type": "object"},
        absent=_list(_FILL, most=8),
        reads=_list(_READ, 1, 64),
        fast=_list(_REQ, most=sound.MAX_FAST, uniqueItems=True, description="name each read once"),
        slow=_list(_REQ, most=sound.MAX_SLOW),
        freeze=_object("time energy", time=_REQ, energy=_REQ),
        power=_POINT,
        energy=_POINT,
        curve=_list(_POINT, most=sound.MAX_RECORD),
        daily=_list(_POINT, most=sound.MAX_RECORD),
        limits=_object("", bytes=_whole(1, 2048, description="the most data of one answer")),
        controls={"type": "object", "maxProperties": 16, "additionalProperties": _CONTROL},
        tests=_list(_TEST, 1, MAX_TESTS),
    ),
}


def text() -> str:
    return json.dumps(SCHEMA, indent=1, ensure_ascii=False) + "\n"


GUIDE = FILE.with_name("meter-profiles.md")
CATALOGUE = Path(protocols.meters.__file__).parent / "catalogue"
_BEGIN, _END = "<!-- %s: written by python -m station.profiles.schema -->\n", "<!-- end -->\n"


def guide(page: str) -> str:
    """The page with the tables of types and of the catalogue as they are now."""
    return _put(_put(page, "types", _types()), "catalogue", _catalogue())


def _put(page: str, name: str, rows: list[str]) -> str:
    head, rest = page.split(_BEGIN % name)
    _old, tail = rest.split(_END, 1)
    return head + _BEGIN % name + "\n" + "\n".join(rows) + "\n\n" + _END + tail


def _catalogue() -> list[str]:
    """What each profile was taken from, and what is open."""
    rows = ["| profile | taken from | what no public source or meter has confirmed |", "|---|---|---|"]
    for path in sorted(CATALOGUE.glob("*.json")):
        profile = json.loads(path.read_text(encoding="utf-8"))
        doubts = "; ".join(profile["unverified"]) or "-"
        rows.append(f"| `{profile['id']}` | {profile['source']} | {doubts} |")
    return rows


def _types() -> list[str]:
    rows = ["| type | bytes | what it is |", "|---|---|---|"]
    for name, (_kind, width, order, what) in NAMES.items():
        size = (
            str(width)
            if width
            else "-"
            if name in ("number", "text")
            else "`order`"
            if "time" in name
            else "`len`"
        )
        rows.append(f"| `{name}` | {size} | {what}{f' (`{order}`)' if order else ''} |")
    return rows


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
