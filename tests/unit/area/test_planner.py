"""What the planner asks next, what it gives up, and how long it waits."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.area import plan_asks
from firmware.area.archive import Archive
from firmware.area.plan import TICKS, Planner
from firmware.area.plan_duties import (
    ALL,
    BACKFILL,
    CLOCK,
    DAY_S,
    EMPTY,
    EXPIRED,
    FREEZE,
    FROZEN,
    GARBLED,
    KEY_USERS,
    LOCAL,
    MONTH,
    MUTE,
    OK,
    ON_DEMAND,
    POLL,
    REFUSED,
    REMOVED,
    UNASKED,
    VERIFY,
    WHOLE_DAY,
    Duty,
    slot_of,
    start_of,
)
from tests.unit.area.meters import MIDNIGHT_S, NOBODY, area, row

NOON_S = MIDNIGHT_S + 12 * 3600
DAILY = Duty(1, (10,), FREEZE, DAY_S, FROZEN, 3, 900, ALL, 3)
PATROL = Duty(2, (40,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0)
BLOCKS = Duty(3, (20,), FREEZE, DAY_S, FROZEN, 3, 900, ALL, 3)
SINGLES = bytes((21, 22))


class Desk:
    """A planner and a time."""

    def __init__(self, meters=2, duties=(DAILY,), at_s=NOON_S, archive=None):
        self.archive = archive or area(meters)
        self.gaps = []
        self.planner = Planner(
            self.archive, duties, self.gap, lambda _slot, read: SINGLES if read == 20 else b""
        )
        self.at_s, self.ticks_ms = at_s, TICKS - 3000

    def gap(self, duty, first_s, last_s, meter, read, reason):
        self.gaps.append((duty, meter, read, reason))

    def pass_time(self, seconds):
        self.at_s += seconds
        self.ticks_ms = (self.ticks_ms + seconds * 1000) & TICKS

    def next(self, line=1):
        return self.planner.next(line, self.at_s, self.ticks_ms)

    def wait_ms(self, line=1):
        return self.planner.wait_ms(line, self.at_s, self.ticks_ms)

    def take(self, outcome=OK, line=1):
        """One exchange of a second: (meter, read), or None."""
        job = self.next(line)
        if job is None:
            return None
        self.pass_time(1)
        self.planner.done(job, outcome, self.at_s, self.ticks_ms, 80)
        return job.meter, job.read

    def take_all(self, outcome=OK):
        taken = []
        while job := self.take(outcome):
            taken.append(job)
        return taken


def test_the_most_urgent_goes_first():
    desk = Desk(duties=(PATROL, DAILY))
    desk.planner.ask(1, 70, ON_DEMAND, 60)
    desk.planner.ask(2, 71, ON_DEMAND, 60)
    desk.planner.ask(2, 80, VERIFY, 60)
    assert desk.take_all() == [(2, 80), (1, 70), (2, 71), (1, 10), (2, 10), (1, 40), (2, 40)]


def test_equals_take_turns():
    other = Duty(7, (50,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0)
    assert Desk(duties=(PATROL, other)).take_all() == [(1, 40), (1, 50), (2, 40), (2, 50)]


def test_a_line_asks_only_its_own_meters():
    desk = Desk(archive=area(4, lines=2))
    assert [desk.take(line=2), desk.take(line=1), desk.take(line=2)] == [(3, 10), (1, 10), (4, 10)]


def test_what_is_asked_for_too_late_is_named():
    desk = Desk(duties=())
    desk.next()
    assert desk.planner.ask(1, 70, ON_DEMAND, 60)
    desk.pass_time(61)
    assert desk.take_all() == []
    assert desk.gaps == [(0, 1, 70, EXPIRED)]


def test_a_step_of_the_clock_does_not_expire_what_was_asked():
    desk = Desk(duties=())
    assert desk.planner.ask(1, 70, ON_DEMAND, 60)
    desk.at_s += 3600
    assert desk.take_all() == [(1, 70)]


def test_reads_on_demand_leave_room_for_verifications():
    desk = Desk()
    taken = [desk.planner.ask(1, n, ON_DEMAND, 60) for n in range(plan_asks.MOST)]
    assert taken.count(0) == plan_asks.KEPT
    urgent = [desk.planner.ask(1, n, VERIFY, 60) for n in range(plan_asks.KEPT + 1)]
    assert urgent.count(0) == 1
    assert desk.planner.ask(9, 70, VERIFY, 60) == 0, "no such meter"


def test_an_ask_that_stays_unanswered_is_named_after_its_tries():
    desk = Desk(duties=())
    desk.planner.ask(1, 70, VERIFY, 60)
    assert desk.take_all(GARBLED) == [(1, 70)] * plan_asks.TRIES
    assert desk.gaps == [(0, 1, 70, GARBLED)]


def test_a_refused_block_is_asked_in_singles_from_then_on():
    desk = Desk(1, (BLOCKS,))
    assert desk.take(REFUSED) == (1, 20)
    assert desk.take_all() == [(1, 21), (1, 22)]
    assert desk.planner.progress(3) == (1, 0, 1)
    desk.pass_time(DAY_S)
    assert desk.take_all() == [(1, 21), (1, 22)]


def test_a_verification_comes_between_singles_and_they_go_on():
    desk = Desk(1, (BLOCKS,))
    desk.take(REFUSED)
    assert desk.take() == (1, 21)
    desk.planner.ask(1, 80, VERIFY, 60)
    assert desk.take_all() == [(1, 80), (1, 22)]


def test_what_is_refused_altogether_is_absent():
    desk = Desk(1, (BLOCKS, DAILY))
    assert desk.take_all(REFUSED) == [(1, 20), (1, 10), (1, 21), (1, 22)]
    assert sorted(desk.gaps) == [(1, 1, 10, REFUSED), (3, 1, 20, REFUSED)]
    assert desk.planner.progress(3) == (0, 1, 1)


def test_a_slot_that_has_no_value_yet_is_asked_again_later():
    desk = Desk(1)
    assert desk.take_all(EMPTY) == [(1, 10)]
    assert (desk.next(), desk.gaps) == (None, [])
    desk.pass_time(DAILY.retry_s)
    assert desk.take_all() == [(1, 10)]


def test_a_failure_is_repeated_when_the_others_had_their_turn():
    desk = Desk(3)
    assert desk.take(MUTE) == (1, 10)
    assert desk.take_all() == [(2, 10), (3, 10)]
    desk.pass_time(10)
    assert desk.take_all() == [(1, 10)]


def test_a_dead_meter_is_tried_less_and_less():
    desk = Desk(1, at_s=MIDNIGHT_S)
    probes = []
    while desk.at_s < MIDNIGHT_S + 20 * 3600:
        if desk.take(MUTE):
            probes.append(desk.at_s)
        desk.pass_time(max(1, desk.wait_ms() // 1000))
    pauses = [later - before for before, later in pairwise(probes)]
    assert pauses[:4] == pytest.approx([11, 11, 900, 1800], abs=2)
    assert set(pauses[4:]) <= {3600, 3601, 3602}


def test_before_a_freeze_everybody_gets_a_try():
    desk = Desk(1, (DAILY, PATROL), NOON_S)
    while desk.at_s < MIDNIGHT_S + DAY_S + 290:
        desk.take(MUTE)
        desk.pass_time(max(1, desk.wait_ms() // 1000))
    desk.at_s, step = MIDNIGHT_S + DAY_S + 300, MIDNIGHT_S + DAY_S + 300 - desk.at_s
    desk.ticks_ms = (desk.ticks_ms + 1000 * step) & TICKS
    assert desk.take() == (1, 10)


def test_when_a_line_comes_back_its_meters_do_not_sleep_on():
    desk = Desk(6, (PATROL,))
    desk.take_all()
    for _ in range(300):
        desk.pass_time(97)
        desk.take(MUTE)
    while (first := desk.take()) is None:
        desk.pass_time(1)
    assert len({first, *[desk.take() for _ in range(5)]} - {None}) == 6, (
        "the first that answers wakes the others"
    )


def test_time_outs_are_learned_and_taken_back():
    desk = Desk(archive=area(1), duties=(PATROL,))
    first = desk.planner.timeout_ms(1)
    for _ in range(30):
        desk.pass_time(900)
        desk.take_all()
    learned = desk.planner.timeout_ms(1)
    assert learned < first / 2
    desk.pass_time(900)
    desk.take(MUTE)
    assert desk.planner.timeout_ms(1) == first
    assert Desk(archive=Archive(row(1, line=9))).planner.timeout_ms(1) > 10 * first


def test_earlier_days_are_filled_after_the_present_work():
    desk = Desk(1, (DAILY, PATROL))
    assert desk.take_all() == [(1, 10), (1, 40)]
    desk.pass_time(3 * DAY_S)
    jobs = []
    while job := desk.next():
        jobs.append((job.priority, (desk.at_s - job.slot_s) // DAY_S, job.read))
        desk.planner.done(job, OK, desk.at_s, desk.ticks_ms, 80)
    assert jobs == [(FREEZE, 0, 10), (POLL, 0, 40), (BACKFILL, 1, 10), (BACKFILL, 2, 10)]


def test_slots_that_pass_are_named():
    desk = Desk(2, (PATROL,))
    desk.take()
    desk.take(MUTE)
    desk.pass_time(900)
    desk.next()
    assert desk.gaps == [(2, 2, 40, MUTE)]
    desk.pass_time(2700)
    desk.next()
    assert desk.gaps[1:] == [(2, 1, 40, UNASKED), (2, 2, 40, MUTE), (2, 0, 0, CLOCK)]


def test_a_meter_that_goes_away_is_named_and_one_that_comes_is_asked():
    desk = Desk(2)
    assert desk.archive.put(1, NOBODY + row(2) + row(7)) == []
    desk.planner.reload(1, 3)
    assert desk.take_all() == [(2, 10), (3, 10)], "before the first look nothing was open"
    desk.pass_time(DAY_S)
    assert desk.take() == (2, 10)
    assert desk.archive.put(3, NOBODY + row(8)) == []
    desk.planner.reload(3, 2)
    assert desk.take_all() == [(4, 10)]
    assert desk.gaps == [(1, 3, 10, REMOVED)]


def test_fewer_members_have_room_for_more_slots_and_none_comes_back_to_life():
    """So many meters that some earlier slots had no room: those do not come to life when there is room."""
    curve = Duty(5, (50,), POLL, 900, WHOLE_DAY, 2, 900, KEY_USERS, 100)
    desk = Desk(archive=area(800, flags=1), duties=(curve,))
    for _ in range(60):
        desk.take()
        desk.pass_time(899)
    desk.next()
    assert desk.archive.put(11, NOBODY * 790) == []
    desk.planner.reload(11, 790)
    gone = [gap[:2] for gap in desk.gaps if gap[3] != REMOVED and gap[1] <= 10]
    asked = []
    while job := desk.next():
        asked.append((job.meter, job.slot_s))
        desk.planner.done(job, OK, desk.at_s, desk.ticks_ms, 80)
    assert len(asked) == len(set(asked))
    assert len(asked) + len(gone) + sum(meter <= 10 for meter in range(1, 61)) == 61 * 10


def test_a_duty_that_ends_names_what_it_leaves_and_one_that_stays_goes_on():
    desk = Desk(2, (DAILY, PATROL))
    desk.take()
    desk.planner.take((DAILY,))
    assert desk.take_all() == [(2, 10)]
    assert desk.gaps == [(2, 1, 40, REMOVED), (2, 2, 40, REMOVED)]


def test_without_a_trusted_clock_only_what_is_asked_for_is_read():
    desk = Desk(1)
    desk.at_s = None
    assert desk.next() is None
    desk.planner.ask(1, 70, ON_DEMAND, 60)
    assert desk.next().read == 70


def test_nothing_is_frozen_before_five_past_midnight():
    desk = Desk(1, at_s=MIDNIGHT_S + 290)
    assert desk.next() is None
    assert desk.wait_ms() == 10000
    desk.pass_time(10)
    assert desk.take() == (1, 10)


def test_a_month_is_frozen_once():
    desk = Desk(1, (LOCAL[1],), MIDNIGHT_S + 300)
    assert desk.take_all() == [(1, LOCAL[1].reads[0])]
    desk.pass_time(30 * DAY_S)
    assert desk.take_all() == []
    desk.pass_time(DAY_S)
    assert desk.take_all() == [(1, LOCAL[1].reads[0])]


def test_a_clock_that_went_back_for_good_begins_anew_with_the_next_slot():
    desk = Desk(1)
    desk.take()
    desk.pass_time(5 * DAY_S)
    assert desk.take_all()
    desk.planner.save()
    desk.at_s -= 30 * DAY_S
    desk.pass_time(60)
    assert (desk.next(), desk.planner.unsaved) == (None, False)
    desk.pass_time(600)
    assert (desk.next(), desk.planner.unsaved) == (None, True)
    desk.pass_time(DAY_S)
    assert desk.take() == (1, 10)


def test_a_restart_goes_on_where_it_was():
    desk, again = Desk(3), Desk(3)
    desk.take()
    saved = dict(desk.planner.save())
    desk.take()
    assert again.planner.load(1, saved[1])
    again.planner.note(1, MIDNIGHT_S, 2, 10)
    assert again.take_all() == [(3, 10)]
    assert again.planner.progress(1) == (3, 0, 3)


def test_what_was_saved_of_others_is_not_loaded():
    keyed = DAILY._replace(who=KEY_USERS)
    archive, other = area(3, flags=1), area(3, flags=1)
    assert archive.put(1, NOBODY) == other.put(2, NOBODY) == []
    desk, again = Desk(duties=(keyed,), archive=archive), Desk(duties=(keyed,), archive=other)
    desk.take_all()
    saved = dict(desk.planner.save())[1]
    assert not again.planner.load(1, saved)
    assert not desk.planner.load(1, saved[:-1])
    assert not desk.planner.load(7, saved)
    assert again.take_all() == [(1, 10), (3, 10)]


@given(st.integers(0, 4102444800))
def test_months_begin_on_the_first(local_s):
    now = datetime.fromtimestamp(local_s, UTC)
    slot = slot_of(MONTH, local_s)
    first = now.replace(day=1, hour=0, minute=0, second=0)
    assert start_of(MONTH, slot) == first.timestamp()
    assert slot_of(MONTH, start_of(MONTH, slot + 1) - 1) == slot


@given(st.lists(st.sampled_from([OK, OK, MUTE, EMPTY, REFUSED]), min_size=5, max_size=60))
def test_whoever_waits_as_told_misses_nothing(outcomes):
    desk = Desk(3, (DAILY, PATROL), MIDNIGHT_S + 200)
    for outcome in outcomes:
        while desk.take(outcome) is None:
            for _ in range(max(1, desk.wait_ms() // 1000) - 1):
                desk.pass_time(1)
                assert desk.next() is None
            desk.pass_time(1)
    assert all(reason in (MUTE, EMPTY, REFUSED, UNASKED) for *_, reason in desk.gaps)
