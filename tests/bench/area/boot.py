"""boot.py of the unix board with a watch on the concentrator: `boot.py run.json ADDRESS BYTES`.

Prints heap=N each second: bytes in use after a collection. The watch allocates too, so the figure is above
the product's own.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import gc
import sys

import uctypes
import vfs

gc.threshold(4096)
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(sys.argv[2]), int(sys.argv[3]))), "/rom")
sys.path[:] = ["/rom", ".frozen"]

import asyncio  # noqa: E402

from firmware.concentrator import Concentrator  # noqa: E402
from firmware.hal import unix  # noqa: E402


async def tick():
    while True:
        await asyncio.sleep_ms(1000)
        gc.collect()
        print("heap=%d" % gc.mem_alloc())  # noqa: UP031  pieces would be names


async def main():
    device = Concentrator(unix.Board(sys.argv[1]))
    gc.collect()
    gc.threshold(16384)
    watching = asyncio.create_task(tick())
    await device.run()
    return watching


asyncio.run(main())
