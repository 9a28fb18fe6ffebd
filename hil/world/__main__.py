"""`python -m hil.world`: the simulated factory until SIGINT or SIGTERM. Prints one JSON line when ready."""

import argparse
import asyncio
import contextlib
import json
import signal
from pathlib import Path

from hil.world.control import load_scenario, serve
from hil.world.live import World


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m hil.world", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--baud", type=int, default=9600, help="speed of the meter line, 11 bits a byte")
    parser.add_argument("--turnaround-ms", type=int, default=50, help="the meter's delay before a reply")
    parser.add_argument(
        "--meter", choices=("ours", "dlt645"), default="ours", help="dlt645: the public package"
    )
    parser.add_argument("--sub-meter", choices=("line", "line2"), help="a second meter, and on which line")
    parser.add_argument("--scenario", type=Path, help='JSON: {"steps": [{"at_s": 30, "load_w": 230000}]}')
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the registers")
    arguments = parser.parse_args()
    if arguments.meter == "dlt645" and arguments.sub_meter == "line":
        parser.error("the dlt645 package answers every address: no second meter on its line")
    return arguments


async def main():
    arguments = _arguments()
    steps = load_scenario(arguments.scenario) if arguments.scenario else []
    arguments.state.mkdir(parents=True, exist_ok=True)
    world = World(
        arguments.seed,
        arguments.baud,
        arguments.meter,
        arguments.state,
        arguments.turnaround_ms,
        arguments.sub_meter,
    )
    server, port = await serve(world)
    world.play(steps)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready = {
        "line": world.line_path,
        "panel": world.panel.path,
        "line2": world.line2_path,
        "meter": world.meter.address,
        "sub_meter": world.sub.address if world.sub else None,
        "control": port,
    }
    print(json.dumps(ready), flush=True)
    await stop.wait()
    server.close()
    world.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # SIGINT before the loop listens
        asyncio.run(main())
