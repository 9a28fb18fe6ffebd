"""A full or failing flash raises StoreError and what was stored stands; SIGKILL loses nothing."""

import json
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import MICROPYTHON, ROOT

HERE = Path(__file__).parent
KILLS = 25


def test_full_and_failing_flash(run_micropython):
    result = run_micropython(HERE / "full.py")
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout.splitlines()[-1])
    assert told.pop("filled") == 28  # ENOSPC
    reads = told.pop("dead_reads")  # each segment is tried three times, then given up for lost
    assert reads == ["flash error EIO"] * (len(reads) - 2) + [0, 0]
    assert told.pop("end") == [9, 4, []]
    assert told.pop("dead_kv") == told.pop("dead_ring") == [0, "flash error EIO"]
    assert told.pop("dead_value") == 7
    assert told.pop("kv") == told.pop("ring") == "flash full"
    assert told.pop("ring_next") == 0
    assert all(told.values()), told


def life(image, count, seconds):
    """Let the writer live for `count` lines and so long after, kill it, return its lines."""
    environment = {**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"}
    writer = subprocess.Popen(
        [MICROPYTHON, HERE / "writer.py", image], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout
    text = "".join(writer.stdout.readline() for _ in range(count))
    time.sleep(seconds)
    writer.kill()
    text += writer.stdout.read()
    writer.wait()
    writer.stdout.close()
    return [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython wheel for this platform")
def test_sigkill_at_random_moments(tmp_path):
    chance = random.Random(645)
    acked = {"kv": 0, "ring": 0}
    for _ in range(KILLS):
        lines = life(tmp_path / "flash.img", chance.randrange(1, 40), chance.uniform(0.0, 0.01))
        assert lines
        assert lines[0][0] == "found", lines
        n, twin, first, following, damaged = map(int, lines[0][1:])
        assert n == twin
        assert acked["kv"] <= n <= acked["kv"] + 1
        assert first <= following
        assert acked["ring"] <= following - 1 <= acked["ring"] + 1
        assert damaged == 0
        acked = {"kv": n, "ring": following - 1}
        acked.update((name, int(number)) for name, number in lines[1:])
    assert acked["kv"] > 4 * KILLS
