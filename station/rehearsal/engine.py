"""Runs the plain form of a scenario (station/rehearsal/scenario.py) second by second through the real core.

Runs on MicroPython and CPython alike and gives the same rows; no second is skipped, so a rehearsal decides
what the terminal would. A row of the timeline is a list of (name, value) in the order they are printed:
t_s (UTC), at (local), then what it is: world, command, event or output, with its name, then its fields.
Only changes make rows.
"""

from protocols.uplink import codes
from protocols.uplink.messages import COMMAND_NAMES
from station.rehearsal.site import Site
from station.rehearsal.terminal import Terminal

GUARANTEES = ("off", "on", "unreadable", "lost_link", "power_up", "hours")  # codes.GUARANTEE_*
_CONTROLS, _PHASES, _REASONS = [
    dict(words.items()) for words in (codes.CONTROLS, codes.PHASES, codes.REASONS)
]
_WORDS = {"control": _CONTROLS, "reason": _REASONS}  # fields of events that stand for words


class Rehearsal:
    """Call `second` for 0, 1, ... duration_s; after each the attributes are as that second left them."""

    def __init__(self, plain, restart_each_step=False):
        self._plain = plain
        self._at = 0  # next row of the script
        self._waiting = []  # rows of commands that the link or the power keeps back
        self._command_id = 0
        self.taken = []  # arguments of the commands that were taken in this second
        self._site = Site(plain)
        self._terminal = Terminal(plain, restart_each_step)
        self._seen = None  # outputs that the rows tell of
        self._controls = []  # (control, group) that have a row
        self._shown = {}
        self._rows = []
        self._t_s = 0
        self.link = self.power = self.trusted = 1
        self.outputs = None  # core.Outputs; None without power
        self.open = 0  # mask of switches

    def second(self, t_s):
        """The rows of second `t_s` since the start."""
        self._rows = []
        self.taken = []
        self._t_s = t_s
        heard = self.link  # what comes in the second of a cut still arrives
        self._site.loads(t_s)
        if self.power:
            self._terminal.at(self._plain["start_s"] + t_s)
        self._play(t_s)
        if self.power:
            self._decide(t_s, heard or self.link)
        self._site.run()
        if self.open != self._site.open:
            self.open = self._site.open
            self._row("world", "switch", (("open", numbers(self.open)),))
        return self._rows

    # ---- what happens ------------------------------------------------------------------------------

    def _play(self, t_s):
        script = self._plain["script"]
        while self._at < len(script) and script[self._at][0] <= t_s:
            _at_s, verb, arguments = script[self._at]
            self._at += 1
            if verb in ("command", "parameters"):
                self._waiting.append((verb, arguments))
            else:
                self._happen(t_s, verb, arguments)

    def _happen(self, t_s, verb, arguments):
        if verb == "close":
            held = 0 if self.outputs is None else self.outputs.tripped
            self._site.close(arguments["rounds"], held)
            return
        if verb == "reading":
            self._site.spoil(arguments)
        elif verb == "jump":
            self._terminal.jump(arguments["by_s"], self.power)
        elif verb == "trust":
            self.trusted = arguments["on"]
            self._terminal.trust(self.trusted)
        elif verb == "link":
            self.link = arguments["on"]
        else:
            self._power(t_s, arguments)
        facts = [(name, arguments[name]) for name in sorted(arguments) if name not in _UNTOLD]
        self._row("world", verb, facts)

    def _power(self, t_s, arguments):
        self.power = arguments["on"]
        self.outputs = None
        if self.power:
            self._site.forget()
            self._terminal.power_on(self._plain["start_s"] + t_s, arguments["loses"])

    # ---- what is decided ---------------------------------------------------------------------------

    def _decide(self, t_s, heard):
        self._terminal.at(self._plain["start_s"] + t_s)
        groups = self._site.groups(t_s)
        if self.link:
            waiting, self._waiting = self._waiting, []
            for verb, arguments in waiting:
                self._command(t_s, verb, arguments, groups)
        self._step(t_s, groups, heard)

    def _command(self, t_s, verb, arguments, groups):
        if verb == "parameters":
            self._terminal.configure(arguments)
            self._row("command", verb, [("answer", "executed"), ("sections", sorted(arguments))])
            return
        self._command_id += 1
        kind, deadline_s = arguments["kind"], arguments["deadline_s"]
        if deadline_s is not None and t_s > deadline_s:
            self._answer(kind, "expired", "past_deadline")
            return
        reason, events = self._terminal.apply(
            kind, arguments["params"], groups, self._command_id, arguments["scope"]
        )
        self._answer(kind, "refused" if reason else "executed", _REASONS[reason])
        self._events(events)
        if not reason:
            self.taken.append(arguments)
            self._step(t_s, groups, 1)

    def _answer(self, kind, answer, reason):
        facts = [("id", self._command_id), ("answer", answer), ("reason", reason)]
        self._row("command", COMMAND_NAMES[kind], facts[: 2 if reason == "none" else 3])

    def _step(self, t_s, groups, heard):
        before = self._seen
        out, events = self._terminal.step(groups, heard)
        self._seen = self.outputs = out
        self._events(events)
        self._site.obey(t_s, out.tripped, out.close)
        if before is None or out[:8] != before[:8]:
            self._show_outputs(out)
            self._show_controls(out.controls)
        for row in out.groups:
            facts = (("acts", _CONTROLS.get(row.control, "none")), ("setpoint_w", row.setpoint_w))
            facts += (("plan_id", row.plan_id), ("last_order", row.last_order))
            self._change("group", (("group", row.group),), facts)

    # ---- rows --------------------------------------------------------------------------------------

    def _show_outputs(self, out):
        for name, mask in (("tripped", out.tripped), ("alarm", out.alarm), ("permitted", out.permitted)):
            self._change(name, (), (("rounds", numbers(mask)),))
        if out.close:
            self._row("output", "close", (("rounds", numbers(out.close)),))
        self._change("guarantee", (), (("mode", GUARANTEES[out.guarantee]),))
        self._change("excluded", (), (("on", out.excluded),))

    def _show_controls(self, controls):
        now = {}
        for control, phase, reason, group in controls:
            now[control, group] = _PHASES[phase], _REASONS[reason]
        for key in self._controls:
            if key not in now:
                now[key] = "idle", "not_enabled"  # it has no parameters any more
        self._controls = sorted(now)
        for key in self._controls:
            facts = (("phase", now[key][0]), ("reason", now[key][1]))
            self._change("control", (("control", _CONTROLS[key[0]]), ("group", key[1])), facts)

    def _events(self, events):
        for name, fields in events:
            self._row("event", name, [_fact(field, fields[field]) for field in sorted(fields)])

    def _change(self, name, which, facts):
        """A row when `facts` differ from what was last shown of this name."""
        key = (name, which)
        if self._shown.get(key, _AT_REST.get(name)) != facts:
            self._shown[key] = facts
            self._row("output", name, which + facts)

    def _row(self, kind, name, facts):
        t_s = self._plain["start_s"] + self._t_s
        row = [("t_s", t_s), ("at", local_text(t_s + self._plain["offset_s"])), (kind, name)]
        row.extend(facts)
        self._rows.append(row)


_UNTOLD = ("until_s",)  # seconds since the start: no time of a row
_AT_REST = {
    "tripped": (("rounds", []),),
    "alarm": (("rounds", []),),
    "permitted": (("rounds", []),),
    "guarantee": (("mode", "off"),),
    "excluded": (("on", 0),),
}


def _fact(field, value):
    """A field of an event as a row has it; `command` is what the row of a command is called."""
    if field == "command":
        return "command_id", value
    if field == "rounds":
        return field, numbers(value)
    return field, _WORDS[field].get(value, value) if field in _WORDS else value


def numbers(mask):
    """[1, 3] of the mask 5."""
    return [index + 1 for index in range(32) if mask >> index & 1]


def local_text(local_s):
    """YYYY-MM-DD HH:MM:SS of seconds since 1970-01-01; MicroPython's calendar differs from port to port."""
    days, second = local_s // 86400, local_s % 86400
    # years that begin in March: the leap day is the last of them (Howard Hinnant, civil_from_days)
    days += 719468
    era = days // 146097
    of_era = days % 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += era * 400 + (month <= 2)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{year:04d}-{month:02d}-{day:02d} {clock}"


def line(row):
    """A row as one line of JSON, the same on both runtimes: integers, None, plain texts and lists of them."""
    return "{" + ", ".join([f'"{name}": {_json(value)}' for name, value in row]) + "}"


def _json(value):
    if value is None:
        return "null"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join([_json(item) for item in value]) + "]"
    return str(value)


def run(plain, restart_each_step=False):
    """All rows. `restart_each_step`: the core's memory goes through its journal form before every step."""
    rehearsal = Rehearsal(plain, restart_each_step)
    for t_s in range(plain["duration_s"] + 1):
        yield from rehearsal.second(t_s)
