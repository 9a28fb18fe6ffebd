"""Deterministic CBOR subset (RFC 8949 section 4.2.1), for CPython and MicroPython.

Values: int (-2**64 .. 2**64-1), bytes, str, list/tuple, dict with int or str keys, True, False, None.
No floats, tags or indefinite lengths: nothing we count or sign needs them.
The decoder takes outside bytes, so it caps depth, items and size and accepts only the one
deterministic encoding of a value (shortest heads, keys sorted, no duplicates).
"""

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
        return
    for at in range(4):
        width = 1 << at
        if n < 1 << 8 * width:
            out.append(major | 24 + at)
            out.extend(n.to_bytes(width, "big"))
            return
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


def _read_head(data, at):
    if at >= len(data):
        raise CborError("truncated")
    first = data[at]
    info = first & 31
    at += 1
    if info < 24:
        return first >> 5, info, at
    if info > 27:
        raise CborError("indefinite or reserved length")
    width = 1 << info - 24
    if at + width > len(data):
        raise CborError("truncated")
    n = int.from_bytes(data[at : at + width], "big")
    if n < (24 if width == 1 else 1 << width * 4):
        raise CborError("not the shortest form")
    return first >> 5, n, at + width


def _is_utf8(data) -> bool:
    """MicroPython's own decode lets overlong forms and surrogates pass; CPython's does not."""
    at = 0
    while at < len(data):
        lead = data[at]
        size = 1 + (lead >= 0xC2) + (lead >= 0xE0) + (lead >= 0xF0)
        if 0x80 <= lead < 0xC2 or lead > 0xF4 or at + size > len(data):
            return False
        # The second byte: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629)
        low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
        high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
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


def _read(data, at, depth):
    if depth == 0:
        raise CborError("too deep")
    first = data[at] if at < len(data) else 0
    if first >> 5 == 7:
        if not 20 <= first & 31 <= 22:
            raise CborError("float or simple value not in the subset")
        return (False, True, None)[(first & 31) - 20], at + 1
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
