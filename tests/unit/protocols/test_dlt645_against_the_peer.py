"""The public `dlt645` package and we read each other's frames, meters and masters.

Its known faults (addresses not reversed, no FF blocks, no 1C) are kept out of the way: addresses are given in
wire order, single identifiers are read.
"""

from datetime import UTC, datetime
from typing import Any

import dlt645 as _package  # noqa: F401 (makes its submodules importable in the right order)
import pytest
from dlt645.model.types.dlt645_type import Demand
from dlt645.protocol.protocol import DLT645Protocol
from dlt645.service.clientsvc.client_service import MeterClientService
from dlt645.service.serversvc.server_service import MeterServerService
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items

ADDRESS = "123456789012"
NO_LINE: Any = None  # their services are called without a transport
WIRE = bytes.fromhex("129078563412")
bounded = settings(max_examples=150, deadline=None)
ADDRESSES = st.text("0123456789", min_size=12, max_size=12)


@bounded
@given(ADDRESSES, st.integers(0, 255), st.binary(max_size=255), st.integers(0, 4))
def test_both_build_the_same_bytes_and_read_them_alike(address, control, data, wakeup):
    ours = dlt645.encode(address, control, data, wakeup)
    assert ours == DLT645Protocol.build_frame(bytes.fromhex(address)[::-1], control, data, wakeup)
    theirs = DLT645Protocol.deserialize(ours)
    assert (bytes(theirs.addr), theirs.ctrl_code, bytes(theirs.data)) == (
        bytes.fromhex(address)[::-1],
        control,
        data,
    )
    assert dlt645.Framer().feed(ours) == [dlt645.Frame(address, control, data)]


@bounded
@given(st.binary(max_size=60))
def test_noise_that_one_takes_for_a_frame_the_other_does_too(noise):
    _rest, theirs = DLT645Protocol.deserialize_with_remaining(noise)
    framer = dlt645.Framer()
    ours = framer.feed(noise) + framer.quiet()
    assert not ours or theirs is not None
    if theirs is not None and dlt645._is_address(theirs.addr):
        assert dlt645.Frame(dlt645.address_text(theirs.addr), theirs.ctrl_code, bytes(theirs.data)) in ours


@pytest.fixture(scope="module")  # each copies a table of 15,000 items: seconds
def meter():
    server = MeterServerService(NO_LINE, bytearray(WIRE))
    server.set_00(0x00010000, 1234.56)
    server.set_00(0x00020100, 0.26)
    server.set_01(0x01010000, Demand(value=12.3456, time=datetime(2026, 11, 22, 10, 30, tzinfo=UTC)))
    server.set_02(0x02010100, 230.1)
    server.set_02(0x02020200, -5.678)
    server.set_02(0x02030000, 12.3456)
    server.set_02(0x02060000, 0.986)
    server.set_02(0x02800002, 49.98)
    return server


@pytest.fixture(scope="module")
def master():
    client = MeterClientService(NO_LINE)
    client.address = bytearray(WIRE)
    return client


def ask(meter, request: bytes) -> dlt645.Frame:
    answer = bytes(meter.handle_request(DLT645Protocol.deserialize(request)))
    (asked,), (answered,) = dlt645.Framer().feed(request), dlt645.Framer().feed(answer)
    assert dlt645.match(asked, answered) == ""
    return answered


@pytest.mark.parametrize(
    ("di", "rows"),
    [
        (0x00010000, [("1-0:1.8.0*255", 123456, -2, "kWh")]),
        (0x00020100, [("1-0:2.8.1*255", 26, -2, "kWh")]),
        (0x02010100, [("1-0:32.7.0*255", 2301, -1, "V")]),
        (0x02020200, [("1-0:51.7.0*255", -5678, -3, "A")]),
        (0x02030000, [("1-0:16.7.0*255", 123456, -4, "kW")]),
        (0x02060000, [("1-0:13.7.0*255", 986, -3, "")]),
        (0x02800002, [("1-0:14.7.0*255", 4998, -2, "Hz")]),
        (0x01010000, [("1-0:1.6.0*255", 123456, -4, "kW"), ("1-0:129.6.0*255", 1795343400, 0, "s")]),
    ],
    ids=lambda value: f"{value:08X}" if isinstance(value, int) else "",
)
def test_our_master_reads_their_meter(meter, di, rows):
    answer = ask(meter, dlt645.read(ADDRESS, di))
    found, data, more, errors = dlt645.reply_data(answer)
    assert (found, more, errors) == (di, False, ())
    assert dlt645_items.decode(di, data) == rows


def test_their_meter_tells_its_address_and_refuses_by_name(meter):
    answer = ask(meter, dlt645.read_address())
    assert dlt645.address_text(answer.data) == ADDRESS
    assert dlt645.reply_data(ask(meter, dlt645.read(ADDRESS, 0x0001FF00)))[3] == ("no_such_data",)


@pytest.mark.parametrize(
    ("di", "values", "want"),
    [
        (0x00010000, {"1-0:1.8.0*255": 123456}, 1234.56),
        (0x00000000, {"1-0:15.8.0*255": -26}, -0.26),
        (0x02010100, {"1-0:32.7.0*255": 2301}, 230.1),
        (0x02020200, {"1-0:51.7.0*255": -5678}, -5.678),
        (0x02030000, {"1-0:16.7.0*255": 123456}, 12.3456),
        (0x02800002, {"1-0:14.7.0*255": 4998}, 49.98),
    ],
    ids=lambda value: f"{value:08X}" if isinstance(value, int) else "",
)
def test_their_master_reads_our_meter(master, di, values, want):
    answer = dlt645_meter.reply(ADDRESS, dlt645.READ, di, dlt645_items.encode(di, values))
    item = master.handle_response(DLT645Protocol.deserialize(answer))
    assert item is not None
    assert item.value == pytest.approx(want)


def test_their_master_sees_our_error_as_one(master):
    refused = dlt645_meter.error_reply(ADDRESS, dlt645.READ, "no_such_data")
    assert master.handle_response(DLT645Protocol.deserialize(refused)) is None
