"""What is read next on each line of the area. Pure: time comes in, the caller talks to the meters.

A line asks `next` for a job, makes that one exchange, says `done`, asks again; after None it sleeps `wait_ms`
or until something is asked. Most urgent first: VERIFY, ON_DEMAND, then duties of FREEZE and POLL, then their
earlier slots (BACKFILL). Among equals in turn. Durations count in a run clock made of ticks: a jump of the
clock neither wakes nor buries anybody. Local time only picks slots and windows; it is None while the clock is
not trusted: then only what is asked for is done.
"""

from collections import namedtuple

from firmware.area.archive import LINES, MOST
from firmware.area.plan_asks import TRIES as ASK_TRIES
from firmware.area.plan_asks import Asks
from firmware.area.plan_duties import BACKFILL, FREEZE, GARBLED, MUTE, POLL, REMOVED
from firmware.area.plan_health import Health
from firmware.area.plan_round import BACK, NOW, Round

TICKS = (1 << 30) - 1  # ticks_ms wrap behind this
STEP_S, BELIEVED_S = 60, 600  # a change of the clock, and how long it must last until a far one counts
WAIT_MOST_MS = 30000  # a sleeper sees a change of the clock that soon
LOST = 3  # so many meters that answered before fail in a row: the line is gone, not they
ASK_RETRY_S = 900
_LEVELS = ((FREEZE, NOW), (POLL, NOW), (BACKFILL, NOW), (BACKFILL, BACK))

# duty 0: asked for once; then item is its ticket. slot_s: local second at which the slot of a duty begins.
Job = namedtuple("Job", ("meter", "read", "priority", "duty", "slot_s", "item"))


def _no_singles(_slot, _read):
    return b""


class Planner:
    """`duties`: rows of plan_duties.Duty. `gap` is told what stays without a value (plan_sheet, plan_asks).

    `singles(slot of a profile, read)`: reads that replace a block which a meter refuses.
    """

    def __init__(self, archive, duties, gap, singles=_no_singles):
        self._archive, self._gap, self._singles = archive, gap, singles
        self._health = Health()
        self._asks = Asks(gap)
        self._run_s = self._rest_ms = 0
        self._ticks_ms = None
        self._ahead_s = self._stepped_s = 0  # the clock before the run clock; run_s when that changed last
        self._turns = [[0 for _ in _LEVELS] for _ in LINES]  # the round after the one that was served last
        self._fresh = [0 for _ in LINES]  # failures in a row of meters that had answered the time before
        self._rounds = []
        self.take(duties)

    def take(self, duties):
        """These are the duties from now on; one that stays as it is goes on where it was."""
        for each in self._rounds:
            if each.duty not in duties:
                each.sheet.end()
        had = {each.duty: each for each in self._rounds}
        self._rounds = [had.get(duty) or self._new(duty) for duty in duties]

    def _new(self, duty):
        return Round(duty, self._archive, self._health, self._gap, self._singles)

    def _round(self, number):
        for each in self._rounds:
            if each.duty.number == number:
                return each
        return None

    def reload(self, first, count):
        """Rows of the archive were loaded, from this meter on: those may be other meters now."""
        self.reload_rows(range(first, first + count))

    def reload_rows(self, meters):
        """As `reload`, of these meters."""
        for meter in meters:
            self._health.forget(meter)
            if not self._archive.line(meter):
                self._asks.drop(meter, REMOVED)
        for each in self._rounds:
            each.reload()

    # ---- time

    def _tick(self, local_s, ticks_ms):
        if self._ticks_ms is not None:
            self._rest_ms += (ticks_ms - self._ticks_ms) & TICKS
            self._run_s += self._rest_ms // 1000
            self._rest_ms %= 1000
        self._ticks_ms = ticks_ms
        if local_s is None:
            return
        ahead_s = local_s - self._run_s
        if abs(ahead_s - self._ahead_s) > STEP_S:
            self._stepped_s = self._run_s
        self._ahead_s = ahead_s
        believed = self._run_s - self._stepped_s >= BELIEVED_S
        for each in self._rounds:
            if each.tick(local_s, self._run_s, believed) and each.duty.priority == FREEZE:
                self.wake(0)  # a freeze is worth a try with each

    def wake(self, line):
        """The meters of a line, or of all (0), rest no longer."""
        for meter in range(1, MOST + 1):
            if line in (0, self._archive.line(meter)):
                self._health.wake(meter)
        self._stir()

    def _stir(self):
        for each in self._rounds:
            each.stir()

    # ---- what is next

    def ask(self, meter, read, priority, within_s) -> int:
        """Read once, VERIFY or ON_DEMAND, within so many seconds. A ticket, or 0 when it cannot be taken."""
        if not self._archive.line(meter):
            return 0
        return self._asks.put(meter, read, priority, self._run_s + within_s)

    def next(self, line, local_s, ticks_ms):
        """The Job that is most urgent on this line, or None."""
        self._tick(local_s, ticks_ms)
        asked = self._asked(line)
        if asked or local_s is None:
            return asked
        lane = LINES.index(line)
        for level in range(len(_LEVELS)):
            job = self._of_level(lane, level, local_s)
            if job:
                return job
        return None

    def _asked(self, line):
        ask = self._asks.next(lambda meter: self._archive.line(meter) == line, self._run_s)
        if not ask:
            return None
        ticket, meter, read, priority = ask
        return Job(meter, read, priority, 0, 0, ticket)

    def _of_level(self, lane, level, local_s):
        priority, back = _LEVELS[level]
        count, turns = len(self._rounds), self._turns[lane]
        for n in range(count):
            at = (turns[level] + n) % count
            each = self._rounds[at]
            fits = (back or each.duty.priority == priority) and each.in_window(local_s)
            found = each.next(lane, back, self._run_s) if fits else None
            if found:
                turns[level] = at + 1
                meter, read, slot_s, column = found
                return Job(meter, read, priority, each.duty.number, slot_s, column)
        return None

    def wait_ms(self, line, local_s, ticks_ms) -> int:
        """How long next() gives nothing, when nothing is asked; at most WAIT_MOST_MS."""
        self._tick(local_s, ticks_ms)
        if self._asked(line):
            return 0
        if local_s is None:
            return WAIT_MOST_MS
        lane = LINES.index(line)
        waits = [each.wait_s(lane, local_s, self._run_s) * 1000 for each in self._rounds]
        return max(0, min(WAIT_MOST_MS, *waits) - self._rest_ms) if waits else WAIT_MOST_MS

    def timeout_ms(self, meter) -> int:
        """From the end of a request to the first byte of its answer, as learned."""
        return self._health.timeout_ms(meter, self._archive.line(meter))

    # ---- what came of it

    def done(self, job, outcome, local_s, ticks_ms, took_ms=0) -> bool:
        """Whether the value is wanted: keep it then and only then.

        `took_ms`: from the end of the request to the first byte of the answer; nothing when there was none.
        """
        self._tick(local_s, ticks_ms)
        line = self._archive.line(job.meter)
        if not line:
            return False
        each = self._round(job.duty)
        self._learn(job.meter, line, outcome, took_ms, each)
        if each:
            return each.done(job, outcome, self._run_s)
        singles = self._singles(self._archive.slot(job.meter), job.read)
        return not job.duty and self._asks.done(job.item, job.read, outcome, singles)

    def _learn(self, meter, line, outcome, took_ms, each):
        lane = LINES.index(line)
        if outcome in (MUTE, GARBLED):
            tries, retry_s = (each.duty.tries, each.duty.retry_s) if each else (ASK_TRIES, ASK_RETRY_S)
            self._fresh[lane] += self._health.failed(meter, outcome, self._run_s, tries, retry_s)
            return
        if self._health.answered(meter, line, took_ms):
            self._stir()
        if self._fresh[lane] >= LOST:
            self.wake(line)
        self._fresh[lane] = 0

    def progress(self, number) -> tuple:
        """(done, absent, wanted) reads of the present slot of a duty."""
        each = self._round(number)
        return each.sheet.progress() if each else (0, 0, 0)

    # ---- over a restart

    @property
    def unsaved(self) -> bool:
        """Slots have begun or ended: `save` belongs on flash, in one piece with the gaps told, before the
        next exchange."""
        return any([each.sheet.unsaved for each in self._rounds])

    def save(self) -> list:
        """[(duty number, bytes)] for `load`."""
        return [(each.duty.number, each.sheet.save()) for each in self._rounds]

    def load(self, number, data) -> bool:
        """Before the first `next`. False when it fits no duty: then that begins as new."""
        each = self._round(number)
        return bool(each) and each.sheet.load(data)

    def note(self, number, slot_s, meter, read, done=True):
        """After `load`, before the first `next`: a value or (not `done`) a gap stored since the `save`."""
        each = self._round(number)
        if each:
            each.sheet.note(slot_s, meter, read, done)
