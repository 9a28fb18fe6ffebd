"""No power cut and no refused write loses, doubles or half-applies anything (design section 12)."""

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# kind, steps before, steps under test, whether a snapshot or an overflow falls in them
WORK = [
    ("kv", 0, 10, False),  # from a blank folder
    ("kv", 17, 5, False),  # into the second segment
    ("kv", 75, 3, True),  # the first snapshot
    ("kv", 155, 2, True),  # the second one, which removes files
    ("ring", 0, 12, False),  # from a blank folder
    ("ring", 26, 10, False),  # all forgotten (step 30), then on
    ("ring", 38, 5, False),  # half forgotten
    ("ring", 72, 7, True),  # overflow
]


def swept(run_micropython, *args):
    result = run_micropython(HERE / "sweep.py", *args, heap="8M")
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize(("kind", "prefill", "steps", "crossed"), WORK)
def test_every_write_cut_three_ways(run_micropython, kind, prefill, steps, crossed):
    summary = swept(run_micropython, kind, prefill, steps)
    assert summary["crossed"] == crossed
    assert summary["cuts"] == 3 * summary["writes"] >= 60
    assert summary["failed"] == []


@pytest.mark.parametrize(
    ("kind", "prefill", "steps"), [("kv", 0, 8), ("kv", 75, 3), ("ring", 26, 8), ("ring", 72, 7)]
)
def test_every_write_refused_once(run_micropython, kind, prefill, steps):
    summary = swept(run_micropython, kind, prefill, steps, "refuse")
    assert summary["cuts"] == 2 * summary["writes"] >= 60
    assert summary["failed"] == []


PATHS = [  # what a terminal keeps, each on its real path
    ("freeze", 0, 6),
    ("freeze", 140, 4),
    ("parameters", 0, 6),
    ("parameters", 100, 4),
    ("purchase", 0, 3),
    ("purchase", 36, 3),
    ("profiles", 0, 4),
    ("profiles", 30, 4),
]


@pytest.mark.parametrize(("kind", "prefill", "steps"), PATHS)
def test_every_write_of_orders_parameters_and_freezes_cut_three_ways(run_micropython, kind, prefill, steps):
    summary = swept(run_micropython, kind, prefill, steps)
    assert summary["cuts"] == 3 * summary["writes"] >= 30
    assert summary["failed"] == []


@pytest.mark.parametrize("kind", ["freeze", "parameters", "purchase"])
def test_every_write_of_them_refused_once(run_micropython, kind):
    summary = swept(run_micropython, kind, 0, 3, "refuse")
    assert summary["cuts"] == 2 * summary["writes"] >= 10
    assert summary["failed"] == []
