"""A running energy total: what is believed, what is carried over, whatever the meter shows."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.metering.register import BACK_S, MOST_SHIFT_WH, Register

NO = 320


def reading(register, total_wh, power_dw=10000, seconds=1, again=None):
    """One reading as the poller makes it; the total believed now."""
    for _ in range(seconds):
        register.tick()
    values = {NO: total_wh}
    if register.doubts(values, power_dw):
        second = {NO: total_wh if again is None else again}
        register.agree(values, second, power_dw)
        values = second
    register.take(values, power_dw)
    return running(register)


def running(register):
    return register.total_wh + register.offset_wh


def started(total_wh=1000000):
    register = Register(NO, None)
    reading(register, total_wh)
    return register


def test_the_first_total_is_read_twice():
    register = Register(NO, None)
    assert register.doubts({NO: 5}, 0)
    register.take({NO: 5}, 0)
    assert not register.doubts({NO: 5}, 0)


def test_the_same_after_a_restart():
    register = Register(NO, started().saved())
    assert register.doubts({NO: 1000000}, 0)


def test_usage_that_the_power_explains_is_read_once():
    register = Register(NO, None)
    reading(register, 1000000, 0)
    register.tick()
    assert not register.doubts({NO: 1000020}, 0), "a step of the register"
    assert register.doubts({NO: 1000021}, 0)
    assert not register.doubts({NO: 1000021}, 20000), "power explains it"
    for _ in range(3598):
        register.tick()
    assert not register.doubts({NO: 1002020}, 10000), "1 kW for an hour, twice over"
    assert register.doubts({NO: 1002100}, 10000)


def test_nothing_is_wrong_with_an_answer_without_the_total():
    register = started()
    assert not register.doubts({}, 0)
    assert not register.doubts({NO: None}, 0)
    values = {NO: None}
    register.agree({NO: 5}, values, 0)
    register.take(values, 0)
    assert values == {NO: None}
    assert running(register) == 1000000


def test_a_second_answer_counts_only_when_it_follows_the_first():
    register = started()
    assert reading(register, 5000000, again=1000000) == 1000000
    assert reading(register, 5000000, again=5000100) == 1000000
    assert reading(register, 1000000) == 1000000
    assert register.broken is None


def test_a_fall_is_carried_and_the_old_total_taken_back():
    register = started()
    assert reading(register, 20) == 1000000
    assert register.broken == (1000000, 20)
    assert reading(register, 30, seconds=60) == 1000010
    assert reading(register, 1000500, seconds=60) == 1000500, "what was used meanwhile counts"


def test_a_rise_nobody_can_have_used_is_carried():
    register = started()
    assert reading(register, 1900000, seconds=60) == 1000000
    assert reading(register, 1000100, seconds=60) == 1000100


def test_an_old_total_is_not_waited_for_without_end():
    register = started()
    reading(register, 20)
    register._broke_s = BACK_S
    assert reading(register, 1000500) == 1000000, "one more break"


def test_a_total_that_falls_and_rises_again_and_again_is_paid_once():
    register = started()
    for _ in range(50):
        reading(register, 1000900, seconds=40)
        reading(register, 1000000, seconds=40)
    assert running(register) <= 1000900


def test_a_register_that_starts_anew_goes_on():
    register = started(999999990)
    assert reading(register, 0) == 999999990
    assert reading(register, 10, seconds=36) == 1000000000


def test_a_change_without_a_break_seen_needs_the_new_meter():
    register = started(5000)
    assert register.change(900000, 4000) == [5000, 896000, 900000, 4000]
    assert register.change(5100, 100) is None
    assert Register(NO, None).change(5, 5) is None


def test_a_change_adds_what_was_not_seen():
    register = started()
    reading(register, 3000)
    state = register.change(1000700, 1000)
    assert running(Register(NO, state)) == 1000000 + 700 + 2000
    assert Register(NO, state).change(1000700, 1000)[:2] == state[:2], "told twice"


def test_a_change_never_takes_back_and_is_bounded():
    register = started()
    reading(register, 3000)
    assert running(Register(NO, register.change(999100, 3100))) == 1000000, "people round"
    assert register.change(998900, 3000) is None
    assert register.change(1000000, 4100) is None
    assert register.change(1000000 + MOST_SHIFT_WH + 1, 3000) is None


_totals = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(1, 4000), st.integers(0, 10**6), st.booleans()), max_size=30
)


@given(_totals)
def test_no_row_of_totals_bills_more_than_can_be_used(rows):
    """Each is read twice; the running total never moves faster than any customer can use energy.

    The 100 kW bound holds from the last time the total moved, and a break taken back tells its own time.
    """
    register = started(500000000)
    start = high = running(register)
    seconds = 0
    for total_wh, wait_s, power_dw, steady in rows:
        seconds += wait_s
        now = reading(register, register.total_wh if steady else total_wh, power_dw, wait_s)
        high = max(high, now)
        assert Register(NO, register.saved()).saved() == register.saved()
    assert high - start <= len(rows) * 20 + seconds * 1000000 // 36000 + len(rows) * 30


def test_a_total_that_no_meter_can_show_is_left_out_however_often_it_comes():
    register = started()
    for total_wh in (1 << 62, 10**12 + 1):
        first, second = {NO: total_wh}, {NO: total_wh}
        assert register.doubts(second, 0)
        register.agree(first, second, 0)
        assert second == {}
