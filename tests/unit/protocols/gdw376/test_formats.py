"""Formats of annex A: values both ways, absent ones are None, and no number is made of other bytes."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.gdw376 import formats

bounded = settings(max_examples=150, deadline=None)


@pytest.mark.parametrize(
    ("name", "wire", "value"),
    [
        ("01", "494811155215", "2015-12-15T11:48:49"),
        ("02", "4203", (342, 4)),
        ("02", "42f3", (-342, -3)),
        ("03", "45230150", (-12345, 3)),
        ("04", "85", -5),
        ("05", "8306", 683),
        ("05", "0590", -1005),
        ("07", "7023", 2370),
        ("09", "810280", -281),
        ("11", "95880400", 48895),
        ("12", "665544332211", "112233445566"),
        ("14", "0028463700", 37462800),
        ("15", "5614220816", "2016-08-22T14:56"),
        ("16", "56131704", "04T17:13:56"),
        ("17", "30100512", "12-05T10:30"),
        ("18", "301005", "05T10:30"),
        ("19", "0023", "23:00"),
        ("20", "291111", "2011-11-29"),
        ("21", "1112", "2012-11"),
        ("25", "000200", 200),
        ("ip", "c0a80001", "192.168.0.1"),
        ("bin2", "3412", 0x1234),
        ("bin1", "ee", 0xEE),
    ],
)
def test_both_ways(name, wire, value):
    assert formats.decode(name, bytes.fromhex(wire)) == value
    assert formats.encode(name, value).hex() == wire


@pytest.mark.parametrize("name", sorted(set(formats.FORMATS) - {"bin1"}))
def test_filled_with_ee_is_absent(name):
    fill = b"\xee" * formats.SIZES[name]
    assert formats.decode(name, fill) is None
    assert formats.encode(name, None) == fill


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("01", "604811155215"),
        ("01", "494811005215"),
        ("01", "494811155315"),
        ("07", "efef"),
        ("09", "ffffff"),
        ("19", "0024"),
        ("20", "001111"),
        ("02", "0a00"),
        ("12", "ffffffffffff"),
    ],
)
def test_what_cannot_be_is_no_value(name, wire):
    assert formats.decode(name, bytes.fromhex(wire)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("02", (1000, 0)),
        ("02", (1, 5)),
        ("03", (1, 1)),
        ("03", (10**7, 0)),
        ("04", 80),
        ("05", 8000),
        ("07", 10000),
        ("07", -1),
        ("12", "1234567890123"),
        ("15", "2026-11-22"),
        ("20", "2026-13-01"),
        ("bin1", 256),
        ("bin1", None),
        ("bin2", -1),
        ("ip", "1.2.3"),
        ("ip", "1.2.3.256"),
        ("halves", "4" * 48),
        ("halves", "0" * 47),
    ],
)
def test_what_does_not_fit_is_our_mistake(name, value):
    with pytest.raises(ValueError):
        formats.encode(name, value)


@bounded
@given(st.sampled_from(sorted(formats.FORMATS)), st.data())
def test_any_bytes_have_a_value_that_goes_round(name, data):
    wire = data.draw(st.binary(min_size=formats.SIZES[name], max_size=formats.SIZES[name]))
    value = formats.decode(name, wire)
    assert formats.decode(name, formats.encode(name, value)) == value


@bounded
@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)))
def test_the_weekday_is_that_of_the_calendar(day):
    assert formats.weekday(day.year, day.month, day.day) == day.isoweekday()
