"""A conversation of a station with a simulated terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.gdw376 import commands, frame, items, message, schema, terminal

PW = bytes.fromhex("6789") + bytes(14)
DAY = {"day": "2026-11-21", "time": "2026-11-22T00:05", "tariffs": 0, "active_plus": [123456]}
METER = {bytes.fromhex("68aa"): bytes.fromhex("68bb")}


@pytest.fixture
def server():
    values = {
        (0x0C, 0, 2): [{"clock": "2026-11-22T10:30:15"}],
        (0x0C, 1, 23): [{"energy": (1234, 0)}],
        (0x0D, 1, 161): [DAY, DAY | {"day": "2026-11-22"}],
    }
    return terminal.Server("4403", 5, {"values": values, "pw": PW, "ec": None, "forward": METER})


def ask(server, afn, some, **more):
    """The answer as (AFN, [(p, F, values)], additions)."""
    sent = message.request("4403", 5, 1, afn, some, 3, **more)
    asked, *_ = frame.Framer().feed(sent)
    (answer,) = frame.Framer().feed(server.feed(sent))
    assert frame.match(asked, answer) == ""
    told = message.decode(answer)
    assert told.refused is None
    return answer.afn, [tuple(unit) for unit in told.units], told.additions


DENIED = (0, [(0, commands.DENIED, {})], frame.NOTHING_ADDED)
ACCEPTED = (0, [(0, commands.ACCEPTED, {})], frame.NOTHING_ADDED)


def test_login_and_heartbeat_are_confirmed_by_number(server):
    for n, (sent, number) in enumerate(
        ((server.login(), commands.LOGIN), (server.heartbeat(), commands.HEARTBEAT))
    ):
        (got,) = frame.Framer().feed(sent)
        assert message.decode(got).units == [(0, number, {})]
        assert got.seq == frame.SINGLE | frame.CONFIRM | n
        confirmation = message.confirm(got, commands.ACCEPTED)
        (back,) = frame.Framer().feed(confirmation)
        assert frame.match(got, back) == ""
        assert server.feed(confirmation) == b""


def test_values_of_several_points(server):
    afn, found, _ = ask(server, 0x0C, [(0, 2, {}), (1, 23, {}), (2, 23, {})])
    assert afn == 0x0C
    assert found == [(0, 2, {"clock": "2026-11-22T10:30:15"}), (1, 23, {"energy": (1234, 0)})]


def test_a_frozen_day_is_the_one_asked_for(server):
    _, found, _ = ask(server, 0x0D, [(1, 161, {"day": "2026-11-22"})])
    assert found == [(1, 161, DAY | {"day": "2026-11-22"})]
    assert ask(server, 0x0D, [(1, 161, {"day": "2026-11-20"})]) == DENIED


def test_what_it_has_not_is_denied(server):
    assert ask(server, 0x0C, [(7, 23, {})]) == DENIED


def test_controls_need_the_password(server):
    assert ask(server, 0x05, [(1, 1, {"limit": 2})], pw=bytes(16)) == DENIED
    assert (0x05, 1, 1) not in server.store["values"]
    assert ask(server, 0x05, [(1, 1, {"limit": 2})], pw=PW) == ACCEPTED
    assert server.store["values"][(0x05, 1, 1)] == [{"limit": 2}]


def test_a_reset_is_accepted_and_an_unknown_control_denied(server):
    assert ask(server, 0x01, [(0, 1, {})], pw=PW) == ACCEPTED
    sent = frame.encode(0x4A, "4403", 5, 2, 0x05, 0x60, bytes.fromhex("0000401e") + PW)
    (answer,) = frame.Framer().feed(server.feed(sent))
    assert message.decode(answer).units == [(0, commands.DENIED, {})]


def test_the_clock_is_set(server):
    assert ask(server, 0x05, [(0, 31, {"clock": "2026-11-22T11:00:00"})], pw=PW) == ACCEPTED
    assert ask(server, 0x0C, [(0, 2, {})])[1] == [(0, 2, {"clock": "2026-11-22T11:00:00"})]


def test_a_parameter_set_is_read_back(server):
    values = {"pt_ratio": 1, "ct_ratio": 40, "rated_voltage": 2200, "rated_current": 15, "rated_load": 9900}
    values["wiring"] = 1
    assert ask(server, 0x04, [(1, 25, values)], pw=PW) == ACCEPTED
    assert ask(server, 0x0A, [(1, 25, {})])[1] == [(1, 25, values)]


def test_a_purchase_and_dunning(server):
    money = {"order": 7, "mode": 0x55, "amount": (100, 0), "alarm": (10, 0), "trip": (0, 0)}
    assert ask(server, 0x04, [(1, 47, money)], pw=PW) == ACCEPTED
    assert ask(server, 0x0A, [(1, 47, {})])[1] == [(1, 47, money)]
    assert ask(server, 0x05, [(0, 26, {})], pw=PW) == ACCEPTED
    assert ask(server, 0x05, [(0, 34, {})], pw=PW) == ACCEPTED


def test_forwarding_and_files(server):
    telegram = {"port": 31, "control": 0x6B, "timeout": 10, "byte_timeout": 10, "data": bytes.fromhex("68aa")}
    assert ask(server, 0x10, [(0, 1, telegram)], pw=PW)[1][0][2]["data"].hex() == "68bb"
    assert ask(server, 0x10, [(0, 1, telegram | {"data": b"\x68"})], pw=PW) == DENIED
    part = {"file": 1, "attribute": 0, "command": 0, "segments": 9, "segment": 4, "data": b"abc"}
    assert ask(server, 0x0F, [(0, 1, part)], pw=PW) == (0x0F, [(0, 1, {"segment": 4})], frame.NOTHING_ADDED)


def test_waiting_events_and_the_time_tag_come_along(server):
    server.store["ec"] = (3, 4)
    additions = ask(server, 0x0C, [(0, 2, {})], tp=(7, "22T10:30:15", 5))[2]
    assert additions == frame.Additions(None, (3, 4), (7, "22T10:30:15", 5))


def test_everyone_obeys_and_stays_silent(server):
    sent = message.request("FFFF", 0xFFFF, 1, 0x05, [(0, 26, {})], 0, pw=PW)
    assert server.feed(sent) == b""
    assert (0x05, 0, 26) in server.store["values"]


@pytest.mark.parametrize(
    "sent",
    [
        frame.encode(0x4B, "4403", 6, 2, 0x0C, 0x60, bytes.fromhex("00000200")),
        frame.encode(0x4B, "4404", 5, 2, 0x0C, 0x60, bytes.fromhex("00000200")),
        frame.encode(0x88, "4403", 5, 2, 0x0C, 0x60, bytes.fromhex("00000200")),
        frame.encode(0x4B, "4403", 5, 2, 0x0C, 0xE0, b"\x00\x00"),
    ],
    ids=["another terminal", "another region", "its own side", "not whole"],
)
def test_it_is_silent(server, sent):
    assert server.feed(sent) == b""


@pytest.mark.parametrize("afn", [0x02, 0x03, 0x06, 0x08, 0x0B])
def test_functions_it_has_not_are_denied(server, afn):
    pw = PW if afn in frame.WITH_PASSWORD else b""
    data = bytes(16) if afn in frame.WITH_PASSWORD else b""
    sent = frame.encode(0x4B, "4403", 5, 2, afn, 0x60, bytes.fromhex("00000100") + data + pw)
    (answer,) = frame.Framer().feed(server.feed(sent))
    assert message.decode(answer).units == [(0, commands.DENIED, {})]


def test_an_answer_too_long_for_a_frame_is_denied(server):
    server.store["values"][(0x0A, 0, 16)] = [{"user": "u", "password": "p"}]
    assert ask(server, 0x0A, [(0, 16, {})] * 300) == DENIED


SENT = st.builds(
    frame.encode,
    st.sampled_from([0x41, 0x4A, 0x4B]),
    st.just("4403"),
    st.just(5),
    st.just(2),
    st.sampled_from(sorted(frame.AFN)),
    st.integers(0, 255),
    st.binary(max_size=80),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(SENT, st.binary(max_size=40)), max_size=4))
def test_any_bytes_are_answered_well_or_not_at_all(sent):
    server = terminal.Server("4403", 5, {"values": {}, "pw": None, "ec": (1, 2), "forward": {}})
    for got in frame.Framer().feed(server.feed(b"".join(sent))):
        assert got.control & frame.UP
        assert message.decode(got).refused is None


def test_every_item_set_is_read_back(server):
    """Whatever a station may set, the terminal can say again."""
    for number, (_, layout, _) in items.ITEMS[(0x04, items.DOWN)].items():
        values = schema.decode(layout, b"\x01" * 8000)[0]
        assert ask(server, 0x04, [(1, number, values)], pw=PW) == ACCEPTED
        if number in items.ITEMS[(0x0A, items.DOWN)] and not items.find(0x0A, items.DOWN, number)[1]:
            assert ask(server, 0x0A, [(1, number, {})])[1] == [(1, number, values)]
