"""Who may command what when: every check of the gate has its own answer, and a stranger gets none."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link.gate import MAX_REPEATS, REPEAT_MS
from protocols.uplink import codes, envelope, messages, topics
from protocols.uplink.codes import EXECUTED, EXPIRED, REASON_NO, RECEIVED, REFUSED
from station.approvals import policy
from tests.unit.link.gate_rig import DEVICE, KEYS, NOW_S, Rig


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.kv.close()


def refused(name):
    return (REFUSED, REASON_NO[name])


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"device": "T2"}, refused("not_mine")),
        ({"kind": 99}, refused("unknown_kind")),
        ({"kind": messages.TRIP, "params": {1: 1}}, refused("bad_params")),
        ({"kind": messages.TRIP, "params": {1: -1, 2: 0, 3: 0}}, refused("bad_params")),
        ({"command": 1 << 60}, refused("bad_params")),
        ({"not_before_s": NOW_S + 6}, refused("too_early")),
        ({"deadline_s": NOW_S - 1}, (EXPIRED, REASON_NO["past_deadline"])),
        ({"not_before_s": NOW_S + 5, "deadline_s": NOW_S}, (EXECUTED, 0)),
    ],
)
def test_each_check_has_its_answer(rig, changes, answer):
    number = changes.get("command", 7)
    rig.gate.receive(rig.seal(**({"number": 7} | changes)))
    assert rig.results(number) == [answer]
    assert rig.balance == 0


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({}, [codes.ADDRESSED]),
        ({"scope": codes.ADDRESSED}, [codes.ADDRESSED]),
        ({"scope": 1}, [codes.TO_MANY]),
    ],
)
def test_the_core_is_told_whether_a_command_went_to_many(rig, changes, scopes):
    rig.gate.receive(rig.seal(7, second=True, **changes))
    assert rig.scopes == scopes


def test_an_unknown_scope_is_refused_before_the_core(rig):
    rig.gate.receive(rig.seal(7, scope=2))
    assert rig.results(7) == [refused("bad_params")]
    assert rig.scopes == []


def test_only_the_station_is_believed_to_be_there(rig):
    """What `receive` returns tells the session that it heard the station."""
    other = {"operator": bytes(32), "approver": bytes(32)}
    assert rig.gate.receive(rig.purchase(1))
    assert rig.gate.receive(rig.purchase(1))  # a repeat is the station's all the same
    assert not rig.gate.receive(rig.seal(2, keys=other))
    assert not rig.gate.receive(b"noise")
    assert rig.gate.counts["bad_mac"] == 1


def test_without_a_clock_no_deadline_can_be_judged(rig):
    rig.clock.ok = False
    rig.gate.receive(rig.purchase(1))
    rig.clock.ok = True
    rig.gate.receive(rig.purchase(1))
    assert rig.results(1) == [refused("clock_unset")] * 2
    assert rig.balance == 0


def test_the_core_refuses_with_its_own_reason(rig):
    rig.answer = REASON_NO["guaranteed"]
    rig.gate.receive(rig.trip(1))
    rig.answer = 0
    rig.gate.receive(rig.trip(1))
    assert rig.results(1) == [refused("guaranteed")] * 2
    assert rig.due == 0


def test_a_refusal_says_why_in_words_where_somebody_knows(rig):
    rig.answer = REASON_NO["bad_params"]
    rig.gate.said = SimpleNamespace(error="slide_s is out of its range" + "." * 99, held=None)
    rig.gate.receive(rig.trip(1))
    (text,) = rig.recorded[-1]["detail"].values()
    assert text.startswith("slide_s is out of its range")
    assert len(text) == 60


@pytest.mark.parametrize("scope", [codes.ADDRESSED, codes.TO_MANY])
@pytest.mark.parametrize("on", [0, 1])
@pytest.mark.parametrize(
    "kind", [messages.TRIP, messages.GUARANTEE, messages.EXCLUSION, messages.AUTO_RELEASE]
)
def test_the_station_knows_what_the_device_refuses_without_two(rig, kind, on, scope):
    known = {"on": on, "duration_s": 0, "rounds": 1, "delay_s": 0, "limit_s": 0}
    schema = messages.COMMANDS[kind]
    params = {field: known[field] for _key, field, _letter, _need in messages.rows(schema) if field in known}
    rig.gate.receive(rig.seal(1, kind, messages.pack(schema, params), scope=scope))
    needs = rig.results(1) == [refused("second_mac_needed")]
    assert needs == policy.sealed_for_two(kind, params, scope)


NEED_TWO = (
    (messages.GUARANTEE, {1: 0, 2: 0}, 0),
    (messages.EXCLUSION, {1: 0}, 0),
    (messages.TRIP, {1: 1, 2: 0, 3: 0}, 1),
)


@pytest.mark.parametrize(("kind", "params", "scope"), NEED_TWO)
def test_a_command_that_needs_two_seals_is_refused_with_one(rig, kind, params, scope):
    rig.relays = 1
    rig.gate.receive(rig.seal(1, kind, params, scope=scope))
    rig.gate.receive(rig.seal(2, kind, params, scope=scope, second=True))
    assert rig.results(1) == [refused("second_mac_needed")]
    assert rig.results(2) == [(EXECUTED, 0)]


def test_one_person_may_guarantee_a_supply_and_trip_one_terminal(rig):
    rig.gate.receive(rig.seal(1, messages.GUARANTEE, {1: 1, 2: 0}))
    rig.relays = 1
    rig.gate.receive(rig.trip(2))
    assert [rig.results(number) for number in (1, 2)] == [[(EXECUTED, 0)]] * 2


def test_a_stranger_gets_no_answer_and_uses_up_no_id(rig):
    forger = {"operator": bytes(32), "approver": bytes(32)}
    good = rig.purchase(5)
    for data in (
        rig.seal(5, keys=forger),
        rig.seal(5, keys={"operator": KEYS["operator"], "approver": bytes(32)}, second=True),
        good[:-1] + bytes((good[-1] ^ 1,)),
        envelope.seal(KEYS["operator"], topics.MARK, DEVICE, {1: 1}),
        good[:50],
        b"",
        bytes(5000),
        envelope.seal(KEYS["operator"], topics.CMD, DEVICE, {1: DEVICE}),
    ):
        rig.gate.receive(data)
    assert rig.recorded == []
    assert (rig.gate.last, sum(rig.gate.counts.values())) == (0, 8)
    assert rig.gate.counts["bad_mac"] == 4
    rig.gate.receive(good)
    assert rig.balance == 1000


@given(st.binary(max_size=200))
def test_noise_is_counted(tmp_path_factory, data):
    rig = Rig(tmp_path_factory.mktemp("g"))
    rig.gate.receive(data)
    rig.kv.close()
    assert rig.gate.counts == {"malformed": 1}
    assert rig.recorded == []


def test_ids_only_rise(rig):
    rig.gate.receive(rig.purchase(10))
    rig.gate.receive(rig.purchase(9))
    rig.gate.receive(rig.purchase(11))
    assert rig.results(9) == [refused("stale_id")]
    assert (rig.balance, rig.gate.last) == (2000, 11)


def test_a_refused_id_is_used_up(rig):
    rig.gate.receive(rig.seal(3, kind=99))
    rig.gate.receive(rig.purchase(3))
    assert rig.results(3) == [refused("unknown_kind")] * 2
    assert rig.balance == 0


def test_the_last_64_get_the_same_answer_again_older_ones_are_stale(rig):
    for number in range(1, 81):
        rig.gate.receive(rig.purchase(number))
    before = {number: rig.results(number) for number in range(1, 81)}
    for number in range(1, 81):
        rig.clock.wait(REPEAT_MS // 1000 // MAX_REPEATS + 1)
        rig.gate.receive(rig.purchase(number))
    for number in range(17, 81):
        assert rig.results(number) == before[number] * 2
    for number in range(1, 17):
        assert rig.results(number) == [*before[number], refused("stale_id")]
    assert rig.balance == 80_000


def test_replays_fill_no_flash(rig):
    """Whoever holds old sealed messages may send them for ever, in any mixture."""
    for number in range(1, 81):
        rig.gate.receive(rig.purchase(number))
    before = len(rig.recorded)
    stale, kept, foreign, huge = (
        rig.purchase(3),
        rig.purchase(80),
        rig.seal(1, device="T2"),
        rig.seal(1 << 60),
    )
    for _ in range(250):
        for data in (stale, kept, foreign, huge):
            rig.gate.receive(data)
    assert len(rig.recorded) - before == MAX_REPEATS
    assert rig.gate.counts["repeats_unanswered"] == 1000 - MAX_REPEATS
    rig.clock.wait(REPEAT_MS // 1000)
    rig.gate.receive(kept)
    assert len(rig.recorded) - before == MAX_REPEATS + 1
    rig.clock.wait(8 * 86400)  # the difference of ticks is negative by now
    for _ in range(MAX_REPEATS + 1):
        rig.gate.receive(kept)
    assert len(rig.recorded) - before == 2 * MAX_REPEATS + 1


# ---- trips close by what is measured -----------------------------------------------------------


def test_a_trip_is_executed_when_output_and_contact_read_back(rig):
    rig.contacts = 0
    rig.gate.receive(rig.trip(1, rounds=3))
    rig.relays = 3
    rig.second()
    assert rig.results(1) == []
    rig.contacts = 1
    rig.second()
    assert rig.results(1) == []
    rig.contacts = 3
    rig.second()
    assert rig.recorded == [
        {
            "command": 1,
            "outcome": EXECUTED,
            "reason": 0,
            "tripped": 3,
            "open": 3,
            "remaining_wh": 0,
            "detail": {},
        }
    ]


def test_contacts_that_cannot_be_read_are_not_waited_for(rig):
    rig.readable = False
    rig.gate.receive(rig.trip(1))
    rig.relays = 1
    rig.second()
    assert rig.results(1) == [(EXECUTED, 0)]


def test_a_delayed_trip_is_received_at_once_and_executed_when_it_happens(rig):
    rig.gate.receive(rig.trip(1, delay_s=60))
    assert rig.results(1) == [(RECEIVED, 0)]
    for _ in range(60):
        rig.second()
    rig.gate.receive(rig.trip(1, delay_s=60))
    assert rig.results(1) == [(RECEIVED, 0)] * 2
    rig.relays = 1
    rig.second()
    assert rig.results(1)[2:] == [(EXECUTED, 0)]


def test_a_switch_that_stays_closed_is_never_called_executed(rig):
    rig.contacts = 0
    rig.gate.receive(rig.trip(1, delay_s=5))
    rig.relays = 1
    for _ in range(30):
        rig.second()
    answer = rig.recorded[-1]
    assert (answer["outcome"], answer["tripped"], answer["open"]) == (REFUSED, 1, 0)
    assert answer["reason"] == REASON_NO.get("not_confirmed", 0)
    assert len(rig.recorded) == 2


def test_a_guarantee_in_between_refuses_the_pending_trip(rig):
    rig.gate.receive(rig.trip(1, delay_s=60))
    rig.gate.receive(rig.seal(2, messages.GUARANTEE, {1: 1, 2: 0}))
    assert rig.results(1) == [(RECEIVED, 0), refused("guaranteed")]


def test_rounds_another_control_had_tripped_do_not_hurry_the_answer(rig):
    rig.relays = 1
    rig.gate.receive(rig.trip(1, delay_s=10))
    for _ in range(9):
        rig.second()
    assert rig.results(1) == [(RECEIVED, 0)]
    rig.second()
    rig.second()
    assert rig.results(1) == [(RECEIVED, 0), (EXECUTED, 0)]


def test_open_trips_are_bounded(rig):
    for number in range(1, 10):
        rig.gate.receive(rig.trip(number, delay_s=60))
    answer = rig.recorded[-1]
    assert (answer["command"], answer["outcome"]) == (9, REFUSED)
    assert answer["reason"] or answer["detail"] == {codes.EVENT_FIELD_NO["error"]: "busy"}


def test_a_fault_of_the_core_is_answered_and_not_met_again(rig):
    def broken(*_):
        raise RuntimeError("a fault of ours")

    rig.gate._apply = broken
    rig.gate.receive(rig.purchase(1))
    rig.gate.receive(rig.purchase(1))
    assert rig.results(1) == [refused("bad_params")] * 2
    assert (rig.gate.counts["fault"], "a fault of ours" in rig.gate.fault) == (1, True)


def test_a_command_whose_code_finds_no_room_is_refused_and_does_nothing(rig):
    def no_room(*_):
        raise MemoryError

    rig.gate._apply = no_room
    rig.gate.receive(rig.purchase(1))
    assert rig.results(1) == [refused("busy")]
    assert (rig.gate.counts, rig.balance) == ({"no_memory": 1}, 0)
