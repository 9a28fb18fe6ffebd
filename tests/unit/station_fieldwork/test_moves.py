"""Every move from every state by every kind of person; what is late; the queues."""

import pytest

from station.errors import Invalid
from station.fieldwork import life, machine
from station.provisioning import add_device
from station.store import devices, org, users
from station.store import fieldwork as store
from station.store.db import now_s
from station.store.scope import NOWHERE, ROOT, Scope
from tests.unit.station_access.conftest import c, engine, settings, template, tree

__all__ = ["c", "engine", "settings", "template", "tree"]
ORDER = {"assignee": "ann", "deputy": "bob"}


@pytest.mark.parametrize("state", machine.STATES)
def test_only_what_the_table_says_is_open(state):
    order = ORDER | {"state": state}
    hand = {name for name, move in machine.MOVES.items() if state in move.before and move.by == "hand"}
    desk = {name for name, move in machine.MOVES.items() if state in move.before and move.by == "desk"}
    assert set(machine.open_to(order, "ann", False)) == hand
    assert set(machine.open_to(order, "bob", False)) == hand
    assert set(machine.open_to(order, "eva", True)) == desk
    assert set(machine.open_to(order, "ann", True)) == (hand | desk) - {"check", "excuse"}
    assert machine.open_to(order, "eva", False) == ()


def test_every_state_is_reached_and_only_the_ends_are_ends():
    assert {move.to for move in machine.MOVES.values()} | {"drafted"} == set(machine.STATES)
    left = {state for move in machine.MOVES.values() for state in move.before}
    assert set(machine.STATES) - left == set(machine.ENDS)


def test_late_from_the_second_after_and_warned_a_day_before():
    order = {"state": "assigned", "due_s": 100_000}
    told = [machine.lateness(order, t) for t in (100_001, 100_000, 13_600, 13_599)]
    assert told == ["late", "soon", "soon", ""]
    assert machine.lateness(order | {"state": "done"}, 200_000) == ""


def asked(unit, **more):
    facts = {"kind": "patrol", "unit": unit, "device": "", "subject": "x", "priority": 1}
    return facts | {"due_s": now_s() + 3600} | more


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("kind", {"kind": "party"}),
        ("priority", {"priority": 4}),
        ("subject", {"subject": ""}),
        ("subject", {"subject": "x" * 201}),
        ("due", {"due_s": None}),
        ("due", {"due_s": 1}),
        ("due", {"due_s": 1 << 40}),
        ("unit", {"unit": 999}),
        ("device", {"device": "T9"}),
    ],
)
def test_a_draft_says_what_is_wrong_with_which_field(c, tree, field, more):
    add_device(c, "T9", "test", rounds=1)
    devices.change(c, "T9", unit=tree.other)
    with pytest.raises(Invalid) as told:
        life.draft(c, "ann", Scope((ROOT,)), "t", asked(tree.east) | more)
    assert [each.field for each in told.value.errors] == [field]


def test_nobody_is_given_work_where_he_has_no_right(c, tree):
    for name, unit in (("ann", tree.east), ("bob", tree.west)):
        users.add(c, name, "-", must_change=False, t_s=0)
        org.grant(c, name, "field", unit, "test", from_s=0)
    assert life.works_in(c, "ann", tree.area)
    assert not life.works_in(c, "bob", tree.area)
    assert not life.works_in(c, "nobody", tree.area)
    users.change(c, "ann", disabled_s=1)
    assert not life.works_in(c, "ann", tree.area)


def test_queues_count_the_late_and_the_done_of_the_scope(c, tree):
    number = life.draft(c, "ann", Scope((ROOT,)), "t", asked(tree.east))
    later = now_s() + 7200
    counts = [store.waiting(c, s, later) for s in (Scope((tree.city,)), Scope((tree.west,)), NOWHERE)]
    assert counts == [1, 0, 0]
    assert store.waiting(c, Scope((tree.city,)), now_s()) == 0
    assert store.move(c, number, 1, state="done")
    assert not store.move(c, number, 1, state="checked")
    assert store.to_check(c, Scope((tree.east,)), later) == 1
    assert store.to_check(c, Scope((tree.other,)), later) == 0
    assert store.waiting(c, Scope((tree.city,)), later) == 0


def test_an_excuse_ends_with_the_next_arrival(c, tree):
    number = life.draft(c, "ann", Scope((ROOT,)), "t", asked(tree.east))
    order = store.get(c, Scope((ROOT,)), number)
    assert order
    store.step(c, number, t_s=100, author="ann", move="arrive")
    store.tick(c, number, life.EXCUSED, value="seal phases", author="eva", t_s=100)
    assert life.excused(c, order) == {"seal", "phases"}
    store.step(c, number, t_s=101, author="ann", move="arrive")
    assert life.excused(c, order) == set()
