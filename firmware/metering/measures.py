"""What the rules of anomalies look at: one number a rule (and phase) from the latest values of a point.

`take` reads a metering point, `of` gives the number of a rule: None where a value is missing, FINE where the
rule has nothing to judge because its condition does not hold (no load, no voltage, ...). Energies are
compared over windows; what they need is remembered in a list a point, made by `fresh`. Ratios are per mille,
of the rated value of the secondary side where nothing else is said; all is cut to integers.

Some sixty numbers a second: what makes garbage (`a, b = x, y`, a comprehension that uses self) is kept apart.
"""

SLOW_MS = 60000  # a value of the slow round may be so old
CLOCK_MS = 10000  # the meter's clock must be younger: its age counts as deviation
GAP_S = 60  # two looks at a point further apart than this do not belong together
FEW_WH = 100  # less energy than this is not compared: registers count in steps of 10
FEW_CURRENT, NO_CURRENT = 50, 5  # of the rated current: below it ratios mean nothing; none flows
REGISTER_END_WH, REGISTER_START_WH = 999_000_000, 1_000_000  # 999999.99 kWh is followed by 0
RATIO_MAX = 1_000_000
PULSE = 2  # kind of a metering point
COMPARED, REFERENCE = 6, 7  # energy of summation group 7 against that of group 8

FINE = 1 << 29

# Numbers of rules, as in protocols/meters/rules.py
VOLTAGE_LOSS, OVER_VOLTAGE, PHASE_LOSS, ALL_VOLTAGE_LOSS, CURRENT_LOSS, CURRENT_BREAK = 1, 3, 4, 5, 6, 7
OVER_CURRENT, SERIOUS_UNBALANCE, VOLTAGE_UNBALANCE, REVERSE_POWER, OVERLOAD = 8, 10, 11, 12, 14
CONTRACT_POWER, DEMAND, POWER_FACTOR, VOLTAGE_HARMONICS, CURRENT_HARMONICS = 15, 16, 17, 18, 19
NEUTRAL, SEQUENCE, ANGLE, CLOCK, STOP, STOP_CURRENT, DECREASE, FLY_AWAY = 20, 21, 22, 23, 24, 25, 26, 28
REVERSE_ENERGY, TARIFF_SUM, PHASE_SUM, STATUS_WORD = 29, 30, 31, 34
COUNTS, SILENT = 35, 43  # six more behind COUNTS

# Point numbers, protocols/meters/points.py
VOLTAGE, CURRENT, NEUTRAL_CURRENT, POWER, REACTIVE, APPARENT, FACTOR = 1, 4, 7, 8, 12, 16, 20
PHASE_ANGLE, THD_VOLTAGE, THD_CURRENT, DEMAND_NOW = 25, 28, 31, 35
WORDS, METER_CLOCK, IMPORT, EXPORT, COUNT, COVER_COUNT = 48, 56, 320, 384, 3200, 3213

# What is remembered of a point, a list
SEEN_S, IMPORT_WH, TOTAL_WH = 0, 1, 2  # last look; registers then
MOVED_S, STILL = 3, 4  # when the registers last moved, energy by power since
FROM_S, FROM_WH, BY_UI = 5, 6, 7  # energy since FROM_S, by the registers and by voltage and current
DAY_S, DAY_WH, DAY_OTHER_WH = 8, 9, 10  # the long window: import and export, or two groups
LAST = 11  # {point number: last value} of status words and counts
SIZE = 12
HOUR = 36000  # 0.1 W for so many seconds are a Wh


def fresh():
    """Nothing is remembered yet."""
    return [None] * (SIZE - 1) + [{}]


def _part(value, rated):
    return value * 1000 // rated if value is not None and rated else None


def _spread(values):
    """(largest - smallest) / largest; None while one is missing."""
    if None in values or max(values) <= 0:
        return None
    return (max(values) - min(values)) * 1000 // max(values)


def _root(n):
    x, y = n, (n + 1) // 2
    while y < x:
        x, y = y, (y + n // y) // 2
    return x


class Measures:
    """`contract_w`: contracted power of the customer, 0 not known; it is that of the main point."""

    def __init__(self, points, clock, contract_w, offset_s):
        self._points = points
        self._clock = clock
        self._contract_w = contract_w
        self._offset_s = offset_s
        self._point = self._memory = None
        self._phases: tuple = ()  # those that are judged, and their voltages and currents
        self._u: list = []
        self._i: list = []
        self.dark = 0  # of all voltages gone: not zero, odd when it was told

    def take(self, point, memory, now_s, window_s, day_s, trust):
        """Read a point; returns [(rule, fields)] of what is told at the moment. Windows in seconds.

        None: a power beyond `trust` of the contract cannot be true, nothing is judged.
        """
        self._point, self._memory, self._now_s = point, memory, now_s
        self.dark = 0
        power_w = (self._value(POWER) or 0) * point.multiplier // 10
        if self._contract_w and point is self._points.main:
            if abs(power_w) * 1000 > self._contract_w * trust:
                return None
        self._phases = (0, 2) if point.rated[2] == 3 else (0, 1, 2)  # three wires: no element between
        self._u = [_part(u, point.rated[0]) for u in self._values(VOLTAGE, self._phases)]
        self._i = [_part(i, point.rated[1]) for i in self._values(CURRENT, self._phases)]
        found = []
        last = memory[LAST]
        for i in range(14):
            no = WORDS + i if i < 7 else COUNT + i - 7 if i < 12 else COVER_COUNT + i - 12
            value = self._value(no)
            before = last.get(no, value)
            if value is not None:
                last[no] = value
                if i < 7 and value != before:
                    fields = {"slot": i + 1, "value": value, "before": before, "changed": value ^ before}
                    found.append((STATUS_WORD, fields))
                elif i >= 7 and value > before:
                    found.append((COUNTS + i - 7, {"value": value, "before": before}))
        self._energy(memory, window_s, day_s, found)
        memory[SEEN_S] = now_s
        return found

    def _value(self, no, max_age_ms=SLOW_MS):
        value = self._point.latest.get(no, max_age_ms)
        return value if isinstance(value, int) else None

    def _values(self, first, offsets) -> list:
        return [self._value(first + i) for i in offsets]

    # ---- energies

    def _energy(self, memory, window_s, day_s, found):
        import_wh, export_wh = self._value(IMPORT), self._value(EXPORT)
        self._moved, self._ratio, self._reverse = False, None, None
        if import_wh is None:
            memory[MOVED_S] = memory[FROM_S] = None
            return
        last_wh, memory[IMPORT_WH] = memory[IMPORT_WH], import_wh
        if last_wh is not None and import_wh < last_wh:
            if last_wh < REGISTER_END_WH or import_wh > REGISTER_START_WH:
                found.append((DECREASE, {"value": import_wh, "before": last_wh}))
        total_wh = import_wh + (export_wh or 0)
        self._moved = memory[TOTAL_WH] not in (None, total_wh)
        memory[TOTAL_WH] = total_wh
        step_s = GAP_S + 1 if memory[SEEN_S] is None else self._now_s - memory[SEEN_S]
        self._stand(memory, step_s)
        self._against_ui(memory, total_wh, step_s, window_s)
        used = self._used(memory, import_wh, export_wh, day_s)
        if used:
            self._reverse = _ratio(used[1], used[0], used[1])

    def _stand(self, memory, step_s):
        """Energy that the power says while the registers stand still."""
        power_dw = self._value(POWER)
        if power_dw is None:
            memory[MOVED_S] = None
        elif self._moved or step_s > GAP_S or memory[MOVED_S] is None:
            memory[MOVED_S], memory[STILL] = self._now_s, 0
        else:
            memory[STILL] += abs(power_dw) * step_s

    def _against_ui(self, memory, total_wh, step_s, window_s):
        power_dva = self._by_ui()
        if power_dva is None or step_s > GAP_S or memory[FROM_S] is None:
            memory[FROM_S], memory[FROM_WH], memory[BY_UI] = self._now_s, total_wh, 0
            return
        memory[BY_UI] += power_dva * step_s
        if self._now_s - memory[FROM_S] >= window_s:
            used_wh = total_wh - memory[FROM_WH]
            if used_wh >= 0:
                self._ratio = _ratio(used_wh, memory[BY_UI] // HOUR, used_wh)
            memory[FROM_S], memory[FROM_WH], memory[BY_UI] = self._now_s, total_wh, 0

    def _by_ui(self):
        """Apparent power by voltage and current, 0.1 VA; of three wires sqrt(3) x mean U x mean I."""
        voltages = self._values(VOLTAGE, self._phases)
        currents = self._values(CURRENT, self._phases)
        if None in voltages or None in currents:
            return None
        if len(voltages) == 2:
            return sum(voltages) * sum(currents) // 1000 * 433 // 1000
        return sum([u * i for u, i in zip(voltages, currents)]) // 1000

    def _used(self, memory, first_wh, second_wh, window_s):
        """(first, second) used in a window that is over, else None. Of registers alone: gaps do no harm."""
        if first_wh is None or second_wh is None:
            return None
        start_s, now_s = memory[DAY_S], self._now_s
        if start_s is not None and now_s - start_s < window_s:
            return None
        used = None if start_s is None else (first_wh - memory[DAY_WH], second_wh - memory[DAY_OTHER_WH])
        memory[DAY_S], memory[DAY_WH], memory[DAY_OTHER_WH] = now_s, first_wh, second_wh
        return used if used and min(used) >= 0 else None

    def groups(self, memory, now_s, window_s):
        """Difference of the two groups at the end of a window, per mille of the second, else None."""
        self._now_s = now_s
        groups = self._points.groups()
        if len(groups) <= REFERENCE:
            return None
        used = self._used(memory, groups[COMPARED][1], groups[REFERENCE][1], window_s)
        return used and _ratio(abs(used[0] - used[1]), used[1], max(used))

    # ---- one number a rule

    def of(self, rule, k, recovery, delay_s):
        """The number of a rule, of phase k. `recovery` and `delay_s` are the rule's."""
        if rule == SILENT:
            return None if self._point.kind == PULSE else self._point.silent_s
        if k not in self._phases:
            return None
        at = self._phases.index(k)
        if rule <= PHASE_LOSS:
            return self._voltage(rule, at, recovery)
        if rule == ALL_VOLTAGE_LOSS:
            return None if None in self._u else max(self._u)
        if rule <= SERIOUS_UNBALANCE:
            return self._current(rule, at)
        if rule == VOLTAGE_UNBALANCE:
            return _spread(self._u)
        if rule <= DEMAND:
            return self._power(rule, k)
        if rule <= ANGLE:
            return self._quality(rule, k, at)
        return self._registers(rule, delay_s)

    def _voltage(self, rule, at, recovery):
        u = self._u[at]
        i = self._i[at]
        if u is None or rule == OVER_VOLTAGE:
            return u
        if self.dark:
            return FINE if self.dark & 1 else None
        if rule == VOLTAGE_LOSS:  # ends by voltage alone: without load nothing is known
            return u if u > recovery or (i is not None and i > NO_CURRENT) else None
        if rule == PHASE_LOSS:
            return None if i is None else u if i < NO_CURRENT else FINE
        return u

    def _current(self, rule, at):
        u = self._u[at]
        i = self._i[at]
        if rule == OVER_CURRENT:
            return i
        if None in self._i:
            return None
        if max(self._i) <= FEW_CURRENT:
            return FINE
        if rule <= CURRENT_BREAK:  # by the letter a break needs no load, and fires on every night without one
            return None if u is None else i if u > (700 if rule == CURRENT_LOSS else 600) else FINE
        return _spread(self._i)

    def _power(self, rule, k):
        if rule == REVERSE_POWER:
            # with three wires an element turns negative by a power factor below 0.5 alone
            base = self._base_dw()
            return None if len(self._phases) == 2 else _part(self._value(POWER + 1 + k), base)
        if rule <= OVERLOAD:
            apparent_dva = self._apparent()
            rated_va = self._point.rated[3]
            return apparent_dva * 100 // rated_va if apparent_dva is not None and rated_va else None
        if self._point is not self._points.main:
            return None
        if rule == CONTRACT_POWER:
            power_w = self._point.power_w()
        else:
            demand_dw = self._value(DEMAND_NOW)
            power_w = None if demand_dw is None else demand_dw * self._point.multiplier // 10
        return _part(None if power_w is None else abs(power_w), self._contract_w)

    def _base_dw(self):
        """Rated power of one phase."""
        voltage_dv, current_ma = self._point.rated[:2]
        return (voltage_dv or 0) * (current_ma or 0) // 1000

    def _apparent(self):
        apparent_dva = self._value(APPARENT)
        if apparent_dva is None:
            p, q = self._value(POWER), self._value(REACTIVE)
            return self._by_ui() if p is None or q is None else _root(p * p + q * q)
        return apparent_dva

    def _quality(self, rule, k, at):
        if rule == VOLTAGE_HARMONICS:
            return self._value(THD_VOLTAGE + k)
        if rule == SEQUENCE:
            word = self._value(WORDS + 6)
            return None if word is None else word & 3
        if rule == NEUTRAL:
            return self._neutral()
        i = None if None in self._i else max(self._i) if rule == POWER_FACTOR else self._i[at]
        value = self._value(FACTOR if rule == POWER_FACTOR else PHASE_ANGLE + k)
        if rule == CURRENT_HARMONICS:
            value = self._value(THD_CURRENT + k)
        if value is None or i is None:
            return None
        if i <= FEW_CURRENT:
            return FINE
        if rule == ANGLE:
            return min(value % 3600, 3600 - value % 3600)
        return abs(value)

    def _neutral(self):
        """Neutral current against what the phases leave for it, were they 120 degrees apart."""
        neutral = _part(self._value(NEUTRAL_CURRENT), self._point.rated[1])
        if neutral is None or None in self._i or len(self._i) == 2:
            return None
        a, b, c = self._i
        wanted = _root(a * a + b * b + c * c - a * b - b * c - c * a)
        off = abs(neutral - wanted)
        return off if 2 * off > max(neutral, wanted) else FINE

    def _registers(self, rule, delay_s):
        if rule in (STOP, STOP_CURRENT):
            return self._stopped(rule, delay_s)
        if rule <= FLY_AWAY:
            return self._ratio if rule > CLOCK else self._clock_off()
        if rule == REVERSE_ENERGY:
            return self._reverse
        if rule == TARIFF_SUM:
            values = self._values(IMPORT, range(5))
            return None if None in values else abs(sum(values) - 2 * values[0])
        if rule == PHASE_SUM:
            return self._phase_sum()
        word = self._value(WORDS)
        return None if word is None else word >> 2 & 3  # BATTERY

    def _clock_off(self):
        meter_s = self._value(METER_CLOCK, CLOCK_MS)
        if meter_s is None or not self._clock.ok:
            return None
        return abs(meter_s - self._clock.now_s() - self._offset_s)

    def _stopped(self, rule, delay_s):
        if self._moved:
            return FINE
        since_s = self._memory[MOVED_S]
        if since_s is None or since_s == self._now_s:
            return None
        if rule == STOP_CURRENT:
            return None if None in self._i else max(self._i)
        return self._memory[STILL] // HOUR if self._now_s - since_s >= delay_s else None

    def _phase_sum(self):
        power_dw = self._value(POWER)
        parts = self._values(POWER + 1, self._phases)
        if power_dw is None or None in parts:
            return None
        if abs(power_dw) * 1000 <= FEW_CURRENT * self._base_dw():
            return FINE
        return abs(sum(parts) - power_dw) * 1000 // abs(power_dw)


def _ratio(part_wh, whole_wh, least_wh):
    return min(RATIO_MAX, part_wh * 1000 // max(1, whole_wh)) if least_wh > FEW_WH else 0
