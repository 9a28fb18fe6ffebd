"""The interlock of the relay test: when it may begin, that it always ends, and that it never hides a trip."""

import itertools

import pytest

from firmware.front.service import TEST_MS, RelayTest
from firmware.hal.fake import Clock
from protocols.uplink.codes import REASON_NO
from tests.unit.front.views import outputs

THERE = 0b111


@pytest.fixture
def test():
    clock, told = Clock(), []
    it = RelayTest(clock, lambda name, fields: told.append((name, fields)))
    it.clock, it.told = clock, told  # type: ignore[attr-defined]
    return it


@pytest.mark.parametrize(
    ("rounds", "changed", "command_open", "reason"),
    [
        (0b000, {}, 0, "no_such_round"),
        (0b1000, {}, 0, "no_such_round"),
        (0b1001, {}, 0, "no_such_round"),
        (0b001, {"guarantee": 1}, 0, "guaranteed"),
        (0b001, {"guarantee": 2}, 0, "guarantee_unreadable"),
        (0b001, {"guarantee": 5}, 0, "guaranteed"),
        (0b001, {"tripped": 2}, 0, "busy"),
        (0b001, {"alarm": 1}, 0, "busy"),
        (0b001, {}, 1, "busy"),
    ],
)
def test_it_is_refused(test, rounds, changed, command_open, reason):
    assert test.start(rounds, THERE, outputs(**changed), command_open) == REASON_NO[reason]
    test.report()
    assert (test.rounds, test.mask(outputs()), test.told) == (0, 0, [])


def test_it_holds_its_rounds_alone_and_is_told_with_its_end(test):
    assert test.start(0b101, THERE, outputs(), 0) == 0
    assert test.start(0b010, THERE, outputs(), 0) == REASON_NO["already_active"]
    assert test.mask(outputs()) == 0b101
    test.clock.advance(5000)
    test.stop()
    test.stop()
    assert test.mask(outputs()) == 0
    assert test.told == []  # the trip path: nothing is told before the relays were driven
    test.report()
    test.report()
    assert test.told == [
        ("service_test", {"rounds": 5}),
        ("service_test", {"rounds": 5, "ended": 1, "lasted_s": 5}),
    ]


def test_it_ends_by_itself_over_a_wrap_of_the_ticks(test):
    test.start(1, THERE, outputs(), 0)  # 5 s before the wrap
    test.clock.advance(TEST_MS - 1)
    assert test.mask(outputs()) == 1
    test.clock.advance(1)
    assert test.mask(outputs()) == 0
    test.report()
    assert test.told[1] == ("service_test", {"rounds": 1, "ended": 1, "lasted_s": TEST_MS // 1000})


@pytest.mark.parametrize("changed", [{"guarantee": 1}, {"guarantee": 2}, {"tripped": 4}, {"alarm": 2}])
def test_it_ends_at_once_when_the_core_wants_something(test, changed):
    test.start(1, THERE, outputs(), 0)
    assert test.mask(outputs(**changed)) == 0
    assert test.mask(outputs()) == 0  # for good


def test_no_state_lets_it_drive_a_guaranteed_customer(test):
    for rounds, tripped, alarm, guarantee, command_open in itertools.product(
        range(9), (0, 1), (0, 1), range(6), (0, 1)
    ):
        now = outputs(tripped=tripped, alarm=alarm, guarantee=guarantee)
        test.start(rounds, THERE, now, command_open)
        if guarantee or tripped or alarm:
            assert test.mask(now) == 0
        test.stop()
