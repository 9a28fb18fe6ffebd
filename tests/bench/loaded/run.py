"""One loaded run of the real terminal, world and station beside it, for the benches `trip` and `heap`."""

import json
import re
import tempfile
import time
from pathlib import Path

from hil.adapters.process import ROOT
from hil.adapters.station import StationProcess
from hil.adapters.unix import UnixTerminal
from hil.adapters.world import WorldProcess
from hil.plugin import DEVICE, MULTIPLIER
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD
from station import controls, plans
from station.store import db

RUN_S = 60
BOOT = Path(__file__).with_name("boot.py")
HEAP_BYTES = json.loads((ROOT / "boards" / "unix" / "board.json").read_text())["heap_bytes"]


def run() -> str:
    """The terminal's log after RUN_S seconds with an overload that trips round by round."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world, station = WorldProcess(home / "world"), StationProcess(home / "station")
        terminal = None
        try:
            station.start()
            identity = station.enrol(DEVICE, world.meter, MULTIPLIER)
            terminal = UnixTerminal(home / "terminal", world, identity, "127.0.0.1", station.mqtt)
            terminal.start(boot=BOOT)
            _overload(station, world)
            return terminal.log()
        finally:
            if terminal:
                terminal.kill()
            station.stop()
            world.stop()


def _overload(station, world):
    world.ask(load_w=230_000, recloses_after_s=1)
    engine = db.engine(station.home)
    plan = plans.build([(0, 48, 100)], [1, 2, 3], [1], 1, 50, post_trip_s=1, have=3)
    end = time.monotonic() + RUN_S
    while time.monotonic() < end:
        for kind, params in ((messages.PERIOD_PLAN, plan), (messages.RELEASE, {"control": PERIOD})):
            with db.writing(engine) as c:
                controls.submit(c, DEVICE, kind, params, "bench")
            time.sleep(9 if kind == messages.PERIOD_PLAN else 1)
    engine.dispose()


def figures(log: str, name: str) -> list[int]:
    return [int(value) for value in re.findall(rf"{name}=(\d+)", log)]
