"""What a picture of a rehearsal needs: curves as steps, states as spans, commands and events as marks."""

from typing import Any

from protocols.uplink import codes, messages
from station.rehearsal.engine import GUARANTEES, Rehearsal

Steps = list[tuple[int, int | None]]  # (second since the start, value that holds from then on)
Span = tuple[int, int, str]  # from, until, which state

_POWER_CONTROLS = {
    messages.PERIOD_PLAN: codes.PERIOD,
    messages.FACTORY_REST: codes.FACTORY_REST,
    messages.BUSINESS_STOP: codes.BUSINESS_STOP,
    messages.DOWN_FLOAT: codes.DOWN_FLOAT,
}
_ACCOUNTS = ("remaining_wh", "remaining_yuan_e4", "month_wh")
# Changes that are told by a lane already, or by nobody asked for.
_QUIET = ("plan_set", "power_control_end", "switch_opened", "switch_closed")


class Trace:
    """Look at each second; then `curves`, `spans` and `marks` hold what was seen."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.curves: dict[tuple[str, int], Steps] = {}  # (name, group)
        self.spans: dict[str, list[Span]] = {}  # lane
        self.marks: list[tuple[int, dict[str, Any]]] = []  # rows of commands and events
        self._open_spans: dict[str, tuple[int, str]] = {}
        self._safety: dict[tuple[int, int], int] = {}  # (control, group)
        self._thresholds: dict[tuple[str, int], tuple[int, int]] = {}  # (account, group): alarm, trip

    def look(self, t_s: int, rows: list[list[tuple[str, Any]]], rehearsal: Rehearsal) -> None:
        for row in rows:
            kind, name = row[2]
            if kind == "command" or (kind == "event" and name not in _QUIET):
                self.marks.append((t_s, dict(row)))
        for command in rehearsal.taken:
            self._note(command["kind"], command["params"])
        self._curves(t_s, rehearsal)
        self._lanes(t_s, rehearsal)

    def end(self, t_s: int) -> None:
        for lane in list(self._open_spans):
            self._lane(t_s, lane, "")

    def _note(self, kind: int, params: dict[str, Any]) -> None:
        """The lines that a command draws: the outputs do not tell them."""
        group = params.get("group", 1)
        if kind in _POWER_CONTROLS:
            self._safety[_POWER_CONTROLS[kind], group] = params["safety_w"]
        elif kind == messages.PURCHASE:
            self._thresholds["remaining_wh", group] = params["alarm_wh"], params["trip_wh"]
        elif kind == messages.FEE_ORDER:
            self._thresholds["remaining_yuan_e4", group] = params["alarm_yuan_e4"], params["trip_yuan_e4"]
        elif kind == messages.MONTH_ENERGY:
            trip_wh = params["setpoint_wh"] * (100 + params["float_pct"]) // 100
            self._thresholds["month_wh", group] = trip_wh * params["alarm_pct"] // 100, trip_wh

    def _curves(self, t_s: int, rehearsal: Rehearsal) -> None:
        out = rehearsal.outputs
        for row in out.groups if out else ():
            safety_w = self._safety.get((row.control, row.group))
            self._step(t_s, "power_w", row.group, row.power_w)
            self._step(t_s, "setpoint_w", row.group, row.setpoint_w)
            self._step(t_s, "safety_w", row.group, None if row.setpoint_w is None else safety_w)
            for name in _ACCOUNTS:
                if (name, row.group) in self._thresholds:
                    value = getattr(row, name)
                    alarm, trip = self._thresholds[name, row.group]
                    self._step(t_s, name, row.group, value)
                    self._step(t_s, name + " alarm", row.group, None if value is None else alarm)
                    self._step(t_s, name + " trip", row.group, None if value is None else trip)
        if out is None:
            for name, group in self.curves:
                self._step(t_s, name, group, None)

    def _step(self, t_s: int, name: str, group: int, value: int | None) -> None:
        steps = self.curves.setdefault((name, group), [])
        if not steps or steps[-1][1] != value:
            steps.append((t_s, value))

    def _lanes(self, t_s: int, rehearsal: Rehearsal) -> None:
        out = rehearsal.outputs
        for index in range(self.rounds):
            bit = 1 << index
            state = "waits" if rehearsal.open & bit else ""
            if out is not None:
                state = "permitted" if out.permitted & bit and rehearsal.open & bit else state
                state = "tripped" if out.tripped & bit else "alarm" if out.alarm & bit else state
            self._lane(t_s, f"round {index + 1}", state)
        self._lane(t_s, "guarantee", GUARANTEES[out.guarantee] if out and out.guarantee else "")
        self._lane(t_s, "excluded", "excluded" if out and out.excluded else "")
        self._lane(t_s, "link", "" if rehearsal.link else "cut")
        self._lane(t_s, "power", "" if rehearsal.power else "off")
        self._lane(t_s, "clock", "" if rehearsal.trusted else "untrusted")

    def _lane(self, t_s: int, lane: str, state: str) -> None:
        since_s, before = self._open_spans.get(lane, (t_s, ""))
        if state == before:
            return
        if before:
            self.spans.setdefault(lane, []).append((since_s, t_s, before))
        if state:
            self._open_spans[lane] = t_s, state
        else:
            self._open_spans.pop(lane, None)
