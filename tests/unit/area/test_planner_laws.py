"""Random outcomes, clock jumps, restarts and archive changes: what must hold whatever happens.

Laws, by the name of their check:
    once       a read of a meter has in a slot one value or one named absence, never both, never two
    not_again  what has ended is not asked again
    urgent     a verification is behind nothing but the exchange in progress
    mine       a job is of a meter of this line, in its window, of a slot that has begun and is kept
    counted    progress is what was stored
    all_ended  a slot that is no longer kept has ended for each meter that was there all the time
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware.area.archive import Archive
from firmware.area.plan import TICKS, Planner
from firmware.area.plan_duties import (
    ALL,
    CLOCK,
    DAY_S,
    EMPTY,
    EXPIRED,
    FREEZE,
    GARBLED,
    KEY_USERS,
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
from tests.unit.area.meters import MIDNIGHT_S, NOBODY, row

METERS, LINES = 8, (1, 9)
BLOCK, SINGLES = 20, (21, 22, 23)
BLUNT = (2, 5)  # meters that refuse the block
DUTIES = (
    Duty(1, (10, BLOCK), FREEZE, DAY_S, (300, DAY_S), 3, 900, ALL, 3),
    Duty(2, (40,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0),
    Duty(3, (50, 51), POLL, 900, WHOLE_DAY, 2, 900, KEY_USERS, 8),
    Duty(4, (60,), FREEZE, MONTH, (300, DAY_S), 3, 900, ALL, 1),
)
DUTY = {duty.number: duty for duty in DUTIES}
LABELS_WRONG = {7200: (2,), 2 * DAY_S: (2, 3), 30 * DAY_S: (1, 2, 3)}  # s back: duties that begin anew
OUTCOMES = st.sampled_from([OK, OK, OK, MUTE, GARBLED, REFUSED, EMPTY])


def packed(meter):
    """Odd meters on the wire, even ones behind the module; every third a key user."""
    return row(meter, LINES[meter % 2 == 0], flags=meter % 3 == 0)


def singles_of(_slot, read):
    return bytes(SINGLES if read == BLOCK else ())


class Area(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.archive = Archive(b"".join([packed(n + 1) for n in range(METERS)]))
        self.local_s, self.ticks_ms = MIDNIGHT_S + 9 * 3600, TICKS - 5000
        self.busy = {}  # line -> job
        self.stored, self.gaps, self.ranges = {}, {}, []
        self.tickets, self.parts = {}, {}
        self.log = []  # what the store has since the save
        self.newest_s, self.wrong, self.first_s = self.local_s, False, MIDNIGHT_S
        self.told = {}  # gaps that are not stored yet
        self.saved, self.steady = {}, set(range(1, METERS + 1))
        self.planner = self.new()
        self.look()

    def new(self):
        return Planner(self.archive, DUTIES, self.gap, singles_of)

    def gap(self, duty, first_s, last_s, meter, read, reason):
        if duty == 0:
            assert self.tickets[first_s][0] == meter
            self.answered(first_s, read)
            assert reason in (MUTE, GARBLED, REFUSED, EMPTY, REMOVED, EXPIRED)
        elif meter:
            key = (duty, first_s, meter, read)
            assert first_s == last_s
            assert key not in self.stored, "once"
            assert key not in self.gaps, "once"
            assert key not in self.told, "once"
            assert reason in (MUTE, GARBLED, REFUSED, EMPTY, REMOVED, UNASKED, CLOCK)
            self.told[key] = reason
        else:
            assert (read, reason) == (0, CLOCK)
            assert not [key for key in self.stored if key[0] == duty and first_s <= key[1] <= last_s], "once"
            self.ranges.append((duty, first_s, last_s))

    def pass_time(self, seconds):
        self.local_s += seconds
        self.ticks_ms = (self.ticks_ms + 1000 * seconds) & TICKS

    def look(self):
        """The planner sees the time; nothing is asked on a line without meters."""
        assert self.planner.next(4, self.local_s, self.ticks_ms) is None
        self.commit()

    def commit(self):
        """The store takes what it was told, in one piece."""
        self.gaps.update(self.told)
        self.log.extend(self.told)
        self.told = {}
        if self.planner.unsaved:
            self.saved, self.log = dict(self.planner.save()), []
        assert not self.planner.unsaved

    # ---- what happens

    @rule(line=st.sampled_from(LINES), outcome=OUTCOMES, took_s=st.integers(0, 3))
    def exchange(self, line, outcome, took_s):
        self.begin(line)
        self.pass_time(took_s)
        self.finish(line, outcome)

    @rule(line=st.sampled_from(LINES), count=st.integers(5, 60))
    def go_on(self, line, count):
        for _ in range(count):
            self.exchange(line, OK, 1)

    @rule(line=st.sampled_from(LINES))
    def begin(self, line):
        job = self.planner.next(line, self.local_s, self.ticks_ms)
        self.commit()
        self.busy[line] = job
        verify = [meter for meter, priority, _ in self.tickets.values() if priority == VERIFY]
        urgent = [meter for meter in verify if self.archive.line(meter) == line]
        assert not urgent or (job and job.priority == VERIFY), "urgent"
        if job is None:
            wait_ms = self.planner.wait_ms(line, self.local_s, self.ticks_ms)
            assert 0 < wait_ms <= 30000
        elif job.duty:
            self.check_job(job, line)
        else:
            assert job.item in self.tickets

    def check_job(self, job, line):
        duty = DUTY[job.duty]
        now = slot_of(duty.period_s, self.local_s)
        slot = slot_of(duty.period_s, job.slot_s)
        assert self.archive.line(job.meter) == line, "mine"
        assert job.slot_s == start_of(duty.period_s, slot)
        assert now - duty.back <= slot <= now, "mine"
        assert duty.window[0] <= self.local_s % DAY_S < duty.window[1], "mine"
        assert (job.priority == duty.priority) == (slot == now)
        assert duty.who == ALL or self.archive.flags(job.meter) & 1
        key = self.key(job)
        assert key not in self.stored, "not_again"
        assert key not in self.gaps, "not_again"
        if job.read in SINGLES:
            answered = self.parts.setdefault(key, [])
            if job.read == SINGLES[0]:
                answered.clear()  # another block came between: from the start
            assert job.read == SINGLES[len(answered)]

    def key(self, job):
        return (job.duty, job.slot_s, job.meter, BLOCK if job.read in SINGLES else job.read)

    def finish(self, line, outcome):
        job = self.busy.get(line)
        if not job:
            return
        self.busy[line] = None
        if job.read == BLOCK and job.meter in BLUNT and outcome == OK:
            outcome = REFUSED
        wanted = self.planner.done(job, outcome, self.local_s, self.ticks_ms, 80)
        self.commit()
        assert outcome == OK or not wanted
        if not job.duty:
            self.took_asked(job, outcome, wanted)
        elif job.read in SINGLES:
            self.took_single(job, outcome, wanted)
        elif wanted:
            assert self.key(job) not in self.stored, "once"
            assert self.key(job) not in self.gaps, "once"
            self.keep(job)
        again = self.planner.done(job, OK, self.local_s, self.ticks_ms, 80)
        assert not again or job.read in SINGLES or outcome in (MUTE, GARBLED, EMPTY, REFUSED)
        if again and job.duty:
            self.settle_again(job)
        elif again:
            self.answered(job.item, job.read)

    def took_asked(self, job, outcome, wanted):
        if wanted:
            self.answered(job.item, job.read)
        elif (job.read, outcome) == (BLOCK, REFUSED) and job.item in self.tickets:
            self.tickets[job.item][2].update(SINGLES)
            self.answered(job.item, BLOCK)

    def answered(self, ticket, read):
        """Each read of an ask ends once: by a value, or by a gap."""
        waiting = self.tickets[ticket][2]
        waiting.remove(read)
        if not waiting:
            del self.tickets[ticket]

    def settle_again(self, job):
        """The answer came in late after all, and the slot was still open: it counts."""
        if job.read in SINGLES:
            self.took_single(job, OK, True)
        else:
            self.keep(job)

    def keep(self, job):
        self.stored[self.key(job)] = True
        self.log.append(self.key(job))

    def took_single(self, job, outcome, wanted):
        answered = self.parts[self.key(job)]
        period_s = DUTY[job.duty].period_s
        put_off = outcome == EMPTY and slot_of(period_s, job.slot_s) == slot_of(period_s, self.local_s)
        if outcome in (MUTE, GARBLED) or put_off or (outcome == OK and not wanted):
            return
        answered.append(wanted)
        if len(answered) == len(SINGLES):
            assert any(answered) != (self.key(job) in self.gaps)
            if any(answered):
                self.keep(job)

    @rule(line=st.sampled_from(LINES))
    def reader_dies(self, line):
        """An exchange that never ends: the line's task was restarted."""
        self.begin(line)
        self.busy[line] = None

    @rule(seconds=st.sampled_from([1, 30, 300, 900, 3600, 6 * 3600, DAY_S, 5 * DAY_S]))
    def later(self, seconds):
        self.pass_time(seconds)
        self.look()
        self.pass_time(601)  # whatever far jump this was is believed now
        self.look()

    @rule(seconds=st.sampled_from([-3600, -900, -10, 10, 900, 1800, DAY_S]))
    def clock_steps(self, seconds):
        """At most an hour behind where it was: what was done then is not asked again."""
        self.newest_s = max(self.newest_s, self.local_s)
        self.local_s = max(self.local_s + seconds, self.newest_s - 3600)
        self.look()

    @precondition(lambda self: not self.wrong)
    @rule(back_s=st.sampled_from(list(LABELS_WRONG)))
    def clock_was_wrong(self, back_s):
        """It went back far, and stays there: what was labelled with the later times is asked anew."""
        self.wrong = True
        self.local_s = max(self.local_s, self.newest_s)
        self.later(5 * DAY_S)
        self.local_s -= back_s
        anew_s = self.newest_s = self.local_s
        self.later(1)
        for number in LABELS_WRONG[back_s]:
            self.stored = {k: True for k in self.stored if k[0] != number or k[1] <= anew_s}
            self.gaps = {k: why for k, why in self.gaps.items() if k[0] != number or k[1] <= anew_s}
            self.ranges = [each for each in self.ranges if each[0] != number]
            if number == 1:
                self.first_s = self.local_s // DAY_S * DAY_S + DAY_S

    @rule(year_s=st.sampled_from([-365 * DAY_S, -5 * DAY_S, 365 * DAY_S, 73 * 365 * DAY_S]))
    def clock_is_wrong_for_a_while(self, year_s):
        """Put right again before the far jump is believed: nothing was asked twice, nothing given up."""
        self.later(1)
        before, gaps = self.local_s, len(self.gaps)
        self.local_s += year_s
        self.look()
        self.pass_time(500)
        self.nothing_is_due(1, 2, 3)
        self.look()
        assert len(self.gaps) == gaps
        self.local_s = before + 500
        self.look()

    def nothing_is_due(self, *duties):
        """The months go on: five days may be the same month."""
        for line in LINES:
            job = self.planner.next(line, self.local_s, self.ticks_ms)
            self.commit()
            assert job is None or job.duty not in duties

    @rule(line=st.sampled_from(LINES))
    def no_trusted_clock(self, line):
        job = self.planner.next(line, None, self.ticks_ms)
        assert job is None or job.duty == 0

    @rule(meter=st.integers(1, METERS), urgent=st.booleans(), read=st.sampled_from([70, BLOCK]))
    def ask(self, meter, urgent, read):
        priority = VERIFY if urgent else ON_DEMAND
        ticket = self.planner.ask(meter, read, priority, 3600)
        assert bool(ticket) <= bool(self.archive.line(meter))
        if ticket:
            assert ticket not in self.tickets
            self.tickets[ticket] = (meter, priority, {read})

    # ---- restarts and the archive

    @rule(wait_s=st.sampled_from([0, 300, 900, DAY_S]))
    def power_cut(self, wait_s):
        """Also in the moment when slots have begun and ended and nothing of it is stored yet."""
        self.pass_time(wait_s)
        self.planner.next(1, self.local_s, self.ticks_ms)
        self.told = {}
        self.planner, self.busy, self.tickets = self.new(), {}, {}
        self.parts.clear()
        for number, data in self.saved.items():
            assert self.planner.load(number, data)
        for key in self.log:
            duty, slot_s, meter, read = key
            self.planner.note(duty, slot_s, meter, read, key in self.stored)
        self.look()

    @rule(meter=st.integers(1, METERS))
    def meter_comes_or_goes(self, meter):
        gone = bool(self.archive.line(meter))
        self.steady.discard(meter)
        assert self.archive.put(meter, NOBODY if gone else packed(meter)) == []
        self.planner.reload(meter, 1)
        self.commit()
        if not gone:  # another meter, with a life of its own
            self.stored = {key: True for key in self.stored if key[2] != meter}
            self.gaps = {key: why for key, why in self.gaps.items() if key[2] != meter}
        self.busy = {line: job for line, job in self.busy.items() if job and job.meter != meter}

    # ---- what holds

    @invariant()
    def counted(self):
        self.look()
        for duty in DUTIES:
            done, absent, wanted = self.planner.progress(duty.number)
            assert done + absent <= wanted

    def teardown(self):
        """all_ended: the daily slots between the first and those still kept."""
        for _ in range(6):
            self.later(DAY_S)
        for slot_s in range(self.first_s, self.local_s // DAY_S * DAY_S - 4 * DAY_S + 1, DAY_S):
            if [each for each in self.ranges if each[0] == 1 and each[1] <= slot_s <= each[2]]:
                continue
            for meter in self.steady:
                for read in DUTY[1].reads:
                    key = (1, slot_s, meter, read)
                    assert (key in self.stored) != (key in self.gaps), "all_ended"


Area.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestArea = pytest.mark.timeout(300)(Area.TestCase)
