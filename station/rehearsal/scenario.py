"""A scenario file (docs/rehearse.md), read and checked into its plain form and what it expects.

The plain form is what station/rehearsal/engine.py runs on either runtime: dicts, lists, integers, texts
and None only; instants are seconds since the start, powers W, energies Wh, bytes hex.
"""

from pathlib import Path
from typing import Any, NamedTuple

from station.rehearsal import curves, expect, fields, script, tree, units
from station.rehearsal.tree import Node, ScenarioError

__all__ = ("Scenario", "ScenarioError", "parse", "read")

MAX_DURATION_S = 400 * 86400
MAX_SAMPLING_S = 3600
MAX_POINTS = MAX_GROUPS = MAX_ROUNDS = 8
MAX_ENERGY_WH = 10**12

_TOP = (
    "name about start zone duration sampling rounds direct_close load energy points groups "
    "parameters script expect"
).split()
_NEEDED = ("name", "start", "duration", "rounds")
_ENERGY = "5000 kWh"  # what a meter shows at the start


class Scenario(NamedTuple):
    name: str
    plain: dict[str, Any]
    expects: list[expect.Expectation]


def read(path: Path) -> Scenario:
    """The scenario of a file; CSV files are found beside it. ScenarioError says what is wrong, and where."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}") from error
    try:
        return parse(raw.decode("utf-8-sig"), str(path), path.parent)
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: is not UTF-8") from error


def parse(text: str, file: str, folder: Path) -> Scenario:
    root = tree.read(text, file)
    given = root.fields(_TOP, _NEEDED)
    offset_s = units.zone(given["zone"]) if "zone" in given else 8 * 3600
    local_s = units.moment(given["start"].text().strip())
    if local_s is None:
        given["start"].fail(f"{given['start'].value!r} is not a time such as 2026-05-01 08:00")
    calendar = units.Calendar(local_s)
    points = _points(given, root, calendar, folder)
    rounds = _rounds(given["rounds"], points)
    story = script.Script(calendar, [point["no"] for point in points], len(rounds))
    for entry in given["script"].items() if "script" in given else ():
        story.add(entry)
    for point in points:
        point["load"] = _merged(point["load"], story.loads[point["no"]])
    plain = {
        "start_s": local_s - offset_s,
        "offset_s": offset_s,
        "duration_s": _within(given["duration"], 1, MAX_DURATION_S),
        "sampling_s": _within(given["sampling"], 1, MAX_SAMPLING_S) if "sampling" in given else 1,
        "rounds": rounds,
        "direct_close": fields.truth(given["direct_close"]) if "direct_close" in given else 0,
        "points": points,
        "groups": _groups(given.get("groups"), points),
        "parameters": script.sections(given["parameters"]) if "parameters" in given else {},
        "script": story.sorted_rows(),
    }
    expects = given["expect"].items() if "expect" in given else ()
    return Scenario(given["name"].text(), plain, [expect.read(node, calendar) for node in expects])


def _within(node: Node, low_s: int, high_s: int) -> int:
    value = units.duration(node)
    if not low_s <= value <= high_s:
        node.fail(f"{node.value!r} is not within {low_s} s..{high_s} s")
    return value


def _points(
    given: dict[str, Node], root: Node, calendar: units.Calendar, folder: Path
) -> list[dict[str, Any]]:
    """The metering points: either `load` (and `energy`) of point 1, or `points` by number."""
    if ("load" in given) == ("points" in given):
        root.fail("one of load (of metering point 1) or points is needed")
    if "load" in given:
        return [_point(1, given, calendar, folder)]
    if "energy" in given:
        given["energy"].fail("stands in each of the points")
    return [
        _point(no, node.fields(("load", "energy"), ("load",)), calendar, folder)
        for no, node in _numbered(given["points"], MAX_POINTS)
    ]


def _numbered(node: Node, most: int) -> list[tuple[int, Node]]:
    """Entries of a map whose names are numbers 1..most, in their order."""
    out = []
    for name, item in node.entries().items():
        if not name.isdecimal() or len(name) > 2 or not 1 <= int(name) <= most:
            item.fail(f"the number is 1..{most}")
        out.append((int(name), item))
    if not out or len({no for no, _item in out}) < len(out):
        node.fail(f"each number once, 1..{most}, at least one")
    return sorted(out, key=lambda row: row[0])


def _point(no: int, given: dict[str, Node], calendar: units.Calendar, folder: Path) -> dict[str, Any]:
    shows = given.get("energy") or Node(_ENERGY, "", 0, "energy")
    energy_wh = units.whole(shows, units.ENERGY)
    if not 0 <= energy_wh <= MAX_ENERGY_WH:
        shows.fail(f"0 Wh..{MAX_ENERGY_WH} Wh")
    return {"no": no, "energy_wh": energy_wh, "load": curves.read(given["load"], calendar, folder)}


def _merged(steps: curves.Steps, told: curves.Steps) -> list[list[int | None]]:
    """The curve with what the script says; at one instant the script wins."""
    values = dict([*steps, *told])
    return [[at_s, values[at_s]] for at_s in sorted(values)]


def _rounds(node: Node, points: list[dict[str, Any]]) -> list[dict[str, int | None]]:
    out = [_round(item, [point["no"] for point in points]) for item in node.items()]
    if not 1 <= len(out) <= MAX_ROUNDS:
        node.fail(f"1 to {MAX_ROUNDS} rounds")
    return out


def _round(node: Node, points: list[int]) -> dict[str, int | None]:
    """What a tripped round sheds, and how long after its permission the customer closes (None: never)."""
    given = node.fields(("sheds", "point", "closes"), ("sheds",))
    sheds = given["sheds"]
    share = sheds.text().strip().endswith("%")
    value = units.whole(sheds, {"%": 100} if share else units.POWER)
    if not 0 <= value <= (10**4 if share else curves.MAX_POWER_W):
        sheds.fail("0 %..100 %, or 0 W..1000 MW")
    point = units.whole(given["point"]) if "point" in given else points[0]
    if point not in points:
        given["point"].fail(f"no such metering point; there are: {', '.join(map(str, points))}")
    closes = given.get("closes")
    return {
        "point": point,
        "sheds_w": 0 if share else value,
        "sheds_e4": value if share else 0,
        "closes_s": None if closes is None or closes.value == "never" else units.duration(closes),
    }


def _groups(node: Node | None, points: list[dict[str, Any]]) -> list[list[int]]:
    """[[group, metering point, sign], ...]; without `groups` the first point is group 1."""
    numbers = [point["no"] for point in points]
    if node is None:
        return [[1, numbers[0], 1]]
    out = []
    for group, members in _numbered(node, MAX_GROUPS):
        for item in members.items():
            member = units.whole(item)
            if abs(member) not in numbers:
                item.fail(
                    f"no such metering point; there are: {', '.join(map(str, numbers))}, minus subtracts"
                )
            out.append([group, abs(member), 1 if member > 0 else -1])
    return out
