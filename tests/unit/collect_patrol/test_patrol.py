"""A patrol asks each meter once, tells each, and always ends."""

import asyncio

from firmware.area.archive import MOST
from firmware.collect.patrol import AT_ONCE, Patrol
from protocols.uplink.codes import REASON_NO
from tests.unit.area.meters import area
from tests.unit.collect_patrol.area_of_fakes import Collector, Rig


def made(rig):
    return Patrol(rig.board, rig.kv, rig.add, rig.tell, rig.collector)


def test_each_meter_is_asked_once_and_told():
    rig = Rig(made)
    rig.collector.outcomes = {3: 1}
    assert rig.order(9, point=5, first=1, last=MOST) == 0
    assert rig.room.now() == [[9, 0, 0, 40]]
    asyncio.run(rig.until(lambda: rig.told))
    assert sorted(rig.collector.asked) == [(meter, 5) for meter in range(1, 41)]
    assert rig.told == [("patrol_ended", {"command": 9, "done": 39, "failed": 1})]
    assert rig.collector.most == 1, "one at a time on a line"
    told = {body["meter"]: (body["reason"], body["values"]) for body in rig.records}
    assert told[3] == (1, {})
    assert told[4] == (0, {5: 40})
    assert len(rig.records) == 40
    assert rig.room.now() == []
    assert rig.kv["patrol"] == []


def test_several_take_turns_and_more_are_refused():
    rig = Rig(made)
    for command in range(1, AT_ONCE + 1):
        assert rig.order(command, point=command, first=1, last=20) == 0
    assert rig.order(99, point=1, first=1, last=20) == REASON_NO["busy"]
    asyncio.run(rig.until(lambda: len(rig.told) == AT_ONCE))
    assert [point for _meter, point in rig.collector.asked[:8]] == [1, 2, 3, 4, 1, 2, 3, 4]


def test_of_a_group_only_its_meters():
    rig = Rig(made, collector=Collector(area(4, group=3)))
    assert rig.order(1, point=1, first=2, last=3, group=3) == 0
    assert rig.room.now() == [[1, 0, 0, 2]]
    assert rig.order(2, point=1, first=1, last=4, group=2) == REASON_NO["bad_params"]
    assert rig.order(3, point=1, first=4, last=3) == REASON_NO["bad_params"]


def test_what_is_left_when_the_time_is_over_is_given_up():
    rig = Rig(made)
    rig.order(1, point=1, first=1, last=40, within_s=60)
    for _second in range(61):
        rig.room.tick()
    assert rig.told == [("patrol_ended", {"command": 1, "done": 0, "failed": 40, "error": "expired"})]
    assert rig.room.now() == []


def test_a_restart_gives_up_and_says_so_once():
    rig = Rig(made)
    rig.order(7, point=1, first=1, last=40)
    again = Rig(made, kv=rig.kv)
    again.room.tick()
    again.room.tick()
    assert again.told == [("patrol_ended", {"command": 7, "error": "restart"})]
    assert again.kv["patrol"] == []
