"""Listening to a meter that pushes SML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.refused import Refused
from protocols.lines.sml import messages, tlv, transport
from protocols.lines.sml.meter import Server
from protocols.meters.readers.sml import Reader
from tests.unit.protocols.drive import drive, lost, noisy

STORE = {"1-0:1.8.0*255": (123456, -1, "Wh"), "1-0:16.7.0*255": (-5, 0, "W"), "1-0:96.1.0*255": b"\x0a\1"}


@pytest.mark.parametrize("kermit", [False, True])
@pytest.mark.parametrize("fault", [None, noisy, lost({0, 1})], ids=["clean", "noise", "late"])
def test_one_file_serves_a_round(fault, kermit):
    server, reader = Server(store=dict(STORE), kermit=kermit), Reader("0A014C4B000000000001", {})
    assert drive(reader.read("1.8.0"), reader, server, fault) == {"1.8.0": (123456, -1)}
    sent = server.sent
    assert drive(reader.read(""), reader, server) == {
        "1-0:1.8.0*255": (123456, -1),
        "1-0:16.7.0*255": (-5, 0),
        "1-0:96.1.0*255": b"\x0a\1",
    }
    assert server.sent == sent
    server.store["1-0:1.8.0*255"] = (123457, -1, "Wh")
    assert drive(reader.read("1.8.0"), reader, server) == {"1.8.0": (123457, -1)}
    drive(reader.close(), reader, server)
    assert drive(reader.read(""), reader, server)["1-0:1.8.0*255"] == (123457, -1)


def test_it_never_sends():
    assert next(Reader("", {}).read("")).data == b""


def test_a_file_that_began_before_us_is_let_go_by():
    server, reader = Server(store=dict(STORE)), Reader("", {})

    def half(number, _request, reply):
        return reply[len(reply) // 2 :] if number == 0 else reply

    assert drive(reader.read("1.8.0"), reader, server, half) == {"1.8.0": (123456, -1)}


def test_another_meter_is_not_heard_and_what_is_not_told_is_unknown():
    reader = Reader("0a014c4b000000000002", {})
    with pytest.raises(Refused) as refused:
        drive(reader.read(""), reader, Server(store=dict(STORE)))
    assert refused.value.reason == "mute"
    reader = Reader("", {})
    with pytest.raises(Refused) as refused:
        drive(reader.read("2.8.0"), reader, Server(store=dict(STORE)))
    assert refused.value.args == ("unknown_item", "2.8.0")


def test_only_the_codes_named_are_read_as_unsigned():
    reader = Reader("", {"unsigned": ["1-0:16.7.0*255"]})
    store = {"1-0:16.7.0*255": (-5, -2, "W"), "1-0:36.7.0*255": (-5, -2, "W")}
    assert drive(reader.read(""), reader, Server(store=store)) == {
        "1-0:16.7.0*255": ((1 << 32) - 5, -2),
        "1-0:36.7.0*255": (-5, -2),
    }


def test_a_file_without_values_and_one_with_a_broken_message_are_passed_over():
    close = messages.encode(b"\1", messages.CLOSE, tlv.sequence([tlv.NONE]))
    ask = next(Reader("", {}).read(""))
    assert ask.judge(transport.Frame(close)) == "wrong_function"
    assert ask.judge(transport.Frame(close[:-3] + b"\0\0\0")) == "bad_checksum"
    assert ask.judge(transport.Frame(b"\x76")) == "truncated"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=100), st.booleans())
def test_any_file_gives_values_or_a_refusal(data, wrapped):
    class Line:
        def feed(self, _data):
            return transport.encode(data) if wrapped else data

    reader = Reader("", {})
    with pytest.raises(Refused):
        drive(reader.read(""), reader, Line())


def test_any_store_is_heard_as_it_stands():
    server = Server(store={"1-0:1.8.0*255": (-(1 << 40), 3, "Wh"), "1-0:96.5.0*255": (0, 0, "")})
    reader = Reader("", {})
    assert drive(reader.read(""), reader, server) == {
        "1-0:1.8.0*255": (-(1 << 40), 3),
        "1-0:96.5.0*255": (0, 0),
    }
