"""What the transformer's own reading says: load, unbalance of currents, voltages of its phases. Pure.

The reading is that of AC sampling on the board or of the gate meter. A condition begins when its limit is
passed for holds_s, and ends when the value is back by its slack; a missing value begins nothing, ends
nothing, and makes a running delay start anew. Each is known by its place:

    0 overload, 1 unbalance, 2 to 4 voltage of a phase too high, 5 to 7 too low
"""

from firmware.metering.measures import CURRENT, OVER_VOLTAGE, OVERLOAD, VOLTAGE

UNDER_VOLTAGE, UNBALANCE = 2, 9  # rules of protocols/meters/rules.py
CONDITIONS = 8
FEW_MA = 250  # secondary mean, 5 % of 5 A: below it an unbalance means nothing
# event, rule, field of section AREA, slack until it ends; the sign of the slack is the side of the limit
_ROWS = (
    ("overload", OVERLOAD, "overload_e3", 50),
    ("unbalance_over", UNBALANCE, "unbalance_e3", 50),
    ("voltage_limit", OVER_VOLTAGE, "voltage_high_dv", 22),
    ("voltage_limit", UNDER_VOLTAGE, "voltage_low_dv", -22),
)


def _row(place):
    return place if place < 2 else 2 + (place - 2) // 3


def values(sample, multiplier, transformer_va):
    """The CONDITIONS numbers of a reading {point number: secondary value}; None where one is missing."""
    volts = [sample.get(VOLTAGE + phase) for phase in range(3)]
    currents = [sample.get(CURRENT + phase) for phase in range(3)]
    load = unbalance = None
    if None not in currents:
        mean = sum(currents) // 3
        unbalance = (max(currents) - mean) * 1000 // mean if mean >= FEW_MA else 0
        if transformer_va and None not in volts:
            work = sum([volts[phase] * currents[phase] for phase in range(3)])  # 10^-4 VA
            load = work * multiplier // (transformer_va * 10)
    return [load, unbalance] + volts + volts


class Supply:
    """`told`: mask of conditions that were told before the restart."""

    def __init__(self, tell, told=0):
        self._tell = tell
        self.told = told
        self._since_s: list = [0 if told >> place & 1 else None for place in range(CONDITIONS)]
        self._last_s = 0

    def judge(self, run_s, sample, multiplier, limits, gap_s, point):
        """`limits`: section AREA. Readings further apart than gap_s do not belong together.

        `point`: the gate meter, 0 none. Whether something was told.
        """
        if run_s - self._last_s > gap_s:
            self._pause()
        self._last_s, told = run_s, self.told
        for place, value in enumerate(values(sample, multiplier, limits["transformer_va"])):
            self._weigh(place, value, run_s, limits, point)
        return self.told != told

    def _pause(self):
        for place in range(CONDITIONS):
            if not self.told >> place & 1:
                self._since_s[place] = None

    def _weigh(self, place, value, run_s, limits, point):
        limit, slack = limits[_ROWS[_row(place)][2]], _ROWS[_row(place)][3]
        side = 1 if slack > 0 else -1
        is_told = self.told >> place & 1
        if is_told:
            if value is not None and (value - limit + slack) * side <= 0:
                self._say(place, value, limit, point, {"ended": 1, "lasted_s": run_s - self._since_s[place]})
        elif value is None or (value - limit) * side <= 0:
            self._since_s[place] = None
        else:
            if self._since_s[place] is None:
                self._since_s[place] = run_s
            ago_s = run_s - self._since_s[place]
            if ago_s >= limits["holds_s"]:
                self._say(place, value, limit, point, {"ago_s": ago_s})

    def _say(self, place, value, limit, point, fields):
        name, fields["kind"], _field, _slack = _ROWS[_row(place)]
        self.told ^= 1 << place
        if "ended" in fields:
            self._since_s[place] = None
        fields["value"], fields["limit"] = value, limit
        if place > 1:
            fields["phase"] = 1 << (place - 2) % 3
        if point:
            fields["metering_point"] = point
        self._tell(name, fields)
