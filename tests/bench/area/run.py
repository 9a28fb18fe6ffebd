"""One run of the real concentrator with 1,000 meters on four lines, area and station beside it."""

import json
import tempfile
import time
from pathlib import Path

from hil.adapters.concentrator import UnixConcentrator
from tests.e2e.area_rig import AreaRig, archive_of

RUN_S, METERS, LINES = 60, 1000, 4
BOOT = Path(__file__).with_name("boot.py")
HEAP_BYTES = json.loads(UnixConcentrator.board.read_text())["heap_bytes"]


def run() -> str:
    """Its log, from the first start on, after RUN_S seconds of polling."""
    with tempfile.TemporaryDirectory() as folder:
        rig = AreaRig(Path(folder), meters=METERS, lines=LINES)
        try:
            rig.device.start(boot=BOOT)
            rig.wait(rig.now, "the first live state")
            rig.load(archive_of(rig.world.archive, rig.slots)[:METERS])
            time.sleep(RUN_S)
            lines = rig.area()[7]
            print("lines: answered, time-outs, refused: " + " ".join(str(row[1:]) for row in lines))
            return rig.device.log()
        finally:
            rig.close()
