"""pyMeterBus and we read the same public captures alike, and it reads what our meter says.

Where they differ, and why: it gives durations in seconds, we in the unit sent; it makes day 0 of month 0 a
date and reads the 6-byte date as one of 4 bytes, a date behind an extension (VIFE 6F) as a number and digits
A-E as numbers; it reads LVAR F0 as digits; it fails on a unit in plain text behind the extensions.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import meterbus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.mbus import link, meter, records, telegram, values

VECTORS = Path(__file__).parents[4] / "tests/vectors/lines/mbus.json"
CAPTURES = [
    pytest.param(case["hex"], id=case["name"].rpartition("/")[2])
    for case in json.loads(VECTORS.read_text(encoding="utf-8"))
    if case["do"] == "telegram" and "want" in case and "example_" not in case["name"]
]
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def peer_of(data: bytes) -> Any:
    return meterbus.load(data)


def agree(theirs: dict[str, Any], ours: records.Record) -> bool:
    if ours.value is None or ours.quantity.endswith("+6f") or isinstance(ours.value, bytes):
        return True  # the differences above
    if isinstance(ours.value, str):
        return theirs["value"] == ours.value or len(ours.value) == len("2016-07-22T08:00:00")
    value = Decimal(ours.value).scaleb(ours.scale) * SECONDS.get(ours.unit, 1)
    return abs(Decimal(theirs["value"]) - value) <= abs(value) * Decimal("1e-9")


@pytest.mark.parametrize("text", CAPTURES)
def test_both_read_a_public_capture_alike(text):
    theirs = peer_of(bytes.fromhex(text))
    ours = telegram.decode(link.Framer().feed(bytes.fromhex(text))[0])
    assert theirs.more_records_follow == ours.more
    assert theirs.manufacturer == ours.header.address.split(".")[1]
    pairs = list(zip(theirs.records, ours.records, strict=False))
    assert len(theirs.records) - len(ours.records) in (0, 1), "it counts the closing 1F"
    for record, mine in pairs:
        said = record.interpreted
        assert agree(said, mine), (said, mine)
        place = (said["storage_number"], said.get("tariff") or 0, said.get("device") or 0)
        assert place == (mine.storage, mine.tariff, mine.subunit)


def test_a_dozen_captures_are_there():
    assert len(CAPTURES) >= 20


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-(10**7) + 1, 10**7 - 1),
    st.integers(0, 100),
    st.integers(0, 15),
    st.integers(0, 7),
    st.sampled_from(records.FUNCTIONS),
)
def test_it_reads_the_energy_our_meter_sends(value, storage, tariff, subunit, function):
    body = records.encode(0xC, b"\x06", value, storage, tariff, subunit, function)
    one = meter.Server(1, {"secondary": "12345678.QDS.0A.07", "status": 0, "telegrams": [body]})
    one.feed(link.reset_link(1))
    frame = peer_of(one.feed(link.request(1, True)))
    assert frame.secondary_address == "1234567893440A07"
    (record,) = frame.records
    said = record.interpreted
    assert said["value"] == value * 1000
    assert said["unit"] == "MeasureUnit.WH"
    assert (said["storage_number"], said.get("tariff") or 0, said.get("device") or 0) == (
        storage,
        tariff,
        subunit,
    )
    assert record.dib.function_type.value == records.FUNCTIONS.index(function)


@pytest.mark.parametrize(
    ("wire", "want"),
    [
        (records.encode(2, b"\x6c", values.encode_date(2026, 11, 22)), "2026-11-22"),
        (records.encode(4, b"\x6d", values.encode_date(2026, 11, 22, 10, 30)), "2026-11-22T10:30"),
        (records.encode(values.LVAR, b"\xfd\x11", "ACME"), "ACME"),
        (records.encode(2, b"\xfd\x48", -2301), Decimal("-230.1")),
        (records.encode(values.REAL32, b"\x2b", 12.5), Decimal("12.5")),
    ],
)
def test_it_reads_dates_text_and_reals(wire, want):
    frame = peer_of(telegram.encode(1, bytes(8), 1, 0, wire))
    value = frame.records[0].interpreted["value"]
    assert value == pytest.approx(want) if isinstance(want, Decimal) else value == want


@pytest.mark.parametrize("ours", [link.reset_link(5), link.request(5, True), link.request(253, False)])
def test_it_takes_our_short_frames(ours):
    frame = peer_of(ours)
    assert (frame.header.cField.parts[0], frame.header.aField.parts[0]) == (ours[1], ours[2])
