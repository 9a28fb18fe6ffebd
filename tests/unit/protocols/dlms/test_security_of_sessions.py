"""What an attacker on the line tries: replays, reflections, clear text, wrong keys."""

import pytest

from protocols.lines.dlms import acse, apdu, hdlc, meter, security, wrapper
from protocols.lines.refused import Refused
from tests.unit.protocols.dlms.support import SERIAL, STATE, a_meter, a_reader, keys, outcome
from tests.unit.protocols.drive import Fault, drive
from tests.vectors.lines.dlms import block


def recorded(request_of: str):
    """A meter, a reader and all requests and replies of one read or control over the wrapper."""
    log = []

    def line(_number, request, reply) -> bytes:
        log.append((request, reply))
        return reply

    reader, server = a_reader("wrapper"), a_meter("wrapper")
    drive(reader.read(SERIAL), reader, server, line)
    log.clear()
    call = reader.control("disconnect", {}) if request_of == "control" else reader.read(SERIAL)
    drive(call, reader, server, line)
    return server, reader, log


def the_apdu(reply: bytes) -> bytes:
    return wrapper.Framer().feed(reply)[0].apdu


def test_a_replayed_control_is_refused_and_told_by_its_name():
    server, _reader, log = recorded("control")
    server.store[STATE] = (22, 1)
    for request, _reply in log:
        answer = apdu.decode(the_apdu(server.feed(request)))
        assert answer.name == "exception-response"
        assert answer.fields["service"] == (6, server.seen[48, False] + 1)
    assert server.store[STATE] == (22, 1)


def test_a_replayed_session_proves_nothing():
    """Even when the counters are forgotten: the challenge is another."""
    log = []

    def line(_number, request, reply) -> bytes:
        log.append(request)
        return reply

    reader, server = a_reader("wrapper"), a_meter("wrapper")
    drive(reader.control("disconnect", {}), reader, server, line)
    fresh = a_meter("wrapper")
    for request in log:
        fresh.feed(request)
    assert fresh.store[STATE] == (22, 1)


def test_a_replayed_reply_is_passed_over():
    """The wrapper has no sequence numbers: the counter of the meter tells."""
    server, reader, log = recorded("read")
    old = log[0][1]
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, lambda *_: old)) == "mute"
    assert drive(reader.read(SERIAL), reader, server, lambda _n, _q, reply: old + reply) == {"0": b"12345678"}


def test_a_counter_that_went_back_is_told_with_what_the_meter_wants():
    server = a_meter("wrapper")
    server.seen[48, False] = 500
    reader = a_reader("wrapper")
    with pytest.raises(Refused, match="authentication-failure"):
        drive(reader.read(SERIAL), reader, server)
    state = meter.Counter(600)
    reader = a_reader("wrapper", state=state)
    drive(reader.read(SERIAL), reader, server)
    state.put(10)
    with pytest.raises(Refused, match="counter from 605"):
        drive(reader.read(SERIAL), reader, server)


def swapped(change) -> Fault:
    """A line on which the meter's APDU is `change`d."""

    def line(number, _request, reply) -> bytes:
        frame = wrapper.Framer().feed(reply)[0]
        return wrapper.encode(frame.to, frame.by, change(number, frame.apdu))

    return line


def test_a_clear_reply_in_a_ciphered_session_is_refused():
    clear = apdu.encode("get-response-normal", {"invoke": 0xC2, "result": (0, (9, b"forged"))})
    server, reader = a_meter("wrapper"), a_reader("wrapper")
    line = swapped(lambda number, data: clear if number == 2 else data)
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, line)) == "bad_mac"


def test_an_association_response_in_clear_is_refused():
    def downgraded(_number, data) -> bytes:
        if data[0] != acse.AARE:
            return data
        tag, fields = acse.decode(data)
        return acse.encode(tag, fields | {"info": acse.initiate_response(acse.LOGICAL_NAMES, 256)})

    server, reader = a_meter("wrapper"), a_reader("wrapper")
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, swapped(downgraded))) == "bad_mac"


def test_a_reply_only_encrypted_is_refused():
    def weaker(number, data) -> bytes:
        if number != 2:
            return data
        plain = apdu.encode("get-response-normal", {"invoke": 0xC2, "result": (0, (9, b"forged"))})
        return security.wrap(0xC4, b"", keys().seal(b"MTR00001", 999, plain, security.ENCRYPTED))

    server, reader = a_meter("wrapper"), a_reader("wrapper")
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, swapped(weaker))) == "bad_mac"


@pytest.mark.parametrize("field", ["value", "title", "mechanism"])
def test_a_challenge_that_is_not_the_meters_own_is_refused(field):
    """Else our proof, or one asked from us elsewhere, would be the meter's."""

    def reflected(_number, data) -> bytes:
        if data[0] != acse.AARE:
            return data
        tag, fields = acse.decode(data)
        info = acse.initiate_response(acse.LOGICAL_NAMES, 256)
        forged = {"value": fields["value"], "title": fields["title"], "mechanism": 5}
        forged |= {field: {"value": b"\xa5" * 16, "title": b"CLI00001", "mechanism": 1}[field]}
        body = keys().seal(forged["title"], 999, info)
        return acse.encode(tag, fields | forged | {"info": security.wrap(0x08, b"", body)})

    server = a_meter("wrapper")
    reader = a_reader("wrapper", random=lambda size: b"\xa5" * size)
    line = swapped(reflected)
    with pytest.raises(Refused, match="no challenge of its own"):
        drive(reader.read(SERIAL), reader, server, line)


def test_a_meter_that_cannot_prove_itself_is_refused():
    def wrong(number, data) -> bytes:
        if number != 1:
            return data
        proof = keys().answer(b"MTR00001", 7, b"another challenge")
        fields = {"invoke": 0xC1, "code": 0, "returned": (0, (9, proof))}
        body = keys().seal(b"MTR00001", 999, apdu.encode("action-response-normal", fields))
        return security.wrap(0xC7, b"", body)

    server, reader = a_meter("wrapper"), a_reader("wrapper")
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, swapped(wrong))) == "bad_mac"


def test_a_general_reply_of_another_title_is_foreign():
    def other(number, data) -> bytes:
        if number != 2:
            return data
        return security.wrap(
            0xC4, b"MTR00002", keys().seal(b"MTR00002", 999, b"\xc4\x01\xc2\0\0"), general=True
        )

    server, reader = a_meter("wrapper"), a_reader("wrapper", general=True)
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, swapped(other))) == "foreign"


@pytest.mark.parametrize(
    ("how", "given", "detail"),
    [
        ("lls", {"password": b"wrong"}, "authentication-failure"),
        ("lls", {"client": 48}, "mechanism-name-not-recognised"),
        ("none", {"client": 32}, "mechanism-name-required"),
        ("hls5", {"encryption_key": bytes(16)}, "authentication-failure"),
        ("hls5", {"authentication_key": bytes(16)}, "authentication-failure"),
        ("hls5", {"system_title": b"MTR00001"}, "calling-AP-title-not-recognized"),
        ("none", {"client": 99}, "mechanism-name-not-recognised"),
    ],
)
def test_who_may_not_is_told_why(how, given, detail):
    reader = a_reader(how=how, **given)
    with pytest.raises(Refused, match=detail) as caught:
        drive(reader.read(SERIAL), reader, a_meter())
    assert caught.value.reason == "not_associated"


def test_between_challenge_and_proof_nothing_else_is_served():
    """A client that skips the proof reads nothing."""
    server, log = a_meter("wrapper"), []
    reader = a_reader("wrapper")
    run = reader.read(SERIAL)
    log.append(server.feed(next(run).data))
    state = meter.Counter(50)
    get = b"\xc0\x01\xc1\x00\x01\x00\x00\x60\x01\x00\xff\x02\x00"
    body = keys().seal(b"CLI00001", security.next_counter(state), get)
    answer = server.feed(wrapper.encode(1, 48, security.wrap(0xC0, b"", body)))
    assert apdu.decode(the_apdu(answer)).fields["state"] == 1


def test_what_is_not_ciphered_is_not_served_in_a_ciphered_session():
    server, _reader, _log = recorded("read")
    get = b"\xc0\x01\xc1\x00\x01\x00\x00\x60\x01\x00\xff\x02\x00"
    answer = apdu.decode(the_apdu(server.feed(wrapper.encode(1, 48, get))))
    assert answer.fields["service"] == (5, None)


def test_a_wrong_proof_ends_the_association():
    server = a_meter("wrapper", random=lambda size: bytes(range(size)))
    reader = a_reader("wrapper")
    run = reader.read(SERIAL)
    server.feed(next(run).data)
    server._open[48]._proving = (b"x" * 16, b"y" * 16)
    with pytest.raises(Refused, match="the proof was not taken"):
        drive(reader_with(reader), reader, Silent(server))


class Silent:
    """Gives the association response of one meter with the challenge of another."""

    def __init__(self, server) -> None:
        self.server = server

    def feed(self, data: bytes) -> bytes:
        reply = self.server.feed(data)
        frame = wrapper.Framer().feed(reply)[0]
        if frame.apdu[0] != acse.AARE:
            return reply
        tag, fields = acse.decode(frame.apdu)
        return wrapper.encode(frame.to, frame.by, acse.encode(tag, fields | {"value": bytes(16)}))


def reader_with(reader):
    return reader.read(SERIAL)


def test_without_keys_nothing_ciphered_is_accepted():
    reader = a_reader("wrapper")
    with pytest.raises(Refused, match="not-recognized"):
        drive(reader.read(SERIAL), reader, a_meter("wrapper", keys=None))
    with pytest.raises(ValueError, match="no keys"):
        a_meter(keys=None).push((0, None), protect=True)


def test_a_dedicated_key_counts_for_itself():
    """The meter's counter may begin anew under it, and only there."""
    server, reader = a_meter("wrapper"), a_reader("wrapper", dedicated=True)
    drive(reader.read(SERIAL), reader, server)
    server.state.put(0)
    assert asked(lambda line: drive(reader.read(SERIAL), reader, server, line)) > 1, "in a new association"
    server.state.put(1000)
    assert asked(lambda line: drive(reader.read(SERIAL), reader, server, line)) == 1


def asked(call) -> int:
    """How often, until the answer was there."""
    numbers = []

    def line(number, _request, reply) -> bytes:
        numbers.append(number)
        return reply

    assert call(line) == {"0": b"12345678"}
    return len(numbers)


def test_the_same_counter_never_protects_two_things():
    sent = []

    def line(_number, request, reply) -> bytes:
        sent.extend(wrapper.Framer().feed(request) + wrapper.Framer().feed(reply))
        return reply

    reader, server = a_reader("wrapper"), a_meter("wrapper")
    drive(reader.read(SERIAL), reader, server, line)
    drive(reader.control("disconnect", {}), reader, server, line)
    seen: dict[int, list[int]] = {}
    for frame in sent:
        data = frame.apdu
        if data[0] in (acse.AARQ, acse.AARE):
            data = acse.decode(data)[1]["info"]
        body = security.unwrap(data)[1]
        seen.setdefault(frame.by, []).append(security.split(body)[1])
        plain = keys().open(b"CLI00001" if frame.by == 48 else b"MTR00001", body)[2]
        at = plain.find(b"\x09\x11\x10")
        if at >= 0:
            seen[frame.by].append(int.from_bytes(plain[at + 3 : at + 7], "big"))
    for counters in seen.values():
        assert len(set(counters)) == len(counters)


def test_two_keys_of_one_meter_differ():
    one, other = keys(), security.Keys(block, bytes(16), bytes(16))
    with pytest.raises(Refused, match="bad_mac"):
        other.open(b"MTR00001", one.seal(b"MTR00001", 1, b"x"))


def test_frames_of_others_are_not_answered():
    server = a_meter()
    for to in (hdlc.address(2, 17), hdlc.address(1, 18), hdlc.address(0x7F, 0x7F)):
        assert server.feed(hdlc.encode(to, hdlc.address(16), hdlc.SNRM)) == b""
    assert a_meter("wrapper").feed(wrapper.encode(2, 16, b"\x60\x00")) == b""
