"""The `script` of a scenario: what happens when, as rows [second, verb, {arguments}] in order of time."""

from collections.abc import Callable
from typing import Any

from protocols.uplink import codes, messages, parameters
from station.rehearsal import curves, fields, units
from station.rehearsal.tree import Node

Row = list[Any]  # [second since the start, verb, {argument: value}]

NOT_REHEARSED = (
    messages.REMINDER, messages.MESSAGE, messages.PARAMETERS, messages.METER_CHANGE, messages.PROFILE,
)  # fmt: skip
COMMANDS = {word: no for no, word in messages.COMMAND_NAMES.items() if no not in NOT_REHEARSED}
# What the decisions depend on; the other sections steer metering and reports.
SECTIONS = {
    word: no
    for no, word in parameters.SECTIONS.items()
    if no in (parameters.CONTROL, parameters.GUARANTEE, parameters.TARIFF)
}
FAULTS = ("missing", "stuck", "jump", "fall")
QUANTITIES = ("both", "power", "energy")
LOSSES = ("guarantee", "all")
SCOPES = {"addressed": codes.ADDRESSED, "to_many": codes.TO_MANY}


class Script:
    """Reads entries one by one; `rows` and `loads` (steps by metering point) grow."""

    def __init__(self, calendar: units.Calendar, points: list[int], rounds: int) -> None:
        self._calendar = calendar
        self._points = points
        self._rounds = rounds
        self._cut_until = {"link": -1, "power": -1, "clock": -1}
        self._last_s = 0
        self.rows: list[Row] = []
        self.loads: dict[int, curves.Steps] = {no: [] for no in points}

    def add(self, entry: Node) -> None:
        verbs = [name for name in entry.entries() if name not in ("at", "scope", "deadline", "point")]
        if len(verbs) != 1 or verbs[0] not in (*_VERBS, *COMMANDS):
            entry.fail(f"an entry has `at` and one of: {', '.join((*_VERBS, *COMMANDS))}")
        verb = verbs[0]
        extra = (
            ("scope", "deadline") if verb in COMMANDS else ("point",) if verb in ("load", "reading") else ()
        )
        given = entry.fields(("at", verb, *extra), ("at",))
        at_s = self._calendar.instant(given["at"])
        if at_s < self._last_s:
            given["at"].fail("the entries of a script go forward in time")
        self._last_s = at_s
        if verb in COMMANDS:
            self._command(at_s, COMMANDS[verb], given[verb], given)
        else:
            _VERBS[verb](self, at_s, given[verb], given)

    def sorted_rows(self) -> list[Row]:
        """In order of time; at one instant as written, except that what a cut ended comes back first."""
        return sorted(self.rows, key=lambda row: (row[0], row[2].get("on") != 1))

    def _put(self, at_s: int, verb: str, **arguments: Any) -> None:
        self.rows.append([at_s, verb, arguments])

    def _command(self, at_s: int, kind: int, node: Node, given: dict[str, Node]) -> None:
        scope = SCOPES[given["scope"].word(SCOPES)] if "scope" in given else codes.ADDRESSED
        deadline_s = at_s + units.duration(given["deadline"]) if "deadline" in given else None
        params = fields.command(kind, node)
        self._put(at_s, "command", kind=kind, params=params, scope=scope, deadline_s=deadline_s)

    def _parameters(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        self._put(at_s, "parameters", **sections(node))

    def _load(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        self.loads[self._point(given)].append((at_s, curves.power_or_none(node)))

    def _point(self, given: dict[str, Node]) -> int:
        number = units.whole(given["point"]) if "point" in given else self._points[0]
        if number not in self._points:
            given["point"].fail(f"no such metering point; there are: {', '.join(map(str, self._points))}")
        return number

    def _close(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        self._put(at_s, "close", rounds=fields.mask(node, 1, self._rounds))

    def _span(self, what: str, at_s: int, node: Node) -> int:
        """End of a cut, which must not begin inside another one of the same thing."""
        lasts_s = units.duration(node)
        if lasts_s < 1:
            node.fail("at least 1 s")
        if at_s < self._cut_until[what]:
            node.fail("begins before the one before has ended")
        self._cut_until[what] = at_s + lasts_s
        return at_s + lasts_s

    def _link_cut(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        until_s = self._span("link", at_s, node)
        self._put(at_s, "link", on=0)
        self._put(until_s, "link", on=1)

    def _power_cut(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        loses = "nothing"
        lasts = node
        if isinstance(node.value, dict):
            inner = node.fields(("for", "loses"), ("for",))
            lasts = inner["for"]
            loses = inner["loses"].word(LOSSES) if "loses" in inner else loses
        until_s = self._span("power", at_s, lasts)
        self._put(at_s, "power", on=0)
        self._put(until_s, "power", on=1, loses=loses)

    def _clock(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        inner = node.fields(("jump", "untrusted"))
        if len(inner) != 1:
            node.fail("one of: jump, untrusted")
        if "untrusted" in inner:
            until_s = self._span("clock", at_s, inner["untrusted"])
            self._put(at_s, "trust", on=0)
            self._put(until_s, "trust", on=1)
            return
        text = inner["jump"].text().strip()
        by_s = units.seconds_of(text.lstrip("+-").strip())
        if by_s is None:
            inner["jump"].fail(f"{text!r} is not a jump such as 1 h or -90 s")
        self._put(at_s, "jump", by_s=-by_s if text.startswith("-") else by_s)

    def _reading(self, at_s: int, node: Node, given: dict[str, Node]) -> None:
        inner = node.fields(("fault", "of", "for", "by"), ("fault",))
        fault = inner["fault"].word(FAULTS)
        of = inner["of"].word(QUANTITIES) if "of" in inner else "energy" if "by" in inner else "both"
        by = 0
        if fault in ("jump", "fall"):
            if "by" not in inner or of == "both":
                node.fail(f"a {fault} is `by` so much, `of` power or energy")
            by = units.whole(inner["by"], units.POWER if of == "power" else units.ENERGY)
        elif "by" in inner:
            inner["by"].fail("only a jump or fall is by so much")
        until_s = at_s + units.duration(inner["for"]) if "for" in inner else None
        point = self._point(given)
        by = -by if fault == "fall" else by
        self._put(at_s, "reading", point=point, fault=fault, of=of, by=by, until_s=until_s)


_VERBS: dict[str, Callable[[Script, int, Node, dict[str, Node]], None]] = {
    "parameters": Script._parameters,
    "load": Script._load,
    "close": Script._close,
    "link_cut": Script._link_cut,
    "power_cut": Script._power_cut,
    "clock": Script._clock,
    "reading": Script._reading,
}


def sections(node: Node) -> dict[str, dict[str, Any]]:
    """{section: values} of terminal parameters."""
    return {name: fields.section(name, item) for name, item in node.fields(list(SECTIONS)).items()}
