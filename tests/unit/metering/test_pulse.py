"""Pulses: debounced, counted exactly, never too many; power falls when they stop."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.hal import fake
from firmware.metering.pulse import STOP_MS, WIDTH_MS, Pulse

POWER, TOTAL = 8, 320


class Rig:
    def __init__(self, constant=1000, saved=None):
        self.clock = fake.Clock(before_wrap_ms=3000)
        self.pulse = Pulse(self.clock, constant, saved)

    def level(self, level, ms):
        """The input stands at `level` for `ms`."""
        self.pulse.edge(level, self.clock.ticks_ms())
        self.clock.advance(ms)

    def pulses(self, count, every_ms=1000):
        for _ in range(count):
            self.level(1, 80)
            self.level(0, every_ms - 80)

    def values(self):
        return self.pulse.values(self.clock.ticks_ms())

    def count(self):
        self.values()
        return self.pulse.saved()[0]


def test_each_pulse_is_counted_across_the_tick_wrap():
    rig = Rig()
    rig.pulses(10)
    assert rig.count() == 10
    assert rig.values()[TOTAL] == 10


def test_energy_is_exact_for_a_constant_that_does_not_divide():
    rig = Rig(constant=6400)
    rig.pulses(6400, every_ms=160)
    assert rig.values()[TOTAL] == 1000


def test_bounce_and_noise_are_not_counted():
    rig = Rig()
    for _ in range(5):
        for _ in range(4):  # bounce of the contact when it closes and when it opens
            rig.level(1, 3)
            rig.level(0, 2)
        rig.level(1, 80)
        for _ in range(4):
            rig.level(0, 3)
            rig.level(1, 2)
        rig.level(0, 500)
        rig.level(1, WIDTH_MS - 1)  # a spike
        rig.level(0, 500)
    assert rig.count() == 5


def test_a_short_gap_inside_a_pulse_makes_it_not_two():
    rig = Rig()
    rig.level(1, 60)
    rig.level(0, WIDTH_MS - 1)
    rig.level(1, 60)
    rig.level(0, 100)
    assert rig.count() == 1


def test_a_pulse_counts_once_wherever_the_tick_falls():
    rig = Rig()
    rig.level(1, 40)
    assert rig.count() == 1
    rig.clock.advance(40)
    assert rig.count() == 1
    rig.level(0, 10)
    assert rig.count() == 1


def test_doubled_lost_and_disordered_edges_make_no_pulse():
    rig = Rig()
    at = rig.clock.ticks_ms()
    for level, ms in ((1, 0), (1, 100), (1, 200), (0, 300), (0, 400), (1, 350), (0, 340)):
        rig.pulse.edge(level, at + ms)
    rig.clock.advance(1000)
    assert rig.count() == 1


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 400)), max_size=80))
def test_never_more_pulses_than_wide_enough_highs(levels):
    rig = Rig()
    most, high_ms = 0, 0
    for level, ms in levels:
        rig.level(level, ms)
        high_ms = high_ms + ms if level else 0
    merged = []
    for level, ms in levels:  # the true line: equal levels run together
        if merged and merged[-1][0] == level:
            merged[-1][1] += ms
        else:
            merged.append([level, ms])
    most = sum(1 for level, ms in merged if level and ms >= WIDTH_MS)
    assert rig.count() <= most


def test_power_is_that_of_the_time_between_pulses():
    rig = Rig(constant=1000)
    assert rig.values()[POWER] == 0
    rig.pulses(1)
    assert rig.values()[POWER] == 0, "one pulse says nothing"
    rig.pulses(3, every_ms=3600)
    assert rig.values()[POWER] == 10000  # 1 Wh in 3.6 s: 1 kW
    rig.pulses(5, every_ms=360)
    assert rig.values()[POWER] == 36000000 // ((3600 + 4 * 360) // 5), "the mean over all since the last call"
    rig.pulses(10, every_ms=360)
    assert rig.values()[POWER] == 100000


def test_power_falls_when_pulses_stop():
    rig = Rig(constant=1000)
    rig.pulses(4, every_ms=3600)
    seen = []
    for _ in range(20):
        seen.append(rig.values()[POWER])
        rig.clock.advance(5000)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] <= 36000000 // 90000
    rig.clock.advance(STOP_MS)
    assert rig.values()[POWER] == 0
    rig.clock.advance(fake.WRAP // 2)
    assert rig.values()[POWER] == 0
    rig.pulses(1)
    assert rig.values()[POWER] == 0, "an interval over the stop says nothing"


def test_counts_go_on_after_a_restart():
    first = Rig()
    first.pulses(7)
    first.count()
    again = Rig(saved=first.pulse.saved())
    again.pulses(3)
    assert again.values()[TOTAL] == 10


def test_another_constant_keeps_what_was_counted():
    again = Rig(constant=500, saved=[2500, 1000, 40])
    assert again.values()[TOTAL] == 2540
    again.pulses(5)
    assert again.values()[TOTAL] == 2550
    assert again.pulse.saved() == [5, 500, 2540]
