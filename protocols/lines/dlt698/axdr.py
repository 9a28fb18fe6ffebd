"""A-XDR of DL/T 698.45-2017: values <-> bytes, driven by descriptions of the types. Big-endian.

A description is
    "u8" ...      a name of TAKE: value as below; "oad" is u32; "dar", "link" .. are u8
    (a, b, ...)   one after the other: tuple
    [a]           sequence of: list, its length before it
    {n: a}        choice: (n, value)
    Option(a)     value or None
Values of names: numbers int; "bool" True or False; "octets" and "bytes8" bytes; "text" str of one character
a byte; "utf8" str; "bits" (number of bits, bytes), the first bit is the highest of the first byte; "float32"
and "float64" (integer, power of ten) or None; "null" None; "data" (tag, value), value as DATA describes it;
"record" (OAD, columns, result) of the GET record services, result is (0, DAR) or (1, [row of data, ...]).
An OAD and an OMD is a number of 32 bits: object, attribute or method, index or mode.

Decoding raises Refused. Lengths need not be minimal: meters in the field send 82 00 07. Reserved bits pass.
"""

from protocols.lines.dlt698 import floats
from protocols.lines.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 10  # of nested data; the deepest standard object (a collection scheme) has 7
MAX_ITEMS = 1000  # of one APDU: a null takes a hundred times more memory than its one byte on the wire


class Option:
    """A part that may be left out."""

    def __init__(self, kind) -> None:
        self.kind = kind


class Source:
    """Bytes that are being decoded, and how much was made of them."""

    def __init__(self, data) -> None:
        self.data = data
        self.at = 0
        self.depth = 0
        self.items = 0

    def take(self, size) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            raise Refused("truncated", "%d bytes at %d" % (size, self.at))
        self.at += size
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def count(self) -> int:
        """A length; more than there are bytes left is refused where it is used."""
        first = self.byte()
        if first < 0x80:
            return first
        if not 0x81 <= first <= 0x84:
            raise Refused("bad_length", "%02X at %d" % (first, self.at - 1))
        return int.from_bytes(self.take(first & 0x7F), "big")

    def spend(self, items) -> None:
        self.items += items
        if self.items > MAX_ITEMS:
            raise Refused("too_long", "more than %d values" % MAX_ITEMS)

    def elements(self) -> range:
        """Range over a sequence; each element takes at least a byte."""
        count = self.count()
        if count > len(self.data) - self.at:
            raise Refused("truncated", "%d elements at %d" % (count, self.at))
        return range(count)


# ---- the interpreter


def read(source, kind) -> "Any":
    if isinstance(kind, str):
        return TAKE[kind](source)
    if isinstance(kind, tuple):
        return tuple([read(source, part) for part in kind])
    if isinstance(kind, list):
        return _sequence(source, kind[0])
    choice = source.byte()
    if isinstance(kind, Option):
        return read(source, kind.kind) if choice else None
    if choice not in kind:
        raise Refused("unknown_type", "choice %02X at %d" % (choice, source.at - 1))
    return choice, read(source, kind[choice])


def _sequence(source, kind) -> list:
    elements = source.elements()
    source.spend(len(elements))
    if kind == "data":  # counts itself
        source.items -= len(elements)
    out: list = [None] * len(elements)  # at once: it would not grow in a memory in small pieces
    for i in elements:
        out[i] = read(source, kind)
    return out


def write(out, kind, value) -> None:
    """Append to the bytearray `out`."""
    if isinstance(kind, str):
        PUT[kind](out, value)
    elif isinstance(kind, tuple):
        if len(value) != len(kind):
            raise ValueError("%d parts for %d" % (len(value), len(kind)))
        for i, part in enumerate(kind):
            write(out, part, value[i])
    elif isinstance(kind, list):
        put_count(out, len(value))
        for item in value:
            write(out, kind[0], item)
    elif isinstance(kind, Option):
        out.append(value is not None)
        if value is not None:
            write(out, kind.kind, value)
    else:
        out.append(value[0])
        write(out, kind[value[0]], value[1])


def decode(kind, data) -> "Any":
    """The one value that `data` holds; Refused."""
    source = Source(bytes(data))
    value = read(source, kind)
    if source.at != len(source.data):
        raise Refused("trailing", "%d bytes" % (len(source.data) - source.at))
    return value


def encode(kind, value) -> bytes:
    """ValueError when `value` is not of this kind."""
    out = bytearray()
    try:
        write(out, kind, value)
    except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError("not %s: %s" % (kind, error)) from error
    return bytes(out)


def put_count(out, count) -> None:
    if count >= 0x80:
        size = 1 if count < 0x100 else 2 if count < 0x10000 else 4
        out.append(0x80 | size)
        out.extend(count.to_bytes(size, "big"))
    else:
        out.append(count)


# ---- named types

TAKE, PUT = {}, {}


def _number(name, size, signed) -> None:
    top = 1 << (8 * size - 1)

    def take(source) -> int:
        value = int.from_bytes(source.take(size), "big")
        return value - 2 * top if signed and value >= top else value

    def put(out, value) -> None:
        if not (-top if signed else 0) <= value < (top if signed else 2 * top):
            raise ValueError("%d is no %s" % (value, name))
        out.extend((value & (2 * top - 1)).to_bytes(size, "big"))

    TAKE[name], PUT[name] = take, put


def _fixed(name, size) -> None:
    def put(out, value) -> None:
        if len(value) != size:
            raise ValueError("%d bytes for %d" % (len(value), size))
        out.extend(value)

    TAKE[name], PUT[name] = (lambda source: source.take(size)), put


def _float(name, size, width) -> None:
    def take(source) -> "tuple | None":
        return floats.decode(int.from_bytes(source.take(size), "big"), width)

    def put(out, value) -> None:
        out.extend(floats.encode(value, width).to_bytes(size, "big"))

    TAKE[name], PUT[name] = take, put


def _put_octets(out, value) -> None:
    put_count(out, len(value))
    out.extend(value)


def _put_bits(out, value) -> None:
    count, data = value
    if len(data) != (count + 7) // 8:
        raise ValueError("%d bits in %d bytes" % (count, len(data)))
    put_count(out, count)
    out.extend(data)


def _take_octets(source) -> bytes:
    return source.take(source.count())


def _take_bits(source) -> tuple:
    count = source.count()
    return count, source.take((count + 7) // 8)


def _take_text(source) -> str:
    return "".join([chr(byte) for byte in _take_octets(source)])


def _take_utf8(source) -> str:
    try:
        return _take_octets(source).decode()
    except UnicodeError:
        raise Refused("bad_value", "not UTF-8 before %d" % source.at) from None


def _take_data(source) -> tuple:
    source.spend(1)
    source.depth += 1
    if source.depth > MAX_DEPTH:
        raise Refused("too_deep")
    tag = source.byte()
    if tag not in DATA:
        raise Refused("unknown_type", "%02X at %d" % (tag, source.at - 1))
    value = read(source, DATA[tag])
    source.depth -= 1
    return tag, value


def _take_record(source) -> tuple:
    oad, columns, choice = read(source, "oad"), read(source, RCSD), source.byte()
    if choice > 1:
        raise Refused("unknown_type", "choice %02X at %d" % (choice, source.at - 1))
    if not choice:
        return oad, columns, (0, source.byte())
    rows = source.elements()
    if len(rows) and not columns:
        raise Refused("bad_value", "rows without columns")
    return oad, columns, (1, [[_take_data(source) for _ in columns] for _ in rows])


def _put_record(out, value) -> None:
    oad, columns, (choice, result) = value
    write(out, ("oad", RCSD), (oad, columns))
    out.append(choice)
    if not choice:
        out.append(result)
        return
    put_count(out, len(result))
    for row in result:
        write(out, ("data",) * len(columns), row)


for _bits in (8, 16, 32, 64):
    _number("u%d" % _bits, _bits // 8, False)
    _number("i%d" % _bits, _bits // 8, True)
for _size in (8, 16, 32):
    _fixed("bytes%d" % _size, _size)
TAKE["oad"], PUT["oad"] = TAKE["u32"], PUT["u32"]
for _name in ("dar", "link", "connected", "error"):  # numbers whose meanings apdu.py names
    TAKE[_name], PUT[_name] = TAKE["u8"], PUT["u8"]
_float("float32", 4, floats.SINGLE)
_float("float64", 8, floats.DOUBLE)
TAKE["null"], PUT["null"] = (lambda source: None), (lambda out, value: None)
TAKE["bool"], PUT["bool"] = (lambda source: source.byte() != 0), (lambda out, value: out.append(bool(value)))
TAKE["octets"], PUT["octets"] = _take_octets, _put_octets
TAKE["text"], PUT["text"] = _take_text, (lambda out, value: _put_octets(out, bytes([ord(c) for c in value])))
TAKE["utf8"], PUT["utf8"] = _take_utf8, (lambda out, value: _put_octets(out, value.encode()))
TAKE["bits"], PUT["bits"] = _take_bits, _put_bits
TAKE["data"], PUT["data"] = _take_data, (lambda out, value: write(out, DATA, value))
TAKE["record"], PUT["record"] = _take_record, _put_record

# ---- compound types (clause 7.3 of the standard)

DATE_TIME = ("u16", "u8", "u8", "u8", "u8", "u8", "u8", "u16")  # year month day weekday h m s ms; FF = any
DATE_TIME_S = ("u16", "u8", "u8", "u8", "u8", "u8")  # year month day h m s
TI = ("u8", "u16")  # unit, number of them
TI_UNITS = ("second", "minute", "hour", "day", "month", "year")
ROAD = ("oad", ["oad"])
CSD = {0: "oad", 1: ROAD}
RCSD = [CSD]
REGION = ("u8", "data", "data")  # which ends are open, from, to
_REGIONS = [REGION]
MS = {0: "null", 1: "null", 2: "octets", 3: ["octets"], 4: ["u16"], 5: _REGIONS, 6: _REGIONS, 7: _REGIONS}
_RANGE = ("oad", "data", "data", "data")  # OAD, from, to (excluded), step
_MOMENT, _SPAN = (DATE_TIME_S, MS), (DATE_TIME_S, DATE_TIME_S, TI, MS)
RSD = {
    0: "null",
    1: ("oad", "data"),
    2: _RANGE,
    3: [_RANGE],
    4: _MOMENT,
    5: _MOMENT,
    6: _SPAN,
    7: _SPAN,
    8: _SPAN,
    9: "u8",
    10: ("u8", MS),
}
SID = ("u32", "octets")
SID_MAC = (SID, "octets")
COMDCB = ("u8", "u8", "u8", "u8", "u8")  # speed parity data-bits stop-bits flow-control

DATA = {  # tag: description of the value
    0x00: "null",
    0x01: ["data"],  # array
    0x02: ["data"],  # structure
    0x03: "bool",
    0x04: "bits",  # bit-string
    0x05: "i32",
    0x06: "u32",
    0x09: "octets",  # octet-string
    0x0A: "text",  # visible-string
    0x0C: "utf8",  # utf8-string
    0x0F: "i8",
    0x10: "i16",
    0x11: "u8",
    0x12: "u16",
    0x14: "i64",
    0x15: "u64",
    0x16: "u8",  # enum
    0x17: "float32",
    0x18: "float64",
    0x19: DATE_TIME,
    0x1A: ("u16", "u8", "u8", "u8"),  # date
    0x1B: ("u8", "u8", "u8"),  # time
    0x1C: DATE_TIME_S,
    0x50: "u16",  # OI
    0x51: "oad",
    0x52: ROAD,
    0x53: "oad",  # OMD
    0x54: TI,
    0x55: "octets",  # TSA
    0x56: "octets",  # MAC
    0x57: "octets",  # RN
    0x58: REGION,
    0x59: ("i8", "u8"),  # scaler_unit
    0x5A: RSD,
    0x5B: CSD,
    0x5C: MS,
    0x5D: SID,
    0x5E: SID_MAC,
    0x5F: COMDCB,
    0x60: RCSD,
}
NULL, ARRAY, STRUCTURE, BOOL, BITS, U8, U16, ENUM = 0x00, 0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x16
MOMENT, OAD, INTERVAL = 0x1C, 0x51, 0x54  # date_time_s, OAD, TI
