"""Meters are read through it; what it denies costs no meter its value."""

import pytest

from firmware.area.plan_duties import OK, ON_DEMAND, REFUSED
from firmware.collect.module import READY
from protocols.lines.gdw3762.frame import F1, Framer
from protocols.meters.points import BY_ALIAS
from tests.unit.collect_module.rig import Rig, text

POINT = BY_ALIAS["energy_import_wh"][0]


def ready(**more):
    rig = Rig(**more)
    rig.run(lambda: rig.module.phase == READY)
    return rig


def read(rig, meter=1):
    return rig.run(rig.collector.ask_point(meter, POINT, ON_DEMAND, 120))


def test_a_value_comes_through_the_module_with_how_it_came():
    rig = ready()
    outcome, values = read(rig)
    assert (outcome, values[POINT]) == (OK, 123450)
    assert rig.module.heard.row(1) == (2, 255, 15)
    assert rig.module.heard.row(2) is None


@pytest.mark.parametrize("gone", ["offline", "forgotten"])
def test_a_node_that_cannot_be_reached_has_refused_nothing(gone):
    rig = ready()
    if gone == "offline":
        rig.server.world[text(1)].online = False
    else:
        rig.server.nodes.rows = rig.server.nodes.rows[1:]
    outcome, _values = read(rig)
    assert outcome != REFUSED
    if gone == "forgotten":
        rig.run(lambda: text(1) in rig.listed(), most_s=60)
    else:
        assert rig.module.heard.row(1)[1] == 0


def test_a_phase_that_is_not_the_archives_is_told_once_it_is_sure():
    rig = ready(phase=2)
    for _ in range(2):
        read(rig)
    assert rig.told == []
    for _ in range(4):
        read(rig)
    assert rig.told == [("phase_differs", {"metering_point": 1, "phase": 1})]
    assert rig.module.phase_of(bytes.fromhex(text(1))[::-1]) == 1


def test_a_phase_that_is_the_archives_is_no_event():
    rig = ready()
    for _ in range(5):
        read(rig)
    assert rig.module.heard.phase(1) == 1
    assert rig.told == []


def test_while_it_is_gone_a_read_is_mute_at_once_and_it_comes_back():
    rig = ready()
    rig.port.there = False
    rig.run(lambda: "carrier_gone" in rig.names())
    sent = len(rig.port.sent)
    began_ms = rig.clock.now_ms()
    steps = rig.module.reader(1, rig.collector.profile(1)).read("00010000")
    assert next(steps).data == b""
    assert (len(rig.port.sent), rig.clock.now_ms()) == (sent, began_ms)
    assert read(rig)[0] != OK
    rig.port.there = True
    rig.run(lambda: rig.module.phase == READY)
    assert rig.names() == ["carrier_gone", "carrier_back"]
    assert read(rig)[0] == OK


def test_no_module_at_all_is_told_once_and_asked_seldom():
    rig = Rig()
    rig.port.there = False
    end = rig.clock.now_ms() + 3600 * 1000
    rig.run(lambda: rig.clock.now_ms() >= end, most_s=4000)
    assert rig.names() == ["carrier_gone"]
    assert 8 < len([sent for sent in rig.port.sent if sent]) < 30
    rig.port.there = True
    rig.run(lambda: rig.module.phase == READY, most_s=400)


def test_without_meters_behind_it_nobody_asks():
    rig = Rig(())
    end = rig.clock.now_ms() + 3600 * 1000
    rig.run(lambda: rig.clock.now_ms() >= end, most_s=4000)
    assert (rig.port.sent, rig.told) == ([], [])


REPORTS = {
    "ask_data": ({"phase": 1, "address": text(1), "number": 1}, (0x14, 1)),
    "ask_clock": ({}, (0x14, 2)),
    "ask_correction": ({"address": text(1), "delay_s": 1, "data": b""}, (0, 2)),
    "report_data": ({"number": 1, "protocol": 2, "duration_s": 1, "data": b"\x68"}, (0, 1)),
    "report_route": ({"change": 1}, (0, 1)),
    "report_event": ({"device": 1, "protocol": 2, "data": b"\x68"}, (0, 1)),
}


@pytest.mark.parametrize("name", REPORTS)
def test_what_it_starts_is_answered_under_its_number_and_reads_nobody(name):
    rig = ready()
    values, (afn, fn) = REPORTS[name]
    rig.port.say(rig.server.start(name, values))
    number = rig.server._number
    rig.run(lambda: not rig.server.unconfirmed)
    answer = next(
        got for sent in reversed(rig.port.sent) for got in Framer().feed(sent) if not got.control & 64
    )
    assert (answer.afn, answer.dt, answer.info[5]) == (afn, F1 << fn - 1, number)
    assert not rig.server.world[text(1)].was_read
