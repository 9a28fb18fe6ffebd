"""SML's binary encoding: type and length, then the value.

A TL byte is more(1) type(3) length(4); while `more` is set another byte has four more bits of length. The
length counts the TL bytes too, but of a list its elements. Types: 0 octets, 4 boolean, 5 signed, 6 unsigned,
7 list. 01 is an optional value left out, 00 the end of a message. Integers are big-endian, of 1 to 8 bytes.

Decoded: bytes, bool, int, tuple for a list, None for 01, END for 00, which stands in no list.
"""

from protocols.lines.refused import Refused

MAX_DEPTH = 8  # a value entry is five lists deep; trees of parameters go on from there
MAX_ITEMS = 1000  # of the lists of one file: one takes many times more memory than its byte on the wire

END = "end of message"
NONE = b"\x01"


def decode(data, at=0, signed=True, depth=0, left=None) -> tuple:
    """(value, position behind it) of what starts at `at`. `signed` False: read type 5 as type 6.

    `left`: [how many elements of lists are still taken], MAX_ITEMS when it is not given.

    Refused: truncated, too_deep, too_long, unknown_type, bad_length.
    """
    if at < len(data) and data[at] < 0x80:
        kind, length, start = data[at] >> 4, data[at] & 0x0F, at + 1
    else:
        kind, length, start = _head(data, at)
    if kind == 7:
        return _list(data, start, length, signed, depth, left or [MAX_ITEMS])
    if data[at] == 0 and not depth:
        return END, start
    end = at + length
    if end < start:
        raise Refused("bad_length", "%d at byte %d" % (length, at))
    if end > len(data):
        raise Refused("truncated", "%d bytes at byte %d of %d" % (length, at, len(data)))
    return _value(kind, data[start:end], signed), end


def _list(data, start, length, signed, depth, left) -> tuple:
    if depth >= MAX_DEPTH:
        raise Refused("too_deep")
    if length > len(data) - start:
        raise Refused("truncated", "list of %d before byte %d" % (length, start))
    left[0] -= length
    if left[0] < 0:
        raise Refused("too_long", "more than %d elements" % MAX_ITEMS)
    out = []
    for _ in range(length):
        # Most elements are short: they are read here, decode() does the rest and refuses.
        head = data[start] if start < len(data) else 0
        size = head & 0x0F
        end = start + size
        if head == 0x01:
            value, start = None, end
        elif head >> 4 == 7:
            value, start = _list(data, start + 1, size, signed, depth + 1, left)
        elif 2 <= head < 0x10 and end <= len(data):
            value, start = data[start + 1 : end], end
        elif 0x50 <= head < 0x70 and 2 <= size <= 9 and end <= len(data):
            value = int.from_bytes(data[start + 1 : end], "big")
            if head < 0x60 and signed and data[start + 1] & 0x80:
                value -= 1 << 8 * size - 8
            start = end
        else:
            value, start = decode(data, start, signed, depth + 1, left)
        out.append(value)
    return tuple(out), start


def _head(data, at) -> tuple:
    """(type, length, position of the value)."""
    length, start, more = 0, at, 0x80
    while more:
        if start >= len(data):
            raise Refused("truncated", "type and length at byte %d" % at)
        if start > at + 3 or (start > at and data[start] & 0x70):
            raise Refused("too_long", "length at byte %d" % at)
        more = data[start] & 0x80
        length = length << 4 | data[start] & 0x0F
        start += 1
    return data[at] >> 4 & 7, length, start


def _value(kind, data, signed):
    if kind == 0:
        return bytes(data) or None
    if kind == 4 and len(data) == 1:
        return data[0] != 0
    if kind not in (5, 6) or not 1 <= len(data) <= 8:
        raise Refused("unknown_type", "type %d of %d bytes" % (kind, len(data)))
    n = int.from_bytes(data, "big")
    return n - (1 << 8 * len(data)) if kind == 5 and signed and data[0] & 0x80 else n


# ---- encoders: each gives the bytes of one value; a list is made of such bytes -----------------------


def _tl(kind, length, counts_itself=True) -> bytes:
    size = 1
    while length + (size if counts_itself else 0) >= 1 << 4 * size:
        size += 1
    length += size if counts_itself else 0
    out = [(length >> 4 * at & 0x0F) | (0x80 if at else 0) for at in range(size - 1, -1, -1)]
    out[0] |= kind << 4
    return bytes(out)


def octets(data) -> bytes:
    return _tl(0, len(data)) + data


def boolean(value) -> bytes:
    return b"\x42" + (b"\x01" if value else b"\x00")


def unsigned(n, width) -> bytes:
    """`width` 1, 2, 4 or 8 bytes; some meters send 3, 5 ... by leaving out leading zeros."""
    if not 0 <= n < 1 << 8 * width:
        raise ValueError("%d in %d bytes" % (n, width))
    return _tl(6, width) + n.to_bytes(width, "big")


def signed(n, width) -> bytes:
    half = 1 << 8 * width - 1
    if not -half <= n < half:
        raise ValueError("%d in %d bytes" % (n, width))
    return _tl(5, width) + (n % (2 * half)).to_bytes(width, "big")


def sequence(items) -> bytes:
    return _tl(7, len(items), False) + b"".join(items)
