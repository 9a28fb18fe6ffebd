"""The public `iec62056_21` client reads and writes our meter over TCP; its parser reads what we encode.

Its quirks: `send_password` raises on its own command type "1", so the password message is made by hand;
`rest` sleeps 0.25 s after each message, which a socket does not need.
"""

import socket
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iec62056_21 import messages
from iec62056_21.client import Iec6205621Client

from protocols.lines import iec62056_21
from protocols.lines.iec62056_21_meter import Server

STORE = {
    "0.0.0": "12345678",
    "1.8.0": "000123.45*kWh",
    "1.6.1": "27.19*kW)(1702090945",
    "1.8.0*01": "000120.00",
}


@pytest.fixture
def meter():
    return Server("00123456", dict(STORE), password="12345678")


@pytest.fixture
def client(meter):
    """Their client, connected to our meter by TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            line, _ = listener.accept()
            with line:
                while data := line.recv(4096):
                    line.sendall(meter.feed(data))

        thread = threading.Thread(target=serve)
        thread.start()
        client: Any = Iec6205621Client.with_tcp_transport(
            listener.getsockname(), "123456", password="12345678"
        )
        client.rest = lambda *_: None
        client.connect()
        yield client
        client.disconnect()
        thread.join(10)


@pytest.mark.parametrize("block", [0, 30])
def test_it_reads_out_our_meter_whole_and_in_parts(client, meter, block):
    meter.block = block
    found = [(item.address, item.value, item.unit) for item in client.standard_readout().data]
    assert found == [
        ("0.0.0", "12345678", None),
        ("1.8.0", "000123.45", "kWh"),
        ("1.6.1", "27.19", "kW"),
        (None, "1702090945", None),
        ("1.8.0*01", "000120.00", None),
    ]
    assert (client.manufacturer_id, client.switchover_baudrate) == ("ISk", 9600)


def test_it_reads_and_writes_in_programming_mode(client, meter):
    assert client.access_programming_mode().data_set.value == "00123456"
    data = messages.DataSet(address="", value="12345678")
    client.transport.send(messages.CommandMessage("P", 1, data).to_bytes())
    assert client._recv_ack() == "\6"
    assert client.read_single_value("1.8.0").value == "000123.45"
    client.write_single_value("1.8.0", "000200.00*kWh")
    assert meter.store["1.8.0"] == "000200.00*kWh"
    client.send_break()


def test_it_is_refused_with_a_wrong_password(client):
    client.access_programming_mode()
    client.transport.send(messages.CommandMessage("P", 1, messages.DataSet("", "guess")).to_bytes())
    assert client.transport.read() == iec62056_21.encode("command", "B0")


TEXT = st.text("0123456789.:*ABCkWh-", min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT)
def test_both_build_the_same_messages(address, value):
    data = (f"{address}({value})").encode()
    theirs = messages.CommandMessage("W", 1, messages.DataSet(address=address, value=value))
    assert iec62056_21.encode("command", "W1", data) == theirs.to_bytes()
    assert iec62056_21.encode("request", "", b"12") == messages.RequestMessage("12").to_bytes()
    assert iec62056_21.encode("option", "051") == messages.AckOptionSelectMessage("5", "1").to_bytes()
    block = messages.DataBlock([messages.DataLine([messages.DataSet(address=address, value=value)])])
    answer = iec62056_21.encode("data", "", data + b"\r\n!\r\n")
    assert answer == messages.ReadoutDataMessage(block).to_bytes()
    (frame,) = iec62056_21.Framer().feed(answer)
    assert (
        messages.AnswerDataMessage.from_bytes(answer).data_block.data_lines[0].data_sets[0].address == address
    )
    assert frame.data == data + b"\r\n!\r\n"
