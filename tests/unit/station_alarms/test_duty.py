"""The duty log: one shift of a unit at a time, entries that stay, a handover that lists by itself."""

from station.alarms import duty
from station.store import duty as store
from station.store.scope import EVERYWHERE, Scope
from tests.unit.station_alarms.conftest import AT


def test_a_shift_is_begun_written_handed_and_taken(house, refused):
    c, east = house.c, house.tree.east
    first = duty.begin(c, "dan", EVERYWHERE, east)
    assert duty.begin(c, "dan", EVERYWHERE, east) == first
    assert refused(duty.begin, c, "eve", EVERYWHERE, east) == ["shift_open"]
    for _press in range(2):
        duty.write(c, "dan", EVERYWHERE, first, "call the depot", "t1", todo=True)
    assert refused(duty.write, c, "eve", EVERYWHERE, first, "x", "t2") == ["not_your_shift"]
    house.tell("E01", "meter_cover_open", AT)
    house.tell("W1", "meter_cover_open", AT)
    house.work(AT)
    duty.hand_over(c, "dan", EVERYWHERE, first)
    told = store.get(c, first, EVERYWHERE)["handover"]
    assert [each["device"] for each in told["alarms"]] == ["E01"]
    assert [each["text"] for each in told["entries"]] == ["call the depot"]
    assert store.waiting(c, EVERYWHERE, AT) == 1
    assert refused(duty.take_over, c, "dan", EVERYWHERE, first) == ["own_shift"]
    second = duty.take_over(c, "eve", EVERYWHERE, first)
    assert refused(duty.take_over, c, "eve", EVERYWHERE, first) == ["no_shift"]
    assert store.waiting(c, EVERYWHERE, AT) == 0
    assert store.get(c, second, EVERYWHERE)["before"] == first
    assert refused(duty.write, c, "dan", EVERYWHERE, first, "late", "t3") == ["no_shift"]


def test_an_entry_is_corrected_and_ended_by_another(house, refused):
    c, east = house.c, house.tree.east
    shift = duty.begin(c, "dan", EVERYWHERE, east)
    duty.write(c, "dan", EVERYWHERE, shift, "call the depott", "t1", todo=True)
    (entry,) = store.entries(c, shift, 9)
    duty.write(c, "dan", EVERYWHERE, shift, "depot", "t2", corrects=entry["id"])
    duty.write(c, "dan", EVERYWHERE, shift, "called", "t3", ends=entry["id"])
    assert [each["text"] for each in store.entries(c, shift, 9)] == ["call the depott", "depot", "called"]
    assert store.undone(c, east, 9) == []
    assert refused(duty.write, c, "dan", EVERYWHERE, shift, "x", "t4", ends=999) == ["no_such_entry"]


def test_who_left_without_handing_over_is_followed(house):
    shift = duty.begin(house.c, "dan", EVERYWHERE, house.tree.east)
    duty.take_over(house.c, "eve", EVERYWHERE, shift)
    assert store.get(house.c, shift, EVERYWHERE)["handover"] == {"alarms": [], "entries": []}


def test_a_shift_of_another_unit_is_none(house, refused):
    west = Scope((house.tree.west,))
    shift = duty.begin(house.c, "dan", EVERYWHERE, house.tree.east)
    assert refused(duty.take_over, house.c, "vic", west, shift) == ["no_shift"]
    assert refused(duty.begin, house.c, "vic", west, house.tree.east) == ["no_such_unit"]
