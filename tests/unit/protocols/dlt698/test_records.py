"""Rows of a recorded table: every selector, steps of a range, and the arithmetic of dates."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.lines.dlt698 import records
from protocols.lines.refused import Refused
from tests.unit.protocols.dlt698.worlds import ENERGY, FROZEN, daily, day

TABLE = daily()
TIME = [(0, FROZEN)]


def days(rsd) -> list:
    _columns, rows = records.select(TABLE, rsd, TIME)
    return [row[0][1][2] for row in rows]


def between(first, last, step=(0, None)) -> tuple:
    return 2, (FROZEN, day(first), day(last), step)


@pytest.mark.parametrize(
    ("rsd", "found"),
    [
        ((0, None), list(range(1, 29))),
        ((1, (FROZEN, day(7))), [7]),
        ((1, (FROZEN, day(29))), []),
        (between(5, 8), [5, 6, 7]),
        (between(27, 31), [27, 28]),
        (between(3, 12, (0x54, (3, 4))), [3, 7, 11]),
        (between(3, 6, (0x54, (1, 720))), [3, 4, 5]),
        (between(3, 6, (0x54, (3, 0))), [3, 4, 5]),
        (between(3, 20, (0x54, (4, 1))), [3]),
        (between(3, 20, (0x54, (5, 1))), [3]),
        ((9, 1), [28]),
        ((9, 28), [1]),
        ((9, 29), []),
        ((9, 0), []),
        ((10, (3, (0, None))), [26, 27, 28]),
        ((10, (0, (0, None))), []),
        ((10, (99, (1, None))), list(range(1, 29))),
    ],
)
def test_selectors(rsd, found):
    assert days(rsd) == found


@pytest.mark.parametrize(
    ("rsd", "reason"),
    [
        ((3, []), "unsupported"),
        ((1, (ENERGY + 1, (6, 1))), "unknown_item"),
        ((2, (FROZEN, day(1), (6, 1), (0, None))), "bad_value"),
        ((2, (FROZEN, (1, []), (1, []), (0, None))), "bad_value"),
        (between(1, 2, (6, 1)), "bad_value"),
        (between(1, 3, (0x54, (6, 1))), "bad_value"),
    ],
)
def test_what_cannot_be_selected_is_refused(rsd, reason):
    with pytest.raises(Refused, match=reason):
        days(rsd)


def test_a_step_needs_times():
    table = ([(0, 1)], [[(6, 5)], [(6, 6)]])
    assert records.select(table, (2, (1, (6, 5), (6, 6), (0, None))), [])[1] == [[(6, 5)]]
    with pytest.raises(Refused, match="bad_value"):
        records.select(table, (2, (1, (6, 5), (6, 6), (0x54, (1, 1)))), [])


def test_columns_default_to_all_and_missing_ones_are_null():
    columns, rows = records.select(TABLE, (9, 28), [])
    assert (columns, rows) == (TABLE[0], [TABLE[1][0]])
    assert records.select(TABLE, (9, 28), [(1, (5, [6])), (0, FROZEN)])[1] == [[(0, None), day(1)]]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.datetimes(datetime(2000, 1, 1)))  # noqa: DTZ001
def test_seconds_count_as_the_calendar_does(one, other):
    counted = [
        records.seconds((at.year, at.month, at.day, at.hour, at.minute, at.second)) for at in (one, other)
    ]
    real = [int(at.replace(tzinfo=UTC, microsecond=0).timestamp()) for at in (one, other)]
    assert counted[0] - counted[1] == real[0] - real[1]
