"""The master's side when line or meter do wrong: what is lost, late, foreign, endless or broken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import apdu, link
from protocols.lines.refused import REASONS
from protocols.meters.readers.dlt698 import Reader
from tests.unit.protocols import drive
from tests.unit.protocols.dlt698 import strategies
from tests.unit.protocols.dlt698.worlds import (
    ADDRESS,
    DAYS,
    NEUTRAL,
    MasterLock,
    Meter,
    Saying,
    read,
    refusal,
    talk,
)

VOLTS = {"0": 2301, "1": 2302, "2": 2303}


@pytest.mark.parametrize("fault", [drive.echoed, drive.noisy, drive.Late()], ids=["echoed", "noisy", "late"])
def test_echo_noise_and_late_answers_are_passed_over(fault):
    reader, server = Reader(ADDRESS, {"connect": "public"}), Meter()
    server.apdu_size, server.frame_size = 300, 200
    for request, want in (("20000200", 3), ("record:50040200:all", DAYS * 6), ("20010400", 1)):
        assert len(talk(reader, server, reader.read(request), fault)) == want


def test_what_a_list_was_asked_for_and_does_not_answer_is_none():
    says = apdu.encode(apdu.Apdu(0x85, apdu.LIST, 1, [(0x20010400, (1, (5, -7)))], None, None))
    want = {"20010400/0": -7, "20000200": None}
    assert read("20010400,20000200", server=Saying(says)) == want


def test_more_rows_in_blocks_than_were_asked_for_are_refused():
    def rows(last, number, asked):
        record = (0x50040200, [(0, 0x00100200)], (1, [[(0x11, 1)]]))
        body = (last, number, (2, [record]))
        return apdu.encode(apdu.Apdu(0x85, apdu.NEXT, asked.piid, body, None, None))

    class Blocks:
        def feed(self, data):
            (frame,) = link.Framer().feed(data)
            asked = apdu.decode(frame.data)
            second = asked.kind == apdu.NEXT
            return link.encode(frame._replace(control=0xC3, data=rows(second, 1 + second, asked)))

    reader = Reader(ADDRESS, {})
    assert refusal(reader.read("record:50040200:last=1:00100200"), reader, Blocks())[0] == "bad_length"
    assert len(talk(reader, Blocks(), reader.read("record:50040200:newest=2:00100200"))) == 2


def test_a_late_answer_to_another_row_is_passed_over():
    """An answer does not say which row it has: the number of the request does."""
    server, old, reader = Meter(), [], Reader(ADDRESS, {})
    keep = lambda _n, _request, reply: old.append(reply) or b""  # noqa: E731
    refusal(reader.read("record:50040200:last=2:00100200"), reader, server, keep)
    got = talk(
        reader, server, reader.read("record:50040200:last=1:00100200"), lambda _n, _r, reply: old[0] + reply
    )
    assert got["0/00100200/0"] == 2800


@pytest.mark.parametrize("number", range(6))
def test_silence_at_any_point_is_told(number):
    server, reader = Meter(), Reader(ADDRESS, {"frame": 60})
    server.frame_size = 60
    assert refusal(reader.read("record:50040200:last=1"), reader, server, drive.lost({number, 1})) == (
        "mute",
        "",
    )


def test_answers_of_another_meter_are_passed_over():
    other = Meter()
    other.address = "123456789013"

    def both(_number, request, reply):
        (frame,) = link.Framer().feed(request)
        return other.feed(link.encode(frame._replace(address=other.address))) + reply

    assert read("20000200", fault=both) == VOLTS


def test_an_answer_in_endless_blocks_is_given_up():
    class Endless:
        def feed(self, data):
            (frame,) = link.Framer().feed(data)
            asked = apdu.decode(frame.data)
            number = asked.body + 1 if asked.kind == apdu.NEXT else 0
            body = (False, number, (1, [(NEUTRAL, (1, (5, 1)))]))
            reply = apdu.encode(apdu.Apdu(0x85, apdu.NEXT, asked.piid, body, None, None))
            return link.encode(frame._replace(control=0xC3, data=reply))

    reader = Reader(ADDRESS, {})
    assert refusal(reader.read(f"{NEUTRAL:08X}"), reader, Endless())[0] == "too_long"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("", "truncated"),
        ("8501", "truncated"),
        ("04", "unknown_function"),
        ("850101200002000107", "unknown_type"),
        ("ee01010000", "refused"),
        ("ee01070000", "refused"),
        ("8505010100000100 0000", "bad_value"),
        ("8505010100000200 0000", "bad_value"),
        ("8505010100000004 0000", "refused"),
    ],
)
def test_broken_answers_are_refused_by_name(says, reason):
    reader = Reader(ADDRESS, {})
    assert refusal(reader.read("20000200"), reader, Saying(bytes.fromhex(says)))[0] == reason


REQUESTS = st.sampled_from(("20000200", "20000200,20010400", "record:50040200:all", "write", "control"))


@settings(max_examples=50, deadline=None)
@given(REQUESTS, strategies.apdus(), st.booleans(), st.booleans(), st.binary(max_size=20))
def test_any_answer_ends_in_a_result_or_a_named_refusal(request, one, locked, connect, noise):
    options = ({"security": MasterLock()} if locked else {}) | ({"connect": "public"} if connect else {})
    for says in (apdu.encode(one), apdu.encode(one._replace(piid=one.piid and 1)), noise):
        for control in (0xC3, 0xE3):
            reader = Reader(ADDRESS, options)
            if request == "write":
                generator = reader.write("40000200", b"\x00")
            elif request == "control":
                generator = reader.control("trip", {})
            else:
                generator = reader.read(request)
            server = Saying(says, control)
            ended = strategies.reason(lambda g=generator, r=reader, s=server: talk(r, s, g))
            assert ended in (None, *REASONS)
