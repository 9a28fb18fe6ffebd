"""Two points and two groups over a leap day, a month end, a cut, steps of the clock; prints every record.

Runs on CPython and on MicroPython, which must print the same: `replay_records.py FOLDER`, an empty folder.
"""

import gc
import sys

from tests.unit.metering.recorder_bench import Bench

START_S = 1835382600  # 2028-02-28 18:00 at -3:30
OFFSET_S = -12600


class Dice:
    """The same numbers on every runtime."""

    def __init__(self):
        self._x = 12345

    def roll(self, n):
        self._x = (self._x * 1103515245 + 12345) % (1 << 31)
        return (self._x >> 8) % n


def values(dice, scale):
    out = {}
    for no in (1, 2, 3):
        out[no] = 1500 + dice.roll(1200)
    for no in (4, 5, 6):
        out[no] = dice.roll(6000) - 500
    out[8] = dice.roll(3 << 30) * scale - (1 << 29)
    out[16] = dice.roll(40000)
    out[20] = dice.roll(2001) - 1000
    for no in range(28, 34):
        out[no] = dice.roll(2100) if dice.roll(9) else None
    out[320] = (1 << 33) + dice.roll(1 << 20)
    return out


def play(bench, minutes, dice):
    for _ in range(minutes):
        bench.points.rows = ((dice.roll(1 << 30) << 4, dice.roll(1 << 30) << 8), (None, None))
        bench.minute({1: values(dice, 1), 2: values(dice, 100)})


def second_by_second(bench, seconds, dice):
    for _ in range(seconds):
        bench.points.rows = ((dice.roll(1 << 32), 5), (7, dice.roll(9)))
        bench.tick(values(dice, 3))


def main(folder):
    dice = Dice()
    bench = Bench(
        folder, START_S, (1, 2), OFFSET_S, billing_days=1 | 1 << 28, billing_hour=0, demand_window_min=3
    )
    play(bench, 400, dice)
    second_by_second(bench, 1200, dice)
    bench.recorder.save()
    bench.clock.advance(47 * 60_000)
    bench.boot()
    play(bench, 1400, dice)
    bench.clock.set_ms((bench.clock.now_s() - 7000) * 1000)
    play(bench, 300, dice)
    bench.clock.set_ms((bench.clock.now_s() + 86400 * 2) * 1000)
    play(bench, 300, dice)
    for row in bench.out:
        head, body = row[:4], row[4]
        print(
            head,
            [(key, body[key]) for key in sorted(body) if key != "values"],
            sorted(body["values"].items()),
        )
    for no in (0, 1, 2, 101, 102):
        print(no, sorted(bench.recorder.today(no).items()))
    bench.kv.close()
    bench.out.clear()
    return bench


def weigh(folder):
    """Print the bytes of heap that a recorder of one point and one group keeps, on MicroPython."""
    bench = Bench(folder, START_S)
    bench.points.rows = ((1, 2),)
    for _ in range(3):
        bench.minute({1: {8: 5}})
    del bench.recorder
    bench.settings.listeners = []
    bench.out = []
    gc.collect()
    before = gc.mem_alloc()  # type: ignore[attr-defined]
    bench.boot()
    for _ in range(3):
        bench.tick()
    gc.collect()
    print(gc.mem_alloc() - before)  # type: ignore[attr-defined]
    bench.kv.close()


if sys.argv[-1] == "weigh":
    weigh(sys.argv[1])
else:
    main(sys.argv[1])
