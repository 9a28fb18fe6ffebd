"""Two public packages at the other end of the line: pymodbus serves our reader and reads our server over TCP
with RTU frames, minimalmodbus reads our server over a PTY.

Quirks: pymodbus answers a unit that it does not host with exception 04 instead of silence, and a block of its
from 1 begins at address 0. minimalmodbus must open the PTY without parity: with it, any later change of a
setting fails with EINVAL.
"""

import asyncio
import os
import socket
import struct
import threading
import tty
from contextlib import closing
from typing import Any

import minimalmodbus
import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer

from protocols.lines import modbus_meter
from protocols.lines.refused import Refused
from protocols.meters import types
from protocols.meters.readers.modbus import Reader
from protocols.meters.type_names import NAMES

WAIT_S = 5


# ---- our reader, their server


class PymodbusServer:
    """In a thread of its own; `port` once it listens."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(self, *_exc) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_S)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        block = ModbusSequentialDataBlock
        energy = struct.pack(">f", 1234.5)
        holding = [2301, -5 & 0xFFFF, *struct.unpack(">HH", energy), *range(200)]
        unit = ModbusDeviceContext(
            hr=block(1, holding),
            ir=block(1, [7] * 4),
            co=block(1, [1, 0, 1, 1, 0, 0, 0, 0, 1]),
            di=block(1, [0, 1]),
        )
        identity = ModbusDeviceIdentification(
            info_name={"VendorName": "Loadkeeper", "ProductCode": "T1", "MajorMinorRevision": "3"}
        )
        server = ModbusTcpServer(
            ModbusServerContext(devices={17: unit}, single=False),
            framer=FramerType.RTU,
            address=("127.0.0.1", 0),
            identity=identity,
        )
        await server.listen()
        transport: Any = server.transport
        self.port = transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        await server.shutdown()


@pytest.fixture(scope="module")
def line():
    with (
        PymodbusServer() as server,
        closing(socket.create_connection(("127.0.0.1", server.port), WAIT_S)) as link,
    ):
        link.settimeout(WAIT_S)
        yield link


def talk(link, reader, generator):
    """As a bus would, but without silence: pymodbus always answers."""
    answer = None
    while True:
        try:
            ask = generator.send(answer)
        except StopIteration as end:
            return end.value
        framer, answer = reader.FRAMER(), None
        link.sendall(ask.data)
        while answer is None:
            received = link.recv(300)
            assert received
            answer = next((frame for frame in framer.feed(received) if not ask.judge(frame)), None)


def read(link, request, unit="17"):
    reader = Reader(unit, {})
    return talk(link, reader, reader.read(request))


def test_our_reader_reads_pymodbus(line):
    data = read(line, "3:0:4")
    assert types.read(NAMES["u16"][0], data[:2]) == 2301
    assert types.read(NAMES["i16"][0], data[2:4]) == -5
    assert types.read(NAMES["f32"][0], data[4:], 1) == 12345
    assert read(line, "4:0x0003:1") == b"\0\7"
    assert read(line, "1:0:9") == b"\x0d\x01"
    assert read(line, "2:0:2") == b"\x02"
    assert len(read(line, "3:0:125")) == 250


def test_our_reader_reads_the_identification_of_pymodbus(line):
    assert read(line, "43:1:0") == {"0": "Loadkeeper", "1": "T1", "2": "3"}


def test_our_writes_arrive_at_pymodbus(line):
    reader = Reader("17", {})
    for request, data, back, want in (
        ("6:100", b"\x12\x34", "3:100:1", b"\x12\x34"),
        ("16:101", b"\1\2\3\4", "3:101:2", b"\1\2\3\4"),
        ("5:1", b"\xff\0", "1:1:1", b"\1"),
        ("15:0:9", b"\xaa\1", "1:0:9", b"\xaa\1"),
    ):
        talk(line, reader, reader.write(request, data))
        assert read(line, back) == want


@pytest.mark.parametrize(
    ("request_text", "unit", "detail"),
    [("3:300:1", "17", "illegal_data_address"), ("3:0:1", "18", "server_device_failure")],
)
def test_refusals_of_pymodbus_have_names(line, request_text, unit, detail):
    with pytest.raises(Refused, match=detail):
        read(line, request_text, unit)


# ---- their clients, our server


def our_units() -> modbus_meter.Server:
    holding = dict(enumerate([2301, 0xFFFB, *struct.unpack(">HH", struct.pack(">f", 1234.5)), 0, 0]))
    return modbus_meter.Server(
        {
            (1, 1): dict.fromkeys(range(9), 0) | {0: 1, 8: 1},
            (1, 2): {0: 0, 1: 1},
            (1, 3): holding,
            (1, 4): {0: 7},
            (1, 0x2B): {0: b"Loadkeeper", 1: b"T1", 2: b"3"},
            (2, 3): {0: 42},
        }
    )


@pytest.fixture
def tcp_client():
    """pymodbus's client, with our server behind a socket."""
    server, listener = our_units(), socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _address = listener.accept()
        with closing(link):
            while received := link.recv(300):
                link.sendall(server.feed(received))

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    client = ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, timeout=0.5, retries=0)
    assert client.connect()
    yield client
    client.close()
    thread.join(WAIT_S)
    listener.close()


def test_pymodbus_reads_and_writes_our_server(tcp_client):
    assert tcp_client.read_holding_registers(0, count=2, device_id=1).registers == [2301, 0xFFFB]
    assert tcp_client.read_input_registers(0, count=1, device_id=1).registers == [7]
    assert tcp_client.read_coils(0, count=9, device_id=1).bits[:9] == [True] + [False] * 7 + [True]
    assert tcp_client.read_discrete_inputs(0, count=2, device_id=1).bits[:2] == [False, True]
    assert tcp_client.read_holding_registers(0, count=1, device_id=2).registers == [42]
    for written in (
        tcp_client.write_register(0, 5, device_id=1),
        tcp_client.write_registers(1, [6, 7], device_id=1),
        tcp_client.write_coil(1, True, device_id=1),
        tcp_client.write_coils(2, [True, True, False], device_id=1),
    ):
        assert not written.isError()
    assert tcp_client.read_holding_registers(0, count=3, device_id=1).registers == [5, 6, 7]
    assert tcp_client.read_coils(0, count=5, device_id=1).bits[:5] == [True, True, True, True, False]


def test_pymodbus_reads_our_identification(tcp_client):
    answer = tcp_client.read_device_information(read_code=1, object_id=0, device_id=1)
    assert answer.information == {0: b"Loadkeeper", 1: b"T1", 2: b"3"}


def test_pymodbus_sees_our_exceptions(tcp_client):
    assert tcp_client.read_holding_registers(6, count=1, device_id=1).exception_code == 2
    assert tcp_client.read_coils(0, count=1, device_id=2).exception_code == 1
    assert tcp_client.read_exception_status(device_id=1).exception_code == 1
    assert tcp_client.report_device_id(device_id=1).exception_code == 1


@pytest.fixture
def serial_client():
    """minimalmodbus on the end of a PTY whose other end is our server."""
    server = our_units()
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def serve() -> None:
        while received := os.read(ours, 300):
            os.write(ours, server.feed(received))

    def until_closed() -> None:
        with pytest.raises(OSError, match="Input/output error"):
            serve()

    thread = threading.Thread(target=until_closed)
    thread.start()
    client = minimalmodbus.Instrument(os.ttyname(theirs), 1)
    os.close(theirs)
    client.serial.timeout = WAIT_S
    yield client
    client.serial.close()
    thread.join(WAIT_S)
    os.close(ours)


def test_minimalmodbus_reads_and_writes_our_server(serial_client):
    assert serial_client.read_register(0, 1) == 230.1
    assert serial_client.read_register(1, signed=True) == -5
    assert serial_client.read_float(2) == 1234.5
    assert serial_client.read_register(0, functioncode=4) == 7
    assert serial_client.read_bits(0, 9, functioncode=1) == [1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert serial_client.read_bit(1, functioncode=2) == 1
    serial_client.write_register(4, 9, functioncode=6)
    serial_client.write_registers(0, [1, 2])
    serial_client.write_bit(3, 1)
    serial_client.write_bits(4, [1, 0])
    assert serial_client.read_registers(0, 5)[:2] + serial_client.read_registers(4, 1) == [1, 2, 9]
    assert serial_client.read_bits(3, 3, functioncode=1) == [1, 1, 0]


def test_minimalmodbus_sees_our_exceptions(serial_client):
    serial_client.serial.timeout = 1  # it waits for as many bytes as the registers would have
    with pytest.raises(minimalmodbus.IllegalRequestError, match="illegal data address"):
        serial_client.read_register(6)


def test_minimalmodbus_hears_nothing_of_a_unit_that_is_not_there(serial_client):
    serial_client.address = 3
    serial_client.serial.timeout = 0.05
    with pytest.raises(minimalmodbus.NoResponseError):
        serial_client.read_register(0)
