"""Modbus RTU frames: bytes in, frames out. No I/O, no clock; runs on CPython and MicroPython.

Wire: unit, function, data, CRC low byte first; at most 256 bytes ("Modbus over serial line" V1.02, 2.5.1).
No start byte and no length: the function and, in some, a byte count tell how long a frame is, as request or
as reply. The silence of 3.5 characters between frames is not looked at: USB adapters pause inside frames.
Functions and data: "Modbus application protocol" V1.1b3, 6. Numbers go high byte first, bits low bit first.

A wrong argument to a builder is our own bug and raises ValueError; what comes from the line never raises but
`Refused` from `reply_data` and `identification`.
"""

from collections import namedtuple

from protocols import crc
from protocols.lines import framing
from protocols.lines.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ_COILS, READ_INPUTS, READ_HOLDING, READ_INPUT_REGISTERS = 0x01, 0x02, 0x03, 0x04
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 0x05, 0x06, 0x0F, 0x10
IDENTIFY, MEI_IDENTIFICATION = 0x2B, 0x0E
EXCEPTION = 0x80
BROADCAST, MAX_UNIT = 0, 247
MAX_FRAME = 256
MAX_BITS, MAX_REGISTERS = 2000, 125  # of one read
MAX_WRITE_BITS, MAX_WRITE_REGISTERS = 1968, 123
ON, OFF = b"\xff\x00", b"\x00\x00"

EXCEPTIONS = {
    0x01: "illegal_function",
    0x02: "illegal_data_address",
    0x03: "illegal_data_value",
    0x04: "server_device_failure",
    0x05: "acknowledge",
    0x06: "server_device_busy",
    0x08: "memory_parity_error",
    0x0A: "gateway_path_unavailable",
    0x0B: "gateway_target_failed",
}

# function -> (fixed size, offset of the byte count that adds to it or 0, its most); None: see _objects_size
REQUESTS = {
    READ_COILS: (8, 0, 0),
    READ_INPUTS: (8, 0, 0),
    READ_HOLDING: (8, 0, 0),
    READ_INPUT_REGISTERS: (8, 0, 0),
    WRITE_COIL: (8, 0, 0),
    WRITE_REGISTER: (8, 0, 0),
    WRITE_COILS: (9, 6, 246),
    WRITE_REGISTERS: (9, 6, 246),
    IDENTIFY: (7, 0, 0),
    # not spoken here, but a server must see them to refuse them
    0x07: (4, 0, 0),
    0x08: (8, 0, 0),
    0x0B: (4, 0, 0),
    0x0C: (4, 0, 0),
    0x11: (4, 0, 0),
    0x14: (5, 2, 245),
    0x15: (5, 2, 251),
    0x16: (10, 0, 0),
    0x17: (13, 10, 242),
    0x18: (6, 0, 0),
}
REPLIES = {
    READ_COILS: (5, 2, 250),
    READ_INPUTS: (5, 2, 250),
    READ_HOLDING: (5, 2, 250),
    READ_INPUT_REGISTERS: (5, 2, 250),
    WRITE_COIL: (8, 0, 0),
    WRITE_REGISTER: (8, 0, 0),
    WRITE_COILS: (8, 0, 0),
    WRITE_REGISTERS: (8, 0, 0),
    IDENTIFY: None,
}
for _function in REQUESTS:
    REPLIES[_function | EXCEPTION] = (5, 0, 0)
_BIT_READS = (READ_COILS, READ_INPUTS)
_READS = (READ_COILS, READ_INPUTS, READ_HOLDING, READ_INPUT_REGISTERS)
_SINGLE_WRITES = (WRITE_COIL, WRITE_REGISTER)
_OBJECTS_AT = 8  # unit, 2B, 0E, read code, conformity, more, next, number of objects

# unit: 0 broadcast, 1..247; function: with bit 7 in an exception reply; data: between function and CRC
Frame = namedtuple("Frame", ("unit", "function", "data"))


class Framer(framing.Framer):
    """`sizes` says what is looked for: `request_sizes`, `answers(request)`, or by default both of anybody.

    The default is for a whole record: the first 8 bytes of a reply may make a good request, as they do when
    it has 9 and its CRC ends in 00, so of good sizes it takes the longest that is there.
    `bad`: candidates with a wrong CRC. Noise may look like the start of a long frame: the good one behind it
    comes out when the noise proves wrong, at the latest with `quiet`.
    """

    MOST = MAX_FRAME

    def __init__(self, sizes=None) -> None:
        framing.Framer.__init__(self)
        self._sizes = sizes or frame_sizes

    def _cut(self, held, frames) -> bytes:
        at = 0
        while at < len(held):
            sizes = self._sizes(held, at)
            size = _good(held, at, sizes)
            if size:
                frames.append(Frame(held[at], held[at + 1], held[at + 2 : at + size - 2]))
                at += size
            elif any([not s or at + s > len(held) for s in sizes]):
                return held[at:]
            else:
                self.bad += len(sizes) > 0
                self.skipped += 1
                at += 1
        return b""


# ---- sizes that the frame at `start` may have: 0 not known yet, none: there is no frame -----------


def _sizes_by(table, held, start) -> list:
    if held[start] > MAX_UNIT:
        return []
    if len(held) < start + 2:
        return [0]
    function = held[start + 1]
    size = _size(held, start, table[function]) if function in table else -1
    return [size] if size >= 0 else []


def request_sizes(held, start) -> list:
    return _sizes_by(REQUESTS, held, start)


def frame_sizes(held, start) -> list:
    return _sizes_by(REQUESTS, held, start) + _sizes_by(REPLIES, held, start)


def answers(request) -> "Callable":
    """Sizes of what may answer `request`, a Frame, and of its echo."""
    unit, function, data = request
    echo = encode(unit, function, data)
    rules = {code: REPLIES[code] for code in (function, function | EXCEPTION) if code in REPLIES}

    def sizes(held, start) -> list:
        if held[start] != unit:
            return []
        if len(held) < start + 2:
            return [0]
        head = held[start : start + len(echo)]
        if head == echo:  # and nothing longer: zeros behind it, as a driver lets go, keep the CRC good
            return [len(echo)]
        size = _size(held, start, rules[held[start + 1]]) if held[start + 1] in rules else -1
        found = [size] if size >= 0 else []
        if echo.startswith(head):
            found.append(len(echo))
        return found

    return sizes


def _size(held, start, rule) -> int:
    """As a member of these, or -1."""
    if rule is None:
        return _objects_size(held, start)
    fixed, count_at, most = rule
    if not count_at:
        return fixed
    if len(held) <= start + count_at:
        return 0
    count = held[start + count_at]
    return fixed + count if 0 < count <= most else -1


def _objects_size(held, start) -> int:
    """Size of an identification reply: objects of id, length, text follow each other."""
    if held[start + 2 : start + 3] not in (b"", b"\x0e"):
        return -1
    at = start + _OBJECTS_AT
    if len(held) < at:
        return 0
    for _ in range(held[at - 1]):
        if len(held) < at + 2:
            return 0
        at += 2 + held[at + 1]
        if at - start > MAX_FRAME - 2:
            return -1
    return at - start + 2


def _good(held, start, sizes) -> int:
    """The largest of these with which the CRC fits, or 0."""
    good = 0
    for size in sizes:
        if good < size <= len(held) - start and crc.modbus(held[start : start + size]) == 0:
            good = size
    return good


# ---- builders ---------------------------------------------------------------------------------


def encode(unit, function, data=b"") -> bytes:
    if not 0 <= unit <= MAX_UNIT:
        raise ValueError("unit is 0..%d" % MAX_UNIT)
    if len(data) > MAX_FRAME - 4:
        raise ValueError("data longer than %d bytes" % (MAX_FRAME - 4))
    frame = bytes([unit, function]) + data
    return frame + crc.modbus(frame).to_bytes(2, "little")


def _word(number) -> bytes:
    if not 0 <= number <= 0xFFFF:
        raise ValueError("%d does not fit 16 bits" % number)
    return number.to_bytes(2, "big")


def _area(address, count, most) -> bytes:
    if not (1 <= count <= most and address + count <= 0x10000):
        raise ValueError("1..%d from an address of 16 bits" % most)
    return _word(address) + _word(count)


def read(unit, function, address, count) -> bytes:
    """`function` 1..4; `count` bits or registers."""
    if function not in _READS or unit == BROADCAST:
        raise ValueError("functions 1..4 read, and never by broadcast")
    return encode(
        unit, function, _area(address, count, MAX_BITS if function in _BIT_READS else MAX_REGISTERS)
    )


def write_coil(unit, address, value) -> bytes:
    """`value` is ON or OFF."""
    if value not in (ON, OFF):
        raise ValueError("a coil is written FF00 or 0000")
    return encode(unit, WRITE_COIL, _word(address) + value)


def write_register(unit, address, value) -> bytes:
    """`value`: two bytes as on the wire."""
    if len(value) != 2:
        raise ValueError("a register has two bytes")
    return encode(unit, WRITE_REGISTER, _word(address) + value)


def write_coils(unit, address, count, bits) -> bytes:
    """`bits` packed, first coil in bit 0 of the first byte."""
    area = _area(address, count, MAX_WRITE_BITS)
    if len(bits) != (count + 7) // 8:
        raise ValueError("%d coils are %d bytes" % (count, (count + 7) // 8))
    return encode(unit, WRITE_COILS, area + bytes([len(bits)]) + bits)


def write_registers(unit, address, data) -> bytes:
    """`data`: registers as on the wire."""
    if len(data) % 2:
        raise ValueError("a register has two bytes")
    area = _area(address, len(data) // 2, MAX_WRITE_REGISTERS)
    return encode(unit, WRITE_REGISTERS, area + bytes([len(data)]) + data)


def identify(unit, code=1, first=0) -> bytes:
    """`code` 1 basic, 2 regular, 3 extended objects from `first` on; 4 the object `first` alone."""
    if code not in (1, 2, 3, 4):
        raise ValueError("code is 1..4")
    return encode(unit, IDENTIFY, bytes([MEI_IDENTIFICATION, code, first]))


# ---- judging what arrived ---------------------------------------------------------------------


def match(request, answer) -> str:
    """'' when `answer` answers `request`, else why not: echo, foreign, wrong_function, late.

    A reply names neither address nor count: only its length shows whether it is that of the request before.
    The reply to a single write is the request itself, so there an echo of the line cannot be told from it; to
    anything else an answer of the request's own bytes is taken for an echo.
    """
    if answer == request and request.function not in _SINGLE_WRITES:
        return "echo"
    if answer.unit != request.unit:
        return "foreign"
    if answer.function & 0x7F != request.function:
        return "wrong_function"
    if answer.function & EXCEPTION:
        return ""
    return "" if _fits(request, answer.data) else "late"


def _fits(request, data) -> bool:
    if request.function in _READS:
        count = int.from_bytes(request.data[2:4], "big")
        size = (count + 7) // 8 if request.function in _BIT_READS else count * 2
        return len(data) == 1 + size and data[0] == size
    if request.function == IDENTIFY:
        return data[:2] == request.data[:2]
    return data == request.data[:4]


def reply_data(frame) -> bytes:
    """What a matching reply brings: bits or registers as on the wire, objects, b"" after a write.

    Refused("refused", name of EXCEPTIONS) when it is an exception.
    """
    if frame.function in _READS:
        return frame.data[1:]
    if frame.function & EXCEPTION:
        code = frame.data[0] if frame.data else 0
        raise Refused("refused", EXCEPTIONS.get(code) or "exception_%02X" % code)
    return frame.data if frame.function == IDENTIFY else b""


def identification(data) -> tuple:
    """(number of the object to go on with or None, {object: bytes}) of a reply to `identify` (6.21)."""
    if len(data) < 6:
        raise Refused("truncated", "identification")
    objects, at = {}, 6
    for _ in range(data[5]):
        size = data[at + 1] if at + 1 < len(data) else MAX_FRAME
        if at + 2 + size > len(data):
            raise Refused("truncated", "identification")
        objects[data[at]] = data[at + 2 : at + 2 + size]
        at += 2 + size
    return (data[4] if data[3] else None), objects
