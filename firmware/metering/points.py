"""The metering points of a terminal: meters on serial lines, pulse inputs, AC sampling, and groups of them.

Wired by parameters.POINTS (default: the meter of the identity is point 1) and parameters.GROUPS (default: the
main point makes group 1). A change takes effect at once: points whose row is the same go on, a line finishes
the exchange it is in. A point's running total goes on over a change of its row too.

Kv key `totals`: [[metering point, kind, ...], ...], written each SAVE_S if it changed, sooner when a
register broke off. A power cut loses pulses and sampled energy since then, of a meter nothing.
"""

from firmware.metering import bus
from firmware.metering.bus import Bus  # noqa: F401  see _wiring
from firmware.metering.meter import Meter  # noqa: F401
from firmware.metering.poller import Poller  # noqa: F401
from firmware.metering.profile import Profile  # noqa: F401
from firmware.metering.readings import CURVE_FRESH_MS, Latest
from firmware.metering.register import Register  # noqa: F401
from firmware.overlay import Overlay
from firmware.store.kv import StoreError
from protocols.meters.readers.default import Reader  # noqa: F401
from protocols.meters.trial import verdict
from protocols.uplink import parameters as sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PULSE, AC = 2, 3
POWER, IMPORT, EXPORT = 8, 320, 384  # of protocols.meters.points
KEY = "totals"
SAVE_S, EXPIRE_S = 300, 60  # the first for the wear of the flash
EVENTS_MAX = 16
CLASH_KIND = 101  # of the event meter_fault, beside the rules: two meters with one address


class Point:
    """One metering point. `latest` holds what it shows, secondary side; `meter` and `profile` are None when
    it is no meter, or its profile is not there. `trial`: [reads at which the meter was heard, good ones,
    seconds, verdict] of a profile that has not proved itself (slots.py): nothing is shown meanwhile.
    `rated`: (voltage_dv, current_ma, wires, rated_va), secondary side. `silent_s`: seconds without a fresh
    power. `trouble` of a meter: 0 or one of bus.MUTE, GARBLED, CLASH.
    """

    def __init__(self, row, rated, clock, registers, source, meter, profile):
        self.row, self.rated = row, rated
        self.no, self.kind, self.port, self.multiplier = row[0], row[1], row[2], row[6]
        self.latest = Latest(clock)
        self.meter, self.profile = meter, profile
        self.registers = registers  # of a meter: imported and exported energy
        self.source = source  # of the others: Pulse or Ac
        self.trial = None
        self.export = None  # read as often as the power, when a group needs it
        self.silent_s = self.trouble = 0

    def power_w(self):
        """Primary side; None without a fresh reading."""
        power_dw = self.latest.get(POWER)
        return power_dw * self.multiplier // 10 if isinstance(power_dw, int) else None

    def energy_wh(self, reverse=0):
        """Running total imported (or exported) since the point exists, primary side; None as above."""
        total_wh = self.latest.get(EXPORT if reverse else IMPORT)
        if not isinstance(total_wh, int):  # a wrong profile gives texts
            return None
        if self.registers:
            total_wh += self.registers[reverse].offset_wh
        return total_wh * self.multiplier

    def saved(self):
        """[metering point, kind, ...] as flash keeps it."""
        out = [self.no, self.kind]
        if self.source:
            return out + self.source.saved()
        return out + self.registers[0].saved() + self.registers[1].saved()

    def tick(self, now, board):
        """Call each second at ticks `now`."""
        if self.kind == PULSE:
            self.latest.put(self.source.values(now))
        elif self.kind == AC:
            sample = board.ac()
            if sample:
                self.latest.put(self.source.values(sample, now))
        for register in self.registers:
            register.tick()
        self.silent_s = self.silent_s + 1 if self.latest.get(POWER) is None else 0


class Points:
    """`on_power()` is called at each power reading of a meter. `events`: (name, fields) nobody took yet.

    Of profiles (slots.py): `profiles` {number: profile}, `own` those of the identity; `state` rows, `trials`
    {slot: Point.trial}, `modules` {line protocol: Reader}; `hashes` [[slot, hash, 1 on trial, id], ...] of
    those that came and can be read by.
    """

    def __init__(self, board, parameters, clock, kv, on_power, folder=""):
        self.clock = clock
        self.board, self.kv, self.path = board, kv, folder  # path: of the profiles that came
        self._ticks = self._judge_from = 0
        self._broken = False  # a total broke off since the last save
        self.store_errors = 0
        self.events = []
        self.points = []
        self.members = []
        wiring = _wiring()
        self.kept = wiring.kept(kv.get(KEY))  # metering point -> row as in flash
        self.own = self.profiles = wiring.profiles(board.identity)
        self.state, self.hashes, self.trials, self.modules = [], [], {}, {}
        self.lines = wiring.lines(board, clock, on_power)  # (Bus, Poller) of port 1, 2, ...
        parameters.guard(sections.POINTS, self.check)
        wanted = parameters.get(sections.POINTS)
        self.wanted = wanted["points"]  # rows of the section
        if kv.get("profiles"):
            _slots().start(self)
        self._wire(wanted)
        self._group(parameters.get(sections.GROUPS))
        parameters.listen(sections.POINTS, self._wire)
        parameters.listen(sections.GROUPS, self._group)

    # ---- wiring

    def check(self, values) -> str:
        """What is wrong with values of parameters.POINTS on this board, "" nothing."""
        with Overlay():
            return _wiring().check(
                values["points"], len(self.lines), self.profiles if self.points else None, self.board
            )

    def _wire(self, values):
        self.wanted = values["points"]
        with Overlay():
            _wiring().wire(self)

    def _group(self, values):
        self.members = values["members"]
        with Overlay():
            _wiring().want_exports(self, self.points)

    def change_meter(self, params):
        """For the gate, pure: (reason, {kv key: value}, commit function) of a command `meter_change`."""
        with Overlay():
            return _wiring().change(self, params)

    def change_profile(self, params):
        """As `change_meter`, of a command `profile`, with words and how many bytes are there besides."""
        with Overlay():
            return _slots().apply(self, params)

    def rewired(self, profiles, trials):
        """For slots.py: a function after which the points read by these."""
        with Overlay():
            return _wiring().planned(self, profiles, trials)

    def _judge(self):
        """End the trials that have shown enough, one a second. The first verdict stands; where memory or
        flash refuse, it is tried again after EXPIRE_S."""
        for slot, trial in self.trials.items():
            trial[2] += any([point.trial is trial for point in self.points])
            trial[3] = trial[3] or verdict(*trial[:3])
            if trial[3] and self._ticks >= self._judge_from:
                self._judge_from = self._ticks + EXPIRE_S
                with Overlay():
                    _slots().judged(self, slot)
                if slot not in self.trials:
                    self._judge_from = 0
                break

    def tasks(self):
        """[(name, coroutine function)] of all lines there are, used or not."""
        out = []
        for at, (line, poller) in enumerate(self.lines):
            number = str(at + 1) if at else ""
            out += [("bus" + number, line.run), ("poller" + number, poller.run)]
        return out

    # ---- what is read

    @property
    def main(self):
        return self.points[0]

    def by_no(self, no):
        """The point of that number, or None."""
        for point in self.points:
            if point.no == no:
                return point
        return None

    def groups(self):
        """((power_w, energy_wh), ...) of group 1, 2, ..., primary side; None where a member has no reading.

        A member in reverse direction counts the power that flows out and the energy exported.
        """
        members = self.members or [[1, self.main.no, 1, 0]]
        out = []
        for group in range(1, max([row[0] for row in members]) + 1):
            powers, energies = [], []
            for of, no, sign, reverse in members:
                if of == group:
                    point = self.by_no(no)
                    powers.append(_signed(point.power_w() if point else None, -sign if reverse else sign))
                    energies.append(_signed(point.energy_wh(reverse) if point else None, sign))
            out.append((_sum(powers), _sum(energies)))
        return tuple(out)

    def counts(self):
        """(exchanges done, time-outs, bad: frames refused, second answers, totals that were not believed)."""
        ok = timeouts = bad = 0
        for line, poller in self.lines:
            ok += line.ok
            timeouts += line.timeouts
            bad += line.bad + line.clashes + poller.doubts
        return ok, timeouts, bad

    @property
    def trace(self):
        """Last frames of the main meter's line."""
        return self.lines[self.main.port - 1][0].trace if self.main.meter else []

    # ---- each second

    def tick(self):
        """Call each second, before the decision: pulses, AC samples, totals, what a meter's line suffers."""
        now = self.clock.ticks_ms()
        inputs = getattr(self.board, "inputs", None)
        for channel, level, at in inputs.edges() if inputs else ():
            for point in self.points:
                if point.kind == PULSE and point.port == channel:
                    point.source.edge(level, at)
        failed: Any = None
        for point in self.points:
            try:
                point.tick(now, self.board)
                if point.meter:
                    self._watch(point)
            except Exception as error:  # the others are read all the same
                failed = error
        if failed:
            raise failed

    def keep(self):
        """Call each second, after the decision: it may write flash."""
        self._ticks += 1
        if self._ticks % EXPIRE_S == 0:
            for point in self.points:
                point.latest.expire(CURVE_FRESH_MS)
            if self._broken or self._ticks % SAVE_S == 0:
                self._broken = False
                self.save()
        if self.trials:
            self._judge()

    def _watch(self, point):
        """Tell of two meters with one address, and of a total that broke off."""
        trouble = self.lines[point.port - 1][0].trouble.get(point.row[3], 0)
        if trouble != point.trouble and bus.CLASH in (trouble, point.trouble):
            fields = {"metering_point": point.no, "kind": CLASH_KIND}
            if trouble != bus.CLASH:
                fields["ended"] = 1
            self.tell("meter_fault", fields)
        point.trouble = trouble
        for register in point.registers:
            if register.broken:
                old_wh, new_wh = register.broken
                register.broken = None
                fields = {"metering_point": point.no, "old_wh": old_wh, "new_wh": new_wh}
                self.tell("register_rebased", fields)
                self._broken = True

    def tell(self, name, fields):
        self.events.append((name, fields))
        if len(self.events) > EVENTS_MAX:
            self.events.pop(0)

    def save(self):
        """Commit the totals; a flash that refuses is asked again after SAVE_S."""
        try:
            self.kv.put({KEY: self.rows()})
        except StoreError:
            self.store_errors += 1

    def rows(self):
        """What flash keeps under KEY."""
        for point in self.points:
            self.kept[point.no] = point.saved()
        return [self.kept[no] for no in sorted(self.kept)]


def _wiring():
    """Loaded when it is needed: a start, a change of the wiring, a command.

    What it makes objects of is imported above and taken from here: loaded with it, it would lie in the heap
    once for each visit.
    """
    from firmware.metering import wiring

    return wiring


def _slots():
    """As `_wiring`: a profile that came by command, at a start, and at the end of a trial."""
    from firmware.metering import slots

    return slots


def _signed(value, sign):
    return None if value is None else value * sign


def _sum(values):
    return None if not values or None in values else sum(values)
