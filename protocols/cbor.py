"""Deterministic CBOR subset (RFC 8949 section 4.2.1), for CPython and MicroPython.

Values: int (-2**64 .. 2**64-1), bytes, str, list/tuple, dict with int or str keys, True, False, None.
No floats, tags or indefinite lengths: nothing we count or sign needs them.
The decoder takes outside bytes, so it caps depth, items and size and accepts only the one
deterministic encoding of a value (shortest heads, keys sorted, no duplicates).
"""

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 8  # the deepest contract message nests 5 levels
MAX_ITEMS = 512  # of one array or map
MAX_BYTES = 65536  # of one document


class CborError(ValueError):
    """The bytes are not a document of our subset; args[0] says why."""


def _head(out, major, n):
    major <<= 5
    if n < 24:
        out.append(major | n)
    elif n < 0x100:
        out.append(major | 24)
        out.append(n)
    elif n < 0x10000:
        out.append(major | 25)
        out.extend(struct.pack(">H", n))
    elif n < 0x100000000:
        out.append(major | 26)
        out.extend(struct.pack(">I", n))
    elif n < 1 << 64:
        out.append(major | 27)
        out.extend(struct.pack(">Q", n))
    else:
        raise CborError("integer too large")


def _write_map(out, value):
    for key in value:
        if not isinstance(key, (int, str)):
            raise CborError("map key must be an integer or text")
    rows = sorted((encode(key), item) for key, item in value.items())
    _head(out, 5, len(rows))
    for key, item in rows:
        out.extend(key)
        _write(out, item)


def _write(out, value):
    if value is None:
        out.append(0xF6)
    elif value is True:
        out.append(0xF5)
    elif value is False:
        out.append(0xF4)
    elif isinstance(value, int):
        _head(out, 0, value) if value >= 0 else _head(out, 1, -1 - value)
    elif isinstance(value, str):
        data = value.encode()
        _head(out, 3, len(data))
        out.extend(data)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _head(out, 2, len(value))
        out.extend(value)
    elif isinstance(value, (list, tuple)):
        _head(out, 4, len(value))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        _write_map(out, value)
    else:
        raise CborError("type not in the subset")


def encode(value) -> bytes:
    """Return the deterministic encoding of `value`; CborError for a type outside the subset."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


_WIDTHS = {24: (">B", 1, 24), 25: (">H", 2, 0x100), 26: (">I", 4, 0x10000), 27: (">Q", 8, 1 << 32)}


def _read_head(data, at):
    if at >= len(data):
        raise CborError("truncated")
    first = data[at]
    info = first & 31
    at += 1
    if info < 24:
        return first >> 5, info, at
    if info not in _WIDTHS:
        raise CborError("indefinite or reserved length")
    form, width, least = _WIDTHS[info]
    if at + width > len(data):
        raise CborError("truncated")
    n = struct.unpack_from(form, data, at)[0]
    if n < least:
        raise CborError("not the shortest form")
    return first >> 5, n, at + width


# Lead byte -> range of the second byte, where it is not 80..BF (RFC 3629: no overlong forms, no surrogates)
_SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}


def _is_utf8(data) -> bool:
    """MicroPython's own decode lets overlong forms and surrogates pass; CPython's does not."""
    at = 0
    while at < len(data):
        lead = data[at]
        size = 1 + (lead >= 0xC2) + (lead >= 0xE0) + (lead >= 0xF0)
        if 0x80 <= lead < 0xC2 or lead > 0xF4 or at + size > len(data):
            return False
        low, high = _SECOND.get(lead, (0x80, 0xBF))
        for byte in data[at + 1 : at + size]:
            if not low <= byte <= high:
                return False
            low, high = 0x80, 0xBF
        at += size
    return True


def _read_chunk(data, at, n, text):
    if at + n > len(data):
        raise CborError("truncated")
    chunk = bytes(data[at : at + n])
    if not text:
        return chunk, at + n
    if not _is_utf8(chunk):
        raise CborError("text is not UTF-8")
    return chunk.decode(), at + n


def _read_map(data, at, n, depth):
    out = {}
    last = b""
    for _ in range(n):
        start = at
        if at >= len(data) or data[at] >> 5 not in (0, 1, 3):
            raise CborError("map key must be an integer or text")
        key, at = _read(data, at, depth)
        encoded = bytes(data[start:at])
        if encoded <= last:
            raise CborError("map keys not sorted or doubled")
        last = encoded
        out[key], at = _read(data, at, depth)
    return out, at


def _read_list(data, at, n, depth):
    out = []
    for _ in range(n):
        item, at = _read(data, at, depth)
        out.append(item)
    return out, at


_SIMPLE = {20: False, 21: True, 22: None}


def _read(data, at, depth):
    if depth == 0:
        raise CborError("too deep")
    first = data[at] if at < len(data) else 0
    if first >> 5 == 7:
        if first & 31 not in _SIMPLE:
            raise CborError("float or simple value not in the subset")
        return _SIMPLE[first & 31], at + 1
    major, n, at = _read_head(data, at)
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        return _read_chunk(data, at, n, major == 3)
    if n > MAX_ITEMS:
        raise CborError("too many items")
    if major == 4:
        return _read_list(data, at, n, depth - 1)
    if major == 5:
        return _read_map(data, at, n, depth - 1)
    raise CborError("tags are not in the subset")


def decode(data) -> "Any":
    """Return the one value that `data` (bytes-like) encodes; CborError says why it is refused."""
    if len(data) > MAX_BYTES:
        raise CborError("document too large")
    value, at = _read(data, 0, MAX_DEPTH)
    if at != len(data):
        raise CborError("bytes after the document")
    return value
