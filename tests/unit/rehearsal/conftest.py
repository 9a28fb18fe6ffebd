"""A small scenario that holds, to be changed by the tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from station.rehearsal import scenario

BASE = """\
name: a test
start: 2026-09-21 08:00
duration: 10 min
rounds: [{sheds: 20 kW}, {sheds: 10 %}]
load: 120 kW
"""


@pytest.fixture
def parse(tmp_path: Path) -> Callable[..., scenario.Scenario]:
    """Parse BASE with `more` behind it, and lines of it replaced by key."""

    def parse(more: str = "", **lines: str) -> scenario.Scenario:
        text = BASE
        for key, value in lines.items():
            kept = [line for line in text.splitlines() if not line.startswith(f"{key}:")]
            text = "\n".join([*kept, value]) + "\n"
        return scenario.parse(text + more, "test.yaml", tmp_path)

    return parse
