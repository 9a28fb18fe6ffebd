"""The simulated meter of 1997 is strict, and its reader finds its way on a bad line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_97
from protocols.lines.dlt645_97_meter import FUNCTIONS, Server, function_name
from protocols.lines.refused import REASONS, Refused
from protocols.meters.readers.dlt645_97 import BUILDERS, Reader
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy

ADDRESS = "123456789012"
LONG = bytes(range(256)) * 2  # three pieces
bounded = settings(max_examples=150, deadline=None)


def line(address=ADDRESS, **store: bytes) -> tuple[Reader, Server]:
    known = {
        "9010": b"\x26\0\0\0",
        "901F": LONG,
        "C010": b"\6\6\7\x19",
        "A010": b"\1\2\3",
        "B010": b"\x30\x10\x22\x11",
    }
    return Reader(address, {"level": 4, "password": "111111"}), Server(ADDRESS, known | store)


def errors(server: Server, request: bytes) -> tuple:
    (frame,) = dlt645_97.Framer().feed(server.feed(request))
    assert dlt645_97.match(dlt645_97.Framer().feed(request)[0], frame) == ""
    assert frame.address == server.address
    return dlt645_97.reply_data(frame)[3]


def why(generator, reader, server, fault=None) -> tuple:
    with pytest.raises(Refused) as refused:
        drive(generator, reader, server, fault)
    return refused.value.args


# ---- meter ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_bytes",
    [
        dlt645_97.read("1", 0x9010),
        dlt645_97.read("A" * 12, 0x9010),
        dlt645_97.broadcast_time(2026, 11, 22, 10, 33, 0),
        dlt645_97.write_address(dlt645.BROADCAST, "1"),
        dlt645.encode(ADDRESS, 0x81, b"\x10\x90"),
    ],
    ids=["other", "wildcard", "time", "address without the key", "a reply"],
)
def test_it_is_silent_when_it_is_not_meant(request_bytes):
    _reader, server = line()
    assert server.feed(request_bytes) == b""
    assert server.address == ADDRESS


def test_unknown_items_functions_and_shapes_are_refused():
    _reader, server = line()
    assert errors(server, dlt645_97.read(ADDRESS, 0x9020)) == ("no_such_data",)
    assert errors(server, dlt645_97.read(dlt645.BROADCAST, 0x9020)) == ("no_such_data",)
    assert errors(server, dlt645.encode(ADDRESS, dlt645_97.READ, b"1")) == ("other",)
    assert errors(server, dlt645.read(ADDRESS, 0x00010000)) == ("other",), "a request of 2007"
    assert errors(server, dlt645_97.read_next(ADDRESS, 0x901F)) == ("no_such_data",)
    assert errors(server, dlt645_97.read_again(ADDRESS)) == ("no_such_data",)


def test_authority():
    _reader, server = line()
    write = dlt645_97.write
    assert errors(server, write(ADDRESS, 0xC010, 4, "111112", bytes(4))) == ("password",)
    assert errors(server, write(ADDRESS, 0xC011, 4, "111111", bytes(3))) == ("no_such_data",)
    assert errors(server, write(ADDRESS, 0xC010, 4, "111111", bytes(3))) == ("other",)
    assert errors(server, write(ADDRESS, 0xC010, 4, "111111", b"")) == ("other",)
    assert errors(server, write(ADDRESS, 0xC010, 4, "111111", bytes(4))) == ()
    assert server.store["C010"] == bytes(4)
    assert errors(server, dlt645_97.clear_demand(ADDRESS, 4, "1")) == ("password",)
    assert errors(server, dlt645_97.clear_demand(ADDRESS, 2, "000000")) == ()
    assert (server.store["A010"], server.store["B010"]) == (bytes(3), bytes(4))
    assert errors(server, dlt645_97.set_password(ADDRESS, 4, "111111", 2, "1")) == ("password",)
    assert errors(server, dlt645_97.set_password(ADDRESS, 4, "111111", 4, "222222")) == ()
    assert server.passwords[4] == "222222"
    for z in (0, 1, 6, 0x80):
        assert errors(server, dlt645.encode(ADDRESS, dlt645_97.SET_SPEED, bytes([z]))) == ("speed",)


@pytest.mark.parametrize("baud", dlt645_97.SPEEDS)
def test_speeds_are_bits(baud):
    _reader, server = line()
    assert errors(server, dlt645_97.set_speed(ADDRESS, baud)) == ()
    assert server.baud == baud


def test_functions_have_names():
    assert function_name(0x01) == "read"
    assert function_name(0xC4) == "write-error"
    assert function_name(0x9F) == "unknown-1F-reply"
    assert len(set(FUNCTIONS.values())) == len(FUNCTIONS)


# ---- reader --------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [ADDRESS, dlt645.BROADCAST])
@pytest.mark.parametrize("fault", [None, echoed, noisy, Late()], ids=["clean", "echoed", "noisy", "late"])
def test_an_answer_in_pieces_is_joined(fault, address):
    reader, server = line(address)
    assert drive(reader.read("901F"), reader, server, fault) == LONG + b"\xaa"
    assert drive(reader.read("9010"), reader, server) == b"\x26\0\0\0"
    server.block_end = False
    assert drive(reader.read("901F"), reader, server) == LONG


@pytest.mark.parametrize("piece", [1, 2])
def test_a_lost_piece_is_made_good_by_one_restart(piece):
    reader, server = line()
    assert drive(reader.read("901F"), reader, server, lost({piece})) == LONG + b"\xaa"
    assert why(reader.read("901F"), reader, server, lost({1, 3}))[0] == "wrong_sequence"


def test_mute_and_refused():
    reader, server = line()
    assert why(reader.read("9010"), reader, server, lost({0})) == ("mute", "")
    assert why(reader.read("9020"), reader, server) == ("refused", "no_such_data")
    assert why(reader.write("9020", b"1"), reader, server) == ("refused", "no_such_data")


def test_the_address_comes_with_any_answer():
    reader, server = line(dlt645.BROADCAST)
    assert drive(reader.read_address(), reader, server) == ADDRESS


ACTIONS = {
    "time": ({"moment": (2026, 11, 22, 10, 33, 0)}, lambda server: server.now == (2026, 11, 22, 10, 33, 0)),
    "address": ({"new": "1"}, lambda server: server.address == "000000000001"),
    "speed": ({"baud": 9600}, lambda server: server.baud == 9600),
    "password": (
        {"level": 4, "password": "111111", "new_level": 4, "new_password": "222222"},
        lambda server: server.passwords[4] == "222222",
    ),
    "clear_demand": ({"level": 4, "password": "111111"}, lambda server: server.store["A010"] == bytes(3)),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_action(name):
    reader, server = line()
    server.programming = True
    fields, done = ACTIONS[name]
    assert not done(server)
    assert isinstance(drive(reader.control(name, fields), reader, server), bytes)
    assert done(server)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda r: r.control("trip", {}), "no control trip"),
        (lambda r: r.read("00010000"), "not a read"),
        (lambda r: r.read("90X0"), ""),
    ],
)
def test_our_mistakes_are_told(call, reason):
    reader, server = line()
    with pytest.raises(ValueError) as error:
        drive(call(reader), reader, server)
    assert reason in str(error.value)


REPLIES = st.builds(
    dlt645.encode,
    st.just(ADDRESS),
    st.sampled_from([0x81, 0xA1, 0x82, 0xA2, 0xC1, 0xC2, 0x84, 0xC4]),
    st.one_of(st.binary(max_size=20), st.binary(max_size=12).map(lambda data: b"\x1f\x90" + data)),
)


class Random:
    def __init__(self, answers):
        self.answers = answers

    def feed(self, _data: bytes) -> bytes:
        return self.answers.pop() if self.answers else b""


@bounded
@given(st.lists(st.one_of(REPLIES, st.binary(max_size=30)), max_size=8), st.booleans())
def test_whatever_a_meter_answers_there_is_data_or_a_reason(answers, write):
    reader, _server = line()
    generator = reader.write("901F", b"1") if write else reader.read("901F")
    try:
        outcome = drive(generator, reader, Random(answers))
    except Refused as refused:
        outcome = refused.reason
    assert isinstance(outcome, bytes) or outcome in REASONS


REQUESTS = st.builds(
    dlt645.encode, st.sampled_from([ADDRESS, "9" * 12]), st.integers(0, 0x3F), st.binary(max_size=20)
)


@bounded
@given(st.lists(st.one_of(REQUESTS, st.binary(max_size=40)), max_size=5))
def test_whatever_comes_the_meter_answers_frames_or_nothing(pieces):
    _reader, server = line()
    server.programming = True
    framer = dlt645_97.Framer()
    for piece in pieces:
        framer.feed(server.feed(piece))
    assert (framer.bad, framer.skipped, framer.quiet()) == (0, 0, [])
