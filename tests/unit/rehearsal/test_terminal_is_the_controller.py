"""The rehearsed terminal does with clock and journal what the shell of the real one does.

Both live through the same random days: power cuts, a clock that is lost and set, commands, loads. The real
`Controller` runs on doubles of its board.
"""

from random import Random

import pytest

from firmware import controller, running
from firmware.control import core
from protocols import cbor
from protocols.uplink import messages, parameters
from station.rehearsal import terminal

START_S = 1789948800
SECTIONS = {"guarantee": {"lost_link_s": 1800, "power_up_s": 90}, "control": {"energy_step_s": 30}}
PLAN = {
    "codes": "55" * 12, "setpoints_w": [90000], "float_pct": 0, "periods": 255, "rounds": 3,
    "alarm_s": [60, 90], "slide_s": 30, "safety_w": 50000, "post_trip_s": 60,
}  # fmt: skip
COMMANDS = [
    (messages.PERIOD_PLAN, PLAN),
    (messages.TRIP, {"rounds": 2, "delay_s": 60, "limit_s": 1200}),
    (messages.PERMIT_CLOSE, {"rounds": 3}),
    (messages.GUARANTEE, {"on": 1, "duration_s": 1800}),
    (messages.GUARANTEE, {"on": 0, "duration_s": 0}),
    (messages.DOWN_FLOAT, {
        "float_pct": -20, "freeze_s": 600, "duration_s": 1800, "rounds": 1, "alarm_s": [60], "slide_s": 120,
        "safety_w": 0, "post_trip_s": 60,
    }),
    (messages.RELEASE, {"control": 2}),
    (messages.EXCLUSION, {"on": 1}),
    (messages.EXCLUSION, {"on": 0}),
]  # fmt: skip


class Clock:
    """The board's: true time while `ok`; ticks run as long as there is power."""

    def __init__(self):
        self.t_s = START_S
        self.wrong_s = 0
        self.ok = True

    def now_s(self):
        return self.t_s + self.wrong_s

    def ticks_ms(self):
        return self.t_s * 1000

    def ticks_diff(self, later, earlier):
        return later - earlier


class Kv(dict):
    damaged = False

    def put(self, entries):
        self.update(cbor.decode(cbor.encode(entries)))


class Board:
    """Everything else of a board that the controller asks for."""

    def __init__(self, clock):
        self.clock = clock
        self.identity = {"utc_offset_s": 28800}
        self.facts = {"rounds": 2}
        self.relays = self.lamps = self.flash = self
        self.lost = False

    def drive(self, mask): ...

    def close(self, mask): ...

    def show(self, alarm, permitted): ...

    def open(self):
        return None


class Real:
    """A controller with what the wiring gives it."""

    def __init__(self, clock):
        self.clock = clock
        self.kv = Kv()
        self.groups: tuple = ((None, None),)
        self.told = []
        self.power_on()

    def tell(self, name, fields):
        self.told.append((name, dict(fields)))

    def power_on(self):
        self.it = controller.Controller(Board(self.clock), self.kv, lambda: (self.groups, None), self)
        self.it.configure(
            parameters.read(1, parameters.write(1, SECTIONS["control"])),
            parameters.read(2, parameters.write(2, SECTIONS["guarantee"])),
        )
        self.it.begin({})


def plain():
    return {
        "start_s": START_S,
        "rounds": [{}, {}],
        "offset_s": 28800,
        "direct_close": 0,
        "parameters": SECTIONS,
    }


class Day:
    """Both terminals under one sky; every second is compared."""

    def __init__(self, seed):
        self.chance = Random(seed)
        self.clock = Clock()
        self.real = Real(self.clock)
        self.ours = terminal.Terminal(plain(), False)
        self.power = True
        self.power_w, self.energy_wh = 120000, 5000000
        self.seen = self.cuts = 0

    def happens(self, once_in):
        return self.chance.random() * once_in < 1

    def second(self, second):
        self.clock.t_s = START_S + second
        if self.power:
            self.ours.at(self.clock.t_s)
        self.world()
        if self.power:
            self.ours.at(self.clock.t_s)
            self.decide(second)

    def world(self):
        if self.happens(900):
            self.clock.ok = not self.clock.ok
            self.ours.trust(self.clock.ok)
        if self.power and self.happens(1500):
            by_s = self.chance.randrange(-4000, 4000)
            self.clock.wrong_s += by_s
            self.real.it.clock_set(by_s * 1000)
            self.real.told.clear()  # the rehearsal shows a jump as what happened, not as an event
            self.ours.jump(by_s, True)
        if self.happens(2000 if self.power else 200):
            self.power = not self.power
            self.cuts += self.power
            if self.power:
                self.real.power_on()
                self.ours.power_on(self.clock.t_s, "nothing")
        if self.happens(300):
            self.power_w = self.chance.choice((0, 70000, 95000, 130000))
        self.energy_wh += self.power_w // 3600

    def decide(self, second):
        self.real.groups = groups = ((self.power_w, self.energy_wh),)
        heard = int(self.happens(100))
        if heard:
            self.real.it.heard()
        events = self.command(second, groups) if self.happens(200) else []
        self.real.it.step()
        outputs, more = self.ours.step(groups, heard)
        events += more
        assert self.real.it.outputs == outputs
        assert self.real.told == events
        self.seen += len(events)
        self.real.told.clear()

    def command(self, second, groups):
        kind, params = self.chance.choice(COMMANDS)
        wire = {**params, "codes": bytes.fromhex(params["codes"])} if "codes" in params else params
        self.real.it.heard()
        reason, entries, commit = self.real.it.apply(kind, wire, second)
        ours_reason, events = self.ours.apply(kind, params, groups, second, 0)
        assert reason == ours_reason
        if not reason:
            self.real.kv.put(entries)
            commit()
            return events + self.ours.step(groups, 1)[1]
        self.real.it.step()
        return self.ours.step(groups, 1)[1]


@pytest.mark.parametrize("seed", range(12))
def test_random_hours_are_the_same(seed):
    day = Day(seed)
    for second in range(3 * 3600):
        day.second(second)
    assert day.seen > 5
    assert day.cuts > 0


def test_the_figures_of_the_journal_are_those_of_the_controller():
    names = ("COMMIT_S", "RUN_COMMIT_S")
    assert [getattr(terminal, name) for name in names] == [getattr(controller, name) for name in names]
    assert terminal.OFF_MAX_S == running.OFF_MAX_S


@pytest.mark.parametrize(("loses", "guarantee"), [("nothing", 0), ("guarantee", 2), ("all", 2)])
def test_what_a_damaged_journal_loses_counts_as_guaranteed(loses, guarantee):
    it = terminal.Terminal(plain() | {"parameters": {}}, False)
    it.step(((1000, 5),), 1)
    it.power_on(START_S + 60, loses)
    outputs, _events = it.step(((1000, 5),), 1)
    assert outputs.guarantee == guarantee
    assert set(core.dump(core.fresh(2))) <= set(core.KEYS.split())
