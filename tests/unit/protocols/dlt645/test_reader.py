"""The reader against the simulated meter on a line that loses, repeats, delays and mixes up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_admin, dlt645_meter
from protocols.lines.dlt645_server import Server
from protocols.lines.refused import REASONS, Refused
from protocols.meters import dlt645_items
from protocols.meters.readers.dlt645 import BUILDERS, PIECES_MAX, Reader
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy

ADDRESS = "123456789012"
LONG = bytes(range(256)) * 2  # three pieces
OPTIONS = {"level": 4, "password": "111111", "operator": "1"}
SOON = (2026, 11, 22, 10, 35, 0)
bounded = settings(max_examples=150, deadline=None)


def line(**store: bytes) -> tuple[Reader, Server]:
    known = {"00010000": b"\x26\0\0\0", "05060001": LONG, "04000503": b"\0\0"}
    return Reader(ADDRESS, OPTIONS), Server(ADDRESS, known | store)


def why(generator, reader, server, fault=None) -> tuple:
    with pytest.raises(Refused) as refused:
        drive(generator, reader, server, fault)
    return refused.value.args


class Counted:
    """A meter that counts what it is asked; `answers` replace its own replies in turn."""

    def __init__(self, server, *answers: bytes | None):
        self.server, self.answers, self.asked = server, list(answers), []

    def feed(self, data: bytes) -> bytes:
        self.asked.append(dlt645.Framer().feed(data)[0])
        reply = self.server.feed(data)
        answer = self.answers.pop(0) if self.answers else None
        return reply if answer is None else answer


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, echoed, noisy, Late()], ids=["clean", "echoed", "noisy", "late"])
def test_an_answer_in_pieces_is_joined(fault):
    reader, server = line()
    assert drive(reader.read("05060001"), reader, server, fault) == LONG


def test_a_block_of_items_is_read_at_once():
    block = bytes.fromhex("00260000 00010000 00250000 00000000 00000000")
    reader, server = Reader(ADDRESS, OPTIONS), Server(ADDRESS, {"0001FF00": block})
    assert drive(reader.read("0001FF00"), reader, server) == block
    rows = dlt645_items.decode(0x0001FF00, block)
    assert [(name, value) for name, value, *_ in rows] == [
        ("1-0:1.8.0*255", 2600),
        ("1-0:1.8.1*255", 100),
        ("1-0:1.8.2*255", 2500),
        ("1-0:1.8.3*255", 0),
        ("1-0:1.8.4*255", 0),
    ]


def test_what_was_frozen_is_read():
    reader, server = Reader(ADDRESS, OPTIONS), Server(ADDRESS, {"0001FF00": b"\x26\0\0\0"})
    assert server.feed(dlt645.freeze(dlt645.BROADCAST)) == b""
    server.store["0001FF00"] = b"\x27\0\0\0"
    assert drive(reader.read("05010101"), reader, server) == b"\x26\0\0\0"
    assert drive(reader.read("05010001"), reader, server) == bytes.fromhex("3010221126")


@pytest.mark.parametrize("piece", [1, 2])
def test_a_lost_piece_is_made_good_by_one_restart(piece):
    reader, server = line()
    assert drive(reader.read("05060001"), reader, server, lost({piece})) == LONG
    assert why(reader.read("05060001"), reader, server, lost({1, 3}))[0] == "wrong_sequence"


def test_a_mute_meter_is_asked_once():
    reader, server = line()
    counted = Counted(server)
    assert why(reader.read("00010000"), reader, counted, lost({0})) == ("mute", "")
    assert len(counted.asked) == 1


def test_a_refusal_counts_when_it_is_said_twice_and_is_final():
    reader, server = line()
    counted = Counted(server)
    assert why(reader.read("00020000"), reader, counted) == ("refused", "no_such_data")
    assert len(counted.asked) == 2


def test_one_late_refusal_of_another_request_does_not_count():
    reader, server = line()
    refusal = dlt645_meter.error_reply(ADDRESS, dlt645.READ, "no_such_data")
    assert drive(reader.read("00010000"), reader, Counted(server, refusal)) == b"\x26\0\0\0"


def test_a_refusal_among_the_pieces_begins_anew():
    reader, server = line()
    refusal = dlt645_meter.error_reply(ADDRESS, dlt645.READ_NEXT, "other")
    assert drive(reader.read("05060001"), reader, Counted(server, None, refusal)) == LONG
    assert why(reader.read("05060001"), reader, Counted(server, None, refusal, None, refusal))[0] == "refused"


def test_an_answer_without_end_is_given_up():
    reader, server = line(**{"05060001": bytes(195 * (PIECES_MAX + 1))})
    assert why(reader.read("05060001"), reader, server)[0] == "too_long"
    server.store["05060001"] = bytes(195 * PIECES_MAX)
    assert len(drive(reader.read("05060001"), reader, server)) == 195 * PIECES_MAX


@pytest.mark.parametrize("text", ["06000002/1", "06000000/99", "06000001/3/2611221030"])
def test_load_records_are_asked_with_their_tail(text):
    reader, server = line(**{text: b"\xa0\xa0"})
    assert drive(reader.read(text), reader, server) == b"\xa0\xa0"
    assert why(reader.read(text[:8]), reader, server) == ("refused", "no_such_data")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0001FF0",
        "0001FF000",
        "x001FF00",
        "+001FF00",
        "06000002/",
        "06000002/x",
        "06000002/100",
        "06000001/1/26",
    ],
)
def test_a_request_that_is_none_is_our_mistake(text):
    reader, server = line()
    with pytest.raises(ValueError) as error:
        drive(reader.read(text), reader, server)
    assert not isinstance(error.value, Refused)


@bounded
@given(st.integers(0, 2**32 - 1), st.integers(0, 99), st.datetimes())
def test_requests_and_their_texts_are_the_same(di, blocks, moment):
    for tail in (b"", bytes([blocks // 10 << 4 | blocks % 10])):
        text = dlt645_admin.request_text(dlt645.di_bytes(di) + tail)
        if blocks or not tail:
            assert dlt645_admin.request(text) == (di, tail)
    text = f"{di:08X}/{blocks or 1}/{moment:%y%m%d%H%M}"
    asked, tail = dlt645_admin.request(text)
    assert dlt645_admin.request_text(dlt645.di_bytes(asked) + tail) == text


def test_the_address_is_read():
    reader, server = line()
    assert drive(reader.read_address(), reader, server) == ADDRESS


# ---- writing and control -------------------------------------------------------------------------


def test_a_write_changes_the_meter_and_is_never_repeated():
    reader, server = line()
    counted = Counted(server)
    assert drive(reader.write("00010000", b"\x27\0\0\0"), reader, counted) == b""
    assert server.store["00010000"] == b"\x27\0\0\0"
    assert why(reader.write("00020000", b"\x27\0\0\0"), reader, counted) == ("refused", "no_such_data")
    assert why(reader.write("00010000", b"\x28\0\0\0"), reader, counted, lost({0})) == ("mute", "")
    assert len(counted.asked) == 3
    with pytest.raises(ValueError, match="level"):
        drive(Reader(ADDRESS, {}).write("00010000", b""), reader, server)


FIELDS = {"level": 2, "password": "000000", "operator": "1", "valid_until": SOON}


@pytest.mark.parametrize("name", dlt645_admin.CONTROLS)
def test_every_control_is_carried_out_once(name):
    reader, server = line()
    counted = Counted(server)
    assert drive(reader.control(name, FIELDS | {"n2": 1}), reader, counted) == b""
    assert counted.asked[0].data[8] == dlt645_admin.CONTROLS[name]
    assert why(reader.control(name, FIELDS), reader, counted, lost({0})) == ("mute", "")
    assert len(counted.asked) == 2


def test_a_trip_is_seen_in_the_status_word():
    reader, server = line()
    drive(reader.control("trip", FIELDS), reader, server)
    assert drive(reader.read("04000503"), reader, server) == b"\x50\0"
    assert why(reader.control("trip", FIELDS | {"password": "000001"}), reader, server) == (
        "refused",
        "password",
    )


ACTIONS = {
    "time": {"moment": (2026, 11, 22, 10, 33, 0)},
    "freeze": {"hour": 0, "minute": 0},
    "freeze_all": {},
    "address": {"new": "1"},
    "speed": {"baud": 9600},
    "password": {"level": 2, "password": "000000", "new_level": 4, "new_password": "222222"},
    "clear_demand": {"level": 2, "password": "000000", "operator": "1"},
    "clear_meter": {"level": 2, "password": "000000", "operator": "1"},
    "clear_events": {"level": 2, "password": "000000", "operator": "1"},
    "output": {"signal": "tariff"},
    "security": {"di": 0x070000FF, "operator": "1", "data": b"1"},
    "sealed": {"operator": "1", "sealed": bytes(20)},
}
DONE = {
    "time": lambda server: server.now == (2026, 11, 22, 10, 33, 0),
    "freeze": lambda server: server.freezes == ["99990000"],
    "freeze_all": lambda server: server.freezes == ["99999999"],
    "address": lambda server: server.address == "000000000001",
    "speed": lambda server: server.baud == 9600,
    "password": lambda server: server.passwords[4] == "222222",
    "clear_demand": lambda server: server.store["01010000"] == bytes(8),
    "clear_meter": lambda server: server.store["00010000"] == bytes(4),
    "clear_events": lambda server: server.store["03300000"] == bytes(3),
    "output": lambda server: server.output == 2,
}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_other_action(name):
    reader, server = line(**{"01010000": b"\1" * 8, "03300000": b"\1" * 3})
    server.programming = True
    if name in DONE:
        assert not DONE[name](server)
        drive(reader.control(name, ACTIONS[name]), reader, server)
        assert DONE[name](server)
    else:  # without an ESAM the meter refuses
        assert why(reader.control(name, ACTIONS[name]), reader, server)[0] == "refused"


@pytest.mark.parametrize(
    ("name", "fields"), [("fly", {}), ("trip", {"n2": 1}), ("speed", {"baud": 1}), ("output", {"x": 1})]
)
def test_wrong_fields_are_our_mistake(name, fields):
    reader, server = line()
    with pytest.raises(ValueError) as error:
        drive(reader.control(name, fields), reader, server)
    assert not isinstance(error.value, Refused)


def test_closing_is_nothing():
    reader, server = line()
    assert drive(reader.close(), reader, server) is None


def test_an_address_that_is_none_is_our_mistake():
    with pytest.raises(ValueError, match="digits"):
        Reader("12345B", {})


# ---- anything ------------------------------------------------------------------------------------

REPLIES = st.builds(
    dlt645.encode,
    st.just(ADDRESS),
    st.sampled_from([0x91, 0xB1, 0x92, 0xB2, 0xD1, 0xD2, 0x94, 0xD4, 0x9C, 0xDC, 0x83, 0xC3]),
    st.one_of(st.binary(max_size=20), st.binary(max_size=12).map(lambda data: b"\x01\x00\x06\x05" + data)),
)


class Random:
    def __init__(self, answers):
        self.answers = answers

    def feed(self, _data: bytes) -> bytes:
        return self.answers.pop() if self.answers else b""


@bounded
@given(
    st.lists(st.one_of(REPLIES, st.binary(max_size=30)), max_size=8),
    st.sampled_from(["read", "write", "trip"]),
)
def test_whatever_a_meter_answers_there_is_data_or_a_reason(answers, what):
    reader, _server = line()
    generator = {
        "read": lambda: reader.read("05060001"),
        "write": lambda: reader.write("05060001", b"1"),
        "trip": lambda: reader.control("trip", FIELDS),
    }[what]()
    try:
        outcome = drive(generator, reader, Random(answers))
    except Refused as refused:
        outcome = refused.reason
    assert isinstance(outcome, bytes) or outcome in REASONS
