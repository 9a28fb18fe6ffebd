"""The pure core: any order of arrival comes to the same end."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from station.alarms import machine
from station.alarms.kinds import BY_EVENT, CLASSES, ENDS, SEVERITIES, signs
from station.store.events import EVENTS


def event(name, t_s, received_s=10_000, t_ok=1, device="T1", **data):
    facts = {"device": device, "name": name, "t_s": t_s, "t_ok": t_ok, "received_s": received_s}
    return facts | {"data": data}


def run(*events, world=None):
    return machine.run(world or machine.World(held={}, ends={}), events)


def test_every_event_of_the_table_is_one_and_is_graded():
    names = {name for _no, name in EVENTS.items()} | {"offline", "unit_down", "no_messages"}
    assert set(BY_EVENT) | set(ENDS) <= names
    assert {row.severity for row in BY_EVENT.values()} <= set(SEVERITIES)
    assert {row.cls for row in BY_EVENT.values()} == set(CLASSES)


def test_repeats_are_counted_on_one_alarm():
    world = run(event("terminal_fault", 1), event("terminal_fault", 5, repeats=3), event("terminal_fault", 9))
    (alarm,) = world.touched
    assert (alarm.repeats, alarm.from_s, alarm.last_s, alarm.cleared_s) == (6, 1, 9, None)


def test_two_phases_are_one_alarm_that_clears_with_the_last():
    loss: dict[str, Any] = {"kind": 1, "metering_point": 1}
    world = run(
        event("voltage_loop_abnormal", 1, phase=1, **loss), event("voltage_loop_abnormal", 2, phase=2, **loss)
    )
    (alarm,) = world.touched
    assert alarm.kind == "voltage_loss"
    run(event("voltage_loop_abnormal", 3, phase=1, ended=1, **loss), world=world)
    assert alarm.cleared_s is None
    run(event("voltage_loop_abnormal", 4, phase=2, ended=1, **loss), world=world)
    assert alarm.cleared_s == 4


def test_what_is_older_than_its_end_opens_nothing():
    world = run(event("meter_read_recovered", 200), event("meter_read_failed", 100))
    assert world.touched == []
    run(event("meter_read_failed", 201), world=world)
    assert [alarm.from_s for alarm in world.touched] == [201]


def test_an_end_older_than_the_begin_clears_nothing():
    world = run(event("meter_read_failed", 300), event("meter_read_recovered", 200))
    assert [alarm.cleared_s for alarm in world.touched] == [None]


def test_a_clock_of_the_future_does_not_swallow_what_follows():
    world = run(
        event("meter_read_recovered", 9_999_999, received_s=50), event("meter_read_failed", 60, received_s=61)
    )
    assert [alarm.from_s for alarm in world.touched] == [60]


def test_a_restart_ends_the_anomalies_of_a_terminal_only():
    loss = event("voltage_loop_abnormal", 1, kind=1, phase=1)
    world = machine.World(held={}, ends={}, terminals={"T1"})
    run(loss, event("terminal_fault", 2), event("power_up", 3), world=world)
    assert {alarm.kind: alarm.cleared_s for alarm in world.touched} == {
        "voltage_loss": 3,
        "terminal_fault": None,
    }
    assert [alarm.cleared_s for alarm in run(loss, event("power_up", 3)).touched] == [None]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=8, unique_by=lambda row: row[1]),
    st.data(),
)
def test_the_order_of_arrival_does_not_decide_what_holds(told, data):
    events = [event("meter_read_failed" if begins else "meter_read_recovered", t_s) for begins, t_s in told]
    mixed = data.draw(st.permutations(events))
    latest = max(told, key=lambda row: row[1], default=(False, 0))
    assert bool(run(*mixed).held) == latest[0]


@given(
    st.sampled_from([name for _no, name in EVENTS.items()]),
    st.dictionaries(
        st.sampled_from(["kind", "phase", "metering_point", "line", "ended", "repeats"]),
        st.one_of(st.integers(), st.text(max_size=5)),
        max_size=6,
    ),
)
def test_any_data_of_an_event_is_read(name, data):
    for sign in signs(event(name, 1, **data)):
        assert sign.times >= 1
