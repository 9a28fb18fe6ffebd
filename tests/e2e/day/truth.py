"""What was true on the long day, added up anew from the load tables and the moments its switches moved.

Not by the plant that the terminal read: by minutes, in one pass, on CPython. Times are UTC seconds.
"""

from bisect import bisect_right

from tests.e2e.day import plant

RATES = 4
STEP_WH = 10 * plant.MULTIPLIER  # one step of the meter's register, primary side


class Truth:
    """`moves`: [(t_s, open mask)] as the switches moved; the meter stood at zero at `start_s`."""

    def __init__(self, start_s: int, end_s: int, moves: list[tuple[int, int]]):
        self._start_s = start_s
        self._times = [start_s, *(t_s for t_s, _mask in moves)]
        self._masks = [0, *(mask for _t_s, mask in moves)]
        self._energy_ws: list[tuple[int, ...]] = []  # at each second, by rate
        running = [0] * RATES
        for t_s in range(start_s, end_s):
            self._energy_ws.append(tuple(running))
            rate = int(plant.RATES[(t_s + plant.OFFSET_S) // 3600 % 24]) - 1
            running[rate] += self.power_w(t_s)
        self._energy_ws.append(tuple(running))

    def open_at(self, t_s: int) -> int:
        return self._masks[bisect_right(self._times, t_s) - 1]

    def power_w(self, t_s: int) -> int:
        """In the second that begins at t_s."""
        minute = (t_s + plant.OFFSET_S) // 60
        mask = self.open_at(t_s) << 1
        return sum(
            plant.load_w(section, minute) for section in range(plant.ROUNDS + 1) if not mask >> section & 1
        )

    def energy_wh(self, t_s: int) -> int:
        """Used since the start, primary side."""
        return sum(self._energy_ws[t_s - self._start_s]) // 3600

    def register_wh(self, t_s: int) -> int:
        """What the meter shows, secondary side: whole steps of 0.01 kWh."""
        return self.energy_wh(t_s) // STEP_WH * 10

    def rates_wh(self, t_s: int) -> list[int]:
        """The same of rate 1..4."""
        return [ws // 3600 // STEP_WH * 10 for ws in self._energy_ws[t_s - self._start_s]]

    def shown_wh(self, t_s: int) -> int:
        """What the meter shows times the transformers, primary side."""
        return self.register_wh(t_s) * plant.MULTIPLIER

    def when_used(self, since_s: int, used_wh: int) -> int:
        """The second in which the register shows so much more than at since_s."""
        wanted = self.shown_wh(since_s) + used_wh
        t_s = since_s
        while self.shown_wh(t_s) < wanted:
            t_s += 1
        return t_s

    def powers_at_ends(self, first_s: int, end_s: int, off: range) -> list[tuple[int, int, int]]:
        """(end of the minute, lowest, highest power within 10 s of it) of all minutes but those in `off`.

        A terminal counts a minute by a reading at its end, which may be taken a few seconds later.
        """
        out = []
        for t_s in range(first_s + 60, end_s + 60, 60):
            if t_s not in off:
                near = [self.power_w(at) for at in range(t_s - 2, t_s + 10)]
                out.append((t_s, min(near), max(near)))
        return out

    def highest_quarter_w(self, first_s: int, end_s: int) -> int:
        """The highest average of 15 minutes that ends with a minute."""
        ends = range(first_s + 900, end_s + 1, 60)
        return max((self._ws(t_s) - self._ws(t_s - 900)) // 900 for t_s in ends)

    def _ws(self, t_s: int) -> int:
        return sum(self._energy_ws[t_s - self._start_s])
