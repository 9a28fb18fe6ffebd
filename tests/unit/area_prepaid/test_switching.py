"""A meter is cut off or let go once, and what happened is read from the meter, never assumed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.area import switching
from firmware.area.switching import LEAVE, LOOK_NOW, NOTHING, PERMIT, REST_S, TRIES, TRIP, VALID_S
from tests.unit.area_prepaid.line import (
    CUT_AFTER,
    CUT_BEFORE,
    GOOD,
    LATE,
    LOST_BACK,
    LOST_THERE,
    REFUSED,
    Line,
    Meter,
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from([TRIP, TRIP, TRIP, PERMIT, LEAVE]),
        st.sampled_from([GOOD, GOOD, GOOD, LOST_THERE, LOST_BACK, LATE, REFUSED, CUT_BEFORE, CUT_AFTER]),
        st.sampled_from([1, 5, 5, 60, VALID_S, 2 * REST_S]),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def sent(line, control=TRIP):
    return [row for row in line.log if row[:2] == ("sent", control)]


def no_cut_off_without_a_read_back_between(log):
    """Right before each control a status word was read that shows it is needed."""
    word = None
    for row in log:
        if row[0] == "sent":
            assert word is not None, "no_read_back_between"
            assert word & 0x50 != 0x50 if row[1] == TRIP else word & 0x40, "not_needed"
        word = row[1] if row[0] == "seen" else None


def never_while_the_last_may_still_arrive(line):
    """Unless it was refused, or a read-back shows that it did."""
    pending = None
    for kind, value, t_s in line.log:
        if kind == "seen":
            done = pending and (value & 0x50 == 0x50 if pending[0] == TRIP else not value & 0x40)
            pending = None if done else pending
        else:
            assert not pending or t_s - pending[1] >= VALID_S, "may_still_arrive"
            pending = None if t_s in line.refused_s else (value, t_s)


@settings(max_examples=400)
@given(STEPS)
def test_histories(steps):
    line = Line()
    for wanted, fate, later_s, presses in steps:
        before = len(line.log)
        line.run(wanted, fate)
        assert switching.unpack(switching.pack(line.state)) == line.state, "state_survives_packing"
        for row in line.log[before:]:
            assert row[0] != "sent" or row[1] == wanted, "withdrawn_is_not_sent"
        if presses:
            line.meter.press()
        line.t_s += later_s
    no_cut_off_without_a_read_back_between(line.log)
    never_while_the_last_may_still_arrive(line)


@settings(max_examples=200)
@given(STEPS, st.booleans())
def test_in_the_end_the_meter_is_as_wanted(steps, cut):
    """Whatever the line did before: on a good line the last wish comes true."""
    line = Line()
    for wanted, fate, later_s, _presses in steps:
        line.run(wanted, fate)
        line.t_s += later_s
    wanted = TRIP if cut else PERMIT
    line.settle(wanted, 2 * REST_S)
    line.state, _events = switching.looked(line.state, line.meter.word(), line.t_s)  # the patrol
    line.settle(wanted, VALID_S)
    assert line.meter.told_open == cut, "wish_comes_true"


def test_a_cut_off_is_looked_at_sent_once_and_read_back():
    line = Line()
    line.settle(TRIP, 3600)
    assert [row[:2] for row in line.log] == [("seen", 0x200), ("sent", TRIP), ("seen", 0x250)]
    assert line.events == ["switch_opened", "energy_control_trip"]


def test_a_meter_that_is_cut_is_not_cut_again():
    line = Line(Meter(is_open=1))
    line.settle(TRIP, 3600)
    assert sent(line) == []


def test_a_lost_answer_is_read_back_not_sent_again():
    line = Line()
    line.run(TRIP, GOOD)
    assert line.run(TRIP, LOST_BACK) == TRIP
    line.settle(TRIP, 3600)
    assert len(sent(line)) == 1
    assert line.meter.is_open


def test_a_lost_control_is_sent_again_only_when_it_can_no_longer_arrive():
    line = Line()
    line.run(TRIP, GOOD)
    line.run(TRIP, LOST_THERE)
    line.settle(TRIP, 3600)
    first, second = sent(line)
    assert VALID_S <= second[2] - first[2] <= VALID_S + 2 * switching.LOOK_S


def test_after_a_power_cut_between_intent_and_result_comes_a_read_back():
    for fate, times in ((CUT_BEFORE, 1), (CUT_AFTER, 1)):
        line = Line()
        line.run(TRIP, GOOD)
        line.run(TRIP, fate)
        line.t_s += 60
        assert line.run(TRIP, GOOD) == LOOK_NOW
        line.settle(TRIP, 3600)
        assert len(sent(line)) == times
        assert line.meter.is_open


def test_a_top_up_before_the_control_withdraws_it():
    for wanted in (PERMIT, LEAVE):
        line = Line()
        assert line.run(TRIP, GOOD) == LOOK_NOW
        assert line.run(wanted, GOOD) == NOTHING
        line.settle(wanted, 3600)
        assert sent(line) == []


def test_a_meter_that_is_cut_is_left_alone_in_blocked_hours():
    line = Line(Meter(is_open=1))
    line.settle(TRIP, 60)
    line.settle(LEAVE, 3600)
    assert line.log == [("seen", 0x250, 1_798_000_005)]
    assert line.state == switching.NEW._replace(seen=switching.CUT)


def test_a_control_that_comes_late_after_a_top_up_is_undone():
    line = Line()
    line.run(TRIP, GOOD)
    line.run(TRIP, LATE)
    line.settle(PERMIT, 3600)
    assert len(sent(line, PERMIT)) == 1
    assert not line.meter.told_open


def test_a_stale_read_back_is_read_again():
    line = Line()
    line.run(TRIP, GOOD)
    line.t_s += 600
    assert line.run(TRIP, GOOD) == LOOK_NOW


def test_tries_are_bounded_then_an_event_and_a_rest():
    line = Line()
    while line.t_s < 1_798_000_000 + REST_S:
        line.run(TRIP, GOOD if switching.step(line.state, TRIP, line.t_s)[1] == LOOK_NOW else LOST_THERE)
        line.t_s += 5
    assert len(sent(line)) == TRIES
    assert line.events == ["output_mismatch"]


def test_a_refusal_is_final_for_now():
    line = Line()
    line.run(TRIP, GOOD)
    line.run(TRIP, REFUSED)
    line.settle(TRIP, REST_S - 60)
    assert len(sent(line)) == 1
    assert line.events == ["output_mismatch"]


def test_a_mute_meter_is_left_in_peace_but_not_forgotten():
    line = Line()
    line.run(TRIP, GOOD)
    line.run(TRIP, CUT_AFTER)
    looks = 0
    for _minute in range(60):
        line.t_s += 60
        looks += line.run(TRIP, LOST_BACK) == LOOK_NOW
    assert looks == switching.LOOKS
    assert line.events == ["output_mismatch"]
    line.settle(PERMIT, 2 * REST_S)
    assert not line.meter.told_open


def test_a_relay_that_hangs_is_no_success():
    """The meter was told to open and its relay stays closed."""
    line = Line()
    line.run(TRIP, GOOD)
    line.run(TRIP, LOST_THERE)
    line.meter.told_open = 1
    line.settle(TRIP, 3600)
    assert "energy_control_trip" not in line.events or line.meter.is_open
    assert len(sent(line)) > 1


def test_a_clock_set_back_does_not_stop_a_rest_for_ever():
    state = switching.NEW._replace(phase=switching.IDLE, want=TRIP, due_s=1_900_000_000)
    assert switching.step(state, TRIP, 1_798_000_000)[1] == LOOK_NOW
