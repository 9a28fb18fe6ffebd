"""Make the glyphs of the display: `python -m tools.font UNIFONT.hex`, writes firmware/front/font.bin.

Source: `/usr/share/unifont/unifont.hex` of the Debian package `unifont` 15.0.01 (SHA-256 below). Its licence
(SIL OFL 1.1, or GPL 2+ with the font embedding exception) allows the result to stand in this repository:
see firmware/front/font.LICENSE. So the firmware is built without the network and without that package.

The file: "LKF1", number of wide code points (u16 big-endian), 95 glyphs 8 x 16 of ASCII 0x20..0x7E, the wide
code points in order (u16 each), their glyphs 16 x 16. Rows from the top, bit 7 of the first byte is left.
"""

import hashlib
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

FRONT = Path(__file__).resolve().parent.parent / "firmware" / "front"
FONT = FRONT / "font.bin"
SOURCE_SHA256 = "fe93c0df9a69e71df0fcf9e71af3adab3c85a393b1a3cae1eb32f69880fc1841"
MAGIC = b"LKF1"
ASCII = range(0x20, 0x7F)


def characters() -> list[int]:
    """Wide code points: GB 2312 rows 1, 3 (marks) and 16..55 (level 1), and what the pages say beyond."""
    chars: set[str] = set()
    for row in (1, 3, *range(16, 56)):
        for cell in range(1, 95):
            try:
                chars.add(bytes((row + 0xA0, cell + 0xA0)).decode("gb2312"))
            except UnicodeDecodeError:
                continue  # row 55 ends early
    for path in FRONT.glob("*.txt"):
        chars.update(c for c in path.read_text(encoding="utf-8") if ord(c) > 0x7E)
    return sorted(ord(c) for c in chars)


def read_hex(lines: Iterable[str]) -> dict[int, bytes]:
    """{code point: bitmap} of unifont.hex: `4E00:` and 16 or 32 bytes in hex."""
    glyphs = {}
    for line in lines:
        code, bitmap = line.strip().split(":")
        glyphs[int(code, 16)] = bytes.fromhex(bitmap)
    return glyphs


def wide(bitmap: bytes) -> bytes:
    """A narrow glyph stands in the middle of a wide cell."""
    if len(bitmap) == 32:
        return bitmap
    return b"".join(struct.pack(">H", row << 4) for row in bitmap)


def pack(glyphs: dict[int, bytes], codes: list[int]) -> bytes:
    narrow = b"".join(glyphs[code] for code in ASCII)
    head = MAGIC + struct.pack(">H", len(codes)) + narrow
    return head + struct.pack(f">{len(codes)}H", *codes) + b"".join(wide(glyphs[c]) for c in codes)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    data = Path(arguments[0]).read_bytes()
    if hashlib.sha256(data).hexdigest() != SOURCE_SHA256:
        print("font: not the unifont.hex that this font is made of", file=sys.stderr)
        return 1
    codes = characters()
    packed = pack(read_hex(data.decode("ascii").splitlines()), codes)
    FONT.write_bytes(packed)
    print(f"{FONT.name}: {len(codes)} wide glyphs, {len(packed)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
