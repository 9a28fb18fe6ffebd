"""A module with two meters behind it, for the tests beside this file."""

import pytest

from protocols.lines.dlt645_server import Server as Meter
from protocols.lines.gdw3762 import frame, items
from protocols.lines.gdw3762.module import Server
from protocols.lines.gdw3762.nodes import Node
from protocols.lines.refused import Refused
from tests.unit.protocols.drive import drive

OWN, NODE, SECOND = "049999888888", "123456789012", "000000003304"
ENERGY, LONG = b"\x26\0\0\0", bytes(range(256)) * 2  # three pieces


def a_645(address=NODE) -> Meter:
    return Meter(address, {"00010000": ENERGY, "05060001": LONG, "04000503": b"\0\0"})


def a_module(*told: str) -> Server:
    """Two meters of DL/T 645; the list of nodes is `told`, else both."""
    server = Server(OWN, {address: Node(a_645(address)) for address in (NODE, SECOND)})
    server.nodes.rows = [(address, items.DLT645_2007) for address in told or (NODE, SECOND)]
    return server


def why(generator, reader, server, fault=None) -> tuple:
    with pytest.raises(Refused) as refused:
        drive(generator, reader, server, fault)
    return refused.value.args


class Patient:
    """A module whose line is listened to for so long after each request."""

    def __init__(self, server, wait_ms):
        self.server, self.wait_ms, self.asked = server, wait_ms, []

    def feed(self, data):
        self.asked.append(frame.Framer().feed(data)[0])
        return self.server.feed(data) + self.server.run(self.wait_ms)
