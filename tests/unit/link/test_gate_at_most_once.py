"""A command has its effect at most once and its answer at least once, whenever power or flash fails."""

import pytest

from firmware.link.gate import SLOTS
from protocols.uplink.codes import EXECUTED, REASON_NO, REFUSED
from tests.unit.link.gate_rig import Cut, Rig


@pytest.fixture
def make_rig(tmp_path):
    made = []

    def make():
        rig = Rig(tmp_path / str(len(made)))
        made.append(rig)
        return rig

    yield make
    for rig in made:
        rig.kv.close()


def cut_points(make_rig, play):
    """Run `play(rig)` once whole, then with a cut before and after each of its steps; yield (rig, point)."""
    whole = make_rig()
    play(whole)
    for point in range(1, whole.steps + 1):
        for after in (False, True):
            rig = make_rig()
            rig.cut_at, rig.after = point, after
            with pytest.raises(Cut):
                play(rig)
            rig.cut_at = None
            rig.boot()
            yield rig, (point, after)


def test_an_order_of_energy_is_applied_once_at_every_cut(make_rig):
    def play(rig):
        rig.gate.receive(rig.purchase(1))

    points = 0
    for rig, _point in cut_points(make_rig, play):
        rig.second()
        rig.gate.receive(rig.purchase(1))  # the broker had no PUBACK: it delivers again
        rig.gate.receive(rig.purchase(1))
        assert rig.balance == 1000
        assert set(rig.results(1)) == {(EXECUTED, 0)}
        points += 1
    assert points >= 8


def test_an_order_whose_delivery_was_acknowledged_is_answered_after_every_cut(make_rig):
    """No redelivery comes: what is journalled must be answered from the journal alone."""

    def play(rig):
        rig.gate.receive(rig.purchase(1))

    for rig, point in cut_points(make_rig, play):
        rig.second()
        if point == (1, False):  # nothing was journalled, so nothing was acknowledged either
            assert (rig.balance, rig.recorded) == (0, [])
        else:
            assert (rig.balance, set(rig.results(1))) == (1000, {(EXECUTED, 0)})


def test_a_refusal_is_answered_after_every_cut_and_stays_one(make_rig):
    def play(rig):
        rig.answer = REASON_NO["order_number_old"]
        rig.gate.receive(rig.purchase(1))

    for rig, point in cut_points(make_rig, play):
        rig.second()
        if point != (1, False):
            rig.answer = 0
        rig.gate.receive(rig.purchase(1))
        assert rig.balance == 0
        assert set(rig.results(1)) == {(REFUSED, REASON_NO["order_number_old"])}


def test_a_trip_is_finished_from_the_state_after_every_cut(make_rig):
    def play(rig):
        rig.gate.receive(rig.trip(1, delay_s=3))
        for _ in range(3):
            rig.second()
        rig.relays = rig.due
        rig.second()

    for rig, point in cut_points(make_rig, play):
        journalled = rig.kv.get("control") is not None
        assert rig.due == (1 if journalled else 0)
        rig.relays = rig.due  # the core trips by its own state, which was restored
        for _ in range(20):
            rig.second()
        finals = [outcome for outcome, _reason in rig.results(1) if outcome != 1]
        assert set(finals) == ({EXECUTED} if journalled else set()), point


def test_answers_told_are_not_told_again_at_each_start(make_rig):
    rig = make_rig()
    rig.gate.receive(rig.purchase(1))
    rig.boot()
    rig.second()
    rig.gate.receive(rig.purchase(2))
    rig.boot()
    rig.second()
    assert len(rig.results(1)) <= 2
    assert len(rig.results(2)) == 2


def test_a_flash_that_refuses_means_nothing_was_done(make_rig):
    rig = make_rig()
    rig.flash_dead = True
    rig.gate.receive(rig.purchase(1))
    assert rig.balance == 0
    rig.flash_dead = False
    rig.gate.receive(rig.purchase(1))
    assert rig.results(1) == [(REFUSED, REASON_NO["storage_failed"])] * 2
    assert rig.balance == 0
    rig.gate.receive(rig.purchase(2))
    assert (rig.balance, rig.results(2)) == (1000, [(EXECUTED, 0)])


def test_an_id_the_flash_refused_is_used_up_in_the_journal_once_it_takes_a_put(make_rig):
    rig = make_rig()
    rig.flash_dead = True
    rig.gate.receive(rig.purchase(1))
    rig.second()
    rig.flash_dead = False
    rig.second()
    steps = rig.steps
    rig.second()
    assert rig.steps == steps  # one put was enough
    rig.boot()
    rig.gate.receive(rig.purchase(1))
    assert rig.balance == 0
    assert rig.results(1) == [(REFUSED, REASON_NO["storage_failed"]), (REFUSED, REASON_NO["stale_id"])]


def test_an_answer_that_neither_flash_nor_outbox_took_is_told_later(make_rig):
    rig = make_rig()
    rig.flash_dead = rig.outbox_full = True
    rig.gate.receive(rig.purchase(1))
    rig.second()
    rig.outbox_full = False
    rig.second()
    rig.second()
    assert rig.results(1) == [(REFUSED, REASON_NO["storage_failed"])]


def test_a_flash_that_refuses_the_answer_delays_it(make_rig):
    rig = make_rig()
    rig.gate.receive(rig.trip(1, delay_s=1))
    rig.relays, rig.flash_dead = 1, True
    rig.second()
    rig.second()
    assert len(rig.recorded) == 1
    rig.flash_dead = False
    rig.second()
    assert rig.results(1)[-1] == (EXECUTED, 0)


def test_an_outbox_that_refuses_gets_the_answer_later(make_rig):
    rig = make_rig()
    rig.outbox_full = True
    rig.gate.receive(rig.purchase(1))
    assert (rig.recorded, rig.balance) == ([], 1000)
    rig.boot()
    rig.outbox_full = False
    rig.second()
    rig.second()
    assert rig.results(1) == [(EXECUTED, 0)]


def test_answers_pushed_out_before_the_outbox_took_them_are_given_up(make_rig):
    rig = make_rig()
    rig.outbox_full = True
    rig.answer = REASON_NO["guaranteed"]
    for number in range(1, 2 * SLOTS):
        rig.gate.receive(rig.trip(number))
        assert len(rig.kv.get("gate")[2]) <= SLOTS
    rig.answer = 0
    rig.gate.receive(rig.trip(2 * SLOTS))
    rig.outbox_full = False
    rig.second()
    told = [body["command"] for body in rig.recorded]
    assert told == list(range(SLOTS + 1, 2 * SLOTS))
    rig.second()
    assert len(rig.recorded) == len(told)


@pytest.mark.parametrize("spoilt", ["spoilt", [[1]], [None, [1, 2]] + [None] * 6])
def test_an_answer_that_became_unreadable_is_given_up(make_rig, spoilt):
    rig = make_rig()
    rig.outbox_full = True
    rig.gate.receive(rig.purchase(1))
    rig.gate.receive(rig.purchase(10))
    rig.kv.put({"a0": spoilt})
    rig.outbox_full = False
    rig.second()
    rig.second()
    assert (rig.results(1), rig.results(10)) == ([], [(EXECUTED, 0)])


def test_a_spoilt_gate_entry_does_not_open_old_ids_again(make_rig):
    rig = make_rig()
    rig.gate.receive(rig.purchase(41))
    for spoilt in ([1, 2], [41, [[1]], []], "x", [None, [], []], [41, 3, []]):
        rig.kv.put({"gate": spoilt})
        rig.boot()
        assert (rig.gate.last, rig.gate.counts) == (41, {"journal_unreadable": 1})
        rig.gate.receive(rig.purchase(40))
    assert rig.balance == 1000


def test_the_journal_holds_before_the_answer_leaves(make_rig):
    """At the moment a final answer is recorded, a restart would already find it."""
    rig = make_rig()
    seen = []
    add = rig.gate._add

    def spy(*row):
        seen.append(rig.kv.get("a0")[1])
        return add(*row)

    rig.gate._add = spy
    rig.gate.receive(rig.purchase(1))
    assert [answer[:3] for answer in seen] == [[1, EXECUTED, 0]]
    assert rig.recorded[0]["remaining_wh"] == 1000
