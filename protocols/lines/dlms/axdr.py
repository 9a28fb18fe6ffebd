"""A-XDR data of COSEM attributes (IEC 62056-6-2 clause 4.1.5): bytes <-> trees.

A tree is (tag, value), its tag is kept so that encode(decode(x)) is x:
array, structure     list of trees
compact array        (description, list of trees)
its description      (tag,) | (ARRAY, n, description) | (STRUCTURE, description, ...)
integers, enum, bcd  int            bool  bool              bit string  text of 0 and 1
visible, utf8        text           octets, dates, floats   bytes as on the wire
null, don't care     None
`plain` gives what a reader returns. Depth, length and number are capped: Refused too_deep, too_long.
"""

from protocols.lines.dlms.floats import decimal
from protocols.lines.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NULL, ARRAY, STRUCTURE, BOOL, BITS, I32, U32, OCTETS, TEXT, UTF8 = 0, 1, 2, 3, 4, 5, 6, 9, 10, 12
BCD, I8, I16, U8, U16, COMPACT, I64, U64, ENUM = 13, 15, 16, 17, 18, 19, 20, 21, 22
F32, F64, DATE_TIME, DATE, TIME, DONT_CARE = 23, 24, 25, 26, 27, 255

MAX_DEPTH = 12  # object lists nest 6 deep
# Of one tree; what needs an object of its own counts twice. With plain values and keys a heap of 192 kB has
# room for it. A compact array can promise many in a few bytes. Longer profiles are asked for in parts.
MAX_VALUES = 500
MAX_LENGTH = 8192  # no meter may send a longer APDU
BITS_A_VALUE = 32  # of a bit string, for the budget: its text is eight times as long as its bytes

# tag -> (name, kind, size of a value in bytes where it is fixed)
TYPES = {
    NULL: ("null", "none", 0),
    ARRAY: ("array", "list", 0),
    STRUCTURE: ("structure", "list", 0),
    BOOL: ("bool", "bool", 1),
    BITS: ("bit-string", "bits", 0),
    I32: ("i32", "signed", 4),
    U32: ("u32", "unsigned", 4),
    OCTETS: ("octets", "bytes", 0),
    TEXT: ("visible", "latin", 0),
    UTF8: ("utf8", "utf8", 0),
    BCD: ("bcd", "bcd", 1),
    I8: ("i8", "signed", 1),
    I16: ("i16", "signed", 2),
    U8: ("u8", "unsigned", 1),
    U16: ("u16", "unsigned", 2),
    COMPACT: ("compact-array", "compact", 0),
    I64: ("i64", "signed", 8),
    U64: ("u64", "unsigned", 8),
    ENUM: ("enum", "unsigned", 1),
    F32: ("f32", "fixed", 4),
    F64: ("f64", "fixed", 8),
    DATE_TIME: ("date_time", "fixed", 12),
    DATE: ("date", "fixed", 5),
    TIME: ("time", "fixed", 4),
    DONT_CARE: ("dont_care", "none", 0),
}


class Cursor:
    """Reads outside bytes from the front; Refused truncated when they end too soon."""

    def __init__(self, data) -> None:
        self.data = bytes(data)
        self.at = 0
        self.budget = MAX_VALUES

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size) -> bytes:
        if size > self.left():
            raise Refused("truncated", "%d bytes wanted, %d left" % (size, self.left()))
        self.at += size
        return self.data[self.at - size : self.at]

    def byte(self) -> int:
        """As number(1), without an object: many would leave the heap in crumbs."""
        if self.at >= len(self.data):
            raise Refused("truncated", "1 bytes wanted, 0 left")
        self.at += 1
        return self.data[self.at - 1]

    def number(self, size) -> int:
        return int.from_bytes(self.take(size), "big")

    def length(self) -> int:
        """One byte below 80, else 8n and n bytes."""
        first = self.byte()
        if first < 0x80:
            return first
        if not 0x81 <= first <= 0x84:
            raise Refused("bad_length", "length form %02X" % first)
        size = self.number(first & 0x7F)
        if size > MAX_LENGTH:
            raise Refused("too_long", "length %d" % size)
        return size

    def octets(self) -> bytes:
        return self.take(self.length())

    def spend(self, values=1) -> None:
        self.budget -= values
        if self.budget < 0:
            raise Refused("too_long", "more than %d values" % MAX_VALUES)

    def room(self, count) -> list:
        """A list of so many, in one piece: one that grows needs room twice."""
        if count > self.budget:
            self.spend(count)
        return [None] * count

    def end(self) -> None:
        if self.left():
            raise Refused("trailing", "%d bytes" % self.left())


def length_bytes(size) -> bytes:
    if size < 0x80:
        return bytes([size])
    wide = 1 if size < 0x100 else 2 if size < 0x10000 else 4
    return bytes([0x80 | wide]) + size.to_bytes(wide, "big")


def octets_bytes(data) -> bytes:
    return length_bytes(len(data)) + bytes(data)


# ---- reading ----------------------------------------------------------------------------------


def decode(data) -> tuple:
    """The one tree that is all of `data`."""
    cursor = Cursor(data)
    tree = read(cursor)
    cursor.end()
    return tree


def read(cursor, depth=0) -> tuple:
    tag = cursor.byte()
    if tag not in TYPES:
        raise Refused("unknown_type", "%d" % tag)
    return tag, _content(cursor, tag, depth)


def _content(cursor, tag, depth):
    if depth > MAX_DEPTH:
        raise Refused("too_deep")
    _name, kind, size = TYPES[tag]
    cursor.spend(1 if 0 < size < 8 or kind == "none" else 2)
    if kind == "list":
        items = cursor.room(cursor.length())
        for at in range(len(items)):
            items[at] = read(cursor, depth + 1)
        return items
    if kind == "compact":
        return _read_compact(cursor, depth)
    if size == 0:
        return _VARIABLE[kind](cursor)
    return _FIXED[kind](cursor.take(size))


def _read_bits(cursor) -> str:
    count = cursor.length()
    cursor.spend(count // BITS_A_VALUE)
    data = cursor.take((count + 7) // 8)
    text = bytearray(count)
    for i in range(count):
        text[i] = 0x30 | data[i >> 3] >> (7 - (i & 7)) & 1
    return str(text, "utf-8")


def _read_latin(cursor) -> str:
    text = bytearray()
    for byte in cursor.octets():
        if byte >= 0x80:
            text.append(0xC0 | byte >> 6)
            byte &= 0xBF
        text.append(byte)
    return str(text, "utf-8")


def _read_utf8(cursor) -> str:
    try:
        return cursor.octets().decode()
    except UnicodeError:
        raise Refused("bad_value", "not UTF-8") from None


def _signed(data) -> int:
    value = int.from_bytes(data, "big")
    return value - (1 << len(data) * 8) if data[0] & 0x80 else value


def _bcd(data) -> int:
    high, low = data[0] >> 4, data[0] & 15
    if high > 9 or low > 9:
        raise Refused("bad_bcd", "%02X" % data[0])
    return high * 10 + low


_VARIABLE = {
    "none": lambda cursor: None,
    "bits": _read_bits,
    "bytes": lambda cursor: cursor.octets(),
    "latin": _read_latin,
    "utf8": _read_utf8,
}
_FIXED = {
    "bool": lambda data: data != b"\0",
    "signed": _signed,
    "unsigned": lambda data: int.from_bytes(data, "big"),
    "bcd": _bcd,
    "fixed": lambda data: data,
}


def _read_compact(cursor, depth) -> tuple:
    description = _read_description(cursor, depth)
    contents = Cursor(cursor.octets())
    contents.budget = cursor.budget
    items = []
    while contents.left():
        before = contents.at
        items.append(_described(contents, description, depth + 1))
        if contents.at == before:
            raise Refused("bad_value", "compact array of nothing")
    cursor.budget = contents.budget
    return description, items


def _read_description(cursor, depth) -> tuple:
    if depth > MAX_DEPTH:
        raise Refused("too_deep")
    cursor.spend()
    tag = cursor.number(1)
    if tag == ARRAY:
        count = cursor.number(2)
        return tag, count, _read_description(cursor, depth + 1)
    if tag == STRUCTURE:
        return tuple([tag] + [_read_description(cursor, depth + 1) for _ in range(cursor.length())])
    if tag not in TYPES or tag == COMPACT:
        raise Refused("unknown_type", "%d in a compact array" % tag)
    return (tag,)


def _described(cursor, description, depth) -> tuple:
    """A value whose tags, and the length of its arrays, stand in the description only."""
    tag = description[0]
    if tag not in (ARRAY, STRUCTURE):
        return tag, _content(cursor, tag, depth)
    cursor.spend(2)
    items = cursor.room(description[1] if tag == ARRAY else len(description) - 1)
    for at in range(len(items)):
        items[at] = _described(cursor, description[2 if tag == ARRAY else at + 1], depth + 1)
    return tag, items


# ---- writing ----------------------------------------------------------------------------------


def encode(tree) -> bytes:
    """ValueError when a value does not fit its tag."""
    tag, value = tree
    if tag not in TYPES:
        raise ValueError("no type %d" % tag)
    if tag in (ARRAY, STRUCTURE):
        return bytes([tag]) + length_bytes(len(value)) + b"".join([encode(item) for item in value])
    if tag == COMPACT:
        contents = b"".join([_bare(item) for item in value[1]])
        return bytes([tag]) + _description_bytes(value[0]) + octets_bytes(contents)
    return bytes([tag]) + _bare(tree)


def _bare(tree) -> bytes:
    """Without tag, and without the length of an array: the form inside a compact array."""
    tag, value = tree
    kind, size = TYPES[tag][1:]
    if kind == "list":
        return b"".join([_bare(item) for item in value])
    return _WRITE[kind](value, size)


def _int_bytes(value, size) -> bytes:
    if not 0 <= value < 1 << size * 8:
        raise ValueError("%d does not fit %d bytes" % (value, size))
    return value.to_bytes(size, "big")


def _signed_bytes(value, size) -> bytes:
    half = 1 << size * 8 - 1
    if not -half <= value < half:
        raise ValueError("%d does not fit %d bytes" % (value, size))
    return (value & 2 * half - 1).to_bytes(size, "big")


def _bits_bytes(text, _size) -> bytes:
    data = bytearray((len(text) + 7) // 8)
    for i, bit in enumerate(text):
        data[i >> 3] |= ("01".index(bit) << 7) >> (i & 7)
    return length_bytes(len(text)) + bytes(data)


def _fixed_bytes(data, size) -> bytes:
    if len(data) != size:
        raise ValueError("%d bytes wanted" % size)
    return bytes(data)


_WRITE = {
    "none": lambda value, size: b"",
    "bool": lambda value, size: b"\1" if value else b"\0",
    "bits": _bits_bytes,
    "signed": _signed_bytes,
    "unsigned": _int_bytes,
    "bytes": lambda value, size: octets_bytes(value),
    "latin": lambda value, size: octets_bytes(bytes([ord(c) for c in value])),
    "utf8": lambda value, size: octets_bytes(value.encode()),
    "bcd": lambda value, size: _int_bytes(value // 10 << 4 | value % 10, 1),
    "fixed": _fixed_bytes,
}


def _description_bytes(description) -> bytes:
    tag, rest = description[0], description[1:]
    if tag == ARRAY:
        return bytes([tag]) + _int_bytes(rest[0], 2) + _description_bytes(rest[1])
    if tag == STRUCTURE:
        return bytes([tag]) + length_bytes(len(rest)) + b"".join([_description_bytes(part) for part in rest])
    return bytes([tag])


# ---- for readers ------------------------------------------------------------------------------


def plain(tree) -> "Any":
    """Lists, int, text, bytes, None; a float as (int, power of ten), None when it is no number."""
    tag, value = tree
    if tag in (ARRAY, STRUCTURE, COMPACT):
        items = list(value[1] if tag == COMPACT else value)
        for at in range(len(items)):
            items[at] = plain(items[at])
        return items
    if tag in (F32, F64):
        return decimal(value)
    return int(value) if tag == BOOL else value
