"""The customer's side of a rehearsal: loads, switches that shed them, meters, and what spoils the readings.

Runs on MicroPython and CPython alike, one second after the other: `loads`, `groups` (what the terminal
reads), `obey` (what its outputs do to the switches), `run` (the energy of the second).
"""


class _Point:
    """A metering point: its curve, the load that flows, its meter."""

    def __init__(self, plain):
        self.no = plain["no"]
        self.curve = plain["load"]
        self.at = 0  # next step of the curve
        self.load_w = None
        self.total_ws = plain["energy_wh"] * 3600
        self.reading = [None, None]  # power_w, energy_wh as last read
        self.faults = []  # arguments of `reading` rows of the script, and what a stuck one holds


class Site:
    def __init__(self, plain):
        self._points = {point["no"]: _Point(point) for point in plain["points"]}
        self._rounds = plain["rounds"]
        self._members = plain["groups"]
        self._group_count = max([member[0] for member in self._members])
        self._sampling_s = plain["sampling_s"]
        self._closing = [None] * len(self._rounds)  # second at which the customer closes
        self.open = 0  # mask of switches

    def loads(self, t_s):
        """The curves move on; customers close what they were permitted to."""
        for point in self._points.values():
            curve = point.curve
            while point.at < len(curve) and curve[point.at][0] <= t_s:
                point.load_w = curve[point.at][1]
                point.at += 1
        for index, due_s in enumerate(self._closing):
            if due_s is not None and t_s >= due_s:
                self._closing[index] = None
                self.open &= ~(1 << index)

    def groups(self, t_s):
        """Sample.groups: (power_w, energy_wh) of each summation group, None where a member has no reading."""
        if t_s % self._sampling_s == 0:
            for point in self._points.values():
                point.reading = self._read(point, t_s)
        return tuple([(self._sum(no, 0), self._sum(no, 1)) for no in range(1, self._group_count + 1)])

    def forget(self):
        """A terminal that starts has read nothing yet."""
        for point in self._points.values():
            point.reading = [None, None]

    def obey(self, t_s, tripped, close):
        """Tripped rounds open, rounds to close close; one that was let go waits for its customer."""
        self.open = (self.open & ~close) | tripped
        waiting = self.open & ~tripped
        for index, row in enumerate(self._rounds):
            if not waiting >> index & 1:
                self._closing[index] = None
            elif self._closing[index] is None and row["closes_s"] is not None:
                self._closing[index] = t_s + row["closes_s"]

    def close(self, rounds, tripped):
        """By hand. A switch that is held tripped opens again at once."""
        self.open &= ~rounds | tripped

    def run(self):
        """The energy of one second; where nothing was recorded none is made up, and none runs backwards."""
        for point in self._points.values():
            power_w = self._net_w(point)
            if power_w is not None and power_w > 0:
                point.total_ws += power_w

    def spoil(self, fault):
        """A row `reading` of the script."""
        self._points[fault["point"]].faults.append(dict(fault, held=None))

    def _net_w(self, point):
        """Power that flows: the load less what open switches shed; what is not used cannot be shed."""
        load_w = point.load_w
        if load_w is None or load_w <= 0 or not self.open:
            return load_w
        left_w = load_w
        for index, row in enumerate(self._rounds):
            if self.open >> index & 1 and row["point"] == point.no:
                left_w -= row["sheds_w"] + load_w * row["sheds_e4"] // 10000
        return max(0, left_w)

    def _read(self, point, t_s):
        """(power_w, energy_wh) as the terminal gets them."""
        power_w = self._net_w(point)
        reading = [power_w, None if power_w is None else point.total_ws // 3600]
        if not point.faults:
            return reading
        point.faults = [f for f in point.faults if f["until_s"] is None or t_s < f["until_s"]]
        for fault in point.faults:
            if fault["fault"] == "stuck" and fault["held"] is None:
                fault["held"] = reading[:]
            for index, quantity in enumerate(("power", "energy")):
                if fault["of"] in (quantity, "both"):
                    reading[index] = _spoilt(fault, index, reading[index])
        return reading

    def _sum(self, group, index):
        total = None
        for no, number, sign in self._members:
            if no == group:
                value = self._points[number].reading[index]
                if value is None:
                    return None
                total = (total or 0) + sign * value
        return total


def _spoilt(fault, index, value):
    if fault["fault"] == "missing" or value is None:
        return None
    if fault["fault"] == "stuck":
        return fault["held"][index]
    return value + fault["by"]
