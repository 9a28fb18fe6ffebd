"""Pictures of the pages as MicroPython draws them, pixel by pixel against the glyphs of the font."""

import struct
import zlib

import pytest

from tests.conftest import ROOT
from tests.unit.front.test_font import CODES, glyph

SIZE = 160


def pixels(path):
    """Rows of 0 and 1 of a PNG file; every checksum is looked at."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (SIZE, SIZE, 1, 3, 0, 0, 0)
    raw = zlib.decompress(chunks[b"IDAT"])
    assert len(raw) == SIZE * 21
    return [[raw[y * 21 + 1 + x // 8] >> (7 - x % 8) & 1 for x in range(SIZE)] for y in range(SIZE)]


def drawn(text):
    """16 rows of the glyphs of a line, None for a box."""
    rows = [""] * 16
    for char in text:
        if 32 <= ord(char) < 127:
            rows = [row + f"{value:08b}" for row, value in zip(rows, glyph(char), strict=True)]
        elif ord(char) in CODES:
            rows = [
                row + f"{value:016b}"
                for row, value in zip(rows, struct.unpack(">16H", glyph(char)), strict=True)
            ]
        else:
            box = ["0" * 16] * 2 + ["0" + "1" * 13 + "00"] + ["01" + "0" * 11 + "100"] * 10
            rows = [row + piece for row, piece in zip(rows, box + [box[2]] + ["0" * 16] * 2, strict=True)]
    return [[int(bit) for bit in row] for row in rows]


def cut(picture, y, count):
    return [row[:count] for row in picture[y : y + 16]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_micropython):
    folder = tmp_path_factory.mktemp("pictures")
    done = run_micropython(ROOT / "tests/unit/front/screen_scene.py", folder, heap="192K")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "told").write_text(done.stdout)
    return folder


def test_each_page_in_both_languages_is_drawn_as_its_glyphs(folder):
    texts = sorted(folder.glob("*.txt"))
    assert len(texts) >= 30
    for text in texts:
        picture = pixels(text.with_suffix(""))
        title, *lines = text.read_text(encoding="utf-8").split("\n")
        wanted = drawn(title)
        left = (SIZE - len(wanted[0])) // 2
        assert [[1 - bit for bit in row[left : left + len(wanted[0])]] for row in picture[:16]] == wanted
        for number, line in enumerate(lines):
            wanted = drawn(line)
            assert cut(picture, 17 + 16 * number, len(wanted[0])) == wanted, line
        assert cut(picture, 146, 80)[:14] == drawn("3/12 14:05")[:14]
        assert [row[144:] for row in picture[146:]] == drawn("●")[:14]


def test_what_has_no_glyph_is_a_box(folder):
    picture = pixels(folder / "odd.png")
    assert cut(picture, 17, 40) == drawn("A龘电")  # é and 龘 have none
    assert sum(map(sum, picture[20:140])) > 0


def test_a_redraw_stays_small(folder):
    """Heap that drawing one screen leaves behind, and that of its lines; a copy of the picture is 3 KB."""
    told = (folder / "told").read_text().split()
    assert int(told[told.index("draw") + 1]) < 6 * 1024
    assert int(told[told.index("lines") + 1]) < 32 * 1024
    assert told[-1] == "0"
