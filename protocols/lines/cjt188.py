"""CJ/T 188-2004 frames of water, gas and heat meters: bytes in, frames out. No I/O, no clock; both runtimes.

Wire: FE* 68 T A0..A6 C L DATA CS 16, 8E1, mostly 2400 baud. T: type of meter. A0 holds the two low address
digits, A5 and A6 the maker's code. DATA is sent as it is. CS is the sum from 68 to the end of DATA, mod 256.
68 and 16 may stand inside, so a frame ends where L says, never at a 16.
C: bit 7 from the meter, bit 6 error reply, bits 5-0 function.
DATA: DI (2 bytes), SER, data; of an error reply SER, status word. SER grows by one with each request.

DI is written high byte first in this code (901F). On the wire most meters and the 2018 edition have its low
byte first (1F 90), others the high one (90 1F): both are in published captures.
[K], one source each: T 22 and L above 64H (2018 edition); a written address answers under the new one.

A wrong argument to a builder is our own bug and raises ValueError; what comes from the line never raises.
"""

from binascii import unhexlify
from collections import namedtuple

from protocols.lines import framing

START, END, WAKE = 0x68, 0x16, 0xFE
WAKEUP = 4  # a master sends 2..4 FE
HEADER = 11  # 68 T A0..A6 C L
MAX_DATA = 255  # L is one byte; the standard has 64H to read and 32H to write
MAX_FRAME = HEADER + MAX_DATA + 2

FROM_METER, ERROR = 0x80, 0x40
READ, READ_ADDRESS, WRITE, READ_KEY, WRITE_ADDRESS, WRITE_BASE = 0x01, 0x03, 0x04, 0x09, 0x15, 0x16

COLD_WATER, HEAT, GAS, OTHER, ANY_KIND = 0x10, 0x20, 0x30, 0x40, 0xAA
ANY_ADDRESS = "A" * 14  # the single meter on the line
OPEN, CLOSE = 0x55, 0x99  # A017
ADDRESS_DI, KEY_DI, NEW_ADDRESS_DI, BASE_DI, VALVE_DI = 0x810A, 0x8106, 0xA018, 0xA016, 0xA017
_FUNCTIONS = {ADDRESS_DI: READ_ADDRESS, KEY_DI: READ_KEY, NEW_ADDRESS_DI: WRITE_ADDRESS, BASE_DI: WRITE_BASE}

# kind: T; address: 14 digits as printed on the meter, maker's code first (some makers use A-F in it)
Frame = namedtuple("Frame", ("kind", "address", "control", "data"))


def address_bytes(text) -> bytes:
    """Up to 14 hexadecimal digits as printed on the meter -> A0..A6; ValueError for anything else."""
    if len(text) > 14:
        raise ValueError("more than 14 digits")
    return bytes(reversed(unhexlify("0" * (14 - len(text)) + text)))


def address_text(data) -> str:
    return "%0*X" % (2 * len(data), int.from_bytes(data, "little")) if data else ""


class Framer(framing.Framer):
    """Silence: 500 ms. `skipped` does not count FE."""

    IDLE = b"\xfe"
    MOST = MAX_FRAME

    def _size(self, held, start) -> int:
        there = len(held) - start
        if there > 1 and not is_kind(held[start + 1]):
            return framing.NONE
        return HEADER + held[start + 10] + 2 if there >= HEADER else framing.UNKNOWN

    def _parse(self, held, start, size) -> "Frame | None":
        stop = start + size - 2
        if held[stop + 1] != END or held[stop] != sum(held[start:stop]) & 0xFF:
            return None
        address = address_text(held[start + 2 : start + 9])
        return Frame(held[start + 1], address, held[start + 9], held[start + HEADER : stop])


def is_kind(kind) -> bool:
    return 0x10 <= kind <= 0x4F or kind == ANY_KIND


# ---- builders ---------------------------------------------------------------------------------


def encode(kind, address, control, data=b"", wakeup=WAKEUP) -> bytes:
    if len(data) > MAX_DATA:
        raise ValueError("data longer than %d bytes" % MAX_DATA)
    if not is_kind(kind):
        raise ValueError("%02X is no type of meter" % kind)
    body = bytes([START, kind]) + address_bytes(address) + bytes([control, len(data)]) + data
    return bytes([WAKE]) * wakeup + body + bytes([sum(body) & 0xFF, END])


def di_bytes(di, high_first=False) -> bytes:
    return di.to_bytes(2, "big" if high_first else "little")


def function_of(di, writes) -> int:
    """The few identifiers with a function of their own get that."""
    return _FUNCTIONS.get(di) or (WRITE if writes else READ)


def request(kind, address, di, ser, data=None, high_first=False, wakeup=WAKEUP) -> bytes:
    """Read `di`, or with `data` write it."""
    function = function_of(di, data is not None)
    body = di_bytes(di, high_first) + bytes([ser]) + (data or b"")
    return encode(kind, address, function, body, wakeup)


# ---- judging what arrived ---------------------------------------------------------------------


def fits(asked, frame) -> bool:
    """True when `frame` is for or from the meter that `asked` names. A wildcard stands for the whole."""
    return asked.kind in (ANY_KIND, frame.kind) and asked.address in (ANY_ADDRESS, frame.address)


def match(request, answer) -> str:
    """'' when `answer` answers `request`, else why not: echo, foreign, wrong_function, late.

    The identifier and SER must fit too: the reply to a request that timed out looks like one to the next.
    """
    if not answer.control & FROM_METER:
        return "echo"
    if not fits(request, answer) and not _readdressed(request, answer):
        return "foreign"
    if (answer.control ^ request.control) & 0x3F:
        return "wrong_function"
    if answer.control & ERROR:
        return "" if answer.data[:1] == request.data[2:3] else "late"
    return "" if answer.data[:3] == request.data[:3] else "late"


def _readdressed(request, answer) -> bool:
    """A meter that took a new address may answer under it."""
    return request.control == WRITE_ADDRESS and address_text(request.data[3:]) == answer.address


def reply_data(frame) -> tuple:
    """(data, error): data without DI and SER; of an error reply the status word, 2 bytes."""
    error = bool(frame.control & ERROR)
    return frame.data[1 if error else 3 :], error
