"""What the auxiliary contacts say: every change is told, and a switch that does not follow its output."""

from firmware.controller import MISMATCH_S
from protocols.uplink import messages
from protocols.uplink.codes import REASONS
from tests.unit.controller.bench import TRIP_1


def _reason(bench, kind, params=None):
    return REASONS[bench.do(kind, params)]


def test_only_changes_of_the_contacts_are_told(bench):
    relays = bench.board.relays
    bench.run(3)
    relays.contacts = 0b010
    bench.run(3)
    assert bench.told == [], "what was found at power-up is no change"
    relays.contacts = 0b101
    bench.run(3)
    assert bench.told == [("switch_opened", {"rounds": 0b101}), ("switch_closed", {"rounds": 0b010})]
    relays.contacts = None
    bench.run(3)
    relays.contacts = 0b101
    bench.run(3)
    assert len(bench.told) == 2, "unreadable for a while is no change"
    relays.contacts = 0b100
    bench.run(1)
    assert len(bench.told) == 2, "one look may be a bounce"
    bench.run(1)
    assert bench.told[2:] == [("switch_closed", {"rounds": 0b001})]


def test_a_direct_close_is_driven_once_after_the_trip_is_let_go(bench):
    bench.run(1, 100_000)
    bench.do(messages.TRIP, {**TRIP_1, "limit_s": 60, "direct": 1})
    bench.order.clear()
    bench.run(70, 100_000)
    moves = [row for row in bench.order if row[0] in ("drive", "close")]
    assert moves == [("drive", 0), ("close", 1)]
    assert ("switch_close_driven", {"rounds": 1}) in bench.told
    assert _reason(bench, messages.PERMIT_CLOSE, {"rounds": 2, "direct": 1}) == "none"
    assert ("close", 2) in bench.order


def test_a_board_that_may_not_close_refuses_it(bench):
    bench.board.facts = dict(bench.board.facts, direct_close=False)
    bench.configure()
    assert _reason(bench, messages.PERMIT_CLOSE, {"rounds": 1, "direct": 1}) == "close_not_allowed"
    assert _reason(bench, messages.TRIP, {**TRIP_1, "direct": 1}) == "close_not_allowed"
    assert _reason(bench, messages.TRIP, TRIP_1) == "none"


def test_a_switch_that_does_not_open_is_told_with_its_end(bench):
    bench.board.relays.contacts = 0
    bench.run(3, 100_000)
    bench.do(messages.TRIP, TRIP_1)
    bench.run(MISMATCH_S, 100_000)
    assert "output_mismatch" not in bench.names()
    bench.run(1, 100_000)
    assert bench.told[-1] == ("output_mismatch", {"rounds": 1, "inputs": 0})
    bench.run(30, 100_000)
    assert bench.names().count("output_mismatch") == 1
    bench.board.relays.contacts = 1
    bench.run(1, 100_000)
    ended = {"rounds": 1, "inputs": 1, "ended": 1, "lasted_s": MISMATCH_S + 31}
    assert bench.told[-1] == ("output_mismatch", ended)


def test_a_switch_that_opens_in_time_and_stays_open_is_no_mismatch(bench):
    bench.board.relays.contacts = 0
    bench.run(3, 100_000)
    bench.do(messages.TRIP, TRIP_1)
    bench.run(MISMATCH_S - 1, 100_000)
    bench.board.relays.contacts = 1
    bench.run(30, 100_000)
    bench.do(messages.PERMIT_CLOSE, {"rounds": 1})
    bench.run(300, 100_000)
    assert "output_mismatch" not in bench.names(), "the customer closes when he likes"


def test_a_switch_that_was_closed_and_stays_open_is_told(bench):
    bench.board.relays.contacts = 1
    bench.run(3, 100_000)
    bench.do(messages.PERMIT_CLOSE, {"rounds": 1, "direct": 1})
    bench.run(MISMATCH_S + 1, 100_000)
    assert bench.told[-1] == ("output_mismatch", {"rounds": 1, "inputs": 1})
    bench.board.relays.contacts = 0
    bench.run(1, 100_000)
    assert bench.told[-1][1]["ended"] == 1


def test_chattering_contacts_have_a_limit(bench):
    bench.run(3)
    for n in range(400):
        bench.board.relays.contacts = n & 1
        bench.run(2)
    assert 30 <= len(bench.told) <= 60
