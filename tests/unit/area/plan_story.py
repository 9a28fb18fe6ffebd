"""Two hours of a small area around a midnight; `plan_story.py` prints it as JSON. For both interpreters."""

import json

from firmware.area.plan_duties import LOCAL
from tests.unit.area.meters import MIDNIGHT_S, area
from tests.unit.area.wires import Wires

DEAD, SLOW = (5, 33), (12, 28)


def story():
    wires = Wires(area(40, 4, flags=1), LOCAL, MIDNIGHT_S - 1200, 2400, DEAD, 20, SLOW, 600)
    wires.run(7200 * 1000000)
    return {
        "stored": sorted([[key, at_us] for key, at_us in wires.stored.items()]),
        "gaps": [list(gap) for gap in wires.gaps],
        "asked": sorted(wires.asked.items()),
        "saved": [[number, sum(data)] for number, data in wires.planner.save()],
        "timeouts": [wires.planner.timeout_ms(meter) for meter in range(1, 41)],
    }


if __name__ == "__main__":
    print(json.dumps(story()))
