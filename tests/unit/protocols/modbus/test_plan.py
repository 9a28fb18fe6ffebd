"""The block planner against brute force: all that is wanted, nothing forbidden, and no plan is shorter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.modbus_plan import plan

AREAS = st.tuples(st.integers(0, 30), st.integers(1, 5))
MOST = 8


def allowed(block, wanted, gap, forbidden) -> bool:
    address, count = block
    if count > MOST:
        return False
    asked = {a for first, n in wanted for a in range(first, first + n)}
    closed = {a for first, n in forbidden for a in range(first, first + n)}
    unasked = 0
    for a in range(address, address + count):
        unasked = 0 if a in asked else unasked + 1
        if a in closed or unasked > gap:
            return False
    return True


def covers(block, row) -> bool:
    return block[0] <= row[0] and row[0] + row[1] <= block[0] + block[1]


def fewest(wanted, gap, forbidden) -> int:
    """By trying, for the first row not yet covered, every block there could be."""
    ends = [a + n for a, n in wanted]
    blocks = [(a, end - a) for a, _n in wanted for end in ends if end > a]
    blocks = [block for block in set(blocks) if allowed(block, wanted, gap, forbidden)]

    def search(rows) -> int:
        if not rows:
            return 0
        tries = [
            [row for row in rows if not covers(block, row)] for block in blocks if covers(block, rows[0])
        ]
        return 1 + min(search(rest) for rest in tries)

    return search(sorted(set(wanted)))


@settings(max_examples=300, deadline=None)
@given(st.lists(AREAS, max_size=6), st.integers(0, 4), st.lists(AREAS, max_size=3))
def test_plan_is_allowed_whole_and_as_short_as_any(wanted, gap, forbidden):
    closed = {a for first, n in forbidden for a in range(first, first + n)}
    wanted = [(a, n) for a, n in wanted if not closed & set(range(a, a + n))]
    blocks = plan(wanted, MOST, gap, forbidden)
    assert blocks == sorted(blocks)
    assert all(allowed(block, wanted, gap, forbidden) for block in blocks)
    assert all(any(covers(block, row) for block in blocks) for row in wanted)
    assert len(blocks) == fewest(wanted, gap, forbidden)


def test_a_meter_of_many_values_takes_few_requests():
    wanted = [(address, 2) for address in range(0, 250, 2)]
    assert plan(wanted) == [(0, 124), (124, 124), (248, 2)]


def test_gap_is_read_over_and_forbidden_is_not():
    assert plan([(0, 2), (10, 2)], gap=8) == [(0, 12)]
    assert plan([(0, 2), (10, 2)], gap=7) == [(0, 2), (10, 2)]
    assert plan([(0, 2), (10, 2)], gap=8, forbidden=[(5, 1)]) == [(0, 2), (10, 2)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([(0, 126)],), "1..125"),
        (([(0, 0)],), "no area"),
        (([(-1, 1)],), "no area"),
        (([(0xFFFF, 2)],), "no area"),
        (([(4, 4)], 125, 0, [(7, 1)]), "forbidden"),
    ],
)
def test_what_cannot_be_read_is_told(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        plan(*arguments)
