"""Telegrams that a meter pushes: DSMR P1 2.2 to 5, its Belgian and Luxembourg kin, IEC 62056-21 mode D.

/XXXZIDENT CR LF  CR LF  ADDRESS(VALUE*UNIT) CR LF ...  ! CRC CR LF        115200 8N1 (2.2: 9600 7E1)

CRC: CRC-16/ARC from / up to and with !, four hexadecimal digits. DSMR before 4 and mode D have none; a
telegram that tells its version (1-3:0.2.8, in Belgium 0-0:96.1.4) must have one. Data as in iec62056_21_data;
no / and ! stand in it, though some maker has a / in his IDENT (esphome issue 3042).
Addresses: n in 0-n:24.2.1 is the M-Bus channel, its groups are time YYMMDDhhmmssX (X: S summer, W winter) and
value; DSMR 2.2 has them as the first and seventh group of 0-n:24.3.0.
"""

from binascii import unhexlify
from collections import namedtuple

from protocols import crc
from protocols.lines import iec62056_21_data
from protocols.lines.iec62056_21 import clean, latin

MAX_TELEGRAM = 16384
MAX_IDENT = 96

_VERSIONS = (b"1-3:0.2.8(", b"0-0:96.1.4(")
_HEX_TEXTS = ("96.1.0", "96.1.1", "96.13.0", "96.13.1")

# ident: text after /; data: bytes between the identification and the !; crc: whether it had one
Telegram = namedtuple("Telegram", ("ident", "data", "crc"))


class Framer:
    """Cuts telegrams out of a byte stream; `bad`: with a wrong CRC or without one that must have it.

    `skipped`: bytes of no telegram. Holds at most one unfinished telegram (MAX_TELEGRAM bytes).
    """

    def __init__(self) -> None:
        self.bad = 0
        self.skipped = 0
        self._held = b""

    def feed(self, data) -> list:
        """Return the telegrams that `data` (any split of the stream) completes."""
        out = []
        for at in range(0, len(data), MAX_TELEGRAM):
            self._held = self._cut(self._held + bytes(data[at : at + MAX_TELEGRAM]), out, False)
        return out

    def quiet(self) -> list:
        """The line fell silent: give up the unfinished telegram, return good ones that it hid."""
        out = []
        self._held = self._cut(self._held, out, True)
        return out

    def _cut(self, held, out, last) -> bytes:
        at, end = 0, -1
        while True:
            start = held.find(b"/", at)
            self.skipped += (start if start >= 0 else len(held)) - at
            if start < 0:
                return b""
            if end < start:
                end = held.find(b"!", start)
            if end < 0:
                end = len(held)
            size = _size(held, start, end)
            if size == 0 and not last:
                return held[start:]
            telegram = _parse(held, start, end, size) if size > 0 else None
            if telegram is not None:
                out.append(telegram)
            else:
                self.bad += size > 0
                self.skipped += 1
            at = start + (size if telegram is not None else 1)


def _size(held, start, end) -> int:
    """Bytes of the telegram from / at `start` whose ! is at `end`; 0 more is needed, -1 none starts here."""
    line = held.find(b"\r\n", start, start + MAX_IDENT)
    no_line = len(held) - start >= MAX_IDENT if line < 0 else line < start + 5 or line > end
    if no_line or not (latin(held[start + 1 : start + 4]) + "X").isalpha() or end - start > MAX_TELEGRAM:
        return -1
    if line > 0 and held.find(b"/", line, end) >= 0:
        return -1
    for digits in (0, 4):
        if held[end + 1 + digits : end + 3 + digits] == b"\r\n":
            return end + 3 + digits - start
    return 0 if len(held) < end + 7 else -1


def _parse(held, start, end, size):
    """The telegram, or None when its CRC is wrong or missing."""
    body = held[start : end + 1]
    digits = held[end + 1 : start + size - 2]
    line = body.find(b"\r\n")
    data = body[line + 2 : -1]
    if digits:
        good = digits.upper() == b"%04X" % crc.arc(body)
    else:
        good = not [name for name in _VERSIONS if name in data]
    return Telegram(latin(body[1:line]), data, bool(digits)) if good and clean(data) else None


def encode(ident, data, with_crc=True) -> bytes:
    """A telegram; ValueError when `data` (bytes, lines with CR LF) would not be read back."""
    body = b"/" + ident.encode() + b"\r\n" + data + b"!"
    wire = body + (b"%04X\r\n" % crc.arc(body) if with_crc else b"\r\n")
    if Framer().feed(wire) != [Telegram(ident, data, with_crc)]:
        raise ValueError("no telegram is made of %r and %r" % (ident, data))
    return wire


def values(telegram) -> dict:
    """{key: value} as `iec62056_21_data.values`, but names and messages, which P1 writes in hex, as text."""
    out = iec62056_21_data.values(telegram.data)
    for key, value in out.items():
        if isinstance(value, str) and iec62056_21_data.reduced(key) in _HEX_TEXTS:
            out[key] = _plain(value)
    return out


def _plain(text) -> str:
    """The printable text whose hex this is; else as it stands."""
    try:
        data = unhexlify(text)
    except ValueError:
        return text
    return latin(data) if data and min(data) >= 0x20 and max(data) < 0x7F else text
