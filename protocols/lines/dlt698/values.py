"""Data of DL/T 698.45 -> flat keys and plain values, for profiles and for people.

The key is the path through arrays and structures: "0", "2/1"; a value that is neither stands under "0".
    numbers, enum          int
    bool                   0 or 1
    float32, float64       (integer, power of ten)
    strings                text; octet-string, MAC and the like: bytes
    bit-string             int: bit n of it is bit n of the string, whose bit 0 comes first on the wire
    OI, OAD, OMD           hex text "00100200"
    null                   None
    times and all other    bytes: their A-XDR encoding without the tag, of date_time_s 7
"""

from protocols.lines.dlt698 import apdu, axdr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NESTED = (axdr.ARRAY, axdr.STRUCTURE)
_HEX = {0x50: "%04X", 0x51: "%08X", 0x53: "%08X"}
_TURNED = b"\x00\x08\x04\x0c\x02\x0a\x06\x0e\x01\x09\x05\x0d\x03\x0b\x07\x0f"  # four bits, the first last
_SAME = b"\x00\x05\x06\x09\x0a\x0c\x0f\x10\x11\x12\x14\x15\x16\x17\x18\x55\x56\x57"  # tags


def flat(data, path="") -> dict:
    """`data` is (tag, value); keys begin with `path`, which ends with / or is empty."""
    out = {}
    _add(out, data if data[0] in _NESTED else (axdr.ARRAY, [data]), path)
    return out


def _add(out, data, path) -> None:
    for i, (tag, value) in enumerate(data[1]):
        if tag in _NESTED:
            _add(out, (tag, value), "%s%d/" % (path, i))
        else:
            out["%s%d" % (path, i)] = plain(tag, value)


def plain(tag, value) -> "Any":
    if tag in _SAME:
        return value
    if tag in _HEX:
        return _HEX[tag] % value
    if tag == axdr.BITS:
        return _bits(value)
    return int(value) if tag == axdr.BOOL else axdr.encode(axdr.DATA[tag], value)


def _bits(value) -> int:
    count, data = value
    turned = bytes([_TURNED[byte & 15] << 4 | _TURNED[byte >> 4] for byte in data])
    return int.from_bytes(turned, "little") & (1 << count) - 1


# ---- answers to GET: items are (OAD, result) or records


def merge(items, item) -> None:
    """A block may go on with the array or the record that the one before it began."""
    for i, held in enumerate(items):
        if held[0] != item[0]:
            continue
        (choice, old), (more, new) = held[-1], item[-1]
        if choice and more and len(item) == 3:
            items[i] = held[:2] + ((1, old + new),)
            return
        if choice and more and old[0] == new[0] == axdr.ARRAY:
            items[i] = (held[0], (1, (axdr.ARRAY, old[1] + new[1])))
            return
    items.append(item)


def listed(items, asked) -> dict:
    """`asked`: OADs; of those that the answer leaves out too the value is None."""
    out = {}
    answered = [item[0] for item in items]
    for oad in asked:
        if oad not in answered:
            out["%08X" % oad] = None
    for oad, (found, held) in items:
        out.update(flat(held, "%08X/" % oad) if found else {"%08X" % oad: None})
    if not any([found for _oad, (found, _held) in items]):
        apdu.accept(items[0][1][1])
    return out


def table(items) -> dict:
    out = {}
    _oad, columns, (found, rows) = items[0]
    apdu.accept(0 if found else rows or 255)
    for number, row in enumerate(rows):
        for (road, column), data in zip(columns, row):
            out.update(flat(data, "%d/%08X/" % (number, column[0] if road else column)))
    return out
