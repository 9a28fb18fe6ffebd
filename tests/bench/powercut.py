"""Power cut at every flash write of a long journal and a full outbox; wear and time beside it.

`python tests/bench/powercut.py [--quick]`; the last line is JSON. `value` is what must be 0: cut points after
which something acknowledged was lost, doubled or half applied, or the store did not open.
"""

import json
import os
import subprocess
import sys
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
)
QUICK = (("kv", 75, 3), ("ring", 72, 7), ("kv", 0, 8, "refuse"))


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


def main():
    cuts = lost = 0
    for work in QUICK if "--quick" in sys.argv else FULL:
        start = time.monotonic()
        summary = micropython(STORE / "sweep.py", *work)
        cuts += summary["cuts"]
        lost += summary["faults"]
        print(f"{' '.join(map(str, work))}: {summary['cuts']} cuts in {time.monotonic() - start:.1f} s")
        for failed in summary["failed"]:
            print("  write {} mode {}: {}".format(*failed))
    wear = micropython(STORE / "wear.py")
    print(
        json.dumps(
            {"bench": "powercut", "value": lost, "unit": "lost or doubled or unbootable"}
            | {"cuts": cuts}
            | wear
        )
    )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
