"""Bench `poll`: how near to the speed of the wire the meters of an area are read, five blocks each.

Real interpreter (heap 512 KB), real lines paced to 11 bits a byte; a run of each speed, 1 and 4 lines, 0
and 2 % dead. Efficiency = ideal / measured, ideal by the usual formula of DL/T 645 with Td of the simulated
meters and a Tg of 3.5 characters. `--meters N` on each line (40: minutes, not hours); `--length` shows that
the figure holds with the length: 50 and 250 on each of four lines of 9600 bits/s. The share of the day's
freeze before 01:00 is of the same collector in virtual time, one line of 250 as each of four would be.
"""

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path

from firmware.area.plan_duties import LOCAL
from hil.adapters.process import ROOT
from hil.adapters.unix import micropython
from hil.line485 import Line
from protocols import cbor
from protocols.lines import dlt645
from protocols.meters import compile as compiler
from tests.unit.area.meters import MIDNIGHT_S
from tests.unit.collect_lines.bench import CATALOGUE, Bench
from tests.unit.collect_lines.rack import DATA, Rack
from tools import build

DEVICE = ROOT / "tests" / "bench" / "poll_device" / "run.py"
BLOCKS = (0x0001FF00, 0x0201FF00, 0x0202FF00, 0x0203FF00, 0x01010000)
BITS, TURN_MS = 11, 100
HEAP = "512K"
SHARE_DEAD = 50  # one of so many
LENGTHS = (50, 250)  # of a line, for --length
FIGURES = ("efficiency", "efficiency_dead")


def ideal_s(baud, meters) -> float:
    """Of so many living meters behind each other on one line."""
    size = sum(20 + 20 + len(DATA[di]) for di in BLOCKS)
    pauses_s = len(BLOCKS) * (TURN_MS / 1000 + 3.5 * BITS / baud)
    return meters * (size * BITS / baud + pauses_s)


def _address(number) -> str:
    return f"{number:012d}"


class Wired:
    """One paced line with its meters."""

    def __init__(self, baud, numbers, dead):
        self.line = Line(baud)
        self.path = self.line.attach_pty("concentrator").path
        self._rack = Rack([_address(number) for number in numbers])
        self._rack.dead = {_address(number) for number in dead}
        self._framer = dlt645.Framer()
        self._voice = self.line.attach("meters", self._hear, TURN_MS)

    def _hear(self, data):
        for frame in self._framer.feed(data):
            for reply in self._rack.replies(frame):
                self._voice.write(reply)


async def measured(home, baud, lines, dead_share, a_line) -> dict:
    meters = a_line * lines
    dead = set(range(8, meters + 1, SHARE_DEAD)) if dead_share else set()
    wired = [Wired(baud, range(n * a_line + 1, (n + 1) * a_line + 1), dead) for n in range(lines)]
    words = [
        micropython(),
        "-X",
        f"heapsize={HEAP}",
        DEVICE,
        home / "profile",
        baud,
        meters,
        meters - len(dead),
    ]
    process = await asyncio.create_subprocess_exec(
        *[str(word) for word in words],
        *[each.path for each in wired],
        env={**os.environ, "MICROPYPATH": f"{home / 'out' / 'unix'}:.frozen"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    for each in wired:
        each.line.close()
    if process.returncode:
        raise SystemExit(said.decode(errors="replace")[-2000:])
    told = json.loads(said.splitlines()[-1])
    slowest = max(a_line - len(dead & set(range(n * a_line + 1, (n + 1) * a_line + 1))) for n in range(lines))
    told["efficiency"] = ideal_s(baud, slowest) * 1000 / told["ms"]
    print(f"{baud} bits/s, {lines} lines, {len(dead)} of {meters} dead: {told}", flush=True)
    return told


def freeze_share(meters=250, dead=5) -> float:
    """Of living meters, those whose freeze of the day was there before 01:00; all local duties."""
    bench = Bench(meters, 1, 2400, MIDNIGHT_S - 600, LOCAL)
    bench.rack.dead = {_address(number) for number in range(8, meters + 1, meters // dead)}
    bench.rack.frozen = {1: ((26, 1, 1), 4321)}
    bench.ports[1].turn_ms = TURN_MS
    bench.run(lambda: False, 4200_000, 600)
    had = {each[0] for each in bench.values if each[3] == 1 and each[4] == MIDNIGHT_S}
    return len(had) / (meters - len(bench.rack.dead))


async def all_of(home, a_line) -> list[dict]:
    """Speeds one after the other, the four runs of each side by side."""
    out = []
    for baud in (2400, 9600):
        runs = [(lines, dead) for lines in (1, 4) for dead in (0, 1)]
        found = await asyncio.gather(*[measured(home, baud, *run, a_line) for run in runs])
        out += [each | {"dead": dead} for each, (_lines, dead) in zip(found, runs, strict=True)]
    return out


async def lengths(home) -> dict:
    runs = [(dead, a_line) for a_line in LENGTHS for dead in (0, 1)]
    found = await asyncio.gather(*[measured(home, 9600, 4, *run) for run in runs])
    short, whole = ([round(each["efficiency"], 4) for each in found[at : at + 2]] for at in (0, 2))
    result = {"bench": "poll", "value": whole[0], "unit": "of the ideal", "meters": 4 * LENGTHS[1]}
    result |= dict(zip(FIGURES, whole, strict=True))
    return result | {f"{name}_of_{4 * LENGTHS[0]}": each for name, each in zip(FIGURES, short, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/bench poll", description=__doc__)
    parser.add_argument("--meters", type=int, default=40, help="on each line")
    parser.add_argument("--length", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for source in build.sources(ROOT):
            build.compile_one(home / "out", "unix", source, (ROOT / source).read_bytes())
        document = json.loads((CATALOGUE / "dlt645-2007-3p.json").read_text(encoding="utf-8"))
        (home / "profile").write_bytes(cbor.encode(compiler.compiled(document)))
        if arguments.length:
            print(json.dumps(asyncio.run(lengths(home))))
            return
        runs = asyncio.run(all_of(home, arguments.meters))
    worst = [min(run["efficiency"] for run in runs if run["dead"] == dead) for dead in (0, 1)]
    share = freeze_share()
    print(f"freeze of the day before 01:00 at 2400 bits/s, virtual time: {share:.4f} of living meters")
    result = {"bench": "poll", "value": round(worst[0], 4), "unit": "of the ideal"}
    result |= {name: round(each, 4) for name, each in zip(FIGURES, worst, strict=True)}
    result |= {"freeze_before_one": round(share, 4), "heap_a_meter": runs[2]["a_meter"]}
    print(json.dumps(result | {"peak_kb": round(max(run["peak"] for run in runs) / 1024, 1)}))


if __name__ == "__main__":
    main()
