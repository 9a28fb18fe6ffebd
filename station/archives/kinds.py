"""What an archive has: kinds, their declared fields and links, what each weighs for completeness, and lives.

One row a field; the form, the checks, the export and the completeness loop over them.
"""

from collections.abc import Mapping
from typing import NamedTuple

NUMBER_CHARS = 40
KEY_CUSTOMER_KVA = 500  # from here on a customer has a terminal (R15)
LINK = "@"  # before the role, in values and changes


class Field(NamedTuple):
    name: str
    shape: str  # of station.archives.shapes.SHAPES
    weight: int = 0  # for completeness; 0: may be empty
    least: int = 0
    most: int = 60  # of characters with `text` and `phone`
    among: tuple[str, ...] = ()


class Link(NamedTuple):
    role: str
    to: tuple[str, ...]  # kinds
    weight: int = 0
    place: bool = False  # it says where the thing stands: who takes its place takes this
    follows: bool = False  # goes over to the new one when its target is swapped


class Kind(NamedTuple):
    life: str  # of LIVES
    fields: tuple[Field, ...]
    links: tuple[Link, ...] = ()
    people: bool = False  # tells of a person: seen only with the right to the archive
    name_weight: int = 0


class Life(NamedTuple):
    first: str
    live: str
    out: str  # taken away by a swap, or closed
    moves: Mapping[str, tuple[str, ...]]


LIVES = {
    "use": Life(
        "planned",
        "open",
        "closed",
        {
            "planned": ("open", "closed"),
            "open": ("paused", "closed"),
            "paused": ("open", "closed"),
            "closed": (),
        },
    ),
    "thing": Life(
        "stored",
        "running",
        "removed",
        {
            "stored": ("running", "scrapped"),
            "running": ("removed",),
            "removed": ("stored", "scrapped"),
            "scrapped": (),
        },
    ),
}
STATES = tuple(dict.fromkeys(state for life in LIVES.values() for state in life.moves))
LIVE = tuple(life.live for life in LIVES.values())
ENDED = tuple(state for life in LIVES.values() for state, to in life.moves.items() if not to)

_VOLTAGES = ("v220", "v380", "kv10", "kv35", "kv110")
_CONNECTIONS = ("direct", "through_ct")
_COLLECTORS = ("terminal", "concentrator")
_MAKE = (Field("maker", "text"), Field("model", "text"))
_RATIO = (Field("primary", "whole", 3, 1, 1_000_000), Field("secondary", "whole", 3, 1, 1_000))
_PLACE = Link("point", ("point",), 3, place=True)
_AT_AREA = Link("area", ("area",), 3, place=True)

KINDS: Mapping[str, Kind] = {
    "customer": Kind(
        "use",
        (
            Field("address", "text", 2, most=120),
            Field("phone", "phone", 2, most=20),
            Field(
                "category", "choice", 3, among=("residential", "commerce", "industry", "farming", "public")
            ),
            Field("voltage", "choice", 1, among=_VOLTAGES),
            Field("capacity_kva", "whole", 1, 0, 1_000_000),
        ),
        people=True,
        name_weight=3,
    ),
    "contract": Kind(
        "use",
        (
            Field("signed_day", "day", 2),
            Field("until_day", "day"),
            Field("tariff", "choice", 2, among=("single", "time_of_use", "tiered", "two_part")),
        ),
        (Link("customer", ("customer",), 3),),
        people=True,
    ),
    "point": Kind(
        "use",
        (
            Field("duty", "choice", 1, among=("billing", "gate", "check")),
            Field("phase", "choice", 2, among=("a", "b", "c", "abc")),
            Field("address", "text", most=120),
        ),
        (Link("customer", ("customer",), 3), Link("area", ("area",), 2), Link("line", ("line",))),
    ),
    "meter": Kind(
        "thing",
        (
            Field("meter_address", "digits", 3, 12, 12),
            Field("connection", "choice", 2, among=_CONNECTIONS),
            Field("protocol", "choice", 1, among=("dlt645", "dlt645_1997", "dlt698", "modbus")),
            *_MAKE,
        ),
        (_PLACE,),
    ),
    "ct": Kind("thing", (*_RATIO, *_MAKE), (_PLACE,)),
    "pt": Kind("thing", (*_RATIO, *_MAKE), (_PLACE,)),
    "terminal": Kind(
        "thing",
        (Field("device", "device", 3, most=24), *_MAKE),
        (Link("customer", ("customer",), 3, place=True), Link("line", ("line",), place=True)),
    ),
    "concentrator": Kind("thing", (Field("device", "device", 3, most=24), *_MAKE), (_AT_AREA,)),
    "measuring": Kind(
        "use",
        (Field("row", "whole", 2, 1, 2040),),  # in the collector: its metering point, its row of meters
        (
            Link("collector", _COLLECTORS, 3, follows=True),
            Link("meter", ("meter",), 3, follows=True),
        ),
    ),
    "line": Kind("use", (Field("voltage", "choice", 1, among=_VOLTAGES),), name_weight=2),
    "area": Kind(
        "use",
        (Field("address", "text", most=120), Field("transformer_kva", "whole", 1, 1, 100_000)),
        (Link("line", ("line",), 2),),
        name_weight=2,
    ),
    "sim": Kind(
        "thing",
        (
            Field("operator", "choice", 2, among=("mobile", "unicom", "telecom", "broadnet")),
            Field("apn", "text", 1),
            Field("phone", "phone", most=20),
        ),
        (Link("collector", _COLLECTORS, 2, follows=True),),
    ),
    "module": Kind(
        "thing",
        (Field("vendor", "text", 2), Field("chip", "text", 2)),
        (Link("host", ("meter", "concentrator"), 2),),
    ),
}
FIELDS = tuple(dict.fromkeys(field.name for kind in KINDS.values() for field in kind.fields))
ROLES = tuple(dict.fromkeys(link.role for kind in KINDS.values() for link in kind.links))
VALUES = tuple(
    dict.fromkeys(value for kind in KINDS.values() for field in kind.fields for value in field.among)
)
PEOPLE = tuple(name for name, kind in KINDS.items() if kind.people)
SWAPPED = ("meter", "ct", "pt", "terminal", "concentrator")
METERED = ("meter", "ct", "pt")  # a swap of these needs readings


def life(kind: str) -> Life:
    return LIVES[KINDS[kind].life]


def score(kind: str, values: Mapping[str, object]) -> int:
    """Percent of the weight of needed fields and links that are there, rounded down."""
    of = KINDS[kind]
    weights = {"name": of.name_weight} | {field.name: field.weight for field in of.fields}
    weights |= {LINK + link.role: link.weight for link in of.links}
    there = sum(weight for name, weight in weights.items() if values.get(name) not in (None, ""))
    return 100 * there // sum(weights.values())
