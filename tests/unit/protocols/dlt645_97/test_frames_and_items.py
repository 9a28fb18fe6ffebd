"""DL/T 645-1997: serial logs of two meters, every row of the table there and back, data of any shape."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_97
from protocols.meters import dlt645_97_items, dlt645_types, points
from protocols.meters.dlt645_items import ItemError

ADDRESS = "123456789012"
bounded = settings(max_examples=200, deadline=None)


def table() -> list[int]:
    """First and last member and block of every row, of now and both months."""
    out = set()
    for line in dlt645_97_items._TABLE.split("\n"):
        first, members, marks, _field = line.split("|")
        for month in (0, 0x400, 0x800) if "m" in marks else (0,):
            di = int(first, 16) | month
            out |= {di, di + int(members) - 1} | ({di | 15} if "F" in marks else set())
    return sorted(out)


DIS = table()


def decoded(di, data) -> tuple:
    """(rows, "") or ([], reason); any other exception fails the test."""
    try:
        return dlt645_97_items.decode(di, data), ""
    except ItemError as error:
        return [], error.args[0]


# Captured from a DTSD22 and a DTSF22 (public repository KTS-Intek/DLT645, test-exchange-dlt645-97.log).
LOG = [
    ("68 95 32 06 00 00 00 68 81 06 43 C3 48 33 33 33 0B 16", "063295", [("1-0:1.8.0*255", 15, -2, "kWh")]),
    ("68 95 32 06 00 00 00 68 81 06 53 C3 33 33 33 33 06 16", "063295", [("1-0:2.8.0*255", 0, -2, "kWh")]),
    (
        "FE FE FE FE 68 34 69 17 08 17 20 68 81 06 43 C3 36 33 33 33 1F 16",
        "201708176934",
        [("1-0:1.8.0*255", 3, -2, "kWh")],
    ),
]


@pytest.mark.parametrize(("text", "address", "rows"), LOG)
def test_captured_replies_answer_a_request_to_the_one_meter(text, address, rows):
    (frame,) = dlt645_97.Framer().feed(bytes.fromhex(text))
    di, data, more, errors = dlt645_97.reply_data(frame)
    assert (frame.address, more, errors) == (address.zfill(12), False, ())
    assert dlt645_97_items.decode(di, data) == rows
    (asked,) = dlt645_97.Framer().feed(dlt645_97.read(dlt645.BROADCAST, di))
    assert dlt645_97.match(asked, frame) == ""


def test_every_identifier_goes_to_bytes_and_back():
    for di in DIS:
        item, yearless = dlt645_97_items.ITEMS[di]
        size = 4 if yearless else item.fields[0][2]
        one = bytes.fromhex("30102211") if yearless else bytes.fromhex("125634907812")[:size]
        if item.fields[0][1] in (dlt645_types.DATE, dlt645_types.TIME):
            one = bytes.fromhex("00221126") if size == 4 else bytes.fromhex("003010")
        data = one * (item.members or 1)
        rows = dlt645_97_items.decode(di, data)
        assert len(rows) == (item.members or 1), f"{di:04X}"
        assert all(value is not None for _obis, value, _scale, _unit in rows), f"{di:04X}"
        assert dlt645_97_items.encode(di, {row[0]: row[1] for row in rows}) == data, f"{di:04X}"


def test_every_point_stands_in_the_points_table_and_is_as_fine_as_the_meter():
    for di in DIS:
        item, yearless = dlt645_97_items.ITEMS[di]
        width = 4 if yearless else item.fields[0][2]
        for obis, value, scale, unit in dlt645_97_items.decode(di, b"\xff" * width * (item.members or 1)):
            row = points.BY_OBIS[obis]
            assert value is None
            assert unit == ("" if yearless else row[3])
            assert scale >= row[4]
            assert obis.endswith(f"*{100 + item.past}" if item.past else "*255")


def test_months_are_bits_of_the_identifier():
    for di, past in ((0x9010, "255"), (0x9410, "101"), (0x9810, "102"), (0xA010, "255"), (0xB810, "102")):
        data = bytes.fromhex("30102211") if di >> 12 in (9, 11) else bytes(3)
        assert dlt645_97_items.decode(di, data)[0][0].endswith("*" + past)
    for di in (0x9C10, 0xBA11, 0xB410 + 0x800):
        assert di not in dlt645_97_items.ITEMS


def test_a_block_may_end_with_aa_and_only_a_block():
    block = bytes.fromhex("26000000") * 5
    assert decoded(0x901F, block + b"\xaa") == decoded(0x901F, block)
    assert decoded(0x901F, block + b"\xaa\xaa")[1]
    assert decoded(0x9010, block[:4] + b"\xaa")[1]
    assert decoded(0xB01F, bytes.fromhex("30102211") * 15 + b"\xaa")[1] == ""
    assert decoded(0xB01F, bytes.fromhex("30102211") * 16)[1]
    assert decoded(0x901F, b"")[1]


def test_encode_fills_what_is_missing_and_ends_a_block_with_its_last_value():
    time = "1-0:129.6.{}*255".format
    data = dlt645_97_items.encode(0xB01F, {time(0): "11-22 10:30", time(2): None})
    assert data == bytes.fromhex("30102211" + "ffffffff" * 2)
    for di in (0xB01F, 0x901F):
        with pytest.raises(ItemError, match="no value"):
            dlt645_97_items.encode(di, {})
    with pytest.raises(ItemError, match="not in the table"):
        dlt645_97_items.encode(0x0000, {})


@bounded
@given(st.one_of(st.sampled_from(DIS), st.integers(0, 65535)), st.binary(max_size=80))
def test_any_data_gives_rows_or_a_named_refusal(di, data):
    rows, reason = decoded(di, data)
    assert bool(rows) != bool(reason)
    assert (di in dlt645_97_items.ITEMS) != ("not in the table" in reason)
    assert all(value is None or isinstance(value, int | str) for _obis, value, _scale, _unit in rows)


FRAMES = st.builds(
    dlt645.Frame, st.text("0123456789", min_size=12, max_size=12), st.integers(0, 255), st.binary(max_size=60)
)


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(request_frame, answer):
    assert dlt645_97.match(request_frame, answer) in ("", "echo", "foreign", "wrong_function", "late")
    di, data, more, errors = dlt645_97.reply_data(answer)
    assert isinstance(data, bytes)
    assert not (errors and (di is not None or data or more))


@pytest.mark.parametrize(
    "call",
    [
        lambda: dlt645_97.write_address(ADDRESS, "A"),
        lambda: dlt645_97.set_speed(ADDRESS, 19200),
        lambda: dlt645_97.write(ADDRESS, 0xC010, 4, "1234567", b""),
        lambda: dlt645_97.read("1234567890123", 0x9010),
    ],
)
def test_our_own_mistakes_are_told(call):
    with pytest.raises(ValueError):
        call()
