"""An hour of a troubled meter, drawn from a small generator; prints every event told, one JSON line.

Run by both interpreters: what they tell must be the same.
"""

import json

from tests.unit.metering.watch_rig import QUIET, Rig

BAD = (0, 5, 150, 1319, 1500, 1715, 1850, 2200, 2650, 6100, -60, 13000, 70_000)


def story(seconds=3600):
    rig = Rig(count=2, contract_w=100_000)
    seed = 7
    numbers = sorted(QUIET)
    for _ in range(seconds // 30):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        no = numbers[seed // 8 % len(numbers)]
        value = BAD[seed // 1024 % len(BAD)] if seed & 3 else QUIET[no] if seed & 1 else None
        rig.run(30, **{"n" + str(no): value})
    return rig.events


if __name__ == "__main__":
    print(json.dumps([[name, sorted(fields.items())] for name, fields in story()]))
