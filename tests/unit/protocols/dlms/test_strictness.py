"""A meter that refuses what real meters refuse, and a reader that refuses what no meter should send."""

from typing import Any

import pytest

from protocols.lines.dlms import apdu, axdr, hdlc, security, wrapper
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms_link import BUSY_POLLS
from tests.unit.protocols.dlms.support import ENERGY, SERIAL, STATE, a_meter, a_reader, keys, outcome
from tests.unit.protocols.drive import drive

METER, MASTER = hdlc.address(1, 17), hdlc.address(32)


def frames(data: bytes) -> list:
    return hdlc.Framer().feed(data)


def ask(server, control, info=b"", segmented=False) -> Any:
    (answer,) = frames(server.feed(hdlc.encode(METER, MASTER, control, info, segmented)))
    return answer


def said(server, client, data) -> apdu.Apdu:
    """The answer over the wrapper."""
    (frame,) = wrapper.Framer().feed(server.feed(wrapper.encode(1, client, data)))
    return apdu.decode(frame.apdu)


# ---- the meter's link


def test_a_frame_out_of_order_is_answered_with_the_number_expected():
    server = a_meter()
    ask(server, hdlc.SNRM)
    assert ask(server, hdlc.information(3, 0), hdlc.TO_METER + b"\xc0").control == hdlc.ready(0)
    first = ask(server, hdlc.information(0, 0), hdlc.TO_METER + b"\xc0")
    assert hdlc.kind(first.control) == "I"
    assert ask(server, hdlc.information(0, 0), hdlc.TO_METER + b"\xc0").control == hdlc.ready(1)
    assert ask(server, hdlc.ready(0)) == first, "not acknowledged: sent again"
    assert ask(server, hdlc.ready(1)).control == hdlc.ready(1)


@pytest.mark.parametrize(
    ("control", "info"),
    [
        (hdlc.information(0, 0), bytes(129)),
        (hdlc.ready(5), b""),
        (hdlc.UA, b""),
        (0x25, b""),
    ],
)
def test_what_the_link_cannot_take_is_rejected(control, info):
    server = a_meter()
    ask(server, hdlc.SNRM)
    assert ask(server, control, info).control == hdlc.FRMR


def test_a_message_longer_than_the_pdu_is_rejected():
    server = a_meter(max_pdu=256)
    ask(server, hdlc.SNRM)
    answers = [ask(server, hdlc.information(number, 0), bytes(128), True).control for number in range(3)]
    assert answers == [hdlc.ready(1), hdlc.ready(2), hdlc.FRMR]


def test_link_parameters_that_cannot_be_are_rejected():
    assert ask(a_meter(), hdlc.SNRM, b"\x81\x80\x03\x05\x01\x00").control == hdlc.FRMR


def test_who_is_not_connected_is_told():
    server = a_meter()
    assert ask(server, hdlc.ready(0)).control == hdlc.DM
    assert ask(server, hdlc.DISC).control == hdlc.DM
    ask(server, hdlc.SNRM)
    other = hdlc.encode(METER, hdlc.address(16), hdlc.ready(0))
    assert frames(server.feed(other))[0].control == hdlc.DM
    assert ask(server, hdlc.DISC).control == hdlc.UA
    assert server.feed(hdlc.encode(METER, MASTER, hdlc.UI, b"x")) == b""


def test_a_message_without_its_header_is_acknowledged_only():
    server = a_meter()
    ask(server, hdlc.SNRM)
    assert ask(server, hdlc.information(0, 0), b"\xc0\x01").control == hdlc.ready(1)


# ---- the meter's services


def associated(how: str = "lls", **given: Any):
    server, reader = a_meter("wrapper", **given), a_reader("wrapper", how)
    drive(reader.read(SERIAL), reader, server)
    return server, reader


def test_blocks_are_served_in_order_only():
    server, _reader = associated()
    profile = (7, b"\x01\x00\x63\x01\x00\xff", 2)
    get = apdu.encode("get-request-normal", {"invoke": 0xC1, "descriptor": profile, "selection": None})

    def more(number: int) -> tuple:
        return said(server, 32, apdu.encode("get-request-next", {"invoke": 0xC1, "number": number})).fields[
            "block"
        ]

    assert said(server, 32, get).fields["block"][0] == 0
    assert more(1)[0] == 0
    assert more(1)[0] == apdu.CODES["data-block-number-invalid"]
    assert more(2)[0] == apdu.CODES["no-long-get-in-progress"]


def test_a_long_set_out_of_order_is_refused():
    server, _reader = associated()
    first = {"invoke": 0xC1, "descriptor": (1, b"\0\0\x60\1\0\xff", 2), "selection": None, "last": False}
    assert said(server, 32, apdu.encode("set-request-first-block", first | {"number": 1, "raw": b"\x09"}))
    late = apdu.encode("set-request-block", {"invoke": 0xC1, "last": True, "number": 3, "raw": b"\0"})
    assert said(server, 32, late).fields["code"] == apdu.CODES["data-block-number-invalid"]
    assert said(server, 32, late).fields["code"] == apdu.CODES["no-long-set-in-progress"]


def test_a_long_action_is_taken_in_blocks():
    server, _reader = associated()
    fields = {
        "invoke": 0xC1,
        "descriptor": (70, b"\0\0\x60\3\x0a\xff", 1),
        "last": False,
        "number": 1,
        "raw": b"\x0f",
    }
    assert said(server, 32, apdu.encode("action-request-first-block", fields)).name == "action-response-next"
    last = apdu.encode("action-request-block", {"invoke": 0xC1, "last": True, "number": 2, "raw": b"\0"})
    assert said(server, 32, last).fields["code"] == 0
    assert server.store[STATE][1] == 0
    assert said(server, 32, last).fields["code"] != 0


def test_a_public_client_changes_nothing():
    server, reader = a_meter(), a_reader(how="none")
    with pytest.raises(Refused, match="read-write-denied"):
        drive(reader.control("disconnect", {}), reader, server)
    assert server.store[STATE][1] == 1


@pytest.mark.parametrize("data", [b"\xff", b"\xc0\x07", b"\xc4\x01\xc1\x00\x00", b"\xc0\x01\xc1"])
def test_what_is_no_request_is_an_unknown_service(data):
    server, _reader = associated()
    assert said(server, 32, b"\xc0" + data[1:]).fields == {"state": 2, "service": (2, None)}


@pytest.mark.parametrize("control", [security.AUTHENTICATED, security.ENCRYPTED])
def test_weaker_protection_is_not_served(control):
    server, _reader = associated("hls5")
    get = b"\xc0\x01\xc1\x00\x01\x00\x00\x60\x01\x00\xff\x02\x00"
    body = keys().seal(b"CLI00001", 999, get, control)
    assert said(server, 48, security.wrap(0xC0, b"", body)).fields["service"] == (5, None)


def test_a_dedicated_key_begins_its_count_anew_with_each_association():
    server, reader = a_meter(), a_reader(dedicated=True)
    drive(reader.read(SERIAL), reader, server)
    drive(reader.close(), reader, server)
    server.seen[48, True] = 1_000_000
    assert drive(reader.read(SERIAL), reader, server) == {"0": b"12345678"}


# ---- the reader


def swapped(change):
    """A line on which the meter's APDUs over HDLC are changed, in frames that fit."""

    def line(number, _request, reply) -> bytes:
        found = frames(reply)
        if not found or hdlc.kind(found[0].control) != "I":
            return reply
        to, by, control, segmented, info = found[0]
        return hdlc.encode(to, by, control, hdlc.FROM_METER + change(number, info[3:]), segmented)

    return line


def read_with(how: str, request: str, change) -> None:
    reader = a_reader(how=how)
    drive(reader.read(request), reader, a_meter(), swapped(change))


def test_an_old_reply_in_a_new_frame_is_replayed():
    """HDLC numbers are not protected: the invocation counter is."""
    server, reader, old = a_meter(), a_reader(), []
    drive(reader.read(SERIAL), reader, server, swapped(lambda _number, data: old.append(data) or data))
    assert (
        outcome(lambda: drive(reader.read(SERIAL), reader, server, swapped(lambda *_: old[-1]))) == "replayed"
    )


def test_a_reply_to_another_request_is_late():
    other = apdu.encode("get-response-normal", {"invoke": 0xCF, "result": (0, (axdr.NULL, None))})
    assert (
        outcome(lambda: read_with("none", SERIAL, lambda number, data: other if number > 1 else data))
        == "late"
    )


def answer(name: str, **fields: Any):
    """From the second APDU on, an answer of this kind with the right invoke-id."""

    def change(number: int, data: bytes) -> bytes:
        return apdu.encode(name, fields | {"invoke": data[2]}) if number > 1 else data

    return change


@pytest.mark.parametrize(
    ("request_text", "change", "reason"),
    [
        (
            f"{ENERGY},{SERIAL}",
            answer("get-response-with-list", results=[(0, (axdr.NULL, None))]),
            "bad_length",
        ),
        (SERIAL, answer("get-response-with-list", results=[]), "wrong_sequence"),
        (SERIAL, answer("set-response-normal", code=0), "wrong_sequence"),
        (SERIAL, answer("get-response-block", last=False, number=1, block=(0, b"")), "bad_length"),
        (SERIAL, answer("get-response-block", last=False, number=2, block=(0, b"x")), "wrong_sequence"),
        (SERIAL, answer("get-response-block", last=True, number=1, block=(0, b"\x07")), "unknown_type"),
        (SERIAL, answer("get-response-block", last=True, number=1, block=(14, b"")), "refused"),
        (SERIAL, answer("get-response-block", last=False, number=1, block=(0, b"\x01")), "wrong_sequence"),
        (SERIAL, lambda number, data: b"\x0e\x01\x06\x01" if number > 1 else data, "refused"),
        (SERIAL, lambda number, data: b"\xd8\x02\x02" if number > 1 else data, "refused"),
        (SERIAL, lambda number, data: b"\x0f\0\0\0\1\0\0" if number > 1 else data, "wrong_sequence"),
    ],
)
def test_answers_that_do_not_fit_are_refused(request_text, change, reason):
    assert outcome(lambda: read_with("none", request_text, change)) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (answer("set-response-normal", code=0), "wrong_sequence"),
        (answer("set-response-block", number=7), "wrong_sequence"),
        (answer("set-response-block", number=1), "wrong_sequence"),
        (answer("set-response-last-block", code=3, number=1), "refused"),
    ],
)
def test_answers_to_a_long_set_must_fit(change, reason):
    reader, data = a_reader(how="lls"), axdr.encode((axdr.OCTETS, bytes(400)))
    line = swapped(change)
    assert outcome(lambda: drive(reader.write(SERIAL, data), reader, a_meter(), line)) == reason


def test_a_long_set_whose_block_is_not_acknowledged_stops():
    reader, data = a_reader(how="lls"), axdr.encode((axdr.OCTETS, bytes(400)))
    with pytest.raises(Refused, match="block 1"):
        drive(reader.write(SERIAL, data), reader, a_meter(), swapped(answer("set-response-block", number=7)))


class Endless:
    """Accepts, then says the same for ever, with the sequence numbers asked for."""

    def __init__(self, control: str, info: bytes = b"") -> None:
        self.control, self.info, self.asked = control, info, 0

    def feed(self, data: bytes) -> bytes:
        frame = frames(data)[0]
        self.asked += 1
        if frame.control == hdlc.SNRM:
            return hdlc.encode(frame.by, frame.to, hdlc.UA)
        if self.control == "RR":
            return hdlc.encode(frame.by, frame.to, hdlc.ready(1))
        control = hdlc.information(hdlc.received(frame.control), 1)
        return hdlc.encode(frame.by, frame.to, control, self.info, True)


@pytest.mark.parametrize(
    ("meter", "reason", "most"),
    [
        (Endless("RR"), "mute", BUSY_POLLS + 3),
        (Endless("I", bytes(100)), "too_long", 15),
        (Endless("I"), "too_long", 3),
    ],
)
def test_a_meter_that_never_comes_to_an_end_is_left(meter, reason, most):
    reader = a_reader(how="none")
    assert outcome(lambda: drive(reader.read(SERIAL), reader, meter)) == reason
    assert meter.asked <= most


def test_a_lost_control_is_not_followed_by_anything():
    """Neither again nor a question of the link, whose answer would have to be judged."""
    sent = []

    def line(number, request, reply) -> bytes:
        sent.append(request)
        return reply if number < 1 else b""

    reader, server = a_reader(), a_meter()
    drive(reader.read(f"70:0-0:96.3.10*255:2,{SERIAL}"), reader, server)
    assert outcome(lambda: drive(reader.control("disconnect", {}), reader, server, line)) == "mute"
    assert len(sent) == 2


def test_a_control_must_be_answered_as_one():
    reader, server = a_reader(how="lls"), a_meter()
    drive(reader.read(SERIAL), reader, server)
    line = swapped(lambda number, data: data if number == 0 else b"\xc5\x01" + data[2:3] + b"\0")
    assert outcome(lambda: drive(reader.control("disconnect", {}), reader, server, line)) == "wrong_sequence"
