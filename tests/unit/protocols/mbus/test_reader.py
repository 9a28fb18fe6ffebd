"""The reader against simulated meters on a good and on a bad line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.mbus import link, meter, records
from protocols.lines.refused import REASONS, Refused
from protocols.meters.readers.mbus import MAX_TELEGRAMS, TRIES, Reader
from tests.unit.protocols.drive import drive, echoed, lost, noisy

ADDRESS = "12345678.QDS.0A.07"
FIRST = records.encode(0xC, b"\x06", 1234) + records.encode(0xC, b"\x06", 1200, storage=1)
SECOND = records.encode(2, b"\xfd\x48", 2301) + records.encode(5, b"\x2b", 12.5)
WANT = {
    "header/address": ADDRESS,
    "header/status": (4, 0),
    "energy/0/0/0/inst": (1234, 3),
    "energy/1/0/0/inst": (1200, 3),
    "voltage/0/0/0/inst": (2301, -1),
    "power/0/0/0/inst": (125, -1),
}


def server(telegrams=(FIRST, SECOND)) -> meter.Server:
    return meter.Server(5, {"secondary": ADDRESS, "status": 4, "telegrams": list(telegrams)})


def outcome(call) -> str:
    """'' or the reason of the refusal."""
    try:
        call()
    except Refused as refused:
        return refused.reason
    return ""


class Line:
    """Several meters on one line: who answers answers."""

    def __init__(self, *meters):
        self.meters = meters

    def feed(self, data: bytes) -> bytes:
        return b"".join(each.feed(data) for each in self.meters)


@pytest.mark.parametrize("address", ["5", "254", ADDRESS, "1234FFFF", "12345678.*.0A", "FFFFFFFF.QDS"])
def test_all_telegrams_are_read_by_every_kind_of_address(address):
    reader = Reader(address, {})
    assert drive(reader.read(""), reader, server()) == WANT
    assert drive(reader.read("ud2"), reader, server()) == WANT


@pytest.mark.parametrize("fault", [echoed, noisy, lost({0}), lost({1}), lost({2}), lost({1, 2})])
@pytest.mark.parametrize("address", ["5", ADDRESS])
def test_a_bad_line_loses_and_doubles_nothing(address, fault):
    reader = Reader(address, {})
    assert drive(reader.read(""), reader, server(), fault) == WANT


class Slow:
    """The answers to the first request for data and to its repeat come after the next thing that is sent."""

    def __init__(self):
        self.asked, self.kept = 0, b""

    def __call__(self, _number, request, reply):
        out, self.kept = self.kept, b""
        self.asked += request[1:2] in (b"\x5b", b"\x7b")
        if self.asked in (1, 2) and request:
            self.kept, reply = reply, b""
        return out + reply


@pytest.mark.parametrize("address", ["5", ADDRESS])
def test_the_answer_to_a_repeat_is_not_the_next_telegram(address):
    reader, line = Reader(address, {}), server((FIRST, SECOND, FIRST))
    assert drive(reader.read(""), reader, line, Slow()) == drive(reader.read(""), reader, line)


def test_a_telegram_that_comes_again_is_not_the_next_one():
    reader, before = Reader("5", {}), []

    def again(_number, request, reply):
        if request[1:2] not in (b"\x5b", b"\x7b"):
            return reply
        before.append(reply)
        return before[-2] + reply if len(before) > 1 else reply

    assert drive(reader.read(""), reader, server(), again) == WANT
    del before[:]
    assert drive(reader.read(""), reader, server(), again) == WANT


def test_a_dead_meter_is_asked_three_times():
    reader, asked = Reader("6", {}), []
    with pytest.raises(Refused, match="mute"):
        drive(reader.read(""), reader, server(), lambda n, request, reply: asked.append(request) or reply)
    assert asked == [link.reset_link(6)] * TRIES


def test_the_other_meter_stays_silent_and_another_ones_data_is_not_taken():
    other = meter.Server(6, {"secondary": "87654321.KAM.01.04", "status": 0, "telegrams": [FIRST]})
    reader = Reader("87654321", {})
    got = drive(reader.read(""), reader, Line(server(), other))
    assert got["header/address"] == "87654321.KAM.01.04"
    asked = Reader("1FFFFFFF", {})
    ack_of_another = lambda n, request, reply: other.feed(link.request(6, True)) if n else b"\xe5"  # noqa: E731
    with pytest.raises(Refused, match="mute"):
        drive(asked.read(""), asked, server(), ack_of_another)


def test_closing_deselects():
    reader, one = Reader(ADDRESS, {}), server()
    drive(reader.read(""), reader, one)
    assert one.feed(link.request(253, True))
    assert drive(reader.close(), reader, one) is None
    assert one.feed(link.request(253, True)) == b""
    assert list(Reader("5", {}).close()) == []


def test_controls():
    reader, one = Reader("5", {}), server()
    assert drive(reader.control("set_baud", {"baud": 9600}), reader, one) is None
    assert one.baud == 9600
    assert drive(reader.control("application_reset", {}), reader, one) is None
    assert drive(reader.control("set_address", {"address": 17}), reader, one) is None
    assert one.address == 17
    with pytest.raises(Refused, match="unknown_function"):
        drive(reader.control("dance", {}), reader, one)


def test_a_control_is_sent_once():
    reader, sent = Reader("5", {}), []
    with pytest.raises(Refused, match="mute"):
        drive(
            reader.control("set_address", {"address": 9}),
            reader,
            server(),
            lambda n, request, reply: sent.append(request) or (b"" if n else reply),
        )
    assert sent == [link.reset_link(5), link.set_address(5, 9)]


@pytest.mark.parametrize(
    ("name", "fields"), [("set_baud", {}), ("set_baud", {"baud": 1}), ("set_address", {})]
)
def test_wrong_fields_are_our_mistake(name, fields):
    reader = Reader("5", {})
    with pytest.raises(ValueError):
        drive(reader.control(name, fields), reader, server())


def test_refusals_of_the_meter_keep_their_words():
    reader, one = Reader("5", {}), server()
    error = link.encode(link.RSP_UD, 5, link.CI_ERROR, b"\x08")
    with pytest.raises(Refused) as caught:
        drive(reader.read(""), reader, one, lambda n, request, reply: error if n else reply)
    assert caught.value.args == ("refused", "application busy")


def test_a_meter_without_end_is_given_up():
    reader = Reader("5", {})
    with pytest.raises(Refused, match="too_long"):
        drive(reader.read(""), reader, server([FIRST] * (MAX_TELEGRAMS + 1)))


def test_only_known_requests_and_addresses():
    with pytest.raises(Refused, match="unknown_item"):
        drive(Reader("5", {}).read("volume"), Reader("5", {}), server())
    for address in ("255", "-1", "x", "123456789"):
        with pytest.raises(ValueError):
            Reader(address, {})


def test_an_unknown_order_is_refused_with_the_next_answer():
    one = server()
    assert one.feed(link.send(5, 0x99)) == b"\xe5"
    assert link.Framer().feed(one.feed(link.request(5, True))) == [link.Frame(8, 5, 0x70, b"\x01")]
    assert one.feed(link.send(255, 0x50)) == b"", "nobody answers a broadcast"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_random_replies_give_a_value_or_a_named_refusal(replies):
    reader = Reader("5", {})
    answers = [b"\xe5", *replies]
    fault = lambda n, request, reply: answers[n] if n < len(answers) else b""  # noqa: E731
    assert outcome(lambda: drive(reader.read(""), reader, server(), fault)) in ("", *REASONS)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_a_meter_takes_any_bytes(data):
    assert isinstance(server().feed(data), bytes)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_telegram_gives_values_or_a_named_refusal(body):
    reader, got = Reader("5", {}), {}
    assert outcome(lambda: got.update(drive(reader.read(""), reader, server([body])))) in ("", *REASONS)
    assert all(value is None or isinstance(value, (tuple, str)) for value in got.values())
