"""What the single-line picture of a unit shows: a panel for each feeder that is drawn, the rest by name."""

from typing import Any

from sqlalchemy import Connection

from station.store import fleet as of_all
from station.store import network
from station.store.db import now_s
from station.store.scope import Scope
from station.web import fleet, single_line
from station.web.arguments import whole
from station.web.errors import Refused

MOST_DRAWN = 240  # transformers of a page: each costs about a kilobyte in every live message
MOST_NAMED = 40  # feeders that are named because they are not drawn
STANDING_OUT = ("offline", "tripped", "unknown", "alarm")  # queues told of all, drawn or not


def asked(c: Connection, scope: Scope, unit: str | None) -> int:
    """The unit of an address, 0 for all that one may see. Refused 400, or 404 when it is none of theirs."""
    number = whole("unit", unit or None) or 0
    if number and not scope.holds(c, number):
        raise Refused(404, "not_found")
    return number


def context(c: Connection, scope: Scope, unit: int) -> dict[str, Any]:
    at, seen = now_s(), fleet.narrowed(c, scope, unit)
    found = network.feeders(c, seen, MOST_DRAWN, at)
    drawn = [{"feeder": each, "strips": single_line.draw(each)} for each in found if each.transformers]
    left = [each for each in found if not each.transformers]
    return {
        "unit": unit,
        "drawn": drawn,
        "named": left[:MOST_NAMED],
        "unnamed": len(left[MOST_NAMED:]),
        "queues": fleet.QUEUES,
        "standing_out": STANDING_OUT,
        "counts": of_all.counts(c, seen, at),
    }
