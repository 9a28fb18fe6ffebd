"""The device's reading of a profile gives what the tables themselves give; what is no profile is refused."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.metering.profile import ROW_BYTES, Profile
from firmware.metering.profile_check import ProfileError
from protocols.meters import dlt645_items, profile
from protocols.meters.points import BY_ALIAS, BY_OBIS, canonical

DOCUMENT = json.loads(json.dumps(profile.dlt645()))
PROFILE = Profile(DOCUMENT)
READS = [di for di, _rows in DOCUMENT["reads"]]
SINGLES = [(block, single) for block, singles in DOCUMENT["singles"] for single in singles]
RELAY = BY_ALIAS["relay_state"][0]


def _width(di):
    """(bytes of one member, the most members of the data behind `di`)."""
    item = dlt645_items.ITEMS[di]
    return sum(field[2] for field in item.fields), item.members or 1


def _by_the_tables(di, data):
    """{point number: canonical value}: dlt645_items, points and their scales, no profile in between."""
    out = {}
    for obis, value, scale, _unit in dlt645_items.decode(di, data):
        past = obis if obis in BY_OBIS else obis.rpartition("*")[0] + "*255"
        row = BY_OBIS[past]
        time = row[5] == "time"
        out[row[0]] = value if value is None or time else canonical(row, value, scale)
    out.pop(RELAY, None)  # derived of status word 3; the station derives it as well
    return out


_byte = st.one_of(st.integers(0, 255), st.sampled_from([0x00, 0x12, 0x99, 0xFF, 0xEE]))


@st.composite
def _answers(draw):
    """(identifier, data of 1 member up to all of them), each member random, BCD or absent fill."""
    di = draw(st.sampled_from(READS + [single for _block, single in SINGLES]))
    width, most = _width(di)
    kinds = [
        st.binary(min_size=width, max_size=width),
        st.lists(_byte, min_size=width, max_size=width).map(bytes),
        st.lists(st.integers(0, 99), min_size=width, max_size=width).map(
            lambda digits: bytes(n // 10 << 4 | n % 10 for n in digits)
        ),
        st.sampled_from([b"\xff" * width, b"\xee" * width]),
    ]
    members = draw(st.lists(st.one_of(kinds), min_size=1, max_size=min(most, 8)))
    return di, b"".join(members)


@given(_answers())
def test_decodes_what_the_tables_decode(answer):
    di, data = answer
    wanted = _by_the_tables(di, data)
    got = PROFILE.decode(di, data)
    kept = profile.BLOCK_MEMBERS * len(dlt645_items.ITEMS[di].fields)
    assert got == dict(list(wanted.items())[:kept])
    assert len(got) == min(len(wanted), kept)


@pytest.mark.parametrize("di", READS)
def test_absent_fill_is_told_as_absent(di):
    width, most = _width(di)
    count = min(most, profile.BLOCK_MEMBERS)
    got = PROFILE.decode(di, b"\xff" * width * count)
    assert got
    assert set(got.values()) == {None}


@pytest.mark.parametrize(("block", "single"), SINGLES)
def test_a_single_read_gives_the_row_of_its_block(block, single):
    width, _most = _width(block)
    at = dict(DOCUMENT["singles"])[block].index(single)
    data = [bytes([0x10 + n] * width) for n in range(5)]
    whole = PROFILE.decode(block, b"".join(data[: at + 1]))
    alone = PROFILE.decode(single, data[at])
    assert len(alone) == 1
    assert list(whole.items())[at] == next(iter(alone.items()))


def test_a_short_block_leaves_its_last_members_out():
    got = PROFILE.decode(0x0201FF00, b"\x05\x22\x10\x23")
    assert got == {BY_ALIAS["voltage_a_dv"][0]: 2205, BY_ALIAS["voltage_b_dv"][0]: 2310}


@given(st.sampled_from(READS), st.binary(max_size=80))
def test_data_that_fits_no_member_gives_nothing(di, data):
    width, _most = _width(di)
    got = PROFILE.decode(di, data)
    if len(dlt645_items.ITEMS[di].fields) == 1 and len(data) % width:
        assert got == {}
    for value in got.values():
        assert value is None or type(value) is int


def _broken(**changes):
    return {**copy.deepcopy(DOCUMENT), **changes}


def _rows(text):
    return _broken(reads=[[di, text if di == READS[0] else rows] for di, rows in DOCUMENT["reads"]])


MALFORMED = {
    "not a map": [1, 2],
    "nothing": None,
    "a number": 7,
    "empty": {},
    "reads no list": _broken(reads=5),
    "a read without rows": _broken(reads=[[1]]),
    "rows no hex": _rows("zz"),
    "rows of odd hex": _rows("080"),
    "rows cut off": _rows("08000103"),
    "no rows": _rows(""),
    "rows a number": _rows(5),
    "an unknown field type": _rows("0800630300"),
    "a field of no bytes": _rows("0800010000"),
    "a field of 255 bytes": _rows("080001ff00"),
    "a shift of 10**127": _rows("080001037f"),
    "a scaled text": _rows("0800040602"),
    "a date of 2 bytes": _rows("0800050200"),
    "too many reads": _broken(reads=DOCUMENT["reads"] + [[n, "0800010300"] for n in range(100)]),
    "an identifier as text": _broken(reads=[["02030000", "0800010300"]]),
    "fast of one": _broken(fast=DOCUMENT["fast"][:1]),
    "fast a number": _broken(fast=7),
    "slow empty": _broken(slow=[]),
    "slow without rows": _broken(slow=[0x02090100]),
    "slow of text": _broken(slow=["x"]),
    "freeze of one": _broken(freeze=DOCUMENT["freeze"][:1]),
    "freeze without rows": _broken(freeze=[0x05060001, 0x05060A01]),
    "power a text": _broken(power="power_dw"),
    "power a list": _broken(power=[8]),
    "energy missing": _broken(energy=None),
    "curve a number": _broken(curve=5),
    "daily of texts": _broken(daily=["energy_import_wh"]),
    "a boolean point": _broken(daily=[True]),
    "a negative point": _broken(curve=[-1]),
    "singles of an unread block": _broken(singles=[[0x02090000, [0x02090100]]]),
    "more singles than rows": _broken(singles=[[0x0201FF00, [1, 2, 3, 4]]]),
    "singles no list": _broken(singles=[[0x0201FF00, 5]]),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_document_is_refused(what):
    with pytest.raises(ProfileError) as refused:
        Profile(MALFORMED[what])
    assert refused.value.args[0].startswith("profile ")


@pytest.mark.parametrize("name", list(DOCUMENT))
def test_every_part_is_wanted(name):
    document = copy.deepcopy(DOCUMENT)
    del document[name]
    with pytest.raises(ProfileError, match=name):
        Profile(document)


_junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**10), 10**10) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(list(DOCUMENT)), _junk)
def test_junk_in_a_part_is_refused_or_usable(name, junk):
    """Never another exception, and what is taken can decode any answer."""
    try:
        taken = Profile(_broken(**{name: junk}))
    except ProfileError:
        return
    for di in taken.fast + taken.slow:
        taken.decode(di, bytes(range(40)))


@given(st.binary(max_size=4 * ROW_BYTES), st.binary(max_size=40))
def test_rows_of_any_bytes_are_refused_or_usable(rows, data):
    try:
        taken = Profile(_rows(rows.hex()))
    except ProfileError:
        return
    taken.decode(READS[0], data)
