"""AC sampling: energy added up from power, to the last watt second."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.hal import fake
from firmware.metering.ac import GAP_MS, Ac

POWER, IMPORT, EXPORT = 8, 320, 384


class Rig:
    def __init__(self, saved=None):
        self.clock = fake.Clock(before_wrap_ms=3000)
        self.ac = Ac(self.clock, saved)

    def sample(self, power_dw, ms=1000):
        self.clock.advance(ms)
        return self.ac.values({POWER: power_dw, 1: 2200}, self.clock.ticks_ms())


def test_an_hour_of_a_kilowatt_is_a_kilowatt_hour():
    rig = Rig()
    for _ in range(3601):
        values = rig.sample(10000)
    assert values == {POWER: 10000, 1: 2200, IMPORT: 1000, EXPORT: 0}


def test_power_that_flows_out_is_exported():
    rig = Rig()
    for _ in range(3601):
        values = rig.sample(-3)
    assert (values[IMPORT], values[EXPORT]) == (0, 0)
    for _ in range(3 * 3600):
        values = rig.sample(-3)
    assert (values[IMPORT], values[EXPORT]) == (0, 1)


def test_a_gap_counts_nothing():
    rig = Rig()
    rig.sample(10000000)
    assert rig.sample(10000000, GAP_MS + 1)[IMPORT] == 0
    assert rig.sample(10000000, GAP_MS)[IMPORT] == 1388


def test_a_sample_without_power_leaves_a_hole():
    rig = Rig()
    rig.sample(36000000)
    rig.clock.advance(1000)
    assert rig.ac.values({1: 2200}, rig.clock.ticks_ms()) == {1: 2200, IMPORT: 0, EXPORT: 0}
    assert rig.sample(36000000)[IMPORT] == 0
    assert rig.sample(36000000)[IMPORT] == 1000


@given(
    st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(1, GAP_MS)), max_size=60), st.integers(0, 59)
)
def test_the_sum_is_exact_over_restarts(rows, cut):
    rig = Rig()
    work = {IMPORT: 0, EXPORT: 0}
    before = None
    values = {IMPORT: 0, EXPORT: 0}
    for n, (power_dw, ms) in enumerate(rows):
        if n == cut:
            rig = Rig(saved=rig.ac.saved())
            before = None
        values = rig.sample(power_dw, ms)
        if before is not None:
            both = (before + power_dw) * ms
            work[EXPORT if both < 0 else IMPORT] += abs(both)
        before = power_dw
    assert values[IMPORT] == work[IMPORT] // 72000000
    assert values[EXPORT] == work[EXPORT] // 72000000
