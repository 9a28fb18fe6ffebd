"""Units by their schemas: each row of the tables goes round, and nothing is guessed behind an unknown one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.gdw376 import events, formats, frame, items, message, schema
from protocols.lines.refused import Refused

bounded = settings(max_examples=60, deadline=None)
EVERY = sorted((afn, up, number) for (afn, up), rows in items.ITEMS.items() for number in rows)
ONES = b"\x01" * 8000
KNOWN = set(formats.FORMATS) | {"item", "event", "bytes", "ascii"}


def fields_of(layout):
    for field in layout:
        yield field
        if isinstance(field[1], tuple):
            yield from fields_of(field[1])


@pytest.mark.parametrize("afn_up", sorted(items.ITEMS))
def test_every_row_is_well_formed(afn_up):
    for name, layout, mark in items.ITEMS[afn_up].values():
        assert name
        assert mark in ("", "K")
        assert {field[1] for field in fields_of(layout) if isinstance(field[1], str)} <= KNOWN
        names = [field[0] for field in layout]
        assert len(names) == len(set(names))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(EVERY), st.binary(max_size=120))
def test_what_is_read_of_any_bytes_goes_round(row, data):
    afn, up, number = row
    layout = items.find(afn, up, number)[1]
    try:
        values, end = schema.decode(layout, data)
    except Refused:
        return
    assert end <= len(data)
    again = schema.encode(layout, values)
    assert schema.decode(layout, again) == (values, len(again))


@pytest.mark.parametrize("afn_up", sorted(items.ITEMS))
def test_every_row_goes_round_and_wants_all_its_bytes(afn_up):
    """1 wherever a number of elements stands."""
    for _, layout, _ in items.ITEMS[afn_up].values():
        if layout == items.find(0, items.UP, 3)[1]:
            continue  # verdicts have no end of their own
        values, end = schema.decode(layout, ONES)
        assert schema.decode(layout, schema.encode(layout, values)) == (values, end)
        assert all(len(line) == 4 for line in schema.rows(layout, values))
        if end:
            with pytest.raises(Refused, match="truncated"):
                schema.decode(layout, ONES[: end - 1])


@pytest.mark.parametrize(
    ("afn", "up", "number", "size"),
    [
        (0x04, False, 1, 6),
        (0x04, False, 3, 28),
        (0x04, False, 18, 12),
        (0x04, False, 25, 11),
        (0x04, False, 26, 57),
        (0x04, False, 27, 24),
        (0x04, False, 42, 6),
        (0x04, False, 44, 8),
        (0x04, False, 47, 17),
        (0x05, False, 1, 1),
        (0x05, False, 9, 2),
        (0x05, False, 12, 8),
        (0x05, False, 31, 6),
        (0x09, True, 1, 41),
        (0x0C, True, 25, 67),
    ],
)
def test_sizes_are_those_the_sources_give(afn, up, number, size):
    assert schema.decode(items.find(afn, up, number)[1], ONES)[1] == size


def test_rows_name_every_value_with_scale_and_unit():
    layout = (
        ("n", "bin1"),
        ("items", "item", "", "n"),
        ("power", "02", "W"),
        ("in", (("u", "07", "V"),), "", 1),
    )
    values = {"n": 1, "items": [[(0, 1), (0, 2)]], "power": (5, 3), "in": [{"u": 2200}]}
    assert schema.rows(layout, values) == [
        ("n", 1, 0, ""),
        ("items/0", "p0 F1 p0 F2", 0, ""),
        ("power", 5, 3, "W"),
        ("in/0/u", 2200, -1, "V"),
    ]


def test_counts_may_be_left_out():
    layout = items.find(0x0C, items.UP, 33)[1]
    lists = {name: [1, 2, 3] for name, *_ in layout[2:]}
    values = {"time": "2026-11-22T10:30", **lists}
    assert schema.decode(layout, schema.encode(layout, values))[0] == values | {"tariffs": 2}
    with pytest.raises(ValueError, match="reactive_q1 has 2"):
        schema.encode(layout, values | {"tariffs": 2, "reactive_q1": [1, 2]})
    with pytest.raises(ValueError, match="no time"):
        schema.encode(layout, lists)


def test_several_bits_are_several_units():
    data = bytes.fromhex("03014000") + b""
    found, rest, refused = message.decode_units(0x0C, items.DOWN, data)
    assert [(unit.p, unit.fn) for unit in found] == [(1, 7), (2, 7)]
    assert (rest, refused) == (b"", None)
    answered = data + bytes([1, 2, 3, 4])
    found, _, _ = message.decode_units(0x0C, items.UP, answered)
    assert [unit.values for unit in found] == [
        {"important": 1, "ordinary": 2},
        {"important": 3, "ordinary": 4},
    ]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("0101011e00", "unknown_item"),
        ("01010103aa", "truncated"),
        ("010101", "truncated"),
        ("0001010000", "bad_value"),
        ("0000020bff", "unknown_item"),
    ],
)
def test_what_follows_an_unknown_unit_stays_raw(broken, reason):
    good = bytes.fromhex("00004000") + b"\x05\x06"
    found, rest, refused = message.decode_units(0x0C, items.UP, good + bytes.fromhex(broken))
    assert [unit.values for unit in found] == [{"important": 5, "ordinary": 6}]
    assert rest.hex() == broken
    assert refused.reason == reason


def test_an_absent_number_of_elements_is_refused():
    with pytest.raises(Refused, match="no number of count"):
        schema.decode(items.find(0x04, items.DOWN, 10)[1], b"\xee" * 100)


def test_one_frame_has_a_limited_number_of_units():
    data = bytes.fromhex("ff01400000")[:4] * 513
    found, rest, refused = message.decode_units(0x0C, items.DOWN, data)
    assert (len(found), len(rest), refused.reason) == (4096, 4, "too_long")


def test_an_item_without_schema_cannot_be_sent():
    with pytest.raises(ValueError, match="AFN 0C F200 down"):
        message.encode_units(0x0C, items.DOWN, [(1, 200, {})])


def test_a_password_goes_where_it_must_and_nowhere_else():
    with pytest.raises(ValueError, match="needs a PW"):
        message.request("1234", 1, 1, 0x05, [(1, 2, {})], 0)
    with pytest.raises(ValueError, match="has not a PW"):
        message.request("1234", 1, 1, 0x0C, [(0, 2, {})], 0, pw=bytes(16))
    with pytest.raises(ValueError, match="16 bytes"):
        message.request("1234", 1, 1, 0x05, [(1, 2, {})], 0, pw=bytes(4))


def body(number, values) -> bytes:
    return schema.encode((("one", "event"),), {"one": {"erc": number, "values": values}})


@pytest.mark.parametrize("number", sorted(events.EVENTS))
def test_every_event_goes_round(number):
    name, layouts = events.EVENTS[number]
    for layout in layouts:
        values, end = schema.decode(layout, ONES[:10] if number == 3 else ONES)
        data = body(number, values)
        assert data == bytes([number, end]) + ONES[:end] or number == 15
        told = schema.decode((("one", "event"),), data)[0]["one"]
        assert told == {"erc": number, "name": name, "values": values}


def test_an_event_for_people_is_its_name_and_fields():
    layout = (("one", "event"),)
    told = schema.decode(layout, bytes.fromhex("15063010221126ff"))[0]
    assert schema.rows(layout, told) == [
        ("one", "terminal_fault", 0, ""),
        ("one/time", "2026-11-22T10:30", 0, ""),
        ("one/code", 255, 0, ""),
    ]
    told = schema.decode(layout, bytes([36, 1, 7]))[0]
    assert schema.rows(layout, told) == [("one", "erc_36", 0, ""), ("one/raw", b"\x07", 0, "")]


def test_an_event_of_another_length_or_number_stays_raw():
    for data in (bytes([1, 3, 9, 9, 9]), bytes([200, 1, 7]), bytes([14, 0])):
        told = schema.decode((("one", "event"),), data)[0]
        assert told["one"]["raw"] == data[2:]
        assert schema.encode((("one", "event"),), told) == data


def test_an_event_with_the_wrong_names_is_our_mistake():
    with pytest.raises(ValueError, match="no layout of ERC 14"):
        body(14, {"on": None})


def test_events_run_over_the_end_of_their_counter():
    layout = items.find(0x0E, items.UP, 1)[1]
    event = {"erc": 21, "values": {"time": "2026-11-22T10:30", "code": 4}}
    values = {"important": 1, "ordinary": 0, "first": 255, "last": 1, "events": [event, event]}
    told = schema.decode(layout, schema.encode(layout, values))[0]
    assert [one["name"] for one in told["events"]] == ["terminal_fault"] * 2


@bounded
@given(st.binary(max_size=80), st.sampled_from(sorted(frame.AFN)), st.booleans(), st.integers(0, 255))
def test_any_frame_is_told_or_refused(data, afn, up, seq):
    got = frame.Frame(0xA8 if up else 0x4B, "1234", 1, 2, afn, seq, data, 2)
    try:
        told = message.decode(got)
    except Refused:
        return
    assert (told.rest == b"") == (told.refused is None)
