"""Power cut at every flash write of journal, streams, freezes, purchases, parameters; SIGKILL beside it.

`python tests/bench/powercut.py [--quick]`; the last line is JSON. `value` is what must be 0: cut points after
which something acknowledged was lost, doubled or half applied, or the store did not open.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "tests" / "unit" / "store"
MICROPYTHON = Path(sys.executable).with_name("micropython")

# kind, steps before, steps under test: a journal of five segments and a snapshot from a blank flash, the
# second snapshot (which removes files), a ring from blank over all-forgotten into overflow; then refusals
FULL = (
    ("kv", 0, 78),
    ("kv", 150, 12),
    ("ring", 0, 80),
    ("kv", 0, 78, "refuse"),
    ("ring", 0, 80, "refuse"),
    ("freeze", 0, 24),
    ("freeze", 140, 12),  # in the journal's second segment
    ("freeze", 0, 12, "refuse"),
    ("parameters", 0, 24),
    ("parameters", 90, 12),
    ("parameters", 0, 12, "refuse"),
    ("purchase", 0, 8),
    ("purchase", 36, 6),
    ("purchase", 0, 6, "refuse"),
)
QUICK = (("kv", 75, 3), ("ring", 72, 7), ("kv", 0, 8, "refuse"), ("freeze", 0, 4), ("purchase", 0, 3))
KILLS, QUICK_KILLS = 500, 20
LIFE_S = 0.04  # longest life after the first answers


def micropython(script, *args, heap="8M"):
    """Run a script; return the JSON of its last line."""
    command = [str(MICROPYTHON), "-X", f"heapsize={heap}", str(script), *map(str, args)]
    environment = {**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise SystemExit(text[-3000:])
    return json.loads(text.splitlines()[-1])


def killed(kills):
    """Live, die by SIGKILL, live again: {"kills", "lost", "doubled", "unbootable", "steps"}."""
    told = dict.fromkeys(("kills", "lost", "doubled", "unbootable", "steps"), 0)
    chance = random.Random(645)
    with tempfile.TemporaryDirectory() as folder:
        acked = {}
        for _ in range(kills):
            told["kills"] += 1
            acked = _life(Path(folder) / "flash.img", chance.uniform(0, LIFE_S), acked, told)
    return told


def _life(image, seconds, acked, told):
    """One life; return what it acknowledged."""
    command = [str(MICROPYTHON), "-X", "heapsize=2M", str(STORE / "killed.py"), str(image)]
    environment = {**os.environ, "MICROPYPATH": f"{ROOT}:{STORE}:.frozen"}
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert child.stdout
    text = "".join(child.stdout.readline() for _ in range(4))
    time.sleep(seconds)
    child.kill()
    text += child.stdout.read()
    child.wait()
    child.stdout.close()
    lines = [line.split(" ", 3) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    found = {
        line[1]: (int(line[2]), line[3].strip()) for line in lines if line[0] == "found" and len(line) == 4
    }
    if len(found) < 3:
        told["unbootable"] += 1
        print("did not start: " + text[-300:])
        return acked
    for name, (steps, complaint) in found.items():
        told["lost"] += steps < acked.get(name, 0) or bool(complaint)
        told["doubled"] += steps > acked.get(name, 0) + 1
        if complaint:
            print(name, steps, complaint)
    now = {name: steps for name, (steps, _complaint) in found.items()}
    now.update((line[0], int(line[1])) for line in lines if line[0] in found)
    told["steps"] += sum(now.values()) - sum(steps for steps, _complaint in found.values())
    return now


def main():
    quick = "--quick" in sys.argv
    told = dict.fromkeys(("cuts", "lost", "doubled", "unbootable"), 0)
    for work in QUICK if quick else FULL:
        start = time.monotonic()
        summary = micropython(STORE / "sweep.py", *work)
        told["cuts"] += summary["cuts"]
        print(
            f"{' '.join(map(str, work))}: {summary['cuts']} cuts in {time.monotonic() - start:.1f} s",
            flush=True,
        )
        for at, mode, complaint in summary["failed"]:
            print(f"  write {at} mode {mode}: {complaint}")
        for kind, count in summary["kinds"].items():
            told[kind] += count
    lives = killed(QUICK_KILLS if quick else KILLS)
    print(f"{lives['kills']} kills between {lives.pop('steps')} steps", flush=True)
    for kind in ("lost", "doubled", "unbootable"):
        told[kind] += lives[kind]
    wrong = told["lost"] + told["doubled"] + told["unbootable"]
    wear = micropython(STORE / "wear.py")
    result = {"bench": "powercut", "value": wrong, "unit": "lost or doubled or unbootable"}
    print(json.dumps(result | told | {"kills": lives["kills"]} | wear))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
