"""Field types: orders and bases against struct and Fraction, times against datetime, junk against nothing."""

import struct
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.meters import dlt645_types, sound, type_names, types, types_write
from protocols.meters.dlt645_write import FieldError

ORDERS = {"": (0, 1, 2, 3), "-cdab": (2, 3, 0, 1), "-badc": (1, 0, 3, 2), "-dcba": (3, 2, 1, 0)}
KINDS = sorted({row[0] for row in type_names.NAMES.values()})


def _named(name, data, shift=0, order=""):
    kind, _width, preset, _what = type_names.NAMES[name]
    return types.read(kind, bytes.fromhex(data), shift, order or preset)


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("u16", "FFFE", 65534), ("i16", "FFFE", -2), ("u16-dcba", "FEFF", 65534), ("i8", "80", -128),
        ("u32", "00012345", 0x12345), ("u32-cdab", "23450001", 0x12345), ("u32-badc", "01004523", 0x12345),
        ("u32-dcba", "45230100", 0x12345), ("i32-cdab", "C568FFFF", -15000),
        ("u64-cdab", "789A345600120000", 0x123456789A), ("u48", "000000010000", 65536),
        ("bcd", "561200", 1256), ("bcd-be", "001256", 1256), ("bcd-cdab", "56780012", 125678),
        ("bcd", "5A12", None), ("bcd-sign", "005081", -15000), ("bits", "1000", 16),
        ("digits", "563412", "123456"), ("ascii", "4C4B2000", "LK"), ("ascii", "4C4B0180", None),
        ("text-reversed", "004B4C", "LK"), ("hex", "0AFF", "0AFF"), ("numeral", "30312E3530", 1),
        ("numeral", "2D31", -1), ("numeral", "78", None), ("numeral", "2E", None),
    ],
)  # fmt: skip
def test_known_values(name, data, value):
    assert _named(name, data) == value


@pytest.mark.parametrize("suffix", ORDERS)
@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_word_orders_of_32_bits(suffix, number):
    wire = struct.pack(">i", number)
    placed = bytes(wire[at] for at in ORDERS[suffix])
    kind = type_names.NAMES["i32" + suffix][0]
    assert types.read(kind, placed) == number
    assert types_write.write(kind, 4, number) == placed


@pytest.mark.parametrize("width", [4, 8])
@given(st.data(), st.integers(-6, 6))
def test_floats_are_rounded_once_to_the_nearest(width, data, shift):
    number = data.draw(st.floats(width=width * 8))
    got = types.read(
        types.NUMERIC + 4 * types.FLOAT, struct.pack(">f" if width == 4 else ">d", number), shift
    )
    if number != number or number in (float("inf"), float("-inf")):
        assert got is None
        return
    exact = abs(Fraction(number)) * Fraction(10) ** shift
    rounded = int(exact + Fraction(1, 2))
    if rounded >= 1 << 63:
        assert got is None
    else:
        assert got == (-rounded if number < 0 else rounded)


@pytest.mark.parametrize("width", [4, 8])
@given(st.integers(-(10**9), 10**9), st.integers(-6, 6))
def test_floats_are_written_as_struct_writes_them(width, value, shift):
    wire = types_write.write(types.NUMERIC + 4 * types.FLOAT, width, value, shift)
    form = ">f" if width == 4 else ">d"
    exact = Fraction(value) / Fraction(10) ** shift
    nearest = struct.pack(form, float(exact))
    if width == 4:  # by way of a double it may be rounded twice
        assert abs(Fraction(struct.unpack(form, wire)[0]) - exact) <= abs(
            Fraction(struct.unpack(form, nearest)[0]) - exact
        )
    else:
        assert wire == nearest


@given(st.integers(-(10**20), 10**20), st.integers(-12, 12))
def test_shift_cuts_towards_zero(value, shift):
    exact = abs(value) * Fraction(10) ** shift
    cut = int(exact)
    got = types.shifted(value, shift)
    signed = -cut if value < 0 else cut
    assert got == (signed if -(1 << 63) <= signed < 1 << 63 else None)


# ---- times

_moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001
    lambda when: when.replace(microsecond=0, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("name", "order", "step"),
    [
        ("bcd-time", "snhDMY", 1), ("bcd-time", "yMDhns", 1), ("bin-time", "YMDhn", 60),
        ("text-time", "YMDhns", 1), ("text-time", "y.M.D.h.n.s", 1), ("dlms-time", "", 1),
        ("time-698", "", 1), ("clock-645", "", 1), ("minute-645", "", 60), ("mbus-time", "", 60),
        ("mbus-date", "", 86400), ("date-645", "", 86400),
    ],
)  # fmt: skip
@given(_moments)
def test_times_there_and_back(name, order, step, when):
    kind, width, preset, _what = type_names.NAMES[name]
    order = order or preset
    width = width or sound.order_len(kind, order)
    value = int(when.timestamp()) // step * step
    assert sound.fits(kind, width, 0, order)
    data = types_write.write(kind, width, value, 0, order)
    assert len(data) == width
    assert types.read(kind, data, 0, order) == value


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("dlms-time", "07E60A100715000AFF800000", "2022-10-16 21:00:10"),  # Kaifa HAN capture
        ("time-698", "07E0090B121E15", "2016-09-11 18:30:21"),  # terminal capture
        ("mbus-time", "1A2F6511", "2011-01-05 15:26:00"),  # MULTICAL 601, libmbus
        ("mbus-date", "5F1C", "2010-12-31 00:00:00"),
        ("clock-645", "20131401210926", "2026-09-21 14:13:20"),
    ],
)
def test_published_times(name, data, text):
    assert datetime.fromtimestamp(int(_named(name, data) or 0), UTC).strftime("%Y-%m-%d %H:%M:%S") == text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("dlms-time", "FFFFFFFFFFFFFFFFFF800000"), ("dlms-time", "07E60D100715000AFF800000"),
        ("time-698", "FFFFFFFFFFFFFF"), ("mbus-time", "9A2F6511"), ("mbus-date", "0000"),
        ("clock-645", "00000000000000"), ("mbus-date", "FFFF"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_absent(name, data):
    assert _named(name, data) is None


# ---- round trips and junk


@given(st.sampled_from(sorted(type_names.NAMES)), st.data())
def test_what_is_written_is_read(name, data):
    kind, width, _order, _what = type_names.NAMES[name]
    if kind in types.TIMES or kind in types.TEXTS:
        return
    width = width or data.draw(st.sampled_from([2, 4, 6, 8]))
    shift = data.draw(st.integers(0, 3))
    value = data.draw(st.integers(-(10**6), 10**6)) * 10**shift
    try:
        written = types_write.give(kind, width, value, shift) if kind in types.DECODED else None
        wire = written if written is not None else types_write.write(kind, width, value, shift)
    except FieldError:
        return
    got = types.take(kind, 0 if kind in types.DECODED else width, wire, shift)
    if (kind - types.NUMERIC) >> 2 == types.FLOAT and types.NUMERIC <= kind < types.ASCII:
        assert abs(got - value) <= max(1, abs(value) >> 20)
    else:
        assert got == value


_junk = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 80), 1 << 80), st.text(max_size=20), st.binary(max_size=70),
    st.tuples(st.integers(), st.integers(-200, 200)), st.tuples(st.text(), st.none()),
    st.lists(st.integers()),
)  # fmt: skip


@given(
    st.sampled_from(KINDS),
    st.integers(0, 66),
    st.integers(-13, 13),
    st.text("snhDMYyW.x", max_size=14),
    _junk,
)
def test_a_field_that_fits_reads_anything(kind, width, shift, order, value):
    """Never an exception, and nothing but what a point may be."""
    if not sound.fits(kind, width, shift, order):
        return
    got = types.take(kind, width, value, shift, order)
    assert got is None or isinstance(got, str) or -(1 << 63) <= got < 1 << 63
    if width and isinstance(value, bytes):
        data = (value + bytes(width))[:width]
        got = types.read(kind, data, shift, order)
        assert got is None or isinstance(got, str) or -(1 << 63) <= got < 1 << 63


@pytest.mark.parametrize(
    ("kind", "width", "shift", "order"),
    [
        (16 + 1, 3, 0, ""), (24, 2, 0, ""), (24, 3, 0, ""), (16, 9, 0, ""), (16, 0, 0, ""), (16, 2, 13, ""),
        (10, 2, 0, ""), (99, 2, 0, ""), (types.ASCII, 2, 1, ""), (types.BCD_TIME, 3, 0, "snhD"),
        (types.BCD_TIME, 2, 0, "snh"), (types.BCD_TIME, 3, 0, "snx"), (16, 2, 0, "snh"),
        (types.MBUS_DATE, 4, 0, ""), (dlt645_types.DATE, 5, 0, ""), (types.NUMBER, 4, 0, ""), (0, 65, 0, ""),
    ],
)  # fmt: skip
def test_impossible_fields_do_not_fit(kind, width, shift, order):
    assert not sound.fits(kind, width, shift, order)


@pytest.mark.parametrize(
    ("name", "width", "value"),
    [("u16", 2, -1), ("u16", 2, 65536), ("i16", 2, 32768), ("bcd-be", 2, 10000), ("f32", 4, 10**50),
     ("hex", 2, "AABBCC"), ("ascii", 2, "long"), ("mbus-date", 2, 0)],
)  # fmt: skip
def test_what_does_not_fit_is_not_written(name, width, value):
    with pytest.raises(FieldError):
        types_write.write(type_names.NAMES[name][0], width, value)


def test_numbers_of_types_are_permanent():
    """Profiles in the field carry them."""
    assert {name: row[0] for name, row in type_names.NAMES.items() if row[0] >= 32} == {
        "ascii": 32, "hex": 33, "numeral": 34, "bcd-time": 35, "bin-time": 36, "text-time": 37,
        "dlms-time": 36, "time-698": 36, "mbus-date": 38, "mbus-time": 39, "number": 40, "text": 41,
    }  # fmt: skip
    numeric = [type_names.NAMES[name][0] for name in ("u32", "u32-dcba", "i32-cdab", "f32-badc", "bcd-be")]
    assert numeric == [16, 19, 21, 26, 28]
