"""What a register used: only between two values that are there, and what no meter does has a name."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from protocols.meters.points import BY_ALIAS
from station.query import items, slots, uses

DAY = 86_400


def test_a_use_is_the_difference_and_a_hole_has_none() -> None:
    found = uses.uses([0, DAY, 2 * DAY, 3 * DAY], [1000, 4000, None, 9000], [])
    assert [each.value for each in found] == [None, 3000, None, None]
    assert uses.total(found) == uses.Sum(3000, 1, 3)


def test_a_register_at_its_end_goes_on_and_says_so() -> None:
    assert uses.use(uses.END - 500, 700, DAY, False) == uses.Use(1200, uses.ROLLED)


def test_a_fall_a_leap_and_another_meter_are_never_numbers() -> None:
    assert uses.use(5_000_000, 10, DAY, False) == uses.Use(None, uses.FELL)
    assert uses.use(10, 90_000_000, DAY, False) == uses.Use(None, uses.JUMP)
    found = uses.uses([0, DAY, 2 * DAY], [5_000_000, 5_100_000, 5_150_000], [DAY - 1])
    assert [each.word for each in found[1:]] == [uses.REPLACED, uses.PLAIN]


@given(st.lists(st.none() | st.integers(0, uses.END - 1), min_size=2, max_size=40))
def test_the_sum_is_of_the_numbers_and_none_is_below_zero_or_beyond_a_meter(values: list[int | None]) -> None:
    grid = [n * DAY for n in range(len(values))]
    found = uses.uses(grid, values, [])
    numbers = [each.value for each in found if each.value is not None]
    assert all(0 <= each <= uses.MOST_W * 24 for each in numbers)
    assert (uses.total(found).value or 0) == sum(numbers)


def test_the_slots_of_a_span_are_local_and_whole() -> None:
    first, last = date(2026, 1, 31), date(2026, 2, 1)
    daily = slots.expected(items.DAILY, first, last, 28_800)
    assert [(at + 28_800) % DAY for at in daily] == [0, 0]
    assert len(slots.expected(items.CURVE, first, last, 28_800)) == 192
    assert slots.expected(items.MONTHLY, first, last, 28_800) == daily[1:]
    assert slots.interval([900, 300, 7]) == 300
    assert slots.interval([]) == 900


def test_what_is_not_there_says_why() -> None:
    assert slots.state(100, False, 200, 1000) == slots.BEFORE
    assert slots.state(300, False, 200, 1000) == slots.MISSING
    assert slots.state(900, False, 200, 1000) == slots.NOT_DUE
    assert slots.state(900, True, 200, 1000) == slots.HERE


def test_every_item_is_found_by_its_number() -> None:
    for kind in items.KINDS:
        for many in items.groups(kind).values():
            assert all(items.item(kind, each.no) is not None for each in many)
    energy = items.item(items.DAILY, BY_ALIAS["energy_import_wh"][0])
    assert energy is not None
    assert energy.register
