"""The watch says the same on both interpreters."""

import json
from pathlib import Path

from tests.unit.metering.watch_story import story


def test_both_interpreters_tell_the_same_story(run_micropython):
    result = run_micropython(Path(__file__).with_name("watch_story.py"), heap="1M")
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout.splitlines()[-1])
    expected = [[name, sorted([field, value] for field, value in fields.items())] for name, fields in story()]
    assert told == expected
    kinds = {dict(fields)["kind"] for _name, fields in told}
    assert len(kinds) >= 12, "a story worth telling"
    assert any(dict(fields).get("ended") for _name, fields in told)
