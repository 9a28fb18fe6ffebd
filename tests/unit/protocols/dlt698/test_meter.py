"""The simulated meter is as strict as a real one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import apdu, axdr, link, meter, segments
from tests.unit.protocols.dlt698 import strategies, worlds
from tests.unit.protocols.dlt698.worlds import (
    ADDRESS,
    CLOCK,
    DAILY,
    ENERGY,
    NEUTRAL,
    NOTE,
    TRIP,
    VOLTS,
    Meter,
    day,
)

UNKNOWN = 0x30000200
ANOTHER_DAY = day(2)


def ask(server, service, kind, body, time=None, **how):
    """The APDU it answers, None when it stays silent."""
    frame = link.to_server(how.pop("address", ADDRESS), b"", 16, **how)
    frame = frame._replace(data=apdu.encode(apdu.request(service, kind, 9, body, time)))
    frames = link.Framer().feed(server.feed(link.encode(frame)))
    if not frames:
        return None
    (answer,) = frames
    assert answer[:5] == (link.SINGLE, server.logical, server.address, 16, frame.control | link.FROM_SERVER)
    got = apdu.decode(answer.data)
    assert got.piid == 9
    return got


def get(server, oad, **how):
    return ask(server, apdu.GET, apdu.NORMAL, oad, **how)


# ---- who is meant


@pytest.mark.parametrize("address", [ADDRESS, "AAAAAAAAAAAA", "AAAAAA789012"])
def test_it_answers_its_address_and_wildcards_with_its_own(address):
    assert get(Meter(), NEUTRAL, address=address).body == (NEUTRAL, (1, (5, -7)))


@pytest.mark.parametrize(
    "how", [{"address": "123456789013"}, {"address": "AA"}, {"logical": 1}, {"control": 0x03}]
)
def test_it_is_silent_for_others(how):
    assert get(Meter(), NEUTRAL, **how) is None


def test_broadcast_and_its_groups_are_obeyed_in_silence():
    server = Meter()
    server.groups = {"000000000001"}
    for number, frame in enumerate(
        (
            link.to_server("AA", b""),
            link.Frame(link.GROUP, 0, "000000000001", 0, link.REQUEST, b""),
            link.Frame(link.GROUP, 0, "000000000002", 0, link.REQUEST, b""),
        )
    ):
        wire = apdu.encode(apdu.request(apdu.SET, 1, 0, (CLOCK, day(number + 10))))
        assert server.feed(link.encode(frame._replace(data=wire))) == b""
    assert server.store[CLOCK] == day(11)


def test_it_scrambles_when_it_is_asked_so():
    assert get(Meter(), NEUTRAL, control=link.REQUEST | link.SCRAMBLED).body[1] == (1, (5, -7))


def test_a_damaged_request_is_no_request():
    wire = bytearray(link.encode(link.to_server(ADDRESS, apdu.encode(apdu.request(5, 1, 0, VOLTS)))))
    wire[-3] ^= 1
    assert Meter().feed(bytes(wire)) == b""


# ---- services


@pytest.mark.parametrize(
    ("oad", "result"),
    [
        (ENERGY, (1, (1, [(6, tariff) for tariff in range(5)]))),
        (ENERGY + 3, (1, (6, 2))),
        (ENERGY + 6, (0, apdu.DAR_ABSENT)),
        (0x00100400, (0, apdu.DAR_ABSENT)),
        (UNKNOWN, (0, apdu.DAR_UNDEFINED)),
    ],
)
def test_get(oad, result):
    assert get(Meter(), oad).body == (oad, result)


def test_a_list_is_answered_item_by_item():
    answer = ask(Meter(), apdu.GET, apdu.LIST, [NEUTRAL, UNKNOWN])
    assert answer.body == [(NEUTRAL, (1, (5, -7))), (UNKNOWN, (0, apdu.DAR_UNDEFINED))]


@pytest.mark.parametrize(
    ("oad", "data", "dar"),
    [
        (CLOCK, ANOTHER_DAY, 0),
        (CLOCK, (6, 5), apdu.DAR_TYPE),
        (NEUTRAL, (5, 5), apdu.DAR_REFUSED),
        (ENERGY + 1, (6, 5), apdu.DAR_REFUSED),
        (UNKNOWN, (5, 5), apdu.DAR_UNDEFINED),
    ],
)
def test_set_changes_only_what_may_be_changed(oad, data, dar):
    server = Meter()
    before = dict(server.store)
    assert ask(server, apdu.SET, apdu.NORMAL, (oad, data)).body == (oad, dar)
    assert server.store == (before if dar else before | {oad: data})


def test_set_then_get_reads_what_was_set():
    answer = ask(
        Meter(), apdu.SET, apdu.THEN_GET, [(CLOCK, ANOTHER_DAY, CLOCK, 1), (VOLTS, (6, 1), NEUTRAL, 0)]
    )
    assert answer.body == [(CLOCK, 0, CLOCK, (1, ANOTHER_DAY)), (VOLTS, 3, NEUTRAL, (1, (5, -7)))]


def test_actions_run_methods():
    server = Meter()
    assert ask(server, apdu.ACTION, apdu.NORMAL, (TRIP, (0, None))).body == (TRIP, 0, (axdr.U16, 1))
    answer = ask(server, apdu.ACTION, apdu.LIST, [(TRIP + 1, (5, 1)), (UNKNOWN, (0, None))])
    assert answer.body == [(TRIP + 1, 0, (axdr.U16, 2)), (UNKNOWN, apdu.DAR_UNDEFINED, None)]
    assert server.acts == [(0, None), (5, 1)]
    answer = ask(server, apdu.ACTION, apdu.THEN_GET, [(TRIP, (0, None), NEUTRAL, 0)])
    assert answer.body == [(TRIP, 0, (axdr.U16, 3), NEUTRAL, (1, (5, -7)))]


@pytest.mark.parametrize(
    ("sent", "good_for", "dar"),
    [
        ((2016, 1, 1, 0, 0, 0), (1, 5), 0),
        ((2015, 12, 31, 23, 55, 0), (1, 5), 0),
        ((2015, 12, 31, 23, 54, 59), (1, 5), apdu.DAR_TIME_TAG),
        ((2015, 12, 31, 0, 0, 0), (3, 1), 0),
        ((2015, 1, 1, 0, 0, 0), (0, 0), 0),
        ((2015, 1, 1, 0, 0, 0), (99, 1), 0),
    ],
)
def test_a_time_tag_that_ran_out_stops_changes_and_is_echoed(sent, good_for, dar):
    server = Meter()
    answer = ask(server, apdu.SET, apdu.NORMAL, (CLOCK, ANOTHER_DAY), (sent, good_for))
    assert (answer.body, answer.time) == ((CLOCK, dar), (sent, good_for))
    assert server.store[CLOCK] == (day(1) if dar else ANOTHER_DAY)
    answer = ask(server, apdu.ACTION, apdu.NORMAL, (TRIP, (0, None)), ((2014, 1, 1, 0, 0, 0), (1, 5)))
    assert (answer.body, server.acts) == ((TRIP, apdu.DAR_TIME_TAG, None), [])


def test_records_are_found_by_row_and_column():
    time, missing = (0, worlds.FROZEN), (0, UNKNOWN)
    answer = ask(Meter(), apdu.GET, apdu.RECORD, (DAILY, (9, 1), [time, missing]))
    assert answer.body == (DAILY, [time, missing], (1, [[day(28), (0, None)]]))
    answer = ask(Meter(), apdu.GET, apdu.RECORD_LIST, [(DAILY, (9, 99), [time]), (UNKNOWN, (0, None), [])])
    assert answer.body == [(DAILY, [time], (1, [])), (UNKNOWN, [], (0, apdu.DAR_UNDEFINED))]
    answer = ask(Meter(), apdu.GET, apdu.RECORD, (DAILY, (4, ((2016, 1, 1, 0, 0, 0), (0, None))), []))
    assert answer.body == (DAILY, [], (0, apdu.DAR_RANGE))


def test_a_long_answer_comes_in_blocks():
    server = Meter()
    server.apdu_size = 400
    answer = ask(server, apdu.GET, apdu.RECORD, (DAILY, (0, None), []))
    rows = []
    for number in range(9):
        last, block, (choice, ((oad, _columns, (_found, part)),)) = answer.body
        assert (answer.kind, block, choice, oad) == (apdu.NEXT, number, 2, DAILY)
        assert len(apdu.encode(answer)) < 400
        rows += part
        if last:
            break
        answer = ask(server, apdu.GET, apdu.NEXT, block)
    assert rows == worlds.daily()[1]
    assert ask(server, apdu.GET, apdu.NEXT, block).body == (True, block, (0, apdu.DAR_BLOCK))


def test_blocks_keep_refused_records_and_lists_whole():
    server = Meter()
    server.apdu_size = 40
    answer = ask(server, apdu.GET, apdu.LIST, [VOLTS, UNKNOWN, ENERGY])
    assert answer.body[2] == (1, [(VOLTS, (1, server.store[VOLTS])), (UNKNOWN, (0, apdu.DAR_UNDEFINED))])
    assert ask(server, apdu.GET, apdu.NEXT, 0).body[:2] == (True, 1)
    answer = ask(
        server,
        apdu.GET,
        apdu.RECORD_LIST,
        [(DAILY, (9, 1), []), (UNKNOWN, (0, None), []), (DAILY, (9, 2), [])],
    )
    assert [len(answer.body[2][1]), answer.body[0]] == [1, False]


def test_next_without_a_transfer_is_refused():
    assert ask(Meter(), apdu.GET, apdu.NEXT, 3).body == (True, 3, (0, apdu.DAR_NO_TRANSFER))


TERMS = (16, b"\xff" * 8, b"\xff" * 16, 600, 300, 1, 2048, 100)


@pytest.mark.parametrize(
    ("password", "mechanism", "result"),
    [
        ("", (0, None), 0),
        ("1234", (1, "1234"), 0),
        ("1234", (1, "12"), 1),
        ("1234", (0, None), 1),
        ("", (2, (b"", b"")), 255),
    ],
)
def test_connect(password, mechanism, result):
    server = Meter()
    server.password = password
    answer = ask(server, apdu.CONNECT, None, (*TERMS, mechanism))
    assert answer.body == (meter.FACTORY, *TERMS[:3], 300, 600, *TERMS[5:], result, None)
    assert (server.connected, server.frame_size) == (result == 0, 1024 if result else 300)
    assert ask(server, apdu.RELEASE, None, None).body == 0
    assert not server.connected


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("0501094001020000ff", apdu.NOT_UNDERSTOOD),
        ("050109", apdu.NOT_UNDERSTOOD),
        ("050109400102", apdu.NOT_UNDERSTOOD),
        ("04010900", apdu.NOT_SUPPORTED),
        ("0507090000", apdu.NOT_SUPPORTED),
        ("0506094001020000", apdu.NOT_SUPPORTED),
        ("0907 09 F2010200 0602080100 0003 000A 02AABB 00", apdu.NOT_SUPPORTED),
    ],
)
def test_what_it_cannot_read_or_do_is_told_as_an_error(data, error):
    frame = link.to_server(ADDRESS, bytes.fromhex(data))
    (answer,) = link.Framer().feed(Meter().feed(link.encode(frame)))
    got = apdu.decode(answer.data)
    assert (got.service, got.piid, got.body) == (apdu.ERROR, 9, error)


# ---- segments


def test_a_long_answer_is_cut_and_waits_for_each_acknowledgement():
    server = Meter()
    frame = link.to_server(ADDRESS, apdu.encode(apdu.request(apdu.GET, 1, 9, NOTE)))
    joiner, whole = segments.Joiner(), None
    while whole is None:
        (answer,) = link.Framer().feed(server.feed(link.encode(frame)))
        assert answer.control == 0xE3
        assert len(link.encode(answer, 0)) <= server.frame_size
        acknowledgement, whole = joiner.take(answer.data)
        frame = frame._replace(control=0x63, data=acknowledgement)
    assert apdu.decode(whole).body == (NOTE, (1, server.store[NOTE]))
    assert server.feed(link.encode(frame._replace(data=b"\x09\x80"))) == b""


def test_a_long_request_is_joined_and_a_broken_one_forgotten():
    server = Meter()
    wire = apdu.encode(apdu.request(apdu.SET, 1, 9, (NOTE, (9, b"n" * 500))))
    pieces = segments.cut(wire, 200)
    for order, answered in (
        (1, b""),
        (0, b"\x00\x80"),
        (2, b""),
        (0, b"\x00\x80"),
        (1, b"\x01\x80"),
        (1, b"\x01\x80"),
    ):
        frame = link.to_server(ADDRESS, pieces[order], control=0x63)
        replies = link.Framer().feed(server.feed(link.encode(frame)))
        assert [reply.data for reply in replies] == ([answered] if answered else [])
    (reply,) = link.Framer().feed(server.feed(link.encode(frame._replace(data=pieces[2]))))
    assert apdu.decode(reply.data).body == (NOTE, 0)
    assert server.store[NOTE] == (9, b"n" * 500)


# ---- security


def test_with_a_lock_changes_must_come_secured():
    server = Meter(security=worlds.MeterLock())
    assert get(server, NEUTRAL).body[1] == (1, (5, -7))
    assert ask(server, apdu.SET, 1, (CLOCK, ANOTHER_DAY)).body == (CLOCK, apdu.DAR_SECURITY)
    assert ask(server, apdu.ACTION, 1, (TRIP, (0, None))).body == (TRIP, apdu.DAR_SECURITY, None)
    assert (server.store[CLOCK], server.acts) == (day(1), [])


@pytest.mark.parametrize("lock", [None, worlds.MeterLock(lie=1)])
def test_a_wrong_mac_is_refused(lock):
    server = Meter(security=lock)
    kind, payload, check = worlds.MasterLock().sealed(
        apdu.encode(apdu.request(apdu.SET, 1, 9, (CLOCK, ANOTHER_DAY)))
    )
    frame = link.to_server(ADDRESS, apdu.encode(apdu.request(apdu.SECURITY, kind, None, (payload, check))))
    (answer,) = link.Framer().feed(server.feed(link.encode(frame)))
    assert apdu.decode(answer.data)[:4] == (0x90, apdu.REFUSAL, None, (apdu.DAR_SECURITY, None))
    assert server.store[CLOCK] == day(1)


# ---- anything


@settings(max_examples=60, deadline=None)
@given(strategies.apdus(), st.sampled_from((ADDRESS, "AAAAAAAAAAAA")), st.booleans(), st.binary(max_size=30))
def test_any_apdu_and_any_bytes_get_an_answer_or_silence(one, address, locked, noise):
    server = Meter(security=worlds.MeterLock() if locked else None)
    for data in (apdu.encode(one), noise):
        for control in (link.REQUEST, link.REQUEST | link.SEGMENT):
            reply = server.feed(link.encode(link.to_server(address, data, control=control)))
            assert len(link.Framer().feed(reply)) == bool(reply)
    assert server.feed(noise) == b""
