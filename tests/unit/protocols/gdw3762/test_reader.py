"""Meters read through the simulated module, on a bad line and behind a bad carrier."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import cjt188_meter, dlt645, dlt645_97_meter, iec62056_21_meter
from protocols.lines.dlt645_server import Server as Meter
from protocols.lines.dlt698 import axdr
from protocols.lines.dlt698 import meter as dlt698_meter
from protocols.lines.gdw3762 import frame, items
from protocols.lines.gdw3762.module import Server
from protocols.lines.gdw3762.nodes import Node
from protocols.lines.refused import REASONS, Refused
from protocols.meters.readers import gdw3762 as readers
from protocols.meters.readers.dlt645 import ACTION_MS
from protocols.meters.readers.gdw3762 import Heard, Line, Reader
from tests.unit.protocols.dlms.support import SERIAL, a_meter, options
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy
from tests.unit.protocols.gdw3762.support import (
    ENERGY,
    LONG,
    NODE,
    OWN,
    SECOND,
    Patient,
    a_645,
    a_module,
    why,
)

SOON = (2026, 11, 22, 10, 35, 0)
TRIP = {"level": 2, "password": "000000", "operator": "1", "valid_until": SOON}
BY = sorted(readers.CARRIERS)
bounded = settings(max_examples=100, deadline=None)


# ---- a meter's Reader through the module ---------------------------------------------------------


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("fault", [None, echoed, noisy, Late], ids=["clean", "echoed", "noisy", "late"])
def test_an_answer_in_pieces_comes_through_every_carrier(by, fault):
    reader, server = Reader(NODE, {"line": Line(OWN), "by": by}), a_module()
    assert drive(reader.read("05060001"), reader, server, Late() if fault is Late else fault) == LONG


def test_what_the_module_heard_is_kept_with_the_meter():
    server = a_module()
    for node, (level, phases, signal) in zip(server.world.values(), [(3, 2, 9), (0, 7, 15)], strict=True):
        node.level, node.phases, node.signal = level, phases, signal
    server.world[NODE].delay_ms = 2300
    line = Line(OWN)
    first, second = Reader(NODE, {"line": line}), Reader("3304", {"line": line})
    assert first.heard is None
    for reader in (first, second):
        assert drive(reader.read("00010000"), reader, Patient(server, 3000)) == ENERGY
    assert first.heard == Heard(3, 2, 9, 9, 3, False)
    assert second.heard == Heard(0, 0, 15, 15, 0, False)


def test_the_frame_of_the_meter_goes_without_what_wakes_it_on_a_wire():
    reader, server = Reader(NODE, {"line": Line("1000001000")}), Patient(a_module(), 0)
    drive(reader.read("00010000"), reader, server)
    assert items.decode(server.asked[0])["data"] == dlt645.read(NODE, 0x00010000, wakeup=0)
    assert server.asked[0].addresses == ("001000001000", NODE)


def test_the_module_is_waited_for_as_long_as_it_may_need_and_the_meter_besides():
    reader = Reader(NODE, {"line": Line(OWN, wait_ms=9000)})
    assert next(reader.read("00010000")).wait_ms == 9000
    assert next(reader.control("trip", TRIP)).wait_ms == 9000 + ACTION_MS


def test_every_read_has_a_number_of_its_own_and_goes_on_behind_255():
    line = Line(OWN, number=253)
    reader, server = Reader(NODE, {"line": line}), Patient(a_module(), 0)
    for _ in range(5):
        assert drive(reader.read("00010000"), reader, server) == ENERGY
    assert [frame.number(asked) for asked in server.asked] == [254, 255, 0, 1, 2]


def an_old_meter():
    return dlt645_97_meter.Server(NODE, {"9010": ENERGY})


def an_object_meter():
    return dlt698_meter.Server(NODE, {0x20000200: (axdr.ARRAY, [(axdr.U16, 2301)])}, {}, {}, [])


def a_water_meter():
    return cjt188_meter.Server("78331505900569", {0x8106: b"\3"})


@pytest.mark.parametrize(
    ("link", "address", "inner", "meter", "request_", "want"),
    [
        ("dlt645-1997", NODE, {}, an_old_meter, "9010", ENERGY),
        ("dlt698", NODE, {}, an_object_meter, "20000200", {"0": 2301}),
        ("cjt188", "78331505900569", {}, a_water_meter, "8106", b"\3"),
        ("dlms", "17", options("hdlc", "lls"), a_meter, SERIAL, None),
    ],
)
@pytest.mark.parametrize("by", ["forward", "concurrent"])
def test_meters_of_other_protocols_are_read_through_the_module(
    by, link, address, inner, meter, request_, want
):
    given_ = {"line": Line(OWN), "link": link, "options": inner, "node": NODE, "by": by}
    reader, server = Reader(address, given_), Patient(a_module(), 0)
    server.server.world[NODE].meter = meter()
    got = drive(reader.read(request_), reader, server)
    assert got == want or (want is None and got)
    drive(reader.close(), reader, server)
    told = {items.decode(asked)["protocol"] for asked in server.asked}
    assert told == {readers.PROTOCOLS.get(link, items.TRANSPARENT)}


@pytest.mark.parametrize("link", ["sml", "iec62056-21"])
def test_what_needs_a_listener_or_another_speed_is_refused(link):
    reader, server = Reader("", {"line": Line(OWN), "link": link, "node": NODE}), Patient(a_module(), 0)
    server.server.world[NODE].meter = iec62056_21_meter.Server("", {"1.8.0": "1*kWh"})
    assert why(reader.read("1.8.0"), reader, server)[0] == "unsupported"


def test_a_frame_too_long_for_one_byte_of_length_needs_afn_f1():
    written = {"level": 4, "password": "111111", "operator": "1"}
    for by, reason in (("forward", "too_long"), ("concurrent", "")):
        reader = Reader(NODE, {"line": Line(OWN), "options": written, "by": by})
        server = a_module()
        server.world[NODE].meter.store["05060001"] = bytes(240)
        write = reader.write("05060001", bytes(240))
        assert (why(write, reader, server)[0] if reason else drive(write, reader, server)) == (reason or b"")


@pytest.mark.parametrize("wrong", [{"by": "carrier"}, {"link": "x25"}])
def test_wrong_options_are_ours(wrong):
    with pytest.raises((ValueError, KeyError)):
        Reader(NODE, {"line": Line(OWN)} | wrong)


# ---- lost, late and foreign answers --------------------------------------------------------------


def test_a_lost_answer_is_mute_and_the_next_read_succeeds():
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()
    assert why(reader.read("00010000"), reader, server, lost({0})) == ("mute", "")
    server.silent = 1
    assert why(reader.read("00010000"), reader, server) == ("mute", "")
    server.world[NODE].lose = 1
    assert why(reader.read("00010000"), reader, Patient(server, 6000)) == ("mute", "")
    assert drive(reader.read("00010000"), reader, server) == ENERGY


def test_a_control_whose_answer_is_lost_acts_once_and_is_never_repeated():
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()
    node = server.world[NODE]
    node.lose = 1
    line = Patient(server, 6000)
    assert why(reader.control("trip", TRIP), reader, line) == ("mute", "")
    assert (node.meter.relay_open, len(line.asked)) == (True, 1)
    assert drive(reader.read("04000503"), reader, line) == bytes([0x50, 0])


def test_an_answer_that_comes_too_late_is_not_that_of_the_next_read():
    line, server = Line(OWN), a_module()
    server.world[NODE].delay_ms = 4000
    server.world[NODE].meter.store["00020000"] = b"\1\0\0\0"
    reader = Reader(NODE, {"line": line})
    assert why(reader.read("00010000"), reader, Patient(server, 3000)) == ("mute", "")
    assert why(reader.read("00020000"), reader, Patient(server, 500)) == ("refused", "node_being_read")
    late = server.run(500)
    sent = frame.Framer().feed(Reader(NODE, {"line": line}).read("00010000").send(None).data)[0]
    assert [frame.match(sent, got) for got in frame.Framer().feed(late)] == ["late"]
    server.world[NODE].delay_ms = 0
    assert drive(reader.read("00020000"), reader, server, lambda _n, _r, reply: late + reply) == b"\1\0\0\0"


def test_a_node_given_up_may_still_answer_and_nobody_takes_that():
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()
    server.world[NODE].delay_ms = 9000
    assert why(reader.read("00010000"), reader, Patient(server, 6000)) == ("mute", "")
    server.world[NODE].delay_ms = 0
    server.world[NODE].meter.store["00010000"] = b"\x27\0\0\0"
    late = server.run(3000)
    assert len(frame.Framer().feed(late)) == 1
    assert drive(reader.read("00010000"), reader, server, lambda _n, _r, reply: late + reply) == b"\x27\0\0\0"


def test_the_answer_of_another_meter_under_our_number_is_passed_over():
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()

    def foreign(_number, request, _reply):
        (asked,) = frame.Framer().feed(request)
        other = asked._replace(addresses=(OWN, SECOND))
        return server.feed(frame.encode(*other))

    assert why(reader.read("00010000"), reader, server, foreign) == ("mute", "")


def test_an_answer_of_another_meter_inside_a_right_one_is_passed_over():
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()
    server.world[NODE].meter = type(
        "Wrong", (), {"feed": lambda self, data: a_645(SECOND).feed(dlt645.read(SECOND, 0x00010000))}
    )()
    assert why(reader.read("00010000"), reader, server) == ("mute", "")
    assert reader.heard is None


def test_an_empty_answer_says_that_the_meter_is_mute():
    reader = Reader("000009285772", {"line": Line("0", number=49), "by": "concurrent"})
    answer = bytes.fromhex("681e0083040000000032725728090000000000000000f10100020000a716")
    server = type("Published", (), {"feed": lambda self, data: answer})()
    assert why(reader.read("00010000"), reader, server) == ("mute", "")


# ---- what the module denies ----------------------------------------------------------------------


class Talker:
    """Says more than one byte of length can tell."""

    def feed(self, _data):
        return bytes(256)


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        (lambda server: server.nodes.rows.clear(), "unknown_node"),
        (lambda server: server.world.pop(NODE), "node_not_in_network"),
        (lambda server: setattr(server.world[NODE], "online", False), "node_not_in_network"),
        (lambda server: setattr(server.world[NODE], "meter", Talker()), "bad_length"),
    ],
)
def test_denials_come_with_their_name(spoil, detail):
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()
    spoil(server)
    assert why(reader.read("00010000"), reader, server) == ("refused", detail)


def test_one_forwarded_read_at_a_time():
    line, server = Line(OWN), a_module()
    server.world[NODE].delay_ms = 1000
    first, second = Reader(NODE, {"line": line}), Reader(SECOND, {"line": line})
    assert why(first.read("00010000"), first, server) == ("mute", "")  # nobody waits
    assert why(second.read("00010000"), second, server) == ("refused", "busy")
    server.run(1000)
    assert drive(second.read("00010000"), second, server) == ENERGY


def test_a_meter_that_says_nothing_is_given_up_by_the_module():
    reader, server = Reader("77", {"line": Line(OWN), "node": NODE}), a_module()
    line = Patient(server, 6000)
    assert why(reader.read("00010000"), reader, line) == ("mute", "")
    assert server.run(60_000) == b""
    wire = frame.request(
        0x13,
        1,
        items.encode("forward", False, {"protocol": 2, "delay_related": 0, "attached": [], "data": b"?"}),
        9,
        (OWN, NODE),
    )
    (denial,) = frame.Framer().feed(server.feed(wire) + server.run(6000))
    assert items.ERRORS[items.decode(denial)["error"]] == "meter_silent"


# ---- several meters at once ----------------------------------------------------------------------


def together(server, readers_, request_, wait_ms):
    """What each Reader returns or is refused, when all are asked before the first answer is taken."""
    open_, results = {}, {}
    for reader in readers_:
        generator = reader.read(request_)
        asked = generator.send(None)
        open_[reader] = (generator, asked)
    wire = b"".join(server.feed(asked.data) for _generator, asked in open_.values()) + server.run(wait_ms)
    for got in [*frame.Framer().feed(wire), *[None] * len(open_)]:
        for reader, (generator, asked) in list(open_.items()):
            if got is None or not asked.judge(got):
                del open_[reader]
                try:
                    generator.send(got)
                except StopIteration as end:
                    results[reader] = end.value
                except Refused as refused:
                    results[reader] = refused.args
                break
    return [results[reader] for reader in readers_]


def crowd(count, **more) -> tuple[Server, list[Reader], list[bytes]]:
    """The later a meter is asked, the sooner it answers."""
    line = Line(OWN)
    addresses = [f"{number:012d}" for number in range(1, count + 1)]
    store = {address: bytes([number, 0, 0, 0]) for number, address in enumerate(addresses, 1)}
    world = {
        address: Node(Meter(address, {"00010000": store[address]}), delay_ms=100 * (count - number))
        for number, address in enumerate(addresses)
    }
    server = Server(OWN, world, **more)
    server.nodes.rows = [(address, 2) for address in addresses]
    made = [Reader(address, {"line": line, "by": "concurrent"}) for address in addresses]
    return server, made, list(store.values())


def test_concurrent_reads_answer_in_any_order_and_each_gets_its_own():
    server, made, want = crowd(5)
    assert together(server, made, "00010000", 500) == want


def test_more_than_it_takes_at_once_are_denied():
    server, made, want = crowd(7, at_once=5)
    denied = ("refused", "too_many_at_once")
    assert together(server, made, "00010000", 700) == [*want[:5], denied, denied]
    assert together(server, made[5:], "00010000", 700) == want[5:]


def test_a_meter_being_read_is_denied():
    server, made, want = crowd(2)
    line = Line(OWN, number=100)
    again = Reader("1", {"line": line, "by": "concurrent"})
    assert together(server, [made[0], again], "00010000", 500) == [want[0], ("refused", "node_being_read")]


def test_thirteen_frames_of_a_meter_in_one_concurrent_read_are_the_most():
    server = a_module()
    one = dlt645.read(NODE, 0x00010000, wakeup=0)
    for count, error in ((13, None), (14, "too_many_frames")):
        data = items.encode("concurrent", False, {"protocol": 2, "reserved": 0, "data": one * count})
        (got,) = frame.Framer().feed(server.feed(frame.request(0xF1, 1, data, 1, (OWN, NODE))))
        told = items.decode(got)
        if error:
            assert items.ERRORS[told["error"]] == error
        else:
            assert len(dlt645.Framer().feed(told["data"])) == 13


# ---- whatever comes ------------------------------------------------------------------------------


@bounded
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_the_reader_takes_any_reply(noise, data):
    reader = Reader(NODE, {"line": Line(OWN)})

    def spoilt(_number, request, _reply):
        (sent,) = frame.Framer().feed(request)
        return noise + frame.answer(0x13, 1, data, frame.number(sent), (NODE, OWN))

    with pytest.raises(Refused) as refused:
        drive(reader.read("00010000"), reader, a_module(), spoilt)
    assert refused.value.reason in REASONS
