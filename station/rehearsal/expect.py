"""The `expect` list of a scenario: what its timeline must hold, so that a scenario checks itself.

{at, within, event: NAME, FIELD: value...}        such an event (or `command`, its answer) comes then
{times, from, until, event: NAME, FIELD: ...}     so many of them come
{from, until, never: [NAME, ...] or any}          none of these events comes
{at, group, shows: {FIELD: value...}}             the state after that second
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from protocols.uplink import codes
from station.rehearsal import fields, script, units
from station.rehearsal.engine import GUARANTEES, Rehearsal, line, numbers
from station.rehearsal.tree import Node

Row = list[tuple[str, Any]]

FOREVER_S = 1 << 40
NEAR = 3  # rows shown beside a failure
EVENTS = [word for _no, word in codes.EVENTS.items()]
CONTROLS = [word for _no, word in codes.CONTROLS.items()]
ANSWERS = ("executed", "refused", "expired")
_WORDS = {
    "control": CONTROLS,
    "reason": [word for _no, word in codes.REASONS.items()],
    "answer": ANSWERS,
}
_EVENT_FIELDS = [word for _no, word in codes.EVENT_FIELDS.items() if word != "command"]
_EVENT_FIELDS += ["command_id", "ago_s"]
_ROW_FIELDS = {"event": _EVENT_FIELDS, "command": ["answer", "reason"]}
_MASKS = ("tripped", "alarm", "permitted")
_FIGURES = ("power_w", "setpoint_w", "remaining_wh", "remaining_yuan_e4", "month_wh", "plan_id", "last_order")
_PHASES = [word for _no, word in codes.PHASES.items()]
SHOWN = (*_MASKS, "open", "guarantee", "excluded", "acts", *_FIGURES, *CONTROLS)


class Expectation(NamedTuple):
    node: Node  # where it stands
    kind: str  # event, command, never or shows
    names: tuple[str, ...]  # () is any
    from_s: int
    until_s: int  # inclusive
    times: int
    facts: dict[str, Any]
    group: int = 1


def read(node: Node, calendar: units.Calendar) -> Expectation:
    kinds = [kind for kind in _READERS if kind in node.entries()]
    if len(kinds) != 1:
        node.fail(f"one of: {', '.join(_READERS)}")
    return _READERS[kinds[0]](node, kinds[0], calendar)


def _row(node: Node, kind: str, calendar: units.Calendar) -> Expectation:
    known = _ROW_FIELDS[kind]
    given = node.fields((kind, "at", "within", "times", "from", "until", *known))
    name = given[kind].word(EVENTS if kind == "event" else (*script.COMMANDS, "parameters"))
    facts = {field: _fact(field, given[field]) for field in known if field in given}
    if ("at" in given) == ("times" in given):
        node.fail("one of: at, times")
    if "times" in given:
        times = units.whole(given["times"])
        return Expectation(node, kind, (name,), *_span(given, calendar), times, facts)
    if "from" in given or "until" in given:
        node.fail("from and until go with times, within with at")
    at_s = calendar.instant(given["at"])
    within_s = units.duration(given["within"]) if "within" in given else 0
    return Expectation(node, kind, (name,), at_s, at_s + within_s, 1, facts)


def _never(node: Node, kind: str, calendar: units.Calendar) -> Expectation:
    given = node.fields((kind, "from", "until"))
    names = given[kind]
    if isinstance(names.value, str):
        listed = () if names.value == "any" else (names.word(EVENTS),)
    else:
        listed = tuple(item.word(EVENTS) for item in names.items())
    return Expectation(node, kind, listed, *_span(given, calendar), 0, {})


def _shows(node: Node, kind: str, calendar: units.Calendar) -> Expectation:
    given = node.fields((kind, "at", "group"), (kind, "at"))
    facts = {field: _state(field, item) for field, item in given[kind].fields(SHOWN).items()}
    group = units.whole(given["group"]) if "group" in given else 1
    at_s = calendar.instant(given["at"])
    return Expectation(node, kind, (), at_s, at_s, 1, facts, group)


def _span(given: dict[str, Node], calendar: units.Calendar) -> tuple[int, int]:
    from_s = calendar.instant(given["from"]) if "from" in given else 0
    return from_s, calendar.instant(given["until"]) if "until" in given else FOREVER_S


def _fact(field: str, node: Node) -> Any:
    """The value as a row of the timeline has it."""
    if field == "rounds":
        return numbers(fields.rounds(node))
    if field in _WORDS:
        return node.word(_WORDS[field])
    return None if node.value is None else fields.whole(node, field)


def _state(field: str, node: Node) -> Any:
    if field in (*_MASKS, "open"):
        return numbers(fields.rounds(node))
    if field == "guarantee":
        return node.word(GUARANTEES)
    if field == "excluded":
        return fields.truth(node)
    if field == "acts":
        return node.word((*CONTROLS, "none"))
    if field in CONTROLS:
        words = node.text().split()
        for word in words:
            Node(word, node.file, node.line, node.path).word((*_PHASES, *_WORDS["reason"]))
        return words
    return None if node.value is None else fields.whole(node, field)


_READERS: dict[str, Callable[[Node, str, units.Calendar], Expectation]] = {
    "event": _row,
    "command": _row,
    "never": _never,
    "shows": _shows,
}


class Checker:
    """Look at each second of a rehearsal, then ask for the failures."""

    def __init__(self, expects: list[Expectation], start_local_s: int) -> None:
        self._expects = expects
        self._start_local_s = start_local_s
        self._found = [0] * len(expects)
        self._seen: list[list[str]] = [[] for _ in expects]  # what came instead
        self._last: dict[tuple[str, str], list[tuple[int, str]]] = {}

    def look(self, t_s: int, rows: list[Row], rehearsal: Rehearsal) -> None:
        for row in rows:
            kind, name = row[2]
            if kind in ("event", "command"):
                self._last.setdefault((kind, name), []).append((t_s, line(row)))
        for at, expected in enumerate(self._expects):
            if expected.kind == "shows":
                if t_s == expected.from_s:
                    self._compare(at, expected, rehearsal)
            elif expected.from_s <= t_s <= expected.until_s:
                self._count(at, expected, rows)

    def _count(self, at: int, expected: Expectation, rows: list[Row]) -> None:
        kind = "event" if expected.kind == "never" else expected.kind
        for row in rows:
            named = row[2][0] == kind and (not expected.names or row[2][1] in expected.names)
            if named and _agrees(dict(row[3:]), expected.facts):
                self._found[at] += 1
                self._seen[at].append(line(row))

    def _compare(self, at: int, expected: Expectation, rehearsal: Rehearsal) -> None:
        shown = state(rehearsal, expected.group)
        wrong = {
            field: shown[field]
            for field, value in expected.facts.items()
            if not (set(value) <= set(shown[field]) if field in CONTROLS else shown[field] == value)
        }
        if wrong:
            self._seen[at].append(", ".join(f"{field} {_text(value)}" for field, value in wrong.items()))
        else:
            self._found[at] = 1

    def failures(self) -> list[str]:
        """A text for each expectation that does not hold: where it stands, what was wanted, what came."""
        pairs = enumerate(self._expects)
        return [self._failure(at, expected) for at, expected in pairs if self._found[at] != expected.times]

    def _failure(self, at: int, expected: Expectation) -> str:
        node = expected.node
        came = self._seen[at] or self._near(expected)
        more = f"\n    (and {len(came) - NEAR} more)" if len(came) > NEAR else ""
        instead = "".join(f"\n    + {text}" for text in came[:NEAR]) or "\n    + nothing of this name"
        return f"{node.file}:{node.line}: {node.path}\n    - {self._wanted(expected)}{instead}{more}"

    def _near(self, expected: Expectation) -> list[str]:
        """What came of that name, nearest in time first."""
        rows = [row for name in expected.names for row in self._last.get((expected.kind, name), ())]
        return [text for _t_s, text in sorted(rows, key=lambda row: abs(row[0] - expected.from_s))]

    def _wanted(self, expected: Expectation) -> str:
        when = self._local(expected.from_s)
        if expected.until_s != expected.from_s:
            when += " on" if expected.until_s == FOREVER_S else f" .. {self._local(expected.until_s)}"
        names = ", ".join(expected.names) or ("any event" if expected.kind == "never" else "")
        times = "" if expected.kind in ("never", "shows") else f"{expected.times} x "
        facts = ", ".join(f"{field} {_text(value)}" for field, value in expected.facts.items())
        return f"{when}: {expected.kind} {times}{names} {facts}".rstrip()

    def _local(self, t_s: int) -> str:
        return units.shown(self._start_local_s + t_s)


def _agrees(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(found.get(field) == value for field, value in wanted.items())


def state(rehearsal: Rehearsal, group: int) -> dict[str, Any]:
    """What `shows` can name; without power nothing is shown, and the switches stay as they are."""
    shown: dict[str, Any] = dict.fromkeys(SHOWN) | {"open": numbers(rehearsal.open)}
    shown |= {control: ["idle", "not_enabled"] for control in CONTROLS}
    out = rehearsal.outputs
    if out is None:
        return shown
    shown |= {name: numbers(getattr(out, name)) for name in _MASKS}
    shown |= {"guarantee": GUARANTEES[out.guarantee], "excluded": int(bool(out.excluded))}
    for row in out.groups:
        if row.group == group:
            shown |= {name: getattr(row, name) for name in _FIGURES}
            shown["acts"] = codes.CONTROLS.get(row.control, "none")
    for control, phase, reason, of_group in out.controls:
        if of_group in (0, group):
            shown[codes.CONTROLS[control]] = [codes.PHASES[phase], codes.REASONS[reason]]
    return shown


def _text(value: Any) -> str:
    return (
        "nothing" if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)
    )
