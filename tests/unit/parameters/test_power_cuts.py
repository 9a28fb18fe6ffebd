"""A power cut at any write of a change leaves the old or the new section, and nothing is called lost."""

import json
from pathlib import Path

import pytest

SWEEP = Path(__file__).parent / "sweep.py"


@pytest.mark.parametrize("prefill", [0, 1, 40])  # first change; proved ones; into further journal segments
def test_every_write_cut_three_ways(run_micropython, prefill):
    result = run_micropython(SWEEP, prefill, heap="8M")
    assert result.returncode == 0, result.stderr[-2000:]
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["cuts"] == 3 * summary["writes"] >= 30
    assert summary["failed"] == []
