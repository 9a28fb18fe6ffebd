"""The display of the unix board: each picture a PNG file that takes the place of the last, whole."""

import binascii
import os

WIDTH = HEIGHT = 160  # the usual glass of a load terminal
ROW = WIDTH // 8
RAW = HEIGHT * (ROW + 1)  # each row has its filter byte in front
PIECE = 16  # rows written at a time
ADLER = 65521  # RFC 1950
SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = b"\0\0\0\xa0\0\0\0\xa0\x01\x03\0\0\0"  # 160 x 160, 1 bit a pixel, palette
PALETTE = b"\xc8\xd4\xa8\x10\x18\x10"  # glass, ink
STORED = b"\x78\x01\x01" + RAW.to_bytes(2, "little") + (RAW ^ 0xFFFF).to_bytes(2, "little")  # one block


class Display:
    """`show` takes WIDTH x HEIGHT pixels of MONO_HLSB. `errors` counts pictures the file system refused."""

    def __init__(self, path):
        self._path = path
        self.width, self.height = WIDTH, HEIGHT
        self.errors = 0
        self._piece = bytearray(PIECE * (ROW + 1))

    def show(self, buffer):
        """Stops the loop for some 2 ms."""
        new = self._path + ".new"
        try:
            with open(new, "wb") as f:
                f.write(SIGNATURE)
                self._chunk(f, b"IHDR", HEADER)
                self._chunk(f, b"PLTE", PALETTE)
                self._picture(f, buffer)
                self._chunk(f, b"IEND", b"")
            os.rename(new, self._path)
        except OSError:
            self.errors += 1

    def _chunk(self, f, kind, data):
        f.write(len(data).to_bytes(4, "big"))
        f.write(kind)
        f.write(data)
        f.write(binascii.crc32(data, binascii.crc32(kind)).to_bytes(4, "big"))

    def _picture(self, f, buffer):
        """IDAT: rows as they are in one stored block (RFC 1951 3.2.4), a piece at a time."""
        f.write((len(STORED) + RAW + 4).to_bytes(4, "big"))
        f.write(b"IDAT")
        f.write(STORED)
        crc = binascii.crc32(STORED, binascii.crc32(b"IDAT"))
        piece = self._piece
        a, b, at = 1, 0, 0
        for _ in range(HEIGHT // PIECE):
            for i in range(len(piece)):
                if i % (ROW + 1):
                    piece[i] = buffer[at]
                    a += buffer[at]
                    at += 1
                b += a
            f.write(piece)
            crc = binascii.crc32(piece, crc)
        end = ((b % ADLER) << 16 | a % ADLER).to_bytes(4, "big")
        f.write(end)
        f.write(binascii.crc32(end, crc).to_bytes(4, "big"))
