"""A watch over metering points made of plain values, and its events."""

from firmware.hal.fake import Clock
from firmware.metering.readings import Latest
from firmware.metering.watch import Watch
from protocols.meters.rules import RULES
from protocols.uplink import parameters

RATED = (2200, 5000, 4, 3300)  # dv, ma, wires, VA
NO = {rule.alias: rule.no for rule in RULES.values()}
QUIET = {  # a healthy load of 3 x 220 V x 2 A, power factor 1
    1: 2200, 2: 2200, 3: 2200, 4: 2000, 5: 2000, 6: 2000, 7: 0,
    8: 13200, 9: 4400, 10: 4400, 11: 4400, 12: 0, 16: 13200, 20: 1000, 21: 1000, 22: 1000, 23: 1000,
    25: 0, 26: 0, 27: 0, 28: 100, 29: 100, 30: 100, 31: 100, 32: 100, 33: 100, 35: 13200,
    48: 0, 49: 0, 50: 0, 51: 0, 52: 0, 53: 0, 54: 0, 384: 0,
}  # fmt: skip


class Settings:
    """Stands for firmware.parameters.Parameters."""

    def __init__(self, **sections):
        self.values = {
            section: parameters.read(section, sections.get(name, {}))
            for section, name in parameters.SECTIONS.items()
        }
        self.listeners = []

    def get(self, section):
        return self.values[section]

    def listen(self, section, function):
        self.listeners.append((section, function))

    def guard(self, section, check):
        assert check(self.values[section]) == ""

    def change(self, section, values):
        self.values[section] = parameters.read(section, values)
        for wanted, function in self.listeners:
            if wanted == section:
                function(self.values[section])


class Point:
    """A metering point with values of its secondary side; `set` gives them as just read."""

    def __init__(self, clock, no=1, rated=RATED, kind=1, multiplier=80):
        self.no, self.rated, self.kind, self.multiplier = no, rated, kind, multiplier
        self.latest = Latest(clock)
        self.silent_s = 0

    def power_w(self):
        power_dw = self.latest.get(8)
        return power_dw * self.multiplier // 10 if isinstance(power_dw, int) else None


class Points:
    def __init__(self, points):
        self.points = points
        self.sums: tuple = ()

    @property
    def main(self):
        return self.points[0]

    def by_no(self, no):
        return next((point for point in self.points if point.no == no), None)

    def groups(self):
        return self.sums


class Rig:
    """Each `run` second the values of `base` are read anew, and the register follows the power of `flow`."""

    def __init__(self, count=1, rated=RATED, contract_w=0, offset_s=28800, **sections):
        self.clock = Clock()
        self.clock.ok = True
        self.points = Points([Point(self.clock, no, rated) for no in range(1, count + 1)])
        self.settings = Settings(**sections)
        self.events = []
        self.base = dict(QUIET)
        self.follow = True  # the energy register follows the power
        self._dws = 10_000_000 * 36000
        self.offset_s = offset_s
        self.watch = Watch(self.points, self.clock, self._tell, self.settings, contract_w, offset_s)

    def _tell(self, name, fields):
        assert fields.get("ago_s", 0) >= 0
        self.events.append((name, fields))

    def run(self, seconds, **values):
        """Let time pass; `values` as n8=13200, None for missing, stay until changed."""
        for name, value in values.items():
            self.base[int(name[1:])] = value
        for _ in range(seconds):
            self.clock.advance(1000)
            if self.follow and isinstance(self.base[8], int):
                self._dws += abs(self.base[8])
            out = dict(self.base)
            out.setdefault(320, self._dws // 36000 // 10 * 10)
            out.setdefault(56, self.clock.now_s() + self.offset_s)
            for point in self.points.points:
                point.latest.put(out)
            self.watch.tick()
        return self

    def told(self, alias):
        """[(ended, fields)] of a rule's events so far."""
        return [(f.get("ended", 0), f) for _name, f in self.events if f["kind"] == NO[alias]]


def steps(rig, alias):
    """0 for a beginning and 1 for an end of a rule, in order."""
    return [ended for ended, _ in rig.told(alias)]
