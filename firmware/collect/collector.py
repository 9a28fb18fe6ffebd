"""The meters of the area on their lines: what planner and rooms want read or sent, and what came of it."""

import asyncio

from firmware.area.archive import MODULE
from firmware.area.plan import Planner
from firmware.area.plan_duties import (
    DAY_S,
    EXPIRED,
    LOCAL,
    OK,
    ON_DEMAND,
    REMOVED,
    UNASKED,
    VERIFY,
    Duty,
    slot_of,
)
from firmware.collect import reads
from firmware.collect.line import CONTROL, LATER, URGENT, Line
from firmware.collect.wire import Wire
from protocols.lines.refused import Refused
from protocols.meters.dlt645_types import date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO_ITEM = 9  # of area.OUTCOMES, beside those of plan_duties
CONTROL_MS = 30000  # a control that found no turn by then is not sent
RAW_MS = 60000
FREEZE_S = 900


async def rest(event, ms):
    """Until the event, or the time is over."""
    if event is None:
        await asyncio.sleep_ms(ms)  # pyright: ignore[reportAttributeAccessIssue]
        return
    try:
        await asyncio.wait_for_ms(event.wait(), ms)  # pyright: ignore[reportAttributeAccessIssue]
    except asyncio.TimeoutError:
        pass


def _nobody(*_what):
    pass


class Collector:
    """`ports`: {line: (HAL port, bits/s)}; meters on other lines are not asked. `profiles`: {slot: Profile}.

    Set by the composition: `heard(meter, read, values, t_s, duty, slot_s)` takes each value that a duty wants
    kept, t_s the UTC second of the answer, slot_s local; `recorded` the same of a slot that was over, which
    the meter itself had kept: nothing of the present; `lost(duty, first_s, last_s, meter, read, reason)`
    is the planner's gap; `keep()` comes before an exchange when the planner is `unsaved`;
    `module.reader(meter, profile)` gives Readers of line 9. Outcomes are those of plan_duties and NO_ITEM.
    """

    def __init__(self, board, archive, profiles, ports, duties=LOCAL, module=None, rest=rest):
        self._clock, self._offset_s = board.clock, board.identity["utc_offset_s"]
        self.archive, self.profiles, self.module = archive, profiles, module
        self.heard: Any = _nobody
        self.recorded: Any = _nobody
        self.lost: Any = _nobody
        self.keep: Any = _nobody
        self.points = {}  # read of a task -> its point
        self._local = self.duties = tuple(duties)
        self.planner = Planner(archive, duties, self._gap, self._singles)
        self._asked = {}  # ticket -> [event, outcome, values, read, line of a verification or 0]
        self.lines = {}
        for number, (port, baud) in ports.items():
            wire = Wire(port, self._clock, baud, rest, number == MODULE)
            self.lines[number] = Line(self, number, wire, self._clock, rest)

    # ---- the composition

    def tasks(self):
        """[(name, coroutine function)] for the supervisor."""
        return [("line%d" % number, line.run) for number, line in self.lines.items()]

    def take(self, rows):
        """Rows of section TASKS are the duties from now on, beside the local ones."""
        self.points = {row[0]: row[1] for row in rows}
        tasks = [Duty(r[0], (r[0],), r[2], r[3], (r[4], r[5]), r[6], r[7], (r[8], r[9]), r[10]) for r in rows]
        self.duties = self._local + tuple(tasks)
        self.planner.take(self.duties)
        self._wake_all()

    def reload(self, first, count):
        """Rows of the archive have changed."""
        self.planner.reload(first, count)
        self._wake_all()

    def reload_rows(self, meters):
        """As `reload`, of these meters."""
        self.planner.reload_rows(meters)
        self._wake_all()

    def wake(self, line):
        """Its meters rest no longer: what they were silent behind is there again."""
        self.planner.wake(line)
        self.lines[line].wake()

    def _wake_all(self):
        for line in self.lines.values():
            line.wake()

    def counts(self):
        """[[line, answered, time-outs, refused frames], ...] since the start."""
        out = []
        for number, line in sorted(self.lines.items()):
            wire = line.wire
            out.append([number, wire.ok, wire.timeouts, wire.bad + wire.clashes])
        return out

    # ---- what rooms ask for

    async def ask(self, meter, read, priority, within_s):
        """(outcome, {point: value}) of a read of reads.py, through the planner."""
        line = self.archive.line(meter)
        if not line:
            return REMOVED, {}
        profile = self.profile(meter)
        if not profile or not self._has(profile, read):
            return NO_ITEM, {}
        ticket = line in self.lines and self.planner.ask(meter, read, priority, within_s)
        if not ticket:
            return UNASKED, {}
        event = asyncio.Event()
        asked = self._asked[ticket] = [event, EXPIRED, {}, read, line if priority == VERIFY else 0]
        self.lines[line].wake()
        try:
            await event.wait()
        finally:
            del self._asked[ticket]
        return asked[1], asked[2]

    def _has(self, profile, read):
        if reads.frozen_day(read, DAY_S):
            return bool(profile.freeze)
        return bool(reads.requests(profile, reads.points_of(profile, read, self.points)))

    async def ask_point(self, meter, point, priority, within_s):
        """The same of any point that the profile shows, with all that stands in its block."""
        return await self.ask(meter, reads.POINT + point, priority, within_s)

    async def freeze(self, meter, midnight_s):
        """The same of the registers that the meter froze at this UTC second, a local midnight."""
        day, second = divmod(midnight_s + self._offset_s, DAY_S)
        return (NO_ITEM, {}) if second else await self.ask(meter, reads.DAY + day, ON_DEMAND, FREEZE_S)

    async def control(self, meter, name, inputs):
        """Why it was not done, "" when the meter confirmed it. Sent at most once.

        Not sent: "removed", "no_such_item", "expired", "faulty" (inputs that do not fit). Sent, not done:
        "refused". Any other word, as "mute", leaves open whether it was done: read back.
        """
        line = self.lines.get(self.archive.line(meter))
        if not line:
            return "removed"
        address = self.archive.get(meter).address

        async def work():
            return await self._control(line, meter, address, name, inputs)

        reason = await line.order(CONTROL, work, CONTROL_MS)
        return "expired" if reason is None else reason

    async def _control(self, line, meter, address, name, inputs):
        row, talker = self.archive.get(meter), line.talker(meter)
        if not row or (row.address, row.line) != (address, line.number):
            return "removed"
        if not talker or name not in talker.profile.controls:
            return "no_such_item"
        before = line.wire.talks
        try:
            await line.drive(meter, talker, self._steps(talker, name, inputs))
        except Refused as refused:
            return refused.reason
        except Exception:
            line.faults += 1
            return "faulty" if line.wire.talks == before else "mute"
        return ""

    def _steps(self, talker, name, inputs):
        request, data, minutes = talker.profile.controls[name][:3]
        if isinstance(data, dict):
            return talker.reader.control(name, self._fields(data, minutes, inputs))
        return talker.reader.write(request, data)

    def _fields(self, data, minutes, inputs):
        filled = dict(data)
        if minutes:
            until_s = self._clock.now_s() + self._offset_s + 60 * minutes
            second = until_s % DAY_S
            day = date(until_s // DAY_S)
            filled["valid_until"] = tuple(day) + (second // 3600, second // 60 % 60, second % 60)
        filled.update(inputs)
        return filled

    async def attempt(self, meter, profile, index):
        """(values, whether the meter was heard) of a read by a profile on trial; values None when it is mute,
        {} when it shows nothing by it."""
        line = self.lines.get(self.archive.line(meter))
        found = line and await line.order(LATER, lambda: line.attempt(meter, profile, index), RAW_MS)
        return found or (None, False)

    async def raw(self, line, data, wait_ms, baud=0, urgent=False):
        """(bytes that came, ms to the first of them); nothing when the line found no time in a minute."""
        if line not in self.lines:
            return b"", 0
        wire = self.lines[line].wire
        level = URGENT if urgent else LATER
        return await self.lines[line].order(level, lambda: wire.raw(data, wait_ms, baud), RAW_MS) or (b"", 0)

    async def alone(self, line):
        """Whether nobody talks on the line now, which then waits two seconds for `broadcast`."""
        return line in self.lines and await self.lines[line].alone(RAW_MS)

    async def broadcast(self, line, data):
        """Send what nobody answers; whether it was sent."""
        return line in self.lines and await self.lines[line].broadcast(data, RAW_MS)

    # ---- what lines ask for

    def profile(self, meter):
        return self.profiles.get(self.archive.slot(meter))

    def _local_s(self):
        return self._clock.now_s() + self._offset_s if self._clock.ok else None

    def today(self):
        """The local day; 0 while the clock is not trusted."""
        return (self._local_s() or 0) // DAY_S

    def next(self, number):
        job = self.planner.next(number, self._local_s(), self._clock.ticks_ms())
        if self.planner.unsaved:
            self.keep()
        return job

    def wait_ms(self, number):
        return self.planner.wait_ms(number, self._local_s(), self._clock.ticks_ms())

    def timeout_ms(self, meter):
        return self.planner.timeout_ms(meter)

    def verifies(self, number):
        """Whether a verification waits for this line."""
        return any([asked[4] == number and not asked[0].is_set() for asked in self._asked.values()])

    def meant(self, job):
        """(read, whether its blocks go in singles)"""
        if job.read != reads.SINGLY:
            return job.read, False
        duty = self._duty(job.duty)
        if duty:
            return duty.reads[job.item % len(duty.reads)], True
        return self._asked[job.item][3] if job.item in self._asked else -1, True

    def is_past(self, job):
        """Whether it is of a slot that is over, and of no freeze: present values are none of it."""
        duty, local_s = self._duty(job.duty), self._local_s()
        if not duty or local_s is None or reads.frozen_day(self.meant(job)[0], job.slot_s):
            return False
        return slot_of(duty.period_s, local_s) > slot_of(duty.period_s, job.slot_s)

    def _duty(self, number):
        for duty in self.duties:
            if duty.number == number:
                return duty
        return None

    def _singles(self, slot, read):
        profile = self.profiles.get(slot)
        if read == reads.SINGLY or not profile:
            return b""
        points = reads.points_of(profile, read, self.points)
        return bytes([reads.SINGLY]) if points and reads.has_blocks(profile, points) else b""

    def came(self, job, outcome, values, took_ms, past=False):
        """Told to the planner, and by it to who wants it. `past`: what the meter had recorded."""
        read, now_s = self.meant(job)[0], self._clock.now_s()
        wanted = self.planner.done(job, outcome, self._local_s(), self._clock.ticks_ms(), took_ms)
        if not wanted:
            return
        if job.duty:
            told = self.recorded if past else self.heard
            told(job.meter, read, values, now_s, job.duty, job.slot_s)
        else:
            self._end(job.item, OK, values)

    def _end(self, ticket, outcome, values):
        asked = self._asked.get(ticket)
        if asked:
            asked[1:3] = [outcome, values]
            asked[0].set()

    def _gap(self, duty, first_s, last_s, meter, read, reason):
        if duty:
            self.lost(duty, first_s, last_s, meter, read, reason)
        else:
            self._end(first_s, reason, {})
