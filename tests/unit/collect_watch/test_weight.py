"""The device's interpreter watches a thousand meters within the heap they may cost."""

import json
from pathlib import Path

SCRIPT = Path(__file__).with_name("watch_weight.py")
HEAP_BYTES = 30  # a meter, watch and clocks with what they keep in the key-value store, 64-bit interpreter


def test_a_day_of_a_thousand_meters_fits(run_micropython, tmp_path):
    done = run_micropython(SCRIPT, tmp_path, heap="512K", timeout_s=120)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    print(told)
    assert told["a_meter"] <= HEAP_BYTES
    assert told["sent"] == 4
    assert told["told"]["status_word_changed"] >= 30
    assert told["told"]["meter_clock_set"] == 250
