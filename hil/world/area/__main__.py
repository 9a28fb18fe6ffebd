"""`python -m hil.world.area`: a transformer area on PTYs until SIGINT or SIGTERM.

Prints one JSON line when ready: `lines` PTYs, `module` PTY or null, `control` port, `truth`, `archive`.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

from hil.world.area import truth
from hil.world.area.area import Area
from hil.world.area.grid import TRANSFORMERS
from hil.world.area.kept import Kept
from hil.world.area.live import Live
from hil.world.area.verbs import VERBS
from hil.world.control import serve


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m hil.world.area", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--meters", type=int, default=60, choices=range(1, 9001), metavar="N")
    parser.add_argument("--lines", type=int, default=2, choices=range(1, 9), metavar="N")
    parser.add_argument("--module", type=int, default=0, metavar="N", help="of the meters behind line 9")
    parser.add_argument("--baud", type=int, default=9600, help="speed of the lines, 11 bits a byte")
    parser.add_argument("--start", help="local time, 2026-11-22T00:00; without it now")
    parser.add_argument("--speed", type=int, default=1, help="seconds of the area a second; 0 stands still")
    parser.add_argument("--utc-offset-s", type=int, default=28800, help="of local time")
    parser.add_argument("--history-days", type=int, default=3, help="days that meters ran before")
    parser.add_argument(
        "--kva", type=int, choices=TRANSFORMERS, help="of the transformer; without it one that fits"
    )
    parser.add_argument(
        "--fault", type=_fault, action="append", default=[], metavar="NAME=COUNT", help="thieves=3 ..."
    )
    parser.add_argument("--state", type=Path, help="file it goes on from; the first start says what it is")
    parser.add_argument("--measure", action="store_true", help="compute one day, say how long it took, end")
    return parser, parser.parse_args()


def _fault(text) -> tuple:
    name, _, count = text.partition("=")
    return name, int(count)


def _area(arguments) -> Area:
    offset_s = arguments.utc_offset_s
    t_s = time.time_ns() // 10**9
    if arguments.start:
        t_s = int(datetime.fromisoformat(arguments.start + "+00:00").timestamp()) - offset_s
    return Area(
        arguments.seed,
        t_s,
        arguments.meters,
        arguments.lines,
        dict(arguments.fault),
        arguments.history_days,
        arguments.kva,
        offset_s,
        module=arguments.module,
    )


def _kept(arguments) -> Area:
    """That of the file `state`, up to now."""
    now = datetime.fromtimestamp(time.time() + 28800, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    said = {name: value for name, value in vars(arguments).items() if name != "state"}
    made = said | {"start": arguments.start or now}
    kept = Kept(arguments.state, made, lambda facts: _area(argparse.Namespace(**said | facts)))
    if not arguments.start:
        kept.area.advance(time.time_ns() // 10**9)
    return kept.area


def _measure(area) -> dict:
    """One day of every meter, then of the gate, which needs each quarter's state of the grid."""
    truth.truth(area)  # what was before is not measured
    area.advance(area.t_s + 86_400)
    began_ns = time.monotonic_ns()
    for home in area.homes:
        area.seen(home)
    meters_ns = time.monotonic_ns()
    area.gate_now()
    ended_ns = time.monotonic_ns()
    spent = {"meters_ms": meters_ns - began_ns, "gate_ms": ended_ns - meters_ns}
    return {"meters": len(area.homes), "day_s": 86_400} | {name: ns // 10**6 for name, ns in spent.items()}


def main():
    parser, arguments = _arguments()
    try:
        area = _kept(arguments) if arguments.state else _area(arguments)
    except ValueError as error:
        parser.error(str(error))
    if arguments.measure:
        print(json.dumps(_measure(area)))
    else:
        asyncio.run(_serve(area, arguments))


async def _serve(area, arguments):
    live = Live(area, arguments.baud, arguments.speed)
    server, port = await serve(live, VERBS)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready = {"lines": [wire.path for wire in live.wires], "control": port, "truth": live.truth(True)}
    ready["module"] = live.module.path if live.module else None
    print(json.dumps(ready | {"archive": truth.archive(area)}), flush=True)
    await stop.wait()
    server.close()
    live.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # SIGINT before the loop listens
        main()
