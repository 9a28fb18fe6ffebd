"""Finds anomalies in what the meters say, by the rules of rules.py, and tells their beginning and end.

One metering point is judged a second, in turn; the terminal's own rules are one more turn. A rule that misses
a value says nothing: a missing value begins nothing, ends nothing, and makes a running delay start anew.
Time is counted by ticks, so no jump of a clock begins or ends anything. What is open lies in the heap: after
a restart it is told again, once its delay has passed; an anomaly open at the power-up has ended with it.

    idle --beyond threshold--> running --delay_s--> open (told) --behind recovery--> idle (told)
"""

from firmware.metering.measures import FINE, Measures, fresh
from firmware.overlay import Overlay
from protocols.uplink import parameters
from protocols.uplink.codes import EVENTS

MAX_POINTS = 8
THRESHOLD, RECOVERY, DELAY, WIDTH = 1, 2, 3, 4  # columns of rules.packed, behind the head
RULE, CODE_AT, SCOPE_AT, ABOVE = 63, 6, 13, 1 << 20  # parts of the head
BY_PHASE, WINDOW, MOMENT, TERMINAL = 112, 119, 109, 116  # p w m t
ALL_VOLTAGE_LOSS, DECREASE, DEVIATION, FLY_AWAY, REVERSE_ENERGY = 5, 26, 27, 28, 29  # rules
GROUP_DIFFERENCE, INPUTS, SILENT, TRAFFIC, AUTHENTICATION, IMPLAUSIBLE = 32, 42, 43, 44, 45, 46
PHASE_BITS = 2  # a condition is known by its row << PHASE_BITS | phase
GAP_S = 60  # two looks at a point further apart than this do not belong together
POINT, CONDITIONS, MEMORY, LOOKED_S = 0, 1, 2, 3  # of what is kept of a metering point or (None) the terminal


class Watch:
    """`tell(name, fields)` is the events'. `contract_w`: contracted power of the customer, 0 not known."""

    def __init__(self, points, clock, tell, settings, contract_w=0, utc_offset_s=0):
        self._points = points
        self._clock = clock
        self._tell = tell
        self._settings = settings
        self._measures = Measures(points, clock, contract_w, utc_offset_s)
        self._tick = clock.ticks_ms()
        self._rest_ms = 0
        self._now_s = 1
        self._turn = 0
        # metering point, 0 the terminal -> [point, {condition: second since which * 2, + 1 if told}, memory,
        # second of the last look]
        self._seen = {}
        self._quiet = {}  # metering point, 0 all -> second until which it is not judged
        self._inputs = self._inputs_before = None
        self._refusals = self._month_kb = None
        self._traffic_kb = 0
        self.dropped = 0  # looks at values that cannot be true
        settings.guard(parameters.RULES, self._wrong)
        settings.listen(parameters.RULES, self._take)
        settings.listen(parameters.GROUPS, self._regroup)
        settings.listen(parameters.POINTS, self._regroup)
        self._take(settings.get(parameters.RULES))

    def _wrong(self, values):
        with Overlay():
            from firmware.metering import rules

            return rules.wrong(values)

    def _take(self, values):
        with Overlay():
            from firmware.metering import rules

            self._rules = rules.packed(values)

    def _regroup(self, _values):
        """Totals of groups of before are not compared with those of now."""
        if 0 in self._seen:
            self._seen[0][MEMORY] = fresh()

    # ---- what the wiring tells

    def exclude(self, no, seconds):
        """Planned outage or meter change: do not judge metering point `no` (0: all) for so long.

        What was remembered is forgotten: a new meter's registers are not compared with the old one's.
        """
        self._quiet[no] = self._now_s + seconds
        for each, seen in self._seen.items():
            if no in (0, each):
                seen[MEMORY] = fresh()
                self._pause(seen)

    def inputs(self, mask):
        """Status inputs, each second; None when there are none. A level counts once it has stood a second."""
        stood, self._inputs_before = mask == self._inputs_before, mask
        if mask is None or not stood or mask == self._inputs:
            return
        before, self._inputs = self._inputs, mask
        if before is not None:
            self._moment(INPUTS, {"inputs": mask, "changed": mask ^ before})

    def traffic(self, month_bytes):
        """Bytes of this month so far; call each minute or so."""
        limit = self._settings.get(parameters.METERING)["traffic_month_bytes"]
        self._month_kb, self._traffic_kb = (month_bytes >> 10 if limit else FINE), limit >> 10

    def refused(self, count):
        """Messages with a wrong MAC since the start."""
        if self._refusals is not None and count > self._refusals:
            self._moment(AUTHENTICATION, {"value": count, "before": self._refusals})
        self._refusals = count

    # ---- turns

    def tick(self):
        """Call each second."""
        tick = self._clock.ticks_ms()
        self._rest_ms += max(0, self._clock.ticks_diff(tick, self._tick))
        self._tick = tick
        self._now_s += self._rest_ms // 1000
        self._rest_ms %= 1000
        points = self._points.points
        self._turn = (self._turn + 1) % (min(len(points), MAX_POINTS) + 1)
        if self._turn:
            self._look(points[self._turn - 1])
        else:
            self._tidy()
            self._judge(self._known(0, None))

    def _known(self, no, point):
        seen = self._seen.get(no)
        if seen is None:
            seen = self._seen[no] = [point, {}, fresh(), self._now_s]
        return seen

    def _tidy(self):
        """End what is open at points that are there no more."""
        for no in list(self._seen):
            seen = self._seen[no]
            if no and self._points.by_no(no) is not seen[POINT]:
                for condition in list(seen[CONDITIONS]):
                    self._end(seen, condition, FINE)
                del self._seen[no]

    def _look(self, point):
        seen = self._known(point.no, point)
        if seen[POINT] is not point or self._now_s < max(self._quiet.get(0, 0), self._quiet.get(point.no, 0)):
            return
        if self._now_s - seen[LOOKED_S] > GAP_S:
            self._pause(seen)
        seen[LOOKED_S] = self._now_s
        window_s = max(self._delay(DEVIATION), self._delay(FLY_AWAY))
        trust = self._rules[self._row(IMPLAUSIBLE) + THRESHOLD] if self._delay(IMPLAUSIBLE) >= 0 else FINE
        day_s = self._delay(REVERSE_ENERGY)
        found = self._measures.take(point, seen[MEMORY], self._now_s, window_s, day_s, trust)
        if found is None:
            self.dropped += 1
            self._pause(seen)
            return
        for rule, fields in found:
            fields["metering_point"] = point.no
            self._moment(rule, fields)
        self._judge(seen)

    def _row(self, rule):
        row = 0
        while self._rules[row] & RULE != rule:
            row += WIDTH
        return row

    def _delay(self, rule):
        return self._rules[self._row(rule) + DELAY]

    def _judge(self, seen):
        for row in range(0, len(self._rules), WIDTH):
            scope = self._rules[row] >> SCOPE_AT & 127
            if scope != MOMENT and (scope == TERMINAL) == (seen[POINT] is None):
                for phase in range(3 if scope == BY_PHASE else 1):
                    self._weigh(seen, row << PHASE_BITS | phase)
                if self._rules[row] & RULE == ALL_VOLTAGE_LOSS:
                    self._measures.dark = seen[CONDITIONS].get(row << PHASE_BITS, 0)

    # ---- beginning and end

    def _weigh(self, seen, condition):
        row = condition >> PHASE_BITS
        since = seen[CONDITIONS].get(condition, 0)
        value = self._value(seen, row, condition & 3)
        if value is None:
            if not since & 1:
                seen[CONDITIONS].pop(condition, None)
        elif since & 1:
            if value == FINE or self._beyond(row, RECOVERY, -1, value):
                self._end(seen, condition, value)
        elif value == FINE or not self._beyond(row, THRESHOLD, 1, value):
            seen[CONDITIONS].pop(condition, None)
        else:
            self._begin(seen, condition, since >> 1 or self._now_s, value)

    def _value(self, seen, row, phase):
        rule = self._rules[row] & RULE
        delay_s = self._rules[row + DELAY]
        if delay_s < 0:
            return FINE  # switched off
        if rule == GROUP_DIFFERENCE:
            return self._measures.groups(seen[MEMORY], self._now_s, delay_s)
        if rule == TRAFFIC:
            return self._month_kb
        return self._measures.of(rule, phase, self._rules[row + RECOVERY], delay_s)

    def _limit(self, row, column=THRESHOLD):
        return self._traffic_kb if self._rules[row] & RULE == TRAFFIC else self._rules[row + column]

    def _beyond(self, row, column, sign, value):
        """Whether the value is on the bad side of that limit; with sign -1 on its good side."""
        above = (self._rules[row] & ABOVE > 0) == (sign > 0)
        limit = self._limit(row, column)
        return value > limit if above else value < limit

    def _pause(self, seen):
        """Delays that were running start anew; what is open stays so."""
        seen[CONDITIONS] = {key: since for key, since in seen[CONDITIONS].items() if since & 1}

    def _begin(self, seen, condition, since_s, value):
        row = condition >> PHASE_BITS
        windowed = self._rules[row] >> SCOPE_AT & 127 in (WINDOW, TERMINAL)
        told = windowed or self._now_s - since_s >= self._rules[row + DELAY]
        seen[CONDITIONS][condition] = since_s << 1 | told
        if told:
            self._say(seen, condition, value, {"ago_s": self._now_s - since_s})

    def _end(self, seen, condition, value):
        since = seen[CONDITIONS].pop(condition)
        if since & 1:
            self._say(seen, condition, value, {"ended": 1, "lasted_s": self._now_s - (since >> 1)})

    def _say(self, seen, condition, value, fields):
        row = condition >> PHASE_BITS
        head = self._rules[row]
        name = EVENTS[head >> CODE_AT & 127]
        fields["kind"], fields["limit"] = head & RULE, self._limit(row)
        if value != FINE:
            fields["value"] = value
        if seen[POINT] is not None:
            fields["metering_point"] = seen[POINT].no
        if head >> SCOPE_AT & 127 == BY_PHASE:
            fields["phase"] = 1 << (condition & 3)
        if head & RULE == SILENT and fields.pop("ended", 0):
            name = "meter_read_recovered"
        self._tell(name, fields)

    def _moment(self, rule, fields):
        row = self._row(rule)
        fallen = fields.get("before", 0) - fields.get("value", 0)
        if self._rules[row + DELAY] >= 0 and (rule != DECREASE or fallen > self._rules[row + THRESHOLD]):
            fields["kind"] = rule
            self._tell(EVENTS[self._rules[row] >> CODE_AT & 127], fields)
