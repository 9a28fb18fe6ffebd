"""Lines of text as a picture: framebuf, and glyphs of `font.bin` that are read from flash one by one.

The file is made by tools/font.py, which tells its form. ASCII is 8 x 16, everything else 16 x 16; a character
without a glyph is a box.
"""

import asyncio

import framebuf  # lint: device-imports: every port that drives a display has it

ROW = 16
WIDE = 32  # bytes of a wide glyph
ASCII_AT, FIRST, LAST = 6, 32, 126
CODES_AT = ASCII_AT + (LAST - FIRST + 1) * 16
PATH = __file__.rsplit("/", 1)[0] + "/font.bin"
MARKS = ("○".encode(), "●".encode())  # link down, up


class Screen:
    """`cells` half-width characters a line, `rows` lines between the title and the foot."""

    def __init__(self, display):
        self._display = display
        self.cells, self.rows = display.width // 8, display.height // ROW - 2
        self._buffer = bytearray(display.width * display.height // 8)
        self._frame = framebuf.FrameBuffer(self._buffer, display.width, display.height, framebuf.MONO_HLSB)
        self._bits = bits = bytearray(WIDE)
        self._wide = framebuf.FrameBuffer(bits, 16, ROW, framebuf.MONO_HLSB)
        self._narrow = framebuf.FrameBuffer(bits, 8, ROW, framebuf.MONO_HLSB)
        self._half = memoryview(bits)[:16]
        self._two = bytearray(2)

    async def draw(self, lines, foot, linked):
        """Show UTF-8 lines, the first as the title, and the foot in ASCII; others run between the lines."""
        frame, width, height = self._frame, self._display.width, self._display.height
        frame.fill(0)
        with open(PATH, "rb") as font:
            self._text(font, lines[0], max(0, width - 8 * cells_of(lines[0])) // 2, 0)
            for i in range(ROW * width // 8):
                self._buffer[i] ^= 255
            for i in range(1, min(len(lines), self.rows + 1)):
                await asyncio.sleep_ms(0)
                self._text(font, lines[i], 0, ROW * i + 1)
            frame.hline(0, height - ROW + 1, width, 1)
            self._text(font, foot, 0, height - ROW + 2)
            self._text(font, MARKS[linked], width - ROW, height - ROW + 2)
        await asyncio.sleep_ms(0)
        self._display.show(self._buffer)

    def _text(self, font, text, x, y):
        i = 0
        while i < len(text):
            code = text[i]
            if code < 0x80:
                i += 1
            else:
                size = 2 if code < 0xE0 else 3 if code < 0xF0 else 4
                code &= 0x7F >> size
                for _ in range(size - 1):
                    i += 1
                    code = code << 6 | text[i] & 0x3F
                i += 1
            wide = self._glyph(font, code)
            self._frame.blit(self._wide if wide else self._narrow, x, y)
            x += 16 if wide else 8

    def _glyph(self, font, code):
        """Read the bitmap of a character; whether it is a wide one."""
        if FIRST <= code <= LAST:
            font.seek(ASCII_AT + (code - FIRST) * 16)
            font.readinto(self._half)
            return False
        font.seek(4)
        count = self._number(font)
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            font.seek(CODES_AT + 2 * middle)
            found = self._number(font)
            if found == code:
                font.seek(CODES_AT + 2 * count + WIDE * middle)
                font.readinto(self._bits)
                return True
            if found < code:
                low = middle + 1
            else:
                high = middle
        self._wide.fill(0)
        self._wide.rect(1, 2, 13, 12, 1)
        return True

    def _number(self, font):
        font.readinto(self._two)
        return self._two[0] << 8 | self._two[1]


def cells_of(text) -> int:
    """Half-width cells that UTF-8 bytes take."""
    return sum([1 if c < 0x80 else 2 for c in text if c & 0xC0 != 0x80])
