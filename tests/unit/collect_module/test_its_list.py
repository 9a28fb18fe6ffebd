"""The module's list follows the archive, whatever stood in it before and whatever it forgets."""

import pytest

from firmware.area.archive import MODULE
from firmware.collect.module import READY
from protocols.lines.gdw3762 import items
from protocols.lines.gdw3762.module import Denied
from tests.unit.collect_module.rig import Rig, row, text


def wanted(*numbers):
    return {text(each) for each in numbers}


def settled(rig):
    rig.run(lambda: rig.module.phase == READY and not rig.module._walk_due)
    return rig.listed()


@pytest.mark.parametrize("told", [(), (1, 2, 3), (2,), (7, 8), (1, 7, 3, 8), tuple(range(100, 160))])
def test_the_list_becomes_that_of_the_archive(told):
    assert settled(Rig(told=told)) == wanted(1, 2, 3)


def test_a_long_list_goes_in_parts():
    numbers = tuple(range(1, 201))
    rig = Rig(numbers)
    assert settled(rig) == wanted(*numbers)
    assert rig.module.state()["told"] == 200
    assert max(len(sent) for sent in rig.port.sent) < 200


def test_a_meter_carried_in_another_way_is_told_anew():
    rig = Rig()
    rig.server.nodes.rows = [(text(1), items.TRANSPARENT)]
    settled(rig)
    assert dict(rig.server.nodes.rows)[text(1)] == items.DLT645_2007


def test_rows_that_change_follow():
    rig = Rig()
    settled(rig)
    rig.archive.put(2, row(22) + bytes(24))
    rig.module.reload(2, 2)
    assert settled(rig) == wanted(1, 22)


def test_meters_on_wires_are_no_nodes():
    rig = Rig()
    rig.archive.put(2, row(2, line=1))
    assert settled(rig) == wanted(1, 3)


def test_a_module_that_is_full_takes_what_it_can():
    rig = Rig((1, 2, 3, 4, 5), limit=3)
    assert len(settled(rig)) == 3
    assert rig.module.state()["refused"] == 2


def test_what_it_forgets_unseen_is_told_again():
    rig = Rig()
    settled(rig)
    rig.server.nodes.rows = rig.server.nodes.rows[:1]
    rig.run(lambda: rig.listed() == wanted(1, 2, 3), most_s=700)


def test_that_it_started_anew_is_reason_to_look():
    rig = Rig()
    settled(rig)
    rig.server.nodes.rows = []
    vendor = {"vendor": "LK", "chip": "SM", "date": "261122", "version": "0100"}
    rig.port.say(rig.server.start("vendor", vendor))
    rig.run(lambda: rig.listed() == wanted(1, 2, 3), most_s=60)
    assert not rig.server.unconfirmed


def test_the_module_gives_no_lists_without_an_end():
    rig = Rig()
    settled(rig)
    same = [{"address": text(7), "protocol": 2}]
    parts = 0
    rig.module.roster.begin()
    while not rig.module.roster.take(65535, same * 16):
        parts += 1
    assert 0 < parts < 300
    assert rig.module.roster.strangers == [text(7)]


def test_nodes_are_those_in_its_network_and_those_it_reported():
    rig = Rig((1, 2), reached=(1,))
    settled(rig)
    report = {"nodes": [{"address": text(50), "protocol": 2, "number": 3}]}
    rig.port.say(rig.server.start("report_nodes", report))
    rig.run(lambda: rig.module.reports)
    found = rig.run(rig.module.nodes())
    assert [each[::-1].hex() for each in found] == [text(1), text(50)]
    assert rig.archive.line(1) == MODULE


def test_who_made_it_is_asked_again_where_the_answer_was_lost():
    rig = Rig()
    feed, lost = rig.server.feed, []

    def losing(data):
        answer = feed(data)
        if lost or b"LK" not in answer:
            return answer
        lost.append(answer)
        return b""

    rig.server.feed = losing
    rig.run(lambda: lost)
    assert rig.module.maker == ""
    settled(rig)
    rig.run(lambda: rig.module.maker == "LK SM 0100", most_s=60)


def test_who_denies_to_say_who_made_it_is_asked_once():
    rig = Rig()
    asked = []

    def deny(_values, _frame):
        asked.append(1)
        raise Denied("unsupported")

    rig.server._vendor = deny
    settled(rig)
    end = rig.clock.now_s() + 60
    rig.run(lambda: rig.clock.now_s() > end)
    assert (len(asked), rig.module.maker) == (1, "?")
