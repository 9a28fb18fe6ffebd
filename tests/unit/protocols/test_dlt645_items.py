"""Identifiers, field types and points: round trips over the whole table, absence, and data of any shape."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.meters import dlt645_items, dlt645_status, dlt645_write, points
from protocols.meters import dlt645_types as types

bounded = settings(max_examples=200, deadline=None)


def table() -> list[int]:
    """First member, last member and block of every row, present and oldest record."""
    out = set()
    for line in dlt645_items._TABLE.split("\n"):
        first, step, members, block, past, _fields = line.split("|")
        records = [int(n) for n in past.split("-")] if past != "-" else [0]
        last = int(first, 16) + int(step or "0", 16) * (int(members or "1", 16) - 1)
        for di in {int(first, 16), last, int(block or first, 16)}:
            out |= {di + n for n in records}
    return sorted(out)


DIS = table()


def size_of(item) -> int:
    return sum(width for _no, _kind, width, _scale in item.fields)


def some_value(kind, width):
    """A value that fills the field."""
    return {
        types.BCD: 10 ** (width * 2) - 1,
        types.SIGNED: -(8 * 10 ** (width * 2 - 1) - 1),
        types.BITS: 256**width - 2,
        types.DIGITS: "0" + "9" * (width * 2 - 1),
        types.TEXT: "DDZY-1.0"[:width],
        types.DATE: 1795305600,
        types.TIME: 86399,
        types.DATETIME: 1795305600 + 86399,
        types.MINUTE: 1795305600 + 86340,
    }[kind]


def test_every_identifier_goes_to_bytes_and_back():
    for di in DIS:
        item = dlt645_items.ITEMS[di]
        count = min(item.members or 1, 3)
        fields = [(kind, width) for _no, kind, width, _scale in item.fields] * count
        data = b"".join(dlt645_write.write(kind, width, some_value(kind, width)) for kind, width in fields)
        rows = dlt645_items.decode(di, data)
        assert all(value is not None for _obis, value, _scale, _unit in rows), f"{di:08X}"
        values = {obis: value for obis, value, _scale, _unit in rows}
        assert dlt645_items.encode(di, values) == data, f"{di:08X}"


def test_every_decoded_point_stands_in_the_points_table_and_is_as_fine_as_the_meter():
    for di in DIS:
        item = dlt645_items.ITEMS[di]
        for obis, value, scale, unit in dlt645_items.decode(di, b"\xff" * size_of(item)):
            row = points.BY_OBIS[obis]
            assert (row[3], value) == (unit, None), f"{di:08X}"
            assert obis == (row[1].replace("*255", f"*{100 + item.past}") if item.past else row[1])
            assert points.canonical(row, 7, scale) == 7 * 10 ** (scale - row[4]), f"{di:08X}"


def decoded(di, data) -> tuple:
    """(rows, "") or ([], reason); any other exception is a failure of the test."""
    try:
        return dlt645_items.decode(di, data), ""
    except dlt645_items.ItemError as error:
        return [], error.args[0]


@bounded
@given(st.sampled_from(DIS), st.binary(max_size=80))
def test_any_data_gives_rows_or_a_named_refusal(di, data):
    rows, reason = decoded(di, data)
    assert bool(rows) != ("cannot be the data" in reason)
    assert all(value is None or isinstance(value, int | str) for _obis, value, _scale, _unit in rows)


@bounded
@given(st.integers(0, 2**32 - 1), st.binary(max_size=30))
def test_any_identifier_is_known_or_refused(di, data):
    _rows, reason = decoded(di, data)
    assert (di in dlt645_items.ITEMS) != ("not in the table" in reason)


KINDS = [types.BCD, types.SIGNED, types.BITS, types.DIGITS, types.TEXT]


@bounded
@given(st.sampled_from(KINDS), st.binary(min_size=1, max_size=8))
def test_what_a_field_shows_is_what_writes_it(kind, data):
    value = types.read(kind, data)
    if value is None or (kind == types.SIGNED and value == 0):
        return
    again = dlt645_write.write(kind, len(data), value)
    assert types.read(kind, again) == value
    assert again == data or kind == types.TEXT  # blanks and zeros behind a text look alike


@bounded
@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 (a meter has no zone)
def test_times_are_those_of_the_calendar(moment):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    t_s = int(moment.timestamp())
    minute, second = t_s - moment.second, t_s % 86400
    digits = moment.strftime("%y%m%d") + f"0{moment.isoweekday() % 7}" + moment.strftime("%H%M%S")
    for kind, size, value, printed in (
        (types.DATETIME, 7, t_s, digits),
        (types.DATE, 4, t_s - second, digits[:8]),
        (types.TIME, 3, second, digits[8:]),
        (types.MINUTE, 5, minute, digits[:6] + digits[8:12]),
    ):
        data = bytes.fromhex(printed)[::-1]
        assert dlt645_write.write(kind, size, value) == data
        assert types.read(kind, data) == value


@bounded
@given(st.sampled_from([(types.DATE, 4), (types.TIME, 3), (types.DATETIME, 7), (types.MINUTE, 5)]), st.data())
def test_no_bytes_make_a_time_that_does_not_exist(kind_size, data):
    kind, size = kind_size
    raw = bytearray(data.draw(st.binary(min_size=size, max_size=size)))
    value = types.read(kind, raw)
    if value is not None:
        again = dlt645_write.write(kind, size, value)
        if kind in (types.DATE, types.DATETIME):  # the weekday is not believed, the date is
            raw[size - 4] = again[size - 4]
        assert again == raw


@pytest.mark.parametrize(
    ("kind", "size", "value"),
    [
        (types.BCD, 2, 10000),
        (types.BCD, 2, -1),
        (types.SIGNED, 2, 8000),
        (types.SIGNED, 2, -8000),
        (types.BITS, 2, 65536),
        (types.BITS, 2, -1),
        (types.DIGITS, 2, "12345"),
        (types.DIGITS, 2, "12B4"),
        (types.TEXT, 2, "abc"),
        (types.TIME, 3, 86400),
        (types.DATE, 4, 0),
        (types.DATE, 4, 4102444800),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind, size, value):
    with pytest.raises(dlt645_write.FieldError):
        dlt645_write.write(kind, size, value)


def test_encode_fills_what_is_missing_and_ends_a_block_with_its_last_value():
    energy = "1-0:1.8.{}*255".format
    assert dlt645_items.encode(0x0001FF00, {energy(0): 5, energy(2): None}) == bytes.fromhex(
        "05000000" + "ffffffff" + "ffffffff"
    )
    with pytest.raises(dlt645_items.ItemError, match="no value"):
        dlt645_items.encode(0x0001FF00, {"1-0:2.8.0*255": 5})
    with pytest.raises(dlt645_items.ItemError, match="not in the table"):
        dlt645_items.encode(0x99999999, {})


def test_status_words_are_named():
    assert dlt645_status.flags(3, 0x2352) == {
        "supply": 1,
        "relay_open": 1,
        "relay_command_open": 1,
        "prepaid": 3,
        "guaranteed": 1,
    }
    assert dlt645_status.flags(4, 1 | 1 << 7) == {"voltage_loss": 1, "phase_break": 1}
    for rows in dlt645_status.STATUS_BITS.values():
        taken = [first + i for first, bits, _name in rows for i in range(bits)]
        assert len(taken) == len(set(taken))
        assert max(taken) < 16
