"""Curves, freezes and statistics of every metering point, summation group and the terminal, as records.

Each second samples the powers for demand and visits one metering point and one of (terminal, groups), so that
the longest pause between two decisions does not grow with their number; a round takes 9 s at most.

Flash wear: what a tally holds is written every 15 minutes and when a freeze or a period was told, 90 to 270
bytes each. With one point and one group that is 290 commits or 42 KB a day, with eight of each 1,650 commits
or 340 KB. At one erase a commit, the worst seen on lfs2, 256 blocks of 100,000 cycles last 240 or 42 years. A
power cut costs the counts since the last commit; those minutes and the ones without power are outage minutes.
A record is told before its label is kept: a cut in between makes it come twice with the same label, which the
station keeps once; it is never missing.
"""

import asyncio

from firmware.metering import backfill, statistics, tally
from firmware.metering.demand import Demand
from firmware.metering.readings import CURVE_FRESH_MS, LATE_PART, SLOT_LATE_S
from firmware.store.kv import StoreError
from protocols.meters.dlt645_types import DAY_S, date
from protocols.uplink import messages, parameters

SAVE_S = 900
CUTS, ON, STARTS, BYTES = 1, 2, 3, 4  # in TERMINAL_TABLE, after the minutes without power
TRAFFIC_BYTES = 20204  # statistic (protocols/meters/statistics.py) of BYTES
BACKFILL_S, BACKFILL_MAX_S = 5, 3600  # pause before a meter is asked for its freeze, doubled while it is mute
OFF_DAYS = 31  # days of one outage that are told
# Tally numbers: metering points have their own, group g has GROUP + g. Curves of groups come as point GROUP.
TERMINAL, GROUP = 0, 100
KEY = "t%d"
# Of a source without a profile (pulses, AC sampling); numbers of protocols.meters.points.
CURVE = (8, 320, 1, 2, 3, 4, 5, 6, 20)
DAILY = (320, 321, 322, 323, 324, 384, 1088)


class Recorder:
    """`points`: metering.points.Points; `add(stream, kind, t_s, t_ok, body)` is the outbox's; `settings`:
    firmware.parameters.Parameters. `store_errors` counts commits the flash refused."""

    def __init__(self, points, clock, kv, add, settings, utc_offset_s):
        self._points = points
        self._clock = clock
        self._kv = kv
        self._add = add
        self._offset_s = utc_offset_s
        texts = statistics.POINT_TABLE, statistics.GROUP_TABLE, statistics.TERMINAL_TABLE
        self._rows = [statistics.table(text) for text in texts]
        self._values: list = [None] * statistics.SOURCES
        self._bases = [1000] * statistics.SOURCES
        self._tallies = {}
        self._groups = ()
        self._turn = self._up_s = 0
        self._minute = self._ended = None  # local minute; the one that ended with it, if time simply ran on
        self._first = None, None  # day looked up last and the 1st of its month
        self._off = None  # [from, until] local minutes without power; None until the clock is trusted
        self._extra = [0, 0, 0, 1, 0]  # of the terminal, not counted yet: this start
        self.store_errors = 0
        self._take_limits(settings.get(parameters.LIMITS))
        self._take_metering(settings.get(parameters.METERING))
        for section, take in (
            (parameters.LIMITS, self._take_limits),
            (parameters.METERING, self._take_metering),
            (parameters.GROUPS, self._rewired),
            (parameters.POINTS, self._rewired),
        ):
            settings.listen(section, take)

    def _take_limits(self, values):
        self._limits = [0] + [values[row[1]] for row in parameters.rows(parameters.LIMITS)]
        self._limits.append(statistics.ZERO_E3)

    def _take_metering(self, values):
        """Windows and slots that began under other parameters are not gone on with."""
        self._interval_s = values["curve_interval_s"]
        self._billing = values["billing_days"], values["billing_hour"]
        self._window = values["demand_window_min"], values["demand_slide_min"]
        self._slots_from_s = self._up_s
        for kept in self._tallies.values():
            if kept.demand:
                kept.demand = Demand(*self._window)

    def _rewired(self, _values):
        """A group's total is another one now."""
        for kept in self._tallies.values():
            kept.state[tally.KNOWN] = tally.NONE
            if kept.demand:
                kept.demand.restart()

    def _tally(self, key, rows):
        kept = self._tallies.get(key)
        if kept is None:
            demand = Demand(*self._window) if key else None
            code = "q" if rows else "i"
            kept = tally.Tally(key, self._rows[rows], code, self._kv.get(KEY % key), demand)
            self._tallies[key] = kept
        return kept

    # ---- each second

    def tick(self):
        """Call each second. It never waits for a meter: the same task decides on trips."""
        now_s = self._clock.now_s()
        points = self._points.points
        self._groups = self._points.groups()
        self._pass((now_s + self._offset_s) // 60)
        for point in points:
            self._tally(point.no, 0).demand.sample(self.power(point))
        for group, row in enumerate(self._groups, GROUP + 1):
            if row[0] is not None or group in self._tallies:
                self._tally(group, 1).demand.sample(row[0])
        try:
            if points:
                self._visit_point(points[self._turn % len(points)], now_s)
        finally:  # a record that fails keeps nobody else from his turn
            try:
                self._visit_others(now_s)
            finally:
                self._turn += 1
                self._up_s += 1

    def _visit_others(self, now_s):
        group = self._turn % (1 + len(self._groups))
        if not group:
            self._visit_terminal(self._tally(TERMINAL, 2), now_s)
        elif GROUP + group in self._tallies:
            self._visit_group(self._tallies[GROUP + group], *self._groups[group - 1])

    def _pass(self, minute):
        """A minute ends when the clock shows the next one; after a step of the clock none has ended."""
        last, self._minute = self._minute, minute
        if minute == last:
            return
        self._ended = last if last is not None and minute == last + 1 else None
        for kept in self._tallies.values():
            kept.waiting = self._ended is not None
            if not kept.demand:
                continue
            if kept.waiting:
                kept.average = kept.demand.minute(self._ended % tally.DAY_MIN + 1)
            else:
                kept.demand.restart()
        if self._ended is not None:
            self._extra[ON] += 1

    @staticmethod
    def power(point):
        """Of the metering point now, secondary side; None when it is mute or its profile gives a text."""
        power_dw = point.latest.get(statistics.POWER_POINT)
        return power_dw if isinstance(power_dw, int) else None

    def _visit_point(self, point, now_s):
        kept = self._tallies[point.no]
        if self.power(point) is not None:  # else it is mute; what passes so stays missing
            self._freezes(point, kept, now_s + self._offset_s)
            if self._slot_is_due(kept, now_s):
                numbers = point.profile.curve if point.profile else CURVE
                self._put_curve(kept, now_s, point.latest.pick(numbers, CURVE_FRESH_MS))
        if kept.waiting:
            statistics.measure(point, self._values, self._bases, CURVE_FRESH_MS)
            self._count(kept, self._ended)
        self._keep(kept)

    def _visit_group(self, kept, power_w, energy_wh):
        if kept.state[tally.KNOWN] == tally.NONE:
            kept.use(energy_wh, self._minute - 1)
        if kept.waiting:
            self._values[statistics.POWER] = power_w
            self._values[statistics.ENERGY] = kept.used(energy_wh, self._ended)
            if self._count(kept, self._ended):
                kept.use(energy_wh, self._ended)
        self._keep(kept)

    def _group_values(self):
        """{statistic number: value} of all groups now, for one record of their curves."""
        values = {}
        for group, row in enumerate(self._groups, 1):
            for first, value in zip((statistics.POWER_NOW, statistics.ENERGY_NOW), row):
                if value is not None:
                    values[first + group] = value
        return values

    def _visit_terminal(self, kept, now_s):
        extra, values = self._extra, self._values
        if self._slot_is_due(kept, now_s):
            self._put_curve(kept, now_s, self._group_values())
        if self._off is None:
            if not self._clock.ok:
                return
            self._off = self._without_power(kept.state[tally.LAST])
        at, until = self._off
        if at < until:  # one day a visit
            self._off[0] = min(until, (at // tally.DAY_MIN + 1) * tally.DAY_MIN)
            values[:5] = self._off[0] - at, extra[CUTS], 0, 0, 0
            self._count(kept, self._off[0] - 1)
            extra[CUTS] = 0
        elif kept.waiting:
            values[:5] = extra
            kept.dirty = kept.dirty or extra[STARTS] > 0
            if self._count(kept, self._ended):
                extra[STARTS] = extra[BYTES] = 0
            extra[ON] = 0
        self._keep(kept)

    def _without_power(self, last):
        """[first, end] local minutes between the one counted last and this start."""
        extra = self._extra
        until = self._minute - extra[ON]
        first = until if last == tally.NONE else max(last + 1, until - OFF_DAYS * tally.DAY_MIN)
        if first == until - 1:  # a start as a minute ended is no outage
            first = until
            extra[ON] += 1
        extra[CUTS] = int(first < until)
        return [first, until]

    def _count(self, kept, minute):
        kept.waiting = False
        self._values[statistics.DEMAND] = kept.average
        day = minute // tally.DAY_MIN
        labels = day, self._first_of(day)
        return kept.count(minute, labels, self._clock.ok, self._values, self._bases, self._limits, self._tell)

    def _first_of(self, day):
        """The 1st of the month of a local day, as days since 1970."""
        if day != self._first[0]:
            self._first = day, day - date(day)[2] + 1
        return self._first[1]

    # ---- records

    def _record(self, stream, kind, body):
        return self._add(stream, kind, self._clock.now_s(), int(self._clock.ok), body)

    def _quality(self):
        return tally.MEASURED if self._clock.ok else tally.SUSPECT

    def _slot_is_due(self, kept, now_s):
        if not self._interval_s:
            return False
        age_s = now_s % self._interval_s
        late = age_s > min(SLOT_LATE_S, self._interval_s // LATE_PART)
        # A slot that began before this start may have been made before it.
        if late or age_s >= self._up_s - self._slots_from_s:
            return False
        return kept.fits(tally.CURVE, (now_s - age_s) // 60, self._clock.ok)

    def _put_curve(self, kept, now_s, values):
        slot_s = now_s - now_s % self._interval_s
        body = {
            "slot_s": slot_s,
            "interval_s": self._interval_s,
            "metering_point": kept.key or GROUP,
            "quality": self._quality(),
            "values": values,
        }
        if values and self._record("cv", messages.CURVE, body):
            kept.mark(tally.CURVE, slot_s // 60, self._clock.ok, self._interval_s // 60)
            kept.dirty = kept.dirty or self._interval_s >= SAVE_S  # shorter ones would wear the flash

    def kinds_at(self, day, hour):
        """Kinds of freeze (labels of tally) that are made at this hour of a local day."""
        of_month = day - self._first_of(day)
        kinds = []
        if not hour:
            kinds.append(tally.DAILY)
            if not of_month:
                kinds.append(tally.MONTHLY)
        if self._billing[0] >> of_month & 1 and hour == self._billing[1]:
            kinds.append(tally.BILLING)
        return kinds

    def _freezes(self, point, kept, local_s):
        if local_s % 3600 > SLOT_LATE_S:
            return
        day, hour = local_s // DAY_S, local_s % DAY_S // 3600
        for kind in self.kinds_at(day, hour):
            if kept.fits(kind, day, self._clock.ok):
                numbers = point.profile.daily if point.profile else DAILY
                values = point.latest.pick(numbers, CURVE_FRESH_MS)
                if values:
                    self.freeze(kept, kind, day, hour, self._quality(), values)

    def freeze(self, kept, kind, day, hour, quality, values):
        """Record one freeze: `kind` of tally's labels, label the `hour` of a local `day`."""
        body = {
            "day_s": day * DAY_S + hour * 3600 - self._offset_s,
            "metering_point": kept.key,
            "quality": quality,
            "values": values,
        }
        if self._record("da", messages.DAILY + kind - tally.DAILY, body):
            kept.mark(kind, day, quality != tally.SUSPECT)
            kept.dirty = True

    def _tell(self, kept, period, label, quality):
        """Record what a tally counted over a day or month; 0 when the outbox refused."""
        values = kept.told(period, self._offset_s)
        if not values:
            return True
        body = {
            "from_s": label * DAY_S - self._offset_s,
            "period": period + 1,
            "quality": quality,
            "values": values,
        }
        if kept.key:
            key = "group" if kept.key > GROUP else "metering_point"
            body[key] = kept.key % GROUP
        return self._record("da", messages.STATS, body)

    # ---- what others call

    def today(self, no, period=tally.DAY):
        """{statistic number: value} of the open day (or month): of a metering point, of a group (GROUP +
        number), or of the terminal itself (TERMINAL)."""
        kept = self._tallies.get(no)
        return kept.told(period, self._offset_s) if kept else {}

    def traffic(self, count):
        """So many bytes went over the link, in either direction; return those of the open month."""
        self._extra[BYTES] += count
        return self.today(0, tally.MONTH).get(TRAFFIC_BYTES, 0)

    def save(self):
        """Keep everything now: before a restart, or when the power is about to fail."""
        for kept in self._tallies.values():
            kept.dirty = True
            self._keep(kept)

    def _keep(self, kept):
        if not kept.dirty and self._up_s - kept.saved_s < SAVE_S:
            return
        kept.dirty, kept.saved_s = False, self._up_s
        try:
            self._kv.put({KEY % kept.key: kept.dump()})
        except StoreError:
            # Tried again in 15 minutes. At worst a record is made again after a restart, with the same label.
            self.store_errors += 1

    async def run(self):
        """The task that fetches freezes which were missed."""
        pause_s = BACKFILL_S
        while True:
            await asyncio.sleep(pause_s)
            answered = not self._clock.ok or await self.backfill()
            pause_s = BACKFILL_S if answered else min(BACKFILL_MAX_S, 2 * pause_s)

    async def backfill(self):
        """Ask the meters for today's freezes that are missing; False when one is mute: ask again."""
        answered = True
        for point in self._points.points:
            local_s = self._clock.now_s() + self._offset_s
            kept = self._tally(point.no, 0)
            answered = await backfill.fill(self, point, kept, local_s) and answered
        return answered
