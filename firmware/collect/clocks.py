"""The clocks of the meters: each is read once a day, told when it is off, and mended within the rules.

Rules: told before it is mended; mended by the broadcast of DL/T 645, which goes once a day and line, moves a
meter by at most FAR_S, and never goes near midnight; each is read back, and told with before and after. What
is further off is told and left to a person. Nothing is done while the own clock is not trusted, and a step of
it throws away what was measured before. No meter ever moves the own clock.

    00:30 ---- all meters, spread ---- 20:00 -- mend, read back -- 22:00 ---- who is left ---- 23:45

A broadcast goes in the middle of a quarter: no meter steps over the edge of one, where curves are recorded.
That it goes is in flash before it goes, so no power cut makes it go twice a day. A cut costs the read-back
the evening, not the event: who was sent the time is read first after the start.

The carrier's delay is not known: its meters are told from CARRIER_MS further off, and never mended.
"""

import asyncio

from firmware.area.archive import LINES, MODULE, MOST
from firmware.area.plan_duties import OK, ON_DEMAND
from firmware.collect.beat import Beat
from firmware.collect.burst import Burst
from firmware.collect.clock_marks import CHECKED, SENT, TOLD, WANTS, Marks
from firmware.metering.measures import CLOCK, METER_CLOCK
from firmware.store.kv import StoreError
from protocols.lines import dlt645
from protocols.meters import dlt645_types
from protocols.uplink import area

KEY = "clocks"  # [{line: local day of its last broadcast}, marks]
DAY_S, QUARTER_S = 86400, 900
CHECK_S, MEND_S, DUSK_S, END_S = 1800, 72000, 79200, 85500  # of the local day
MIDDLE_S = (390, 510)  # of a quarter
FAR_S = 300  # a broadcast moves no clock further
WITHIN_S = 120  # a reading of a clock is worth waiting so long
SAVE_S = 300
FOLLOWED_S = 2  # less is no answer to a broadcast
CARRIER_MS = 10000
METER_DATE, METER_TIME = METER_CLOCK + 1, METER_CLOCK + 2  # points of meters that have no clock in one
LINKS = ("dlt645-2007", "dlt645-1997")  # both know the broadcast, code 08H
BITS = 11  # of a byte on the line
ANSWER_BYTES = {METER_CLOCK: 27, METER_TIME: 23}  # 4 FE, 12, identifier, data


class Clocks:
    """`collector`: archive, profiles {slot: Profile}, and coroutines: ask_point(meter, point, priority,
    within_s) -> (outcome, {point: value}), alone(line) that ends when the line is ours, and
    broadcast(line, frame) after it.
    """

    def __init__(self, board, kv, tell, settings, collector):
        self._clock, self._kv, self._collector = board.clock, kv, collector
        self._offset_s = board.identity["utc_offset_s"]
        self._tell = tell
        self._beat, self._burst = Beat(board.clock), Burst(tell)
        saved = kv.get(KEY)
        well = isinstance(saved, list) and len(saved) == 2 and isinstance(saved[0], dict)
        self._sent_days, marks = saved if well else ({}, None)
        self._marks = Marks(marks)
        self._back = [meter for meter in range(1, MOST + 1) if self._marks.has(meter, SENT)]
        self._limits = settings.get(area.AREA)
        settings.listen(area.AREA, self._take)
        self._steps = 0  # of the own clock
        self._day = None
        self._asked_s = None  # run_s
        self._due_s = None  # run_s at which what changed is saved
        self.faults = 0  # saves that the flash refused

    def _take(self, values):
        self._limits = values

    def tasks(self):
        return [("clocks", self.run)]

    async def run(self):
        while True:
            await self.step()
            await asyncio.sleep_ms(1000)

    def reload(self, first, count):
        """Rows first.. of the archive have other meters now, or none."""
        for meter in range(first, first + count):
            if self._marks.has(meter, TOLD):
                self._end(meter, self._local_s() // DAY_S, {})
            self._marks.forget(meter)

    # ---- each second

    def tick(self):
        step_ms = self._beat.tick()
        if step_ms:
            self._steps += 1
            self._marks.stepped(step_ms // 1000)
        run_s = self._beat.run_s
        self._burst.tick(run_s)
        if self._due_s is not None and run_s >= self._due_s:
            self._save()

    def _local_s(self):
        return self._clock.now_s() + self._offset_s

    async def step(self):
        """What is due now: a read-back, a broadcast, or the next meter of the round."""
        self.tick()
        if not self._clock.ok:
            return
        local_s = self._local_s()
        if local_s // DAY_S != self._day:
            self._day = local_s // DAY_S
            self._marks.renew()
        if self._back:
            await self._check(self._back.pop(0))
        elif not await self._mend(local_s):
            await self._round(local_s % DAY_S)

    async def _round(self, second):
        """Twice as fast as a day allows, so that who did not answer has time for another round."""
        archive, run_s = self._collector.archive, self._beat.run_s
        pace_s = min(QUARTER_S, (MEND_S - CHECK_S) // (2 * max(1, archive.size)))
        paced = self._asked_s is not None and run_s - self._asked_s < pace_s
        if not CHECK_S <= second < END_S or paced:
            return
        meter = self._marks.next(archive, run_s)
        if meter:
            self._asked_s = run_s
            await self._check(meter)

    # ---- one meter

    async def _check(self, meter):
        """Read its clock; without an answer it waits for the next round."""
        steps, row = self._steps, self._collector.archive.get(meter)
        profile = self._collector.profiles.get(row.slot) if row else None
        if profile is None:
            return
        points = _points(profile)
        if not points:
            self._marks.mark(meter, CHECKED)  # it shows none
            return
        off_ms = await self._off_ms(meter, points, profile.serial[0])
        self.tick()
        # Meanwhile the own clock may have been set, or the row given to another meter.
        if off_ms is not None and steps == self._steps and self._collector.archive.get(meter) == row:
            self._judge(meter, row, profile, off_ms)

    async def _off_ms(self, meter, points, baud):
        """How far its clock is ahead; None when it cannot be told.

        The meter looks at its clock before it sends: the time of its answer on the line is counted back. It
        shows whole seconds, half a second too little on the average.
        """
        shown_s = 0
        for point in points:
            outcome, values = await self._collector.ask_point(meter, point, ON_DEMAND, WITHIN_S)
            value = values.get(point) if outcome == OK else None
            if not isinstance(value, int):
                return None
            shown_s += value
        then_ms = self._clock.now_ms() - _wire_ms(ANSWER_BYTES[points[-1]], baud) + self._offset_s * 1000
        return shown_s * 1000 + 500 - then_ms

    def _judge(self, meter, row, profile, off_ms):
        marks, limit_s = self._marks, self._limits["clock_off_s"]
        off_s, day = (off_ms + 500) // 1000, self._local_s() // DAY_S
        marks.mark(meter, CHECKED)
        if marks.has(meter, SENT):
            self._read_back(meter, off_s)
        is_off = abs(off_ms) > limit_s * 1000 + (CARRIER_MS if row.line == MODULE else 0)
        fields = {"metering_point": meter, "kind": CLOCK, "value": off_s, "limit": limit_s}
        if is_off and not marks.has(meter, TOLD):
            if not self._burst.tell("meter_clock_off", fields):
                return
            marks.begin(meter, day)
            self._touch()
        elif not is_off and marks.has(meter, TOLD):
            self._end(meter, day, fields)
        marks.put_off_s(meter, off_s)
        from_s = self._limits["clock_mend_s"]
        mends = is_off and from_s and from_s <= abs(off_s) <= FAR_S and row.line != MODULE
        marks.mark(meter, WANTS, bool(mends and profile.link in LINKS))

    def _end(self, meter, day, fields):
        fields["metering_point"], fields["kind"] = meter, CLOCK
        fields["ended"], fields["lasted_s"] = 1, self._marks.lasted_days(meter, day) * DAY_S
        self._tell("meter_clock_off", fields)
        self._marks.mark(meter, TOLD, False)
        self._touch()

    def _read_back(self, meter, off_s):
        before_s = self._marks.off_s(meter)
        self._marks.mark(meter, SENT, False)
        self._touch()
        if abs(off_s - before_s) >= FOLLOWED_S:
            self._tell("meter_clock_set", {"metering_point": meter, "value": off_s, "before": before_s})

    # ---- mending

    async def _mend(self, local_s):
        """Whether a line was sent the time."""
        second = local_s % DAY_S
        if not MEND_S <= second < DUSK_S or not MIDDLE_S[0] <= second % QUARTER_S < MIDDLE_S[1]:
            return False
        for line in LINES:
            if self._sent_days.get(line) != self._day:
                meters = self._marks.all_of(self._collector.archive, line, WANTS)
                if meters:
                    return await self._send(line, meters)
        return False

    async def _send(self, line, meters):
        """The frame is made when the line is ours: its time must not grow old in a queue."""
        steps, slot = self._steps, self._collector.archive.slot(meters[0])
        await self._collector.alone(line)
        self.tick()
        if steps != self._steps or not self._clock.ok or not self._intend(line, meters):
            return False
        await self._collector.broadcast(line, self._frame(self._collector.profiles[slot].serial[0]))
        self._back.extend(meters)
        return True

    def _intend(self, line, meters):
        """Whether it stands in flash that the line was sent the time today."""
        for meter in meters:
            self._marks.mark(meter, WANTS, False)
            self._marks.mark(meter, SENT)
        before = self._sent_days.get(line)
        self._sent_days[line] = self._day
        if self._save():
            return True
        self._sent_days[line] = before
        for meter in meters:
            self._marks.mark(meter, SENT, False)
        return False

    def _frame(self, baud):
        """The time at which its last byte will be on the line."""
        end_ms = self._clock.now_ms() + self._offset_s * 1000
        size = len(dlt645.broadcast_time(0, 1, 1, 0, 0, 0))
        local_s = (end_ms + _wire_ms(size, baud) + 500) // 1000
        year, month, day = dlt645_types.date(local_s // DAY_S)
        second = local_s % DAY_S
        return dlt645.broadcast_time(year % 100, month, day, second // 3600, second // 60 % 60, second % 60)

    # ---- flash

    def _touch(self):
        if self._due_s is None:
            self._due_s = self._beat.run_s + SAVE_S

    def _save(self):
        self._due_s = None
        try:
            self._kv.put({KEY: [self._sent_days, self._marks.packed()]})
        except StoreError:
            self.faults += 1
            return False
        return True


def _points(profile):
    """The points that together are its clock; () when it shows none."""
    for points in ((METER_CLOCK,), (METER_DATE, METER_TIME)):
        if all([profile.reads_of(point) for point in points]):
            return points
    return ()


def _wire_ms(size, baud):
    return size * BITS * 1000 // baud if baud else 0
