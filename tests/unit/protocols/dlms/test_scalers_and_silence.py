"""Values with their scalers, meters that are exchanged, and meters that fall silent."""

from typing import Any

import pytest

from protocols.lines.dlms import apdu, axdr, cosem, hdlc, meter
from protocols.lines.refused import Refused
from tests.unit.protocols.dlms.support import (
    CONNECTED,
    DISCONNECTED,
    ENERGY,
    SERIAL,
    STATE,
    a_meter,
    a_reader,
    outcome,
)
from tests.unit.protocols.drive import drive, lost

SCALER = (3, cosem.name_bytes("1-0:1.8.0*255"), 3)


def a_meter_that_refuses_scalers(code: int, tree=None) -> Any:
    server: Any = a_meter()
    get = server.objects.get
    server.objects.get = lambda what, how: (code, tree) if what == SCALER else get(what, how)
    return server


@pytest.mark.parametrize("code", [1, 2, 3, 13, 250])
def test_without_its_scaler_for_now_a_value_is_none(code):
    """The number alone would be wrong by a power of ten."""
    reader, server = a_reader(how="none"), a_meter_that_refuses_scalers(code)
    assert drive(reader.read(f"{ENERGY},{SERIAL}"), reader, server) == {"0": None, "1": b"12345678"}
    with pytest.raises(Refused, match=apdu.result_name(code)):
        drive(reader.read(ENERGY), reader, server)
    del server.objects.get
    assert drive(reader.read(ENERGY), reader, server) == {"0": (123456, -2)}


def test_a_scaler_that_is_none_gives_no_value_but_text_needs_none():
    reader, server = a_reader(how="none"), a_meter_that_refuses_scalers(0, (axdr.NULL, None))
    with pytest.raises(Refused, match="other-reason"):
        drive(reader.read(ENERGY), reader, server)
    server.store[3, SCALER[1], 2] = (axdr.TEXT, "1234")
    assert drive(reader.read(ENERGY), reader, server) == {"0": "1234"}


@pytest.mark.parametrize("code", [4, 9, 11])
def test_a_register_that_has_no_scaler_gives_its_number(code):
    reader = a_reader(how="none")
    assert drive(reader.read(ENERGY), reader, a_meter_that_refuses_scalers(code)) == {"0": 123456}


def test_scalers_are_read_again_in_a_new_session():
    """The meter may be another one."""
    reader, server = a_reader(), a_meter()
    assert drive(reader.read(ENERGY), reader, server) == {"0": (123456, -2)}
    server.store[SCALER] = (axdr.STRUCTURE, [(axdr.I8, 1), (axdr.ENUM, 30)])
    drive(reader.close(), reader, server)
    assert drive(reader.read(ENERGY), reader, server) == {"0": (123456, 1)}


class AfterPowerCut:
    """The meter of an old session, which says nothing until it is connected anew; counts I frames."""

    def __init__(self, old: meter.Server) -> None:
        self.inner = a_meter(state=old.state)
        self.inner.seen, self.connected = old.seen, False

    def feed(self, data: bytes) -> bytes:
        self.connected |= hdlc.kind(hdlc.Framer().feed(data)[0].control) == "SNRM"
        return self.inner.feed(data) if self.connected else b""


def test_a_meter_that_is_silent_after_a_power_cut_is_connected_anew():
    reader, server = a_reader(), a_meter()
    drive(reader.read(SERIAL), reader, server)
    assert drive(reader.read(SERIAL), reader, AfterPowerCut(server)) == {"0": b"12345678"}
    again = AfterPowerCut(server)
    drive(reader.control("disconnect", {}), reader, again)
    assert again.inner.store[STATE][1] == DISCONNECTED


def test_what_may_have_been_done_is_not_done_again_after_silence():
    reader, server = a_reader(), a_meter()
    drive(reader.read(SERIAL), reader, server)
    again = AfterPowerCut(server)
    call = reader.write(SERIAL, axdr.encode((axdr.OCTETS, b"1")))
    assert outcome(lambda: drive(call, reader, again)) == "mute"
    assert not again.connected
    assert again.inner.store[STATE][1] == CONNECTED


def test_a_request_whose_answer_was_lost_is_not_sent_again():
    """The meter is asked whether it has it, and it has: an I frame more would be a request more."""
    reader, server, sent = a_reader(), a_meter(), []
    drive(reader.read(SERIAL), reader, server)

    def line(number, request, reply) -> bytes:
        sent.extend(hdlc.kind(frame.control) for frame in hdlc.Framer().feed(request))
        return b"" if number == 0 else reply

    assert drive(reader.read(SERIAL), reader, server, line) == {"0": b"12345678"}
    assert sent == ["I", "RR"]


def test_a_control_that_is_not_known_is_our_mistake():
    reader = a_reader()
    with pytest.raises(ValueError, match="no control: explode") as caught:
        drive(reader.control("explode", {}), reader, a_meter(), lost(set(range(9))))
    assert not isinstance(caught.value, Refused)
