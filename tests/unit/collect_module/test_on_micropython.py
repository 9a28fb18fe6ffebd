"""The device's interpreter does the same, and keeps little."""

import asyncio
import json
from pathlib import Path

from tests.unit.collect_module.story import COUNT, story

HELD_MOST = 6000  # bytes for a thousand meters


def test_both_interpreters_tell_the_same_story(run_micropython):
    done = run_micropython(Path(__file__).parent / "story.py", heap="2M")
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    print(told["held"])
    here = json.loads(json.dumps(asyncio.run(story())[0]))
    assert told["story"] == here
    assert (here["known"], here["again"]) == (COUNT, COUNT)
    assert here["reads"][:3] == [4, 4, 4]
    assert here["reads"][3] == "mute"
    assert [name for name, _fields in here["told"]] == ["carrier_gone", "carrier_back"]
    assert 3000 < told["held"] < HELD_MOST
