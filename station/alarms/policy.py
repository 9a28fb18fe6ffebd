"""The numbers of alarms that a house may change. A change stands in the audit."""

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection

from station import checks
from station.errors import FieldError, Invalid
from station.store import audit, settings

KEY = "alarms"
DAY_MIN = 24 * 60
# name -> (default, least, most)
RULES: Mapping[str, tuple[int, int, int]] = {
    "silent_min": (15, 1, DAY_MIN),  # without a message: offline
    "down_least": (10, 2, 10_000),  # devices of one unit that fall silent ...
    "down_percent": (30, 1, 100),  # ... and so many in a hundred of it ...
    "down_window_min": (10, 1, DAY_MIN),  # ... within this time: the unit is down
    "escalate_1_min": (15, 0, 7 * DAY_MIN),  # not acknowledged for so long; 0 is never
    "escalate_2_min": (60, 0, 7 * DAY_MIN),
    "escalate_3_min": (0, 0, 7 * DAY_MIN),
    "escalate_4_min": (0, 0, 7 * DAY_MIN),
}


def rules(c: Connection) -> dict[str, int]:
    held = settings.get(c, KEY, {})
    return {name: held.get(name, row[0]) for name, row in RULES.items()}


def version(held: Mapping[str, int]) -> str:
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]


def change(c: Connection, author: str, wanted: Mapping[str, object], seen: str) -> None:
    """`seen` is the version that the author saw. Invalid says why not."""
    now, problems = rules(c), list[FieldError]()
    new = {
        name: checks.whole(wanted.get(name), name, least, most, problems)
        for name, (_default, least, most) in RULES.items()
    }
    checks.refuse(problems)
    if seen != version(now):
        raise Invalid(FieldError("", "changed_meanwhile"))
    settings.put(c, KEY, new)
    changed = {name: [now[name], value] for name, value in new.items() if value != now[name]}
    audit.add(c, author, "alarm_rules_changed", "alarms", changed=changed)
