"""The table MOVES, the dispatcher's policy, and what the device's own word does to a command."""

import pytest

from protocols.uplink import messages, topics
from protocols.uplink.codes import APPEND, EXECUTED, EXPIRED, RECEIVED, REFUSED
from station import controls, prepaid
from station.commands import due
from station.errors import Invalid
from station.store import commands, db, devices, orders
from tests.unit.station.double import T0, event, result

TRIP = {"rounds": 1, "delay_s": 0, "limit_s": 0}
ONLINE = {"online": True, "hello_s": T0 - 50, "plan_id": 0, "last_order": 0}
OFFLINE = ONLINE | {"online": False}


def create(c, device="T1", kind=messages.TRIP, params=TRIP, deadline_s=None):
    return commands.create(
        c, device, kind, params, "me", db.now_s() + 60 if deadline_s is None else deadline_s
    )


def test_ids_increase_strictly_per_device(c):
    assert [create(c), create(c), create(c, "T2"), create(c)] == [1, 2, 1, 3]


def test_every_state_reaches_an_end_and_none_goes_back():
    rank = {state: n for n, state in enumerate(commands.STATES)}
    for state, to in commands.MOVES.items():
        assert state in commands.FINAL or to
        for next_state in to:
            assert rank[next_state] > rank[state] or state == "unknown", (state, next_state)
    assert not any(commands.MOVES[state] for state in commands.FINAL)


@pytest.mark.parametrize("state", commands.STATES)
def test_only_the_table_moves(c, state):
    for to in commands.STATES:
        command = create(c)
        c.execute(
            commands.commands.update().where(commands.commands.c.command == command).values(state=state)
        )
        logged = len(commands.history(c, "T1", command))
        moved = commands.move(c, "T1", command, to)
        assert moved == (to in commands.MOVES[state])
        assert commands.get(c, "T1", command)["state"] == (to if moved else state)
        assert len(commands.history(c, "T1", command)) == logged + moved


def test_history_tells_the_whole_way(c):
    command = create(c)
    commands.move(c, "T1", command, "sent")
    commands.move(c, "T1", command, "executed", t_s=T0, tripped=1, reason=0)
    assert [row["state_to"] for row in commands.history(c, "T1", command)] == [
        "drafted",
        "approved",
        "queued",
        "sent",
        "executed",
    ]
    assert commands.history(c, "T1", command)[-1]["facts"] == {"tripped": 1, "reason": 0}
    assert commands.get(c, "T1", command)["done_s"] == T0


def test_bytes_in_params_survive(c):
    codes = bytes(range(12))
    command = create(c, kind=messages.PERIOD_PLAN, params={"codes": codes})
    assert commands.get(c, "T1", command)["params"]["codes"] == codes


# ---- the device's word


def test_result_brings_the_measured_state(handler, device, engine):
    with db.writing(engine) as c:
        command = create(c)
    handler.take(
        [
            device.batch(
                topics.EV, 1, [result(command, RECEIVED), result(command, EXECUTED, tripped=1, open=1)]
            )
        ]
    )
    with db.reading(engine) as c:
        row = commands.get(c, "T1", command)
    assert (row["state"], row["tripped"], row["open"], row["reason"]) == ("executed", 1, 1, 0)


def test_late_receipt_does_not_reopen(handler, device, engine, look):
    with db.writing(engine) as c:
        command = create(c)
    handler.take([device.batch(topics.EV, 1, [result(command, REFUSED, 20), result(command, RECEIVED)])])
    assert look.commands[0]["state"] == "refused"
    assert look.counted() == {}


def test_result_of_unknown_command_and_contradiction_are_counted(handler, device, engine, look):
    with db.writing(engine) as c:
        command = create(c)
    sent = [result(99, EXECUTED), result(command, EXECUTED), result(command, REFUSED, 7)]
    handler.take([device.batch(topics.EV, 1, sent)])
    assert look.counted() == {"unknown_command": 1, "contradicting_result": 1}
    assert look.commands[0]["state"] == "executed"


def test_unknown_is_resolved_by_the_device(handler, device, engine, look):
    with db.writing(engine) as c:
        command = create(c)
        commands.move(c, "T1", command, "unknown")
    handler.take([device.batch(topics.EV, 1, [result(command, EXPIRED, 5)])])
    assert look.commands[0]["state"] == "expired"


# ---- the policy


def row(state, **facts):
    base = {"state": state, "command": 4, "kind": messages.TRIP, "params": dict(TRIP), "publishes": 0}
    return base | {"published_s": None, "not_before_s": 0, "deadline_s": T0 + 60} | facts


TRIED = {"publishes": 1, "published_s": T0 - 5}
POLICY = [
    ("fresh", row("queued"), ONLINE, T0, due.PUBLISH),
    ("fresh, device away: the broker keeps it", row("queued"), OFFLINE, T0, due.PUBLISH),
    ("too early", row("queued", not_before_s=T0 + 1), ONLINE, T0, None),
    ("no PUBACK yet", row("queued", **TRIED), ONLINE, T0, None),
    ("no PUBACK for long", row("queued", **TRIED), ONLINE, T0 + 5, due.PUBLISH),
    ("deadline itself is too late", row("queued"), ONLINE, T0 + 60, due.EXPIRE),
    ("never tried", row("queued"), OFFLINE, T0 + 61, due.EXPIRE),
    ("tried: nobody knows", row("queued", **TRIED), OFFLINE, T0 + 61, due.UNKNOWN),
    ("sent, waiting", row("sent", **TRIED), ONLINE, T0, None),
    ("sent, device came back", row("sent", **TRIED), ONLINE | {"hello_s": T0 - 1}, T0, due.PUBLISH),
    ("sent, no receipt though online", row("sent", **TRIED), ONLINE, T0 + 15, due.PUBLISH),
    ("sent, device away", row("sent", **TRIED), OFFLINE, T0 + 15, None),
    ("sent, never seen", row("sent", **TRIED), OFFLINE | {"hello_s": None}, T0 + 15, None),
    ("nothing after the deadline", row("sent", **TRIED), ONLINE | {"hello_s": T0 + 60}, T0 + 60, None),
    ("sent, no receipt", row("sent", **TRIED), ONLINE, T0 + 75, due.UNKNOWN),
    ("received, acting", row("received", **TRIED), ONLINE, T0 + 100, None),
    ("received, silent", row("received", **TRIED), ONLINE, T0 + 361, due.UNKNOWN),
    ("unknown stays unknown", row("unknown", **TRIED), ONLINE, T0 + 999, None),
    (
        "plan read back",
        row("unknown", kind=messages.PERIOD_PLAN, params={}),
        ONLINE | {"plan_id": 4},
        T0 + 99,
        due.EXECUTED,
    ),
    ("another plan", row("unknown", kind=messages.PERIOD_PLAN, params={}), ONLINE | {"plan_id": 5}, T0, None),
    (
        "order read back",
        row("unknown", kind=messages.PURCHASE, params={"order": 7}),
        ONLINE | {"last_order": 7},
        T0,
        due.EXECUTED,
    ),
    (
        "later order proves nothing",
        row("unknown", kind=messages.PURCHASE, params={"order": 7}),
        ONLINE | {"last_order": 8},
        T0,
        None,
    ),
    ("draft left lying", row("drafted"), ONLINE, T0 + 60, due.EXPIRE),
]


@pytest.mark.parametrize(
    ("command", "link", "t_s", "expected"), [p[1:] for p in POLICY], ids=[p[0] for p in POLICY]
)
def test_policy(command, link, t_s, expected):
    assert due.action(command, link, t_s) == expected


# ---- orders


def buy(c, order):
    params = prepaid.build(order, APPEND, 1000, 300, 0, [1], 3)
    return controls.submit(c, "T1", messages.PURCHASE, params, "me")


def test_one_order_at_a_time_and_numbers_only_grow(c):
    command = buy(c, prepaid.next_order(c, "T1"))
    with pytest.raises(Invalid, match="order_open"):
        buy(c, 2)
    commands.move(c, "T1", command, "unknown")
    with pytest.raises(Invalid, match="order_open"):
        buy(c, 2)
    commands.move(c, "T1", command, "executed")
    for wrong in (1, 3):
        with pytest.raises(Invalid, match="order_not_next"):
            buy(c, wrong)
    buy(c, 2)
    assert [row["order"] for row in orders.recent(c, "T1")] == [2, 1]


def test_next_order_is_above_what_the_device_applied(handler, device, engine):
    handler.take([device.now(last_order=41)])
    with db.reading(engine) as c:
        assert prepaid.next_order(c, "T1") == 42
        assert devices.get(c, "T1")["last_order"] == 41


def test_ledger_takes_remaining_energy_from_the_event(handler, device, engine, look):
    with db.writing(engine) as c:
        buy(c, 1)
    applied = event("purchase_applied", order=1, remaining_before_wh=-5, remaining_after_wh=999_995)
    handler.take([device.batch(topics.EV, 1, [applied])])
    found = look.orders[0]
    assert (found["applied_s"], found["remaining_before_wh"], found["remaining_after_wh"]) == (
        T0,
        -5,
        999_995,
    )


def test_preview_of_an_order(handler, device, engine):
    handler.take([device.now(remaining_wh=250_000)])
    with db.reading(engine) as c:
        found = prepaid.preview(c, "T1", prepaid.build(1, APPEND, 40, 300, 0, [1], 3))
    assert (found["remaining_before_wh"], found["remaining_after_wh"]) == (250_000, 290_000)
    assert (found["will_alarm"], found["will_trip"]) == (True, False)
