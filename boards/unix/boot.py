"""First code of the unix boards: `boot.py run.json ADDRESS BYTES`. Mounts the image, starts its main.

The image is a ROMFS that power_on.py has mapped into memory, as the flash of a real board is: bytecode runs
where it lies and costs no heap.
"""

import gc
import os
import sys

import uctypes
import vfs

# Small holes are filled while modules load: without this 192 KB end in pieces of less than 2 KB.
gc.threshold(4096)
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(sys.argv[2]), int(sys.argv[3]))), "/rom")
sys.path[:] = ["/rom", ".frozen"]
__import__("boards." + os.listdir("/rom/boards")[0] + ".main")
