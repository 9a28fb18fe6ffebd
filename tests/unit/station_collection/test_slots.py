"""Which slots a task expects and what is asked for."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.uplink.messages import CURVE, DAILY, MONTHLY
from station.collection.slots import DAY_S, Ask, Missing, Span, asks, due, expected

EAST_8 = 28_800
NEW_YEAR = 1_767_196_800  # 2026-01-01 00:00 UTC+8


def labels(span: Span, since_s: int, until_s: int) -> list[int]:
    return list(expected(span, since_s, until_s, EAST_8))


def test_days_are_labelled_by_local_midnight_and_every_third_counts_from_the_begin() -> None:
    third = Span(DAILY, 3, NEW_YEAR, None)
    assert labels(third, NEW_YEAR, NEW_YEAR + 7 * DAY_S) == [NEW_YEAR + n * DAY_S for n in (0, 3, 6)]
    assert labels(third, NEW_YEAR + DAY_S, NEW_YEAR + 5 * DAY_S) == [NEW_YEAR + 3 * DAY_S]


def test_a_task_expects_nothing_before_it_begins_or_after_it_ends() -> None:
    begun = NEW_YEAR + 3600
    task = Span(DAILY, 1, begun, NEW_YEAR + 3 * DAY_S)
    assert labels(task, 0, NEW_YEAR + 9 * DAY_S) == [NEW_YEAR + DAY_S, NEW_YEAR + 2 * DAY_S]


def test_months_are_labelled_by_the_first() -> None:
    second = Span(MONTHLY, 2, NEW_YEAR, None)
    assert labels(second, NEW_YEAR, NEW_YEAR + 100 * DAY_S) == [NEW_YEAR, NEW_YEAR + 59 * DAY_S]


@given(st.sampled_from((15, 30, 60)), st.integers(0, 3 * DAY_S), st.integers(0, 3 * DAY_S))
def test_a_window_has_the_curve_slots_that_the_whole_has_there(minutes: int, since: int, length: int) -> None:
    task = Span(CURVE, minutes, NEW_YEAR + 7, None)
    whole = labels(task, NEW_YEAR, NEW_YEAR + 7 * DAY_S)
    here = labels(task, NEW_YEAR + since, NEW_YEAR + since + length)
    assert here == [each for each in whole if NEW_YEAR + since <= each < NEW_YEAR + since + length]
    assert all((label + EAST_8) % (60 * minutes) == 0 for label in whole)


def test_a_curve_slot_is_due_at_its_end_and_a_freeze_at_its_label() -> None:
    assert not due(Span(CURVE, 15, 0, None), NEW_YEAR, NEW_YEAR + 899)
    assert due(Span(CURVE, 15, 0, None), NEW_YEAR, NEW_YEAR + 900)
    assert due(Span(DAILY, 1, 0, None), NEW_YEAR, NEW_YEAR)


def test_neighbours_are_one_request() -> None:
    days = [NEW_YEAR + n * DAY_S for n in range(5)]
    holes = [Missing("T1", 1, days[n], (256,)) for n in (4, 0, 1)] + [Missing("T1", 2, days[4], (256,))]
    assert asks(holes, days) == [
        Ask("T1", 1, days[0], days[1] + 1),
        Ask("T1", 1, days[4], days[4] + 1),
        Ask("T1", 2, days[4], days[4] + 1),
    ]
