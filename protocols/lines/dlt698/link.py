"""DL/T 698.45-2017 link layer: bytes in, frames out. No I/O, no clock; runs on CPython and MicroPython.

Wire: FE* 68 L0 L1 C AF SA.. CA HCS2 DATA FCS2 16, on serial lines 8E1.
L counts all but 68 and 16: bits 13-0, in units of 1024 bytes where bit 14 is set.
C: bit 7 from the server (the meter), 6 started by the client, 5 DATA is one segment of an APDU, 3 DATA is
scrambled (33H added to each byte), 2-0 function.
AF: bits 7-6 kind of address, 5 a logical address of 2..255 stands in SA before the rest, 4 logical address
0 or 1, 3-0 bytes of SA less one. SA holds its last printed digits first; an odd number of digits ends with F.
HCS is the CRC x25 from L to CA, FCS from L to the end of DATA, low byte first, of the bytes as they are sent.

A wrong argument to `encode` is our own bug and raises ValueError; what comes from the line never raises.
"""

from binascii import hexlify, unhexlify
from collections import namedtuple

from protocols import crc
from protocols.lines import framing

START, END, WAKE, OFFSET = 0x68, 0x16, 0xFE, 0x33
WAKEUP = 4  # FE bytes that wake an infrared head; harmless on RS-485 and TCP
MAX_FRAME = 4 * 1024 + 2  # the standard allows 16 MB; a terminal has no room for more than a few pages

FROM_SERVER, BY_CLIENT, SEGMENT, SCRAMBLED = 0x80, 0x40, 0x20, 0x08
LINK, USER = 1, 3  # functions
REQUEST = BY_CLIENT | USER

SINGLE, WILDCARD, GROUP, BROADCAST = range(4)
KINDS = ("single", "wildcard", "group", "broadcast")
ANY_ADDRESS = "A" * 12  # the single meter on the line

_TAIL = 3  # FCS and end
OVERHEAD = 27  # bytes of a frame without its data, at most

_PLUS = bytes([(b + OFFSET) & 0xFF for b in range(256)])
_MINUS = bytes([(b - OFFSET) & 0xFF for b in range(256)])

# kind: SINGLE ..; logical, client: 0..255; address: digits as printed, A = wildcard; data: not scrambled
Frame = namedtuple("Frame", ("kind", "logical", "address", "client", "control", "data"))


def _mapped(table, data) -> bytes:
    return bytes([table[b] for b in data])


def to_server(address, data, client=0, control=REQUEST, logical=0) -> Frame:
    """Wildcard digits A in `address` make it a wildcard address; AA alone is broadcast."""
    kind = BROADCAST if address == "AA" else WILDCARD if "A" in address else SINGLE
    return Frame(kind, logical, address, client, control, data)


class Framer(framing.Framer):
    """`bad`: candidates with a wrong checksum or end byte; `skipped` does not count FE."""

    IDLE = b"\xfe"
    MOST = MAX_FRAME

    def _size(self, held, start) -> int:
        return size_at(held, start)

    def _parse(self, held, start, size) -> "Frame | None":
        stop = start + size - 1
        if held[stop] != END or not _sum_fits(held, start, stop):
            return None
        control, af = held[start + 3], held[start + 4]
        head = start + _header(af)
        data = bytes(held[head : stop - 2])
        if control & SCRAMBLED:
            data = _mapped(_MINUS, data)
        logical, address = _address(af, held[start + 5 : head - 3])
        return Frame(af >> 6, logical, address, held[head - 3], control, data)


def size_at(held, start) -> int:
    """Bytes of the frame that starts here, or as `Framer._size`; BROKEN: its header is damaged."""
    if len(held) < start + 5:
        return framing.UNKNOWN
    size = held[start + 1] | held[start + 2] << 8
    size = (size & 0x3FFF) * (1024 if size & 0x4000 else 1) + 2 if size < 0x8000 else 0
    header = _header(held[start + 4])
    if not header + _TAIL <= size <= MAX_FRAME or held[start + 3] & 0x17 not in (LINK, USER):
        return framing.NONE
    if len(held) < start + header:
        return framing.UNKNOWN
    return size if _sum_fits(held, start, start + header) else framing.BROKEN


def checksum(data) -> bytes:
    return crc.x25(data).to_bytes(2, "little")


def _header(af) -> int:
    """Bytes from 68 to HCS."""
    return 9 + (af & 0x0F)


def _sum_fits(held, start, stop) -> bool:
    return checksum(held[start + 1 : stop - 2]) == held[stop - 2 : stop]


def _address(af, wire) -> tuple:
    """(logical address, digits as printed)."""
    logical = af >> 4 & 1
    if af & 0x20:
        logical, wire = wire[0], wire[1:]
    text = hexlify(bytes(reversed(wire))).decode().upper()
    return logical, text[:-1] if text.endswith("F") else text


def _address_bytes(frame) -> bytes:
    """AF and SA."""
    text = frame.address
    if not 0 <= frame.logical <= 255 or text.endswith("F") or frame.kind not in range(4):
        raise ValueError("address %s of logical %d and kind %d" % (text, frame.logical, frame.kind))
    extended = bytes([frame.logical]) if frame.logical > 1 else b""
    wire = extended + bytes(reversed(unhexlify(text + "F" * (len(text) % 2))))
    if not len(extended) < len(wire) <= 16:
        raise ValueError("address of %d bytes" % len(wire))
    af = frame.kind << 6 | (0x20 if extended else frame.logical << 4) | len(wire) - 1
    return bytes([af]) + wire


def encode(frame, wakeup=WAKEUP) -> bytes:
    """ValueError when a field of `frame` does not fit."""
    if frame.control & 0x17 not in (LINK, USER):
        raise ValueError("control %02X" % frame.control)
    body = bytes([frame.control]) + _address_bytes(frame) + bytes([frame.client])
    data = _mapped(_PLUS, frame.data) if frame.control & SCRAMBLED else frame.data
    size = len(body) + 2 + len(data) + 4
    if size + 2 > MAX_FRAME:
        raise ValueError("frame of %d bytes" % (size + 2))
    body = bytes([size & 0xFF, size >> 8]) + body
    body += checksum(body) + data
    return bytes([WAKE]) * wakeup + bytes([START]) + body + checksum(body) + bytes([END])


def fits_address(asked, answered) -> bool:
    """True when each digit asked for is the one answered or the wildcard A; only A fit any length."""
    if len(asked) != len(answered):
        return not asked.strip("A")
    for i in range(len(asked)):
        if asked[i] != "A" and asked[i] != answered[i]:
            return False
    return True


def match(request, answer) -> str:
    """'' when the frame `answer` may answer `request`, else why not: echo, foreign, wrong_function.

    Whether its content is the answer, and not a late one, is for `apdu.match`.
    """
    if not (answer.control ^ request.control) & FROM_SERVER:
        return "echo"
    if (answer.client, answer.logical) != (request.client, request.logical):
        return "foreign"
    if not fits_address(request.address, answer.address):
        return "foreign"
    return "wrong_function" if (answer.control ^ request.control) & (BY_CLIENT | 7) else ""
