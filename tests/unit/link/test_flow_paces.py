"""What of a stream is sent when: new before old, nothing twice without need, no flood at a silent station."""

import itertools

import pytest

from firmware.link import flow
from firmware.link.flow import AHEAD, RESEND_MAX_MS, RESEND_MS, Flow

WRAP = 1 << 30


class Clock:
    def __init__(self):
        self.ticks = WRAP - 5000  # it wraps within each test

    def ticks_ms(self):
        return self.ticks % WRAP

    def ticks_diff(self, a, b):
        return (a - b + WRAP // 2) % WRAP - WRAP // 2


@pytest.fixture
def clock():
    return Clock()


def drain(it, next_seq, size=10):
    """Send all that may be sent now; return the ranges."""
    out = []
    while True:
        it.check()
        after = it.head(next_seq)
        end = next_seq - 1
        if after is None:
            after = it.tail(next_seq)
        if after is None:
            return out
        last = min(after + size, end)
        it.sent(after, last)
        out.append((after + 1, last))


def test_newest_first_then_the_backlog_each_once(clock):
    it = Flow(clock, 8)
    it.start(100, 201)
    ranges = drain(it, 201)
    assert ranges[0] == (193, 200)
    assert sorted(seq for first, last in ranges[1:] for seq in range(first, last + 1))[0] == 101
    assert {seq for first, last in ranges for seq in range(first, last + 1)} == set(range(101, 201))


def test_in_order_without_newest(clock):
    it = Flow(clock, 0)
    it.start(3, 24)
    assert drain(it, 24) == [(4, 13), (14, 23)]
    assert drain(it, 25) == [(24, 24)]


def test_a_station_that_stores_nothing_gets_one_batch_at_doubling_intervals(clock):
    it = Flow(clock, 0)
    it.start(0, 5001)
    first = drain(it, 5001)
    assert AHEAD <= first[-1][1] < AHEAD + 10
    sent_at = []
    for second in range(4000):
        clock.ticks += 1000
        if drain(it, 5001):
            sent_at.append(second + 1)
    assert sent_at[:5] == [10, 30, 70, 150, 310]
    assert len(sent_at) < 4000_000 // RESEND_MAX_MS + 6
    assert all(gap <= RESEND_MAX_MS // 1000 for gap in (b - a for a, b in itertools.pairwise(sent_at)))


def test_the_first_progress_opens_the_window_again(clock):
    it = Flow(clock, 0)
    it.start(0, 101)
    drain(it, 101)
    clock.ticks += RESEND_MS
    assert drain(it, 101) == [(1, 10)]
    it.progress(10)
    assert drain(it, 101)[0] == (11, 20)
    assert it.resends == 1


def test_a_hole_is_filled_before_newer_records_go_again(clock):
    it = Flow(clock, 8)
    it.start(0, 101)
    drain(it, 101)
    clock.ticks += RESEND_MS
    assert drain(it, 101) == [(1, 10)]


def test_progress_in_time_means_no_resend(clock):
    it = Flow(clock, 0)
    it.start(0, 101)
    drain(it, 101)
    for stored in range(10, 101, 10):
        clock.ticks += RESEND_MS - 1
        it.progress(stored)
        assert drain(it, 101) == []
    clock.ticks += 10 * RESEND_MS
    assert drain(it, 101) == []
    assert it.resends == 0


def test_older_marks_change_nothing(clock):
    it = Flow(clock, 0)
    it.start(50, 61)
    it.progress(20)
    assert it.stored == 50
    assert drain(it, 61) == [(51, 60)]


def test_a_record_made_later_waits_its_own_time(clock):
    it = Flow(clock, 0)
    it.start(0, 1)
    clock.ticks += 100 * RESEND_MS
    assert drain(it, 2) == [(1, 1)]
    clock.ticks += flow.RESEND_MS - 1
    assert drain(it, 2) == []
