"""HELLO, NOW and DIAG of a concentrator are of the contract and add up; its streams hold what is promised."""

import gc

import pytest

from firmware.concentrator import RING_KB
from firmware.link.outbox import _encode, open_rings
from protocols import cbor
from protocols.meters.points import BY_ALIAS
from protocols.uplink import area, messages, topics
from tests.unit.collect_lines.bench import profile
from tests.unit.concentrator.conftest import SINGLE, THREE

T_S = 1_900_000_000
METERS, KEY_USERS = 1000, 50


def told(device):
    """(NOW, NOW_AREA) as the session completes and the station unpacks them."""
    fields = device.reports.now() | {"version": messages.VERSION, "t_s": T_S, "t_ok": 1}
    now = messages.unpack(messages.NOW, messages.pack(messages.NOW, fields))
    return now, messages.unpack(area.NOW_AREA, now["area"])


def test_hello_says_what_it_is(device):
    device.session._nonce = b"12345678"
    hello = messages.unpack(messages.HELLO, cbor.decode(device.session._hello_bytes()))
    assert (hello["product"], hello["device"], hello["boot"]) == ("concentrator", "T0000001", 1)
    assert device.reports.measured() == (0, None, None)


def test_the_live_state_counts_the_area(device, monkeypatch):
    device.archives._meters, device.archives.hash = 2, bytes(range(32))
    monkeypatch.setattr(device.watch, "unread", lambda: 3)
    monkeypatch.setattr(device.prepaid, "now", lambda: {"cut": 4, "low": 5})
    monkeypatch.setattr(device.collector, "counts", lambda: [[1, 70, 8, 9]])
    monkeypatch.setattr(
        device.freezes, "duties", lambda _planner, numbers: [[n, 0, 1, 2, 3] for n in numbers]
    )
    for name, number in (("patrol", 11), ("search", 12)):
        monkeypatch.setattr(getattr(device, name), "now", lambda number=number: [[number, 0, 0, 1]])
    monkeypatch.setattr(device.freezes.resend, "work", lambda: [[13, 0, 0, 1]])
    now, said = told(device)
    assert (said["meters"], said["unread"], said["cut"], said["low"]) == (2, 3, 4, 5)
    assert said["hash"] == bytes(range(8))
    assert said["lines"] == [[1, 70, 8, 9]]
    assert said["duties"] == [[n, 0, 1, 2, 3] for n in (1, 2, 3, 4, 5)]
    assert [work[0] for work in said["work"]] == [11, 12, 13]
    assert (now["tripped"], now["open"], now["power_w"], now["parameters"]) == (0, None, None, {})


def test_of_many_duties_the_first_are_told(device):
    device.collector.take([[n, 1, 3, 900, 0, 86400, 2, 900, 0, 0, 0] for n in range(16, 40)])
    _now, said = told(device)
    assert [duty[0] for duty in said["duties"]] == [1, 2, 3, 4, 5, *range(16, 27)]


def test_diagnostics_add_up_lines_and_rooms(device, monkeypatch):
    for name in ("mem_free", "mem_alloc"):
        monkeypatch.setattr(gc, name, lambda: 1, raising=False)
    monkeypatch.setattr(device.collector, "counts", lambda: [[1, 10, 2, 3], [9, 500, 60, 7]])
    device.controller.store_errors, device.freezes.errors, device.clocks.faults = 1, 20, 300
    device.transformer.day.faults = 600000
    for name, count in (("prepaid", 4000), ("watch", 50000)):
        monkeypatch.setattr(type(getattr(device, name)), "faults", count)
    diag = device.reports.diag()
    messages.unpack(messages.RECORDS[messages.DIAG], messages.pack(messages.RECORDS[messages.DIAG], diag))
    assert (diag["line_ok"], diag["line_timeouts"], diag["line_bad"]) == (510, 62, 10)
    assert diag["store_errors"] == 654321


# ---- what the streams hold without a link


def freeze(kind, meter, name=SINGLE):
    values = {no: 2**31 for no in profile(name).daily}
    body = {"day_s": T_S, "metering_point": meter, "quality": 0, "values": values}
    return _encode(kind, T_S, 1, body, area.RECORDS)


def balance():
    body = {
        "meter": METERS,
        "day_s": T_S,
        "fee": 1,
        "remaining": 10**7,
        "tier_wh": 10**8,
        "charged_wh": 10**9,
    }
    body |= {"differs_wh": 10**5, "order": 10**6, "cut": 1}
    return _encode(area.LEDGER, T_S, 1, body, area.RECORDS)


def point():
    values = {no: 2**24 for no in profile(THREE).curve} | {BY_ALIAS["energy_import_wh"][0]: 2**31}
    body = {"slot_s": T_S, "interval_s": 900, "metering_point": METERS, "quality": 0, "values": values}
    return _encode(messages.CURVE, T_S, 1, body, area.RECORDS)


def event(name, **fields):
    data = {area.EVENT_FIELD_NO[field]: value for field, value in fields.items()}
    return _encode(messages.EVENT, T_S, 1, {"code": area.EVENT_CODE[name], "data": data}, area.RECORDS)


def clocks_of_a_day():
    """A meter's clock is off, is set, and is right again."""
    of = {"metering_point": METERS, "kind": 12}
    off = {"value": -3600, "limit": 3600}
    return [
        event("meter_clock_off", **of, **off),
        event("meter_clock_set", metering_point=METERS, value=0, before=-3600),
        event("meter_clock_off", **of, **off, ended=1, lasted_s=10**7),
    ]


PROMISED = {  # of the comment at RING_KB: [(record, how many)]
    topics.EV: [(one, 3 * METERS) for one in clocks_of_a_day()],
    topics.DA: [
        (freeze(messages.DAILY, METERS), 14 * METERS),
        (freeze(messages.MONTHLY, METERS), METERS),
        (balance(), 14 * METERS),
    ],
    topics.CV: [(point(), 7 * 96 * KEY_USERS)],
}


@pytest.mark.parametrize("stream", PROMISED)
def test_a_stream_holds_what_is_promised_without_a_link(tmp_path, stream):
    rings = open_rings(str(tmp_path), RING_KB)
    try:
        for data, count in PROMISED[stream]:
            for _ in range(count):
                rings[stream].append(data)
        assert rings[stream].discards == 0
        assert rings[stream].first_seq == 1
    finally:
        for ring in rings.values():
            ring.close()


def test_all_streams_leave_most_of_the_flash_to_the_rest(device):
    assert sum(kb for _stream, kb in RING_KB) * 1024 <= 16 * 1024 * 1024 // 2
    assert {stream for stream, _kb in RING_KB} == set(device.outbox._rings)
