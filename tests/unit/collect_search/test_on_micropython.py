"""The rooms that ask once run on the device's interpreter."""

import json
from pathlib import Path


def test_search_patrol_and_forwarding_run_to_their_end(run_micropython):
    done = run_micropython(Path(__file__).with_name("on_device.py"), heap="512K")
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["told"] == ["meter_found", "patrol_ended", "search_ended"]
    assert told["states"] == [[0x11, 3], [0x12, 3], [0x55, 1]]
    assert told["records"] == 12 + 1 + 3
