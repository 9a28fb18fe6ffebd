"""Wild cards find each meter of a line, in few questions, and end."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.collect.walk import NOBODY, ONE, SEVERAL, Walk
from protocols.lines import dlt645


def hits(addresses, pattern, whole_bytes):
    odd = (12 - len(pattern.lstrip("A"))) % 2
    if whole_bytes and odd:
        return []
    return [address for address in addresses if dlt645.fits_address(pattern, address)]


def walked(addresses, whole_bytes=False):
    """(addresses found alone, those of two, questions)."""
    walk, alone, doubles, asked = Walk(), [], [], 0
    while walk.pattern:
        asked += 1
        pattern, found = walk.pattern, hits(addresses, walk.pattern, whole_bytes)
        if len(found) == 1:
            alone += found
        if len(found) > 1 and "A" not in pattern:
            doubles.append(pattern)
        walk.heard((NOBODY, ONE, SEVERAL)[min(2, len(found))])
        assert asked < 20000
    return sorted(alone), doubles, asked


ADDRESSES = st.lists(st.integers(0, 10**12 - 1).map(lambda n: f"{n:012d}"), max_size=12, unique=True)


@given(ADDRESSES, st.booleans())
def test_each_meter_is_found_once(addresses, whole_bytes):
    assert walked(addresses, whole_bytes)[:2] == (sorted(addresses), [])


def test_two_of_one_address_are_found_at_its_last_digit():
    assert walked(["000000000012"] * 2 + ["000000000007"])[:2] == (["000000000007"], ["000000000012"])


def test_numbers_in_a_row_cost_few_questions():
    addresses = [f"{5000 + n:012d}" for n in range(250)]
    alone, _doubles, asked = walked(addresses)
    assert alone == addresses
    assert asked <= 5 * len(addresses)
