"""The glyphs: enough of them, in order, as their source has them."""

import struct

from tests.conftest import ROOT
from tools import font

DATA = font.FONT.read_bytes()
COUNT = struct.unpack_from(">H", DATA, 4)[0]
CODES_AT = 6 + 95 * 16
CODES = struct.unpack_from(f">{COUNT}H", DATA, CODES_AT)


def glyph(char):
    if ord(char) < 128:
        return DATA[6 + (ord(char) - 32) * 16 :][:16]
    return DATA[CODES_AT + 2 * COUNT + 32 * CODES.index(ord(char)) :][:32]


def test_the_file_is_whole_and_its_code_points_are_in_order():
    assert DATA[:4] == font.MAGIC
    assert len(DATA) == CODES_AT + 34 * COUNT
    assert list(CODES) == sorted(set(CODES))


def test_it_has_level_1_and_all_that_the_pages_say():
    """A text that was changed needs a new font; tools/font.py says how."""
    assert set(font.characters()) <= set(CODES)
    assert COUNT >= 3755 + 90
    for char in "购电剩余负荷保障跳闸":
        assert ord(char) in CODES


def test_glyphs_look_like_their_characters():
    assert [f"{row:016b}" for row in struct.unpack(">16H", glyph("一"))][7] == "1111111111111110"
    assert glyph("A").hex() == "0000000018242442427e424242420000"  # as unifont.hex has it
    assert glyph(" ") == bytes(16)


def test_hex_lines_become_glyphs_and_narrow_ones_stand_in_the_middle():
    glyphs = font.read_hex(["0041:" + "81" * 16, "4E00:" + "8001" * 16])
    assert font.wide(glyphs[0x41]) == bytes.fromhex("0810" * 16)
    assert font.wide(glyphs[0x4E00]) == bytes.fromhex("8001" * 16)


def test_the_licence_stands_beside_it():
    text = (ROOT / "firmware/front/font.LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in text
    assert "Qianqian Fang" in text
