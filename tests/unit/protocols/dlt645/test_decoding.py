"""`loadkeeper decode dlt645` beside plain points: pieces joined, records, load records, refusals by name."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_admin, dlt645_meter
from station.decoding import dlt645 as decoding
from station.decoding.refused import Refused

ADDRESS = "123456789012"
bounded = settings(max_examples=200, deadline=None)


def reply(di: int, data: str, **parts) -> bytes:
    return dlt645_meter.reply(ADDRESS, parts.pop("control", dlt645.READ), di, bytes.fromhex(data), **parts)


def last(*frames: bytes) -> dict:
    return decoding.decode(b"".join(frames))[-1]


def test_an_answer_in_pieces_is_read_with_its_last_one():
    pieces = (
        reply(0x0001FF00, "26000000", more=True),
        reply(0x0001FF00, "27000000", control=dlt645.READ_NEXT, more=True, seq=1),
        reply(0x0001FF00, "28000000", control=dlt645.READ_NEXT, seq=2),
    )
    assert [point["value"] for point in last(*pieces)["points"]] == [26, 27, 28]
    for some in (pieces[1:], (pieces[0], pieces[2]), (pieces[2],)):
        shown = last(*some)
        assert shown["points"] == []
        assert "join the data" in shown["note"]


def test_records_have_named_fields():
    shown = last(reply(0x03050001, "001020221126" + "ffffff" + "001122221126"))
    assert shown["fields"] == [
        {"name": "begin", "value": 1795378200, "scale": 0, "unit": "s", "text": "2026-11-22 20:10:00"},
        {"name": "current", "value": None, "scale": -3, "unit": "A", "quality": "absent"},
        {"name": "end", "value": 1795385460, "scale": 0, "unit": "s", "text": "2026-11-22 22:11:00"},
    ]
    slots = last(reply(0x04010001, "020007"))
    assert slots["fields"][1]["text"] == "07:00"


def test_load_records_and_freeze_blocks_have_points():
    record = "a0a01c05000101179923102407240000000000000000000050aaaaaaaaaaaae1e5"
    (shown,) = last(reply(0x06000002, record))["records"]
    assert (shown["time"], shown["good"], shown["points"][0]["value"]) == ("2017-01-01 00:05:00", True, 2399)
    block = last(reply(0x0506FF01, "3010221126aa26000000"))
    assert [point["value"] for point in block["points"]] == [1795343400, 26]
    assert block["points"][0]["text"] == "2026-11-22 10:30:00"


def test_broken_records_say_what_is_wrong():
    for di, data, reason in (
        (0x03050001, "00", "1 bytes cannot be the data of 03050001"),
        (0x06000002, "a0a0", "load record at byte 0"),
        (0x0506FF01, "00", "1 bytes cannot be the data of 05060001"),
    ):
        shown = last(reply(di, data))
        assert (shown["ok"], shown["frame"]["function"]) == (False, "read-reply")
        assert reason in shown["reason"]


def test_security_errors_and_controls_are_named():
    shown = last(dlt645.encode(ADDRESS, 0xC3, b"\x18\0"))
    assert shown["frame"]["errors"] == ["identity", "customer_no"]
    trip = dlt645.control(ADDRESS, dlt645.TRIP, 2, "000000", "1", (2026, 11, 22, 10, 35, 0))
    assert last(trip)["frame"]["action"] == "trip"
    assert last(dlt645_admin.sealed_control(ADDRESS, "1", bytes(20)))["frame"]["action"] == "sealed"
    assert last(dlt645.encode(ADDRESS, dlt645.CONTROL, b"1"))["frame"]["action"] == "unknown"
    assert "action" not in last(dlt645_meter.reply(ADDRESS, dlt645.CONTROL))["frame"]


DIS = st.sampled_from(
    [0x00010000, 0x03010101, 0x04010001, 0x0506FF01, 0x06000002, 0x06010002, 0x1D000101, 0x07000001]
)
FRAMES = st.builds(
    lambda control, di, data: dlt645.encode(ADDRESS, control, dlt645.di_bytes(di) + data),
    st.integers(0, 255),
    DIS,
    st.binary(max_size=140),
)


@bounded
@given(st.lists(st.one_of(FRAMES, st.binary(max_size=40)), max_size=4).map(b"".join))
def test_any_bytes_are_objects_or_one_refusal(data):
    try:
        shown = decoding.decode(data)
    except Refused as refused:
        shown = [decoding.failed(refused.args[0])]
    for item in json.loads(json.dumps(shown)):
        assert ("reason" in item) == (not item["ok"])
