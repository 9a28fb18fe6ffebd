"""The pictures of docs/terminal.md: every page of the display, one sheet a language.

`python -m tests.unit.front.pictures` draws docs/images/display-<language>.png, on a terminal's interpreter.
"""

import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from tests.conftest import MICROPYTHON, ROOT
from tests.unit.front.test_screen import SIZE, pixels

SCENE = ROOT / "tests/unit/front/pictures_scene.py"
LANGUAGES = ("en", "zh")
ACROSS, GAP = 5, 12
GLASS, INK, PAPER = 0, 1, 2
PALETTE = bytes.fromhex("c8d4a8 101810 ffffff")  # the first two are those of firmware.hal.unix_display


def kept(language: str) -> Path:
    return ROOT / f"docs/images/display-{language}.png"


def sheet(language: str) -> bytes:
    """A PNG of all pages, in the order of the down key."""
    with tempfile.TemporaryDirectory() as folder:
        command = [MICROPYTHON, "-X", "heapsize=512K", SCENE, language, folder]
        subprocess.run(command, check=True, env={**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"})
        return montage([pixels(path) for path in sorted(Path(folder).glob("*.png"))])


def montage(pictures: list) -> bytes:
    down = -(-len(pictures) // ACROSS)
    width, height = (n * (SIZE + GAP) - GAP for n in (ACROSS, down))
    rows = [[PAPER] * width for _ in range(height)]
    for n, picture in enumerate(pictures):
        x, y = n % ACROSS * (SIZE + GAP), n // ACROSS * (SIZE + GAP)
        for line, row in enumerate(picture):
            rows[y + line][x : x + SIZE] = row
    return png(rows, width, height)


def png(rows: list, width: int, height: int) -> bytes:
    """2 bits a pixel, with PALETTE."""
    raw = bytearray()
    for row in rows:
        padded = row + [PAPER] * (-width % 4)
        raw.append(0)
        raw += bytes(
            padded[i] << 6 | padded[i + 1] << 4 | padded[i + 2] << 2 | padded[i + 3]
            for i in range(0, len(padded), 4)
        )
    head = struct.pack(">IIBBBBB", width, height, 2, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", PALETTE), (b"IDAT", zlib.compress(bytes(raw), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def content(data: bytes) -> tuple[bytes, bytes]:
    """(head and palette, pixels) of one of these: zlib may pack the same pixels in another way elsewhere."""
    at = data.index(b"IDAT") - 4
    size = struct.unpack_from(">I", data, at)[0]
    return data[:at], zlib.decompress(data[at + 8 : at + 8 + size])


def main() -> int:
    for language in LANGUAGES:
        kept(language).write_bytes(sheet(language))
        print(kept(language).relative_to(ROOT), kept(language).stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
