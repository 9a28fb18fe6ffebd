"""Listening to a meter that pushes telegrams."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.p1_meter import Server
from protocols.lines.refused import Refused
from protocols.meters.readers.iec62056_21 import Reader
from tests.unit.protocols.drive import drive, lost, noisy
from tests.unit.protocols.refusals import outcome

STORE = {
    "1-3:0.2.8": "50",
    "0-0:96.1.1": "4B3845",
    "1-0:1.8.1": "000004.426*kWh",
    "0-1:24.2.1": "170102161005W)(00000.107*m3",
}


def listener(address="", **options) -> Reader:
    return Reader(address, {"telegram": True, **options})


@pytest.mark.parametrize(
    "fault", [None, noisy, lost({0}), lost({0, 1})], ids=["clean", "noise", "late", "later"]
)
def test_one_telegram_serves_a_round(fault):
    server, reader = Server(store=dict(STORE)), listener()
    assert drive(reader.read("1-0:1.8.1*255"), reader, server, fault) == {"1-0:1.8.1*255": (4426, 0)}
    server.store["1-0:1.8.1"] = "000005.000*kWh"
    assert drive(reader.read("0-1:24.2.1"), reader, server) == {
        "0-1:24.2.1": "170102161005W",
        "0-1:24.2.1/1": (107, -3),
    }
    assert drive(reader.read("1-0:1.8.1*255"), reader, server) == {"1-0:1.8.1*255": (5000, 0)}
    assert drive(reader.close(), reader, server) is None


def test_it_never_sends():
    generator = listener().read("")
    assert next(generator).data == b""


def test_a_meter_that_is_only_heard_takes_no_commands():
    for act in (lambda reader: reader.read("R5:1.8.0(1)"), lambda reader: reader.write("W5:1.8.0", b"1")):
        reader = listener()
        assert outcome(drive, act(reader), reader, Server(store=dict(STORE)))[0] == "unsupported"


def test_a_telegram_that_began_before_us_is_let_go_by():
    server, reader = Server(store=dict(STORE)), listener()

    def half(number, _request, reply):
        return reply[len(reply) // 2 :] if number == 0 else reply

    assert drive(reader.read("1-0:1.8.1"), reader, server, half) == {"1-0:1.8.1": (4426, 0)}


@pytest.mark.parametrize("address", ["", "MT382-1000", "K8E"])
def test_the_meter_is_known_by_identification_or_number(address):
    reader = listener(address)
    assert drive(reader.read("1-3:0.2.8"), reader, Server(store=dict(STORE))) == {"1-3:0.2.8": "50"}


def test_another_meter_is_not_heard():
    reader = listener("K8F")
    with pytest.raises(Refused) as refused:
        drive(reader.read(""), reader, Server(store=dict(STORE)))
    assert refused.value.reason == "mute"


def test_telegrams_of_version_2_2_come_without_crc():
    reader = listener()
    server = Server(store={"1-0:1.8.1": "1*kWh"}, with_crc=False)
    assert drive(reader.read(""), reader, server) == {"1-0:1.8.1": (1, 3)}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_on_the_line_give_values_or_a_refusal(data):
    class Line:
        def feed(self, _data):
            return data

    for reader in (listener(), Reader("", {}), Reader("", {"password": "x"})):
        for request in ("", "R5:1.8.0(1)"):
            with pytest.raises(Refused):
                drive(reader.read(request), reader, Line())
