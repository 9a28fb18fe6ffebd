"""Rules of what is asked of a concentrator: every door sends through them; and what a person is warned of."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from protocols.lines import dlt645
from protocols.uplink import archive_rows, area
from station.area import life, preview, requests
from station.errors import Invalid
from station.store import area as store
from station.store import commands, db, streams
from tests.unit.station_area.conftest import DEVICE, row

OLD = archive_rows.address(row(1)["address"])
NEW = archive_rows.address("202699990001")
READ = dlt645.read(row(1)["address"], 0x00010000)
CUT = bytes.fromhex("68010000002620681C1035333333000000004D333333333333336816")


@pytest.fixture
def c(engine: Engine) -> Iterator[Connection]:
    with db.writing(engine) as held:
        store.replace(held, DEVICE, [row(1), row(2), row(9, flags=archive_rows.GUARANTEED)])
        yield held


PATROL = {"point": 320, "first": 1, "last": 9}
FORWARD = {"line": 1, "data": READ, "wait_ms": 2000}
REPLACED = {"meter": 1, "address": OLD, "new_address": NEW, "old_wh": 5, "new_wh": 0}
RESEND = {"kind": 11, "from_s": 5, "until_s": 5}
WRONG: list[tuple[int, dict[str, Any], dict[str, Any], str, str]] = [
    (area.PATROL, PATROL, {"first": 9, "last": 2}, "last", "last_before_first"),
    (area.PATROL, PATROL, {"first": 3, "last": 8}, "first", "no_meter_there"),
    (area.PATROL, PATROL, {"group": 7}, "group", "no_meter_there"),
    (area.PATROL, PATROL, {"point": 65_000}, "point", "needed"),
    (area.PATROL, PATROL, {"within_s": 59}, "within_s", "out_of_range"),
    (area.FORWARD, FORWARD, {"line": 2}, "line", "no_such_line"),
    (area.FORWARD, FORWARD, {"line": 0}, "line", "no_such_line"),
    (area.FORWARD, FORWARD, {"data": b""}, "data", "bytes_out_of_range"),
    (area.FORWARD, FORWARD, {"data": bytes(513)}, "data", "bytes_out_of_range"),
    (area.FORWARD, FORWARD, {"wait_ms": 60_001}, "wait_ms", "out_of_range"),
    (area.SEARCH, {"line": 0}, {"line": 9}, "line", "no_such_line"),
    (area.RESEND, RESEND, {"until_s": 4}, "until_s", "last_before_first"),
    (area.METER_REPLACED, REPLACED, {"new_address": OLD}, "new_address", "same_address"),
    (
        area.METER_REPLACED,
        REPLACED,
        {"new_address": archive_rows.address(row(2)["address"])},
        "new_address",
        "address_known",
    ),
    (area.METER_REPLACED, REPLACED, {"new_address": b"\x99" * 6}, "new_address", "bad_meter_address"),
    (area.METER_REPLACED, REPLACED, {"new_address": bytes(6)}, "new_address", "bad_meter_address"),
    (
        area.METER_REPLACED,
        REPLACED,
        {"address": archive_rows.address(row(2)["address"])},
        "address",
        "meter_moved",
    ),
]


@pytest.mark.parametrize(("kind", "good", "change", "field", "key"), WRONG)
def test_a_wrong_request_is_never_queued(
    c: Connection, kind: int, good: dict[str, Any], change: dict[str, Any], field: str, key: str
) -> None:
    with pytest.raises(Invalid) as refused:
        life.send(c, DEVICE, kind, good | change, "test")
    assert [(error.field, error.key) for error in refused.value.errors] == [(field, key)]
    assert commands.of_kind(c, DEVICE, kind) == []
    number = life.send(c, DEVICE, kind, good, "test")  # and the good one is
    assert [each["command"] for each in commands.of_kind(c, DEVICE, kind)] == [number]


def test_only_what_may_cut_off_or_move_money_is_dangerous() -> None:
    meter = {"meter": 1, "address": OLD}
    assert preview.dangerous(area.METER_SWITCH, meter | {"want": 1})
    assert not preview.dangerous(area.METER_SWITCH, meter | {"want": 2})
    assert preview.dangerous(area.METER_REPLACED, REPLACED)
    assert not preview.dangerous(area.FORWARD, FORWARD)
    assert not preview.dangerous(area.PATROL, PATROL)
    coil = b"\x01\x05\x00\x01\xff\x00\xdd\xfa"  # Modbus: a switch
    for data in (CUT, READ + CUT, CUT + READ, READ[:-3], coil, coil + READ, READ + coil, READ + READ):
        assert preview.dangerous(area.FORWARD, FORWARD | {"data": data}), data.hex()


def test_a_guaranteed_meter_is_named_before_it_is_cut(c: Connection) -> None:
    kept = archive_rows.address(row(9)["address"])
    params = {"meter": 9, "address": kept, "want": 1}
    assert preview.look(c, DEVICE, area.METER_SWITCH, params)["warnings"] == ["meter_guaranteed"]
    assert preview.look(c, DEVICE, area.METER_SWITCH, params | {"want": 2})["warnings"] == []


def test_the_archive_that_was_looked_at_is_the_one_that_is_replaced(c: Connection) -> None:
    seen = life.mark(store.archive(c, DEVICE))
    fresh = [row(1, name="赵"), row(3)]
    assert [kind for kind, _old, _new in life.changes(c, DEVICE, fresh)] == [
        "changed",
        "gone",
        "fresh",
        "gone",
    ]
    store.replace(c, DEVICE, [row(1, name="someone else's")])
    with pytest.raises(Invalid) as refused:
        life.take(c, DEVICE, fresh, "test", seen)
    assert refused.value.errors[0].key == "archive_changed"
    assert life.take(c, DEVICE, fresh, "test", life.mark(store.archive(c, DEVICE)))["fresh"] == 1


def test_points_that_no_profile_shows_have_a_stand_in() -> None:
    device = {"area": {"profiles": ["a0"], "lines": {}}}
    assert len(requests.shown_points(device)) == len(requests.COMMON)


def test_why_a_frame_has_no_answer_is_kept(c: Connection) -> None:
    place = {"stream_id": streams.opened(c, DEVICE, b"e", 2, 1).id, "device": DEVICE, "t_s": 1, "command": 1}
    reply = {"data": b"", "took_ms": 0}
    store.put(c, {area.REPLY: [place | reply | {"seq": 1}, place | reply | {"seq": 2, "reason": 10}]})
    assert [each["reason"] for each in store.replies(c, DEVICE, 1)] == [None, 10]
