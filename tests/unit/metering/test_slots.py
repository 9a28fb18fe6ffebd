"""A slot that is missing stays missing; each slot is cut once; a stepped clock invents nothing."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.metering.readings import SLOT_LATE_S, Latest, Slots


def test_each_slot_is_due_once():
    slots = Slots(900)
    due = [slots.due(t) for t in range(9000, 9000 + 1801)]
    assert [s for s in due if s is not None] == [9000, 9900, 10800]


def test_a_slot_met_late_stays_missing():
    slots = Slots(900, last_s=9000)
    assert slots.due(9900 + SLOT_LATE_S + 1) is None
    assert slots.due(10799) is None
    assert slots.due(10800) == 10800


def test_a_slot_met_within_the_tolerance_is_cut():
    assert Slots(900, last_s=9000).due(9900 + SLOT_LATE_S) == 9900


def test_a_forward_jump_leaves_the_skipped_slots_out():
    slots = Slots(900, last_s=9000)
    assert slots.due(9000 + 86400 + 5) == 9000 + 86400


def test_a_backward_step_cuts_nothing_at_the_step():
    slots = Slots(900, last_s=90000)
    assert slots.due(80100) is None
    assert slots.due(80101) is None
    assert slots.due(81000) == 81000


@given(st.lists(st.integers(0, 10**6), max_size=60))
def test_due_is_always_the_slot_of_now_and_fresh(times):
    slots = Slots(900)
    for t in times:
        slot = slots.due(t)
        assert slot is None or (slot % 900 == 0 and 0 <= t - slot <= SLOT_LATE_S)


class WrappingClock:
    """Ticks as on a board: they wrap at 2**30."""

    def __init__(self):
        self.ms = (1 << 30) - 500

    def ticks_ms(self):
        return self.ms % (1 << 30)

    def ticks_diff(self, a, b):
        return ((a - b + (1 << 29)) % (1 << 30)) - (1 << 29)


def test_a_value_ages_across_the_tick_wrap():
    clock = WrappingClock()
    latest = Latest(clock)
    latest.put({1: 230, 2: None})
    clock.ms += 9000
    assert latest.get(1) == 230
    assert latest.get(2) is None
    clock.ms += 2000
    assert latest.get(1) is None
    assert latest.pick((1, 2), 60000) == {1: 230}


def test_an_absent_value_takes_the_old_one_away():
    latest = Latest(WrappingClock())
    latest.put({1: 230})
    latest.put({1: None})
    assert latest.get(1) is None


def test_expire_forgets_before_the_counter_wraps():
    clock = WrappingClock()
    latest = Latest(clock)
    latest.put({1: 230})
    clock.ms += 61000
    latest.expire(60000)
    clock.ms += 1 << 30
    assert latest.get(1) is None
