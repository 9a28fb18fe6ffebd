"""The public `dlt645` package answers our reader and asks our meter, where it does as the standard says.

Its faults, kept out of the way here (3.2.0): addresses are given in wire order; no FF blocks, freezes, load
records, 1C, 1D or 03; clearing demand or meter wants DI and password where the standard has password and
operator; DI 4000 0Cxx for passwords; time and freeze the other way round; Z above 2400 written in decimal.
"""

import struct
from datetime import UTC, datetime
from typing import Any

import dlt645 as _package  # noqa: F401 (makes its submodules importable in the right order)
import pytest
from dlt645.model.types.dlt645_type import Demand
from dlt645.protocol.protocol import DLT645Protocol
from dlt645.service.clientsvc.client_service import MeterClientService
from dlt645.service.serversvc.server_service import MeterServerService

from protocols.lines import dlt645, dlt645_admin
from protocols.lines.dlt645_server import Server
from protocols.lines.refused import Refused
from protocols.meters import dlt645_items
from protocols.meters.readers.dlt645 import Reader
from tests.unit.protocols.drive import drive

ADDRESS = "123456789012"
WIRE = bytes.fromhex("129078563412")
NO_LINE: Any = None  # their services are called without a transport
OPTIONS = {"level": 4, "password": "123456", "operator": "1"}


class Theirs:
    """Their meter as our driver wants one: it answers whole frames."""

    def __init__(self, meter):
        self.meter = meter

    def feed(self, data: bytes) -> bytes:
        reply = self.meter.handle_request(DLT645Protocol.deserialize(data))
        return b"" if reply is None else bytes(reply)


@pytest.fixture(scope="module")  # copies a table of 15,000 items: seconds
def service():
    return MeterServerService(NO_LINE, bytearray(WIRE))


@pytest.fixture
def meter(service):
    service.address = bytearray(WIRE)
    service.set_00(0x00010000, 1234.56)
    service.set_01(0x01010000, Demand(value=12.3456, time=datetime(2026, 11, 22, 10, 30, tzinfo=UTC)))
    service.set_04(0x04000103, "15")
    service.password_manager.set_password(bytearray.fromhex("04563412"))
    return Theirs(service)


@pytest.fixture
def reader():
    return Reader(ADDRESS, OPTIONS)


def read(reader, meter, request) -> list:
    return dlt645_items.decode(int(request, 16), drive(reader.read(request), reader, meter))


def test_our_reader_reads_their_meter(reader, meter):
    assert read(reader, meter, "00010000") == [("1-0:1.8.0*255", 123456, -2, "kWh")]
    assert read(reader, meter, "01010000")[0] == ("1-0:1.6.0*255", 123456, -4, "kW")
    assert drive(reader.read_address(), reader, meter) == ADDRESS
    with pytest.raises(Refused, match="no_such_data"):
        drive(reader.read("0001FF00"), reader, meter)


def test_our_reader_writes_to_their_meter(reader, meter):
    drive(reader.write("04000103", b"\x30"), reader, meter)
    assert read(reader, meter, "04000103")[0][1] == 30
    wrong = Reader(ADDRESS, OPTIONS | {"password": "000000"})
    with pytest.raises(Refused, match="password"):
        drive(wrong.write("04000103", b"\x15"), wrong, meter)


def test_our_reader_gives_their_meter_an_address(reader, meter):
    drive(reader.control("address", {"new": "201710280004"}), reader, meter)
    assert bytes(meter.meter.address) == bytes.fromhex("040028101720")


def test_our_reader_changes_a_password_of_their_meter(reader, meter):
    change = {"level": 4, "password": "123456", "new_level": 4, "new_password": "654321"}
    drive(reader.control("password", change), reader, meter)
    with pytest.raises(Refused, match="password"):
        drive(reader.write("04000103", b"\x30"), reader, meter)
    back = {"level": 4, "password": "654321", "new_level": 4, "new_password": "123456"}
    drive(reader.control("password", back), reader, meter)


def test_our_reader_freezes_and_clears_events_on_their_meter(reader, meter):
    drive(reader.control("freeze", {}), reader, meter)
    assert bytes(meter.meter.last_freeze_time) == b"\x99\x99\x99\x99"
    meter.meter.password_manager.set_password(bytearray.fromhex("02000000"))
    drive(reader.control("clear_events", {"level": 2, "password": "000000", "operator": "1"}), reader, meter)
    with pytest.raises(Refused, match="password"):
        drive(reader.control("clear_events", {"level": 2, "password": "1", "operator": "1"}), reader, meter)


@pytest.mark.parametrize("baud", [1200, 2400])
def test_our_reader_changes_the_speed_of_their_meter(reader, meter, baud):
    drive(reader.control("speed", {"baud": baud}), reader, meter)
    assert meter.meter.baud_rate == baud


# ---- their master, our meter ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def master():
    client = MeterClientService(NO_LINE)
    client.address = bytearray(WIRE)
    return client


@pytest.fixture
def server():
    store = {
        "00010000": bytes.fromhex("56341200"),
        "02010100": bytes.fromhex("0123"),
        "04000103": bytes.fromhex("15"),
    }
    return Server(ADDRESS, store, passwords={2: "000000", 4: "123456"})


def ask(master, server, control: int, data: bytes, address: bytes = WIRE):
    """Their builder asks, our meter answers, their parser understands."""
    reply = server.feed(bytes(DLT645Protocol.build_frame(address, control, data)))
    return master.handle_response(DLT645Protocol.deserialize(reply)), DLT645Protocol.deserialize(reply)


def test_their_master_reads_our_meter(master, server):
    item, _frame = ask(master, server, 0x11, struct.pack("<I", 0x00010000))
    assert item.value == pytest.approx(1234.56)
    item, _frame = ask(master, server, 0x11, struct.pack("<I", 0x02010100))
    assert item.value == pytest.approx(230.1)
    item, frame = ask(master, server, 0x11, struct.pack("<I", 0x02010200))
    assert (item, frame.ctrl_code, bytes(frame.data)) == (None, 0xD1, b"\2")


def test_their_master_reads_and_writes_our_address(master, server):
    item, frame = ask(master, server, 0x13, b"", b"\xaa" * 6)
    assert bytes(frame.data) == WIRE
    assert item is not None
    server.programming = True
    item, frame = ask(master, server, 0x15, bytes.fromhex("040028101720"), b"\xaa" * 6)
    assert item is not None
    assert (server.address, bytes(frame.addr)) == ("201710280004", bytes.fromhex("040028101720"))


def test_their_master_writes_to_our_meter(master, server):
    request = struct.pack("<I", 0x04000103) + bytes.fromhex("04563412") + bytes(4) + b"\x30"
    _item, frame = ask(master, server, 0x14, request)
    assert (frame.ctrl_code, bytes(frame.data)) == (0x94, b"")
    assert server.store["04000103"] == b"\x30"
    _item, frame = ask(master, server, 0x14, request[:4] + b"\4\0\0\0" + request[8:])
    assert (frame.ctrl_code, bytes(frame.data)) == (0xD4, b"\4")


def test_their_master_understands_our_other_answers(master, server):
    item, _frame = ask(master, server, 0x16, b"\x99" * 4)
    assert item is not None
    item, _frame = ask(master, server, 0x1B, bytes.fromhex("02000000") + bytes(4) + b"\xff" * 4)
    assert item is not None
    item, _frame = ask(master, server, 0x17, b"\x08")
    assert (item.value, server.baud) == (2400, 2400)
    password = struct.pack("<I", 0x04000C05) + bytes.fromhex("04563412" + "04111111")
    _item, frame = ask(master, server, 0x18, password)
    assert bytes(frame.data) == bytes.fromhex("04111111")
    assert master.password_manager.check_password(bytearray(frame.data)), "they took it over"


def test_both_build_the_same_clear_events_request(server):
    ours = dlt645_admin.clear_events(ADDRESS, 2, "000000", "0")
    theirs = DLT645Protocol.build_frame(WIRE, 0x1B, bytes.fromhex("02000000" + "00" * 4 + "ff" * 4))
    assert dlt645.Framer().feed(ours) == dlt645.Framer().feed(bytes(theirs))
