"""The device's interpreter makes the very same records, in the heap that a recorder may have."""

import subprocess
import sys

SCRIPT = "tests/unit/metering/replay_records.py"
HEAP_BYTES = 6000  # of one metering point, one group and the terminal, on the 64-bit interpreter


def test_both_runtimes_make_the_same_records(run_micropython, repo_root, tmp_path):
    ours = tmp_path / "cpython"
    theirs = tmp_path / "micropython"
    for folder in (ours, theirs):
        folder.mkdir()
    expected = subprocess.run(
        [sys.executable, "-m", SCRIPT.removesuffix(".py").replace("/", "."), str(ours)],
        cwd=repo_root,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    done = run_micropython(SCRIPT, theirs, heap="1M")
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected
    kinds = {line.split(", ")[1] for line in expected.splitlines() if line.startswith("('da'")}
    assert kinds == {"11", "12", "13", "14"}, "daily, monthly, billing and statistics"


def test_heap_of_a_recorder(run_micropython, tmp_path):
    done = run_micropython(SCRIPT, tmp_path, "weigh", heap="1M")
    assert done.returncode == 0, done.stderr
    assert 0 < int(done.stdout) <= HEAP_BYTES
