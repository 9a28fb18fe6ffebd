"""Which movements there are, and what is pasted into their form. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from station.errors import FieldError

KINDS = ("terminal", "concentrator", "meter", "module", "sim")
STORE, PERSON, DEVICE = PLACES = ("store", "person", "device")
MOST_LINES = 500  # a carton of cards; the form has 64 KiB
SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")


class Move(NamedTuple):
    source: str | None  # None: comes from outside
    target: str | None  # None: leaves the stock


MOVES: Mapping[str, Move] = {
    "receive": Move(None, STORE),
    "hand_out": Move(STORE, PERSON),
    "install": Move(PERSON, DEVICE),
    "remove": Move(DEVICE, PERSON),
    "return": Move(PERSON, STORE),
    "scrap": Move(STORE, None),
}


def serials(text: str) -> tuple[list[tuple[int, str]], list[FieldError]]:
    """([(line from 1, serial)], what is wrong by line) of one serial a line; empty lines are passed over."""
    found: dict[str, int] = {}
    wrong: list[FieldError] = []
    for line, raw in enumerate(text.splitlines(), 1):
        serial = raw.strip().upper()
        if not serial:
            continue
        if not SERIAL.fullmatch(serial):
            wrong.append(FieldError("serials", "bad_serial", {"line": line}))
        elif serial in found:
            wrong.append(FieldError("serials", "serial_twice", {"line": line, "first": found[serial]}))
        else:
            found[serial] = line
    if len(found) > MOST_LINES:
        wrong.append(FieldError("serials", "too_many_lines", {"most": MOST_LINES}))
    return [(line, serial) for serial, line in found.items()], wrong
