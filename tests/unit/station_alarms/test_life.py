"""Events and silence become alarms in the store; units, outages and time change them."""

from station.alarms import acts, outages
from station.store import alarms, devices, settings
from station.store import outages as planned
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station_alarms.conftest import AT

MIN = 60


def test_an_event_opens_and_its_end_clears(house):
    house.tell("E01", "meter_read_failed", AT, metering_point=1)
    house.work(AT)
    (row,) = house.list()
    assert (row["kind"], row["severity"], row["unit_now"]) == ("meter_read_failed", 2, house.tree.east)
    house.tell("E01", "meter_read_failed", AT + 5, metering_point=1)
    house.work(AT + 5)
    assert [row["repeats"] for row in house.list()] == [2]
    house.tell("E01", "meter_read_recovered", AT + 9, metering_point=1)
    house.work(AT + 9)
    assert house.list() == []
    assert [row["cleared_s"] for row in house.list("cleared")] == [AT + 9]
    house.tell("E01", "meter_read_failed", AT + 7, metering_point=1)  # late, in another batch
    house.work(AT + 10)
    assert house.list() == []


def test_work_goes_on_where_it_stopped(house):
    house.tell("E01", "terminal_fault", AT)
    house.work(AT)
    house.work(AT)
    assert [row["repeats"] for row in house.list()] == [1]


def test_one_silent_terminal_is_an_alarm_and_comes_back(house):
    house.all_seen(AT + 20 * MIN, but=["E01"])
    house.work(AT + 20 * MIN)
    assert [(row["device"], row["kind"], row["from_s"]) for row in house.list()] == [("E01", "offline", AT)]
    house.all_seen(AT + 21 * MIN)
    house.work(AT + 21 * MIN)
    assert house.list() == []


def test_many_of_one_unit_are_one_alarm_until_most_are_back(house):
    house.all_seen(AT + 20 * MIN, but=house.east)
    house.work(AT + 20 * MIN)
    (row,) = house.list()
    assert (row["kind"], row["device"], row["members"], row["silent"]) == ("unit_down", None, 12, 12)
    house.all_seen(AT + 21 * MIN, but=house.east[:8])
    house.work(AT + 21 * MIN)
    assert [row["silent"] for row in house.list()] == [8]
    house.all_seen(AT + 22 * MIN, but=house.east[:2])
    house.work(AT + 22 * MIN)
    assert [(row["kind"], row["device"]) for row in house.list()] == [("offline", "E01"), ("offline", "E00")]
    assert "unit_down" in [row["kind"] for row in house.list("cleared")]


def test_silence_of_everybody_is_the_station(house):
    house.work(AT + 20 * MIN)
    assert [(row["kind"], row["class"], row["unit"]) for row in house.list()] == [
        ("no_messages", "system", ROOT)
    ]
    house.all_seen(AT + 21 * MIN)
    house.work(AT + 21 * MIN)
    assert house.list() == []


def plan(house, **more):
    facts = {"unit": house.tree.east, "devices": [], "from_s": AT, "until_s": AT + 3600, "reason": "line 3"}
    facts |= {"token": "t"} | more
    return outages.plan(house.c, "dan", EVERYWHERE, **facts)


def test_a_planned_outage_mutes_and_its_end_is_heard(house, monkeypatch):
    monkeypatch.setattr(outages, "now_s", lambda: AT)
    number = plan(house)
    assert plan(house) == number  # a second press
    house.tell("E01", "meter_stop", AT + 1, kind=24)
    house.tell("E01", "meter_cover_open", AT + 1)
    house.work(AT + 2)
    assert [row["kind"] for row in house.list()] == ["meter_cover_open"]  # never muted
    assert [row["kind"] for row in house.list("muted")] == ["meter_stop"]
    assert [row["kind"] for row in alarms.untold(house.c, 9)] == ["meter_cover_open"]
    outages.move(house.c, "dan", EVERYWHERE, number, 1, AT + 10)
    house.all_seen(AT + 10)
    house.work(AT + 10)
    assert len(house.list()) == 2


def test_an_outage_of_listed_devices_mutes_those(house, monkeypatch):
    monkeypatch.setattr(outages, "now_s", lambda: AT)
    plan(house, devices=["E02"])
    house.tell("E01", "meter_stop", AT + 1, kind=24)
    house.tell("E02", "meter_stop", AT + 1, kind=24)
    house.work(AT + 2)
    assert [row["device"] for row in house.list("muted")] == ["E02"]


def test_an_outage_is_of_ones_own_unit_and_devices(house, refused, monkeypatch):
    monkeypatch.setattr(outages, "now_s", lambda: AT)
    west = Scope((house.tree.west,))
    facts = {"from_s": AT, "until_s": AT + 60, "reason": "x", "token": "u"}
    assert refused(outages.plan, house.c, "vic", west, house.tree.east, [], **facts) == ["no_such_unit"]
    assert refused(outages.plan, house.c, "vic", west, house.tree.west, ["E01"], **facts) == [
        "no_such_devices"
    ]
    number = plan(house)
    assert refused(outages.move, house.c, "vic", west, number, 1, AT) == ["no_such_outage"]
    outages.move(house.c, "dan", EVERYWHERE, number, 1, AT + 99)
    assert refused(outages.move, house.c, "dan", EVERYWHERE, number, 1, AT) == ["changed_meanwhile"]
    assert planned.get(house.c, number, EVERYWHERE)["until_s"] == AT + 99


def test_what_nobody_acknowledges_escalates_once(house):
    house.tell("E01", "meter_cover_open", AT)
    house.work(AT)
    house.all_seen(AT + 14 * MIN)
    house.work(AT + 14 * MIN)
    assert [row["escalated_s"] for row in house.list()] == [None]
    for late in (16, 17):
        house.all_seen(AT + late * MIN)
        house.work(AT + late * MIN)
    (row,) = house.list()
    assert row["escalated_s"] == AT + 16 * MIN
    assert [note["what"] for note in alarms.notes(house.c, row["id"])] == ["escalated"]


def test_acts_need_scope_and_the_version_that_was_seen(house, refused):
    house.tell("E01", "meter_cover_open", AT)
    house.work(AT)
    (row,) = house.list()
    number, west = row["id"], Scope((house.tree.west,))
    assert refused(acts.acknowledge, house.c, "vic", west, number, 1) == ["no_such_alarm"]
    assert refused(acts.assign, house.c, "dan", EVERYWHERE, number, 1, "vic") == ["cannot_see_alarm"]
    acts.assign(house.c, "dan", EVERYWHERE, number, 1, "eve")
    assert refused(acts.acknowledge, house.c, "dan", EVERYWHERE, number, 1) == ["changed_meanwhile"]
    assert acts.acknowledge_many(house.c, "dan", EVERYWHERE, [(number, 2), (999, 1)]) == (1, 1)
    assert [row["assignee"] for row in house.list("mine", user="eve")] == ["eve"]
    acts.comment(house.c, "eve", EVERYWHERE, number, "on my way", "t1")
    acts.comment(house.c, "eve", EVERYWHERE, number, "on my way", "t1")
    assert [note["what"] for note in alarms.notes(house.c, number)] == ["noted", "acknowledged", "assigned"]
    acts.close(house.c, "eve", EVERYWHERE, number, 3, "work", "")
    assert [row["cause"] for row in house.list("cleared")] == ["work"]
    house.tell("E01", "meter_cover_open", AT - 5)  # told late, older than its end
    house.work(AT + 1)
    assert house.list() == []


def test_a_moved_device_takes_its_alarms_along(house):
    house.tell("W1", "terminal_fault", AT)
    house.work(AT)
    west = Scope((house.tree.west,))
    assert len(house.list(scope=west)) == 1

    devices.change(house.c, "W1", unit=house.tree.east)
    assert house.list(scope=west) == []
    assert alarms.waiting(house.c, Scope((house.tree.east,)), AT) == 1


def test_the_first_step_takes_no_ancient_events(house):
    settings.put(house.c, "alarms_mark", None)
    house.tell("E01", "terminal_fault", AT)
    house.work(AT)
    assert len(house.list()) == 1
