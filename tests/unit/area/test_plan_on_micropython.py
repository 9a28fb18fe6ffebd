"""The device's interpreter plans the same, within the heap a meter may cost."""

import json
from pathlib import Path

from tests.unit.area.plan_story import DEAD, story

HERE = Path(__file__).parent
HEAP_BYTES = 60  # a meter, archive and planner, on the 64-bit interpreter


def run(run_micropython, script, heap):
    done = run_micropython(HERE / script, heap=heap)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_both_interpreters_tell_the_same_story(run_micropython):
    told = run(run_micropython, "plan_story.py", "4M")
    assert told == json.loads(json.dumps(story()))
    freezes = {key[2] for key, _at_us in told["stored"] if key[0] == 1}
    assert freezes == set(range(1, 41)) - set(DEAD), "a story worth telling"
    assert {gap[3] for gap in told["gaps"]} >= set(DEAD)


def test_a_thousand_meters_fit(run_micropython):
    told = run(run_micropython, "plan_weight.py", "512K")
    print(told)
    assert told["jobs"] > 3000
    assert told["a_meter"] <= HEAP_BYTES
