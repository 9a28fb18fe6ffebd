"""Bench `heap`: peak heap of the loaded terminal after collection, on 64-bit unix, against its limit; and of
a concentrator that polls 1,000 meters.

`--day`: a simulated day of the same terminal besides; `day_growth` is what it held more at its end than after
the second hour, which must be next to nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hil.adapters.process import ROOT
from hil.adapters.unix import micropython
from protocols.meters import profile
from tests.bench.area import run as area
from tests.bench.loaded.run import HEAP_BYTES, figures, run
from tools import build

DAY_S, WARM_H = 86400, 2
BOOT = ROOT / "tests" / "bench" / "day" / "boot.py"
IDENTITY = {
    "device": "T0000001",
    "shard": "00",
    "keys": {"operator": "11" * 32, "approver": "22" * 32},
    "broker": {"user": "T0000001", "password": "", "host": "127.0.0.1", "port": 1883},
    "multiplier": 80,
    "utc_offset_s": 28800,
    "meter": {"profile": profile.dlt645(), "address": "000000000001", "baud": 9600},
}


def day() -> list[int]:
    """Bytes in use at each hour of a simulated day; the fake board and its meter take the most of them."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _sizes, errors = build.build(ROOT, home / "out", ("unix",), [BOOT], everything=True)
        if errors:
            raise SystemExit("\n".join(errors))
        (home / "flash").mkdir()
        (home / "run.json").write_text(json.dumps(IDENTITY))
        command = [micropython(), "-X", "heapsize=1M", BOOT, home / "run.json", home / "flash", DAY_S]
        environment = {**os.environ, "MICROPYPATH": f"{home / 'out' / 'unix'}:.frozen"}
        done = subprocess.run(
            [str(word) for word in command], env=environment, capture_output=True, text=True, check=False
        )
        failed = [
            line
            for line in done.stdout.splitlines()
            if line.startswith("task=") and " restarts=0 " not in line
        ]
        used = figures(done.stdout, "heap")
        if done.returncode or failed or len(used) <= DAY_S // 3600:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
        return used


def weighed(log: str) -> int:
    """The most bytes in use."""
    used = figures(log, "heap")
    if not used:
        raise SystemExit("the device did not start:\n" + log[-2000:])
    print(f"{len(used)} weighings, first {used[0]}, last {used[-1]} bytes")
    return max(used)


def main() -> None:
    peak, area_peak = weighed(run()), weighed(area.run())
    result = {
        "bench": "heap",
        "value": round(peak / 1024, 1),
        "unit": "KB",
        "terminal_peak_kb": round(peak / 1024, 1),
        "concentrator_peak_kb": round(area_peak / 1024, 1),
        "peer": HEAP_BYTES / 1024,
        "ratio": round(peak / HEAP_BYTES, 3),
    }
    if "--day" in sys.argv:
        hours = day()
        print("bytes at each hour of a day: " + " ".join(str(each) for each in hours))
        result["day_growth"] = hours[-1] - hours[WARM_H]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
