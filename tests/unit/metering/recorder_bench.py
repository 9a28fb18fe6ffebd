"""A recorder over metering points whose readings a test sets, a real journal, a clock that stands still."""

import asyncio

from firmware.hal import fake
from firmware.metering.readings import Latest
from firmware.metering.recorder import Recorder
from firmware.store.kv import Kv
from protocols.uplink import messages, parameters

DAY_S = 86400
RATED = (2200, 5000, 4, 3300)  # 220.0 V, 5 A, four wires, 3.3 kVA


def utc(*date, offset_s=0):
    """UTC second of a local date and time."""
    import calendar  # not on MicroPython, which runs this bench too

    date += (0, 0, 0, 0)
    return calendar.timegm(date[:6]) - offset_s


class Point:
    """A metering point as firmware.metering.points has it, as far as the recorder looks."""

    def __init__(self, no, clock, rated=RATED, profile=None, meter=None):
        self.no, self.rated, self.profile, self.meter = no, rated, profile, meter
        self.latest = Latest(clock)


class Points:
    def __init__(self, points):
        self.points = points
        self.rows: tuple = ()  # what groups() gives

    def groups(self):
        return self.rows


class Settings:
    """Parameters by section; `change` tells the listeners as a command does."""

    def __init__(self):
        self._values = {section: {} for section in parameters.SECTIONS}
        self.listeners = []

    def get(self, section):
        return parameters.read(section, parameters.write(section, self._values[section]))

    def listen(self, section, function):
        self.listeners.append((section, function))

    def change(self, section, **values):
        self._values[section] = values
        for wanted, function in self.listeners:
            if wanted == section:
                function(self.get(section))


class Bench:
    """`out` is what was added; a start again is `boot`."""

    def __init__(self, folder, t_s, numbers=(1,), offset_s=0, **settings):
        self.clock = fake.Clock(t_s * 1000, before_wrap_ms=30_000)
        self.clock.ok = True
        self.offset_s = offset_s
        self.points = Points([Point(no, self.clock) for no in numbers])
        self.settings = Settings()
        self.settings.change(parameters.METERING, **settings)
        self.folder = str(folder)
        self.kv = Kv(self.folder)
        self.out = []
        self.refuse = False
        self.boot()

    def boot(self):
        """A start, after a power cut: only what is in the journal is left."""
        self.kv.close()
        self.kv = Kv(self.folder)
        self.kv.open()
        assert not self.kv.damaged
        self.settings.listeners = []
        self.recorder = Recorder(self.points, self.clock, self.kv, self._add, self.settings, self.offset_s)

    def _add(self, *row):
        if self.refuse:
            return 0
        stream, kind, t_s, _t_ok, body = row
        messages.pack(messages.RECORDS[kind], body)  # raises for what is not of the contract
        assert t_s == self.clock.now_s()
        assert stream == ("cv" if kind == messages.CURVE else "da")
        self.out.append(row)
        return len(self.out)

    def tick(self, values=None):
        """One second; `values` {number: value} are read by all points, None: they are mute."""
        if values:
            for point in self.points.points:
                point.latest.put(values)
        self.recorder.tick()
        self.clock.advance(1000)

    def run(self, seconds, values=None):
        for _ in range(seconds):
            self.tick(values)

    def minute(self, values=None):
        """The next minute of the clock: each tally is visited at its start, then nothing until it ends.

        `values`: {metering point: {number: value}} read at its start. For what is looked at once a minute;
        demand wants a sample a second.
        """
        for no, of_point in (values or {}).items():
            self.points.points[no - 1].latest.put(of_point)
        visits = max(len(self.points.points), 1 + len(self.points.rows))
        for _ in range(visits):
            self.recorder.tick()
        self.recorder._up_s += 60 - visits  # the ticks that are left out here
        self.clock.advance(60_000)

    def backfill(self):
        return asyncio.run(self.recorder.backfill())

    def told(self, kind):
        return [body for _stream, got, _t_s, _t_ok, body in self.out if got == kind]

    def stats(self, period, **who):
        """STATS of a period (1 day, 2 month) and of metering_point=, group= or the terminal."""
        return [
            body
            for body in self.told(messages.STATS)
            if body["period"] == period
            and {key: body[key] for key in ("metering_point", "group") if key in body} == who
        ]
