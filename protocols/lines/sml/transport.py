"""SML transport protocol version 1: an SML file between escapes. Bytes in, files out.

1B1B1B1B 01010101  FILE, filled with 00 to a multiple of 4  1B1B1B1B 1A n CRC CRC        n: fill bytes, 0..3
Four 1B inside FILE are sent as eight. CRC: CRC-16/X-25 from the first 1B up to and with n, low byte first.

Meters that do otherwise and are heard all the same: early Holley DTZ541 compute CRC-16/KERMIT, high byte
first (libsml issue 75, SmlLib issue 22); DZG fill with 4 bytes (frames among SmlLib's tests).
"""

from collections import namedtuple

from protocols import crc

ESCAPE = b"\x1b\x1b\x1b\x1b"
START = ESCAPE + b"\x01\x01\x01\x01"
MAX_FILE = 16384  # bytes on the wire; meters send 200 to 1,000

MAX_FILL = 4
MAX_HIDDEN = 3  # starts looked at inside a broken file: each may cost the sum of all that follows

# data: the SML file, without escapes and fill
Frame = namedtuple("Frame", ("data",))


def checks(data) -> tuple:
    """The two numbers, high byte first, that may stand as CRC of `data`: X-25 swapped, KERMIT.

    KERMIT is X-25 that starts with 0, to where FF FF takes it from its own start, and is not complemented.
    """
    usual = crc.x25(data)
    return (usual & 0xFF) << 8 | usual >> 8, crc.x25(b"\xff\xff" + bytes(data)) ^ 0xFFFF


def fits(check, data) -> bool:
    """Whether `check` is one of these; the rare one is computed only when it is not the usual one."""
    usual = crc.x25(data)
    return check == (usual & 0xFF) << 8 | usual >> 8 or check in checks(data)


class Framer:
    """Cuts SML files out of a byte stream.

    `bad`: files with wrong CRC, fill or escape; `skipped`: bytes of no file. Holds at most one unfinished
    file.
    """

    def __init__(self) -> None:
        self.bad = 0
        self.skipped = 0
        self._held = b""
        self._seen = 0  # of _held: no end of a file stands before
        self._broken = 0  # of _held: so far went a broken file
        self._tries = 0  # starts looked at inside it

    def feed(self, data) -> list:
        """Return the Frames that `data` (any split of the stream) completes."""
        out = []
        for at in range(0, len(data), MAX_FILE):
            self._held = self._cut(self._held + bytes(data[at : at + MAX_FILE]), out)
        return out

    def quiet(self) -> list:
        """The line fell silent: the unfinished file is given up. It hides none: where one starts, it ends."""
        self.skipped += len(self._held)
        self.bad += len(self._held) > len(START)
        self._held, self._seen, self._broken = b"", 0, 0
        return []

    def _cut(self, held, out) -> bytes:
        while True:
            start = held.find(START)
            if start:  # noise; its last bytes may be the beginning of a start
                cut = start if start > 0 else max(0, len(held) - len(START) + 1)
                self.skipped += cut
                held, self._seen = held[cut:], len(START)
                self._broken -= cut
                if start < 0:
                    return held
            end = self._end(held)
            if not end:
                return held
            frame = _parse(held, end) if end > 0 else None
            if frame is None:
                self.bad += 1
                end = max(-end, len(START)) if end < 0 else self._behind(end)
                self.skipped += end
            else:
                out.append(frame)
            held, self._seen = held[end:], len(START)
            self._broken -= end

    def _behind(self, end) -> int:
        """How much to pass over of a broken file that goes to `end`."""
        self._tries = self._tries + 1 if self._broken > 0 else 0
        self._broken = max(self._broken, end)
        return len(START) if self._tries < MAX_HIDDEN else self._broken

    def _end(self, held) -> int:
        """Where the file that starts `held` ends; 0 not there yet, -n: after n bytes it cannot be one."""
        self._seen = max(self._seen, len(START))
        while True:
            at = held.find(ESCAPE, self._seen)
            if at < 0 or at + 8 > len(held):
                self._seen = max(self._seen, len(held) - 3 if at < 0 else at)
                return -len(held) if len(held) > MAX_FILE else 0
            if held[at + 4] == 0x1A:
                return at + 8
            if held[at + 4 : at + 8] == ESCAPE:
                self._seen = at + 8
            elif held[at + 4] == 0x1B:  # the file ends with a 1B of its own before the escape
                self._seen = at + 1
            else:
                return -at


def _parse(held, end):
    """The file that is held[:end], or None when CRC or fill is wrong."""
    fill = held[end - 3]
    if fill > MAX_FILL or end - 8 - fill < len(START):
        return None
    if not fits(held[end - 2] << 8 | held[end - 1], held[: end - 2]):
        return None
    return Frame(_unescaped(held[len(START) : end - 8 - fill]))


def _unescaped(data) -> bytes:
    out, at = b"", 0
    while True:
        found = data.find(ESCAPE + ESCAPE, at)
        if found < 0:
            return out + data[at:]
        out += data[at : found + 4]
        at = found + 8


def encode(data, kermit=False) -> bytes:
    """The wire form of a file; ValueError when it is too long."""
    out, at = START, 0
    while True:
        found = data.find(ESCAPE, at)
        if found < 0:
            break
        out += data[at : found + 4] + ESCAPE
        at = found + 4
    out += data[at:]
    fill = -len(out) % 4
    out += bytes(fill) + ESCAPE + bytes([0x1A, fill])
    if len(out) + 2 > MAX_FILE:
        raise ValueError("an SML file of %d bytes" % len(data))
    return out + checks(out)[kermit].to_bytes(2, "big")
