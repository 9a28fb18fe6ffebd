"""Load records of DL/T 645-2007 meters, 06 .., taken apart into what its plain items say.

    A0 A0 L minute(5) class AA ... AA CS E5, E0 E0 where the meter itself marks it as bad

The data of an item is that which a read of the item gives; `dlt645_records` says what it means.
"""

from protocols.lines.refused import Refused

RECORDS_MAX = 99  # that one request may ask for
PART_END = b"\xaa"  # no byte of any number
# items of the six classes, and their bytes
CLASSES = (
    ((0x0201FF00, 6), (0x0202FF00, 9), (0x02800002, 2)),
    ((0x0203FF00, 12), (0x0204FF00, 12)),
    ((0x0206FF00, 8),),
    ((0x00010000, 4), (0x00020000, 4), (0x00030000, 4), (0x00040000, 4)),
    ((0x00050000, 4), (0x00060000, 4), (0x00070000, 4), (0x00080000, 4)),
    ((0x02800004, 3), (0x02800005, 3)),
)
# block: bytes of one of its items, DI1 of the first
_BLOCKS = {0x0201FF00: (2, 1), 0x0202FF00: (3, 1), 0x0203FF00: (3, 0), 0x0204FF00: (3, 0), 0x0206FF00: (2, 0)}
_ENERGY_BLOCK = 0xFF00  # its first item is the total, which is all that a record has of it


def records(di, data) -> list:
    """[(minute, good, [(DI, data), ...]), ...] in the order sent. Refused."""
    if di >> 24 != 6 or di >> 16 & 0xFF > len(CLASSES):
        raise Refused("unknown_item", "%08X" % di)
    out, at = [], 0
    while at < len(data):
        if len(out) == RECORDS_MAX:
            raise Refused("too_long", "more than %d load records" % RECORDS_MAX)
        end = _checked(data, at)
        items = _items(di >> 16 & 0xFF, data[at + 8 : end].split(PART_END))
        out.append((data[at + 3 : at + 8], data[at] == 0xA0, items))
        at = end + 2
    return out


def _checked(data, at) -> int:
    """Where the checksum of the record at `at` stands."""
    if data[at : at + 2] not in (b"\xa0\xa0", b"\xe0\xe0"):
        raise Refused("bad_value", "no load record starts at byte %d" % at)
    if len(data) < at + 3 or len(data) < at + 3 + data[at + 2] + 2:
        raise Refused("truncated", "load record at byte %d" % at)
    end = at + 3 + data[at + 2]
    if data[end] != sum(data[at:end]) & 0xFF:
        raise Refused("bad_checksum", "load record at byte %d" % at)
    if data[end + 1] != 0xE5 or end < at + 8:
        raise Refused("bad_end", "load record at byte %d" % at)
    return end


def _items(asked, parts) -> list:
    """Of all classes, or of the one asked for: some meters send an AA for each class before it."""
    filled = [(i, part) for i, part in enumerate(parts) if part]
    if asked and len(filled) > 1:
        raise Refused("bad_length", "%d load classes" % len(filled))
    if asked:
        filled = [(asked - 1, part) for _i, part in filled]
    out = []
    for i, part in filled:
        items = CLASSES[i] if i < len(CLASSES) else ()
        if len(part) != sum([size for _di, size in items]):
            raise Refused("bad_length", "%d bytes in load class %d" % (len(part), i + 1))
        at = 0
        for di, size in items:
            out.append((di, part[at : at + size]))
            at += size
    return out


def data_of(items, di) -> bytes:
    """What a read of this item would have given, b"" when the record has it not."""
    for block, data in items:
        if di in (block, block | _ENERGY_BLOCK):
            return data
        size, first = _BLOCKS.get(block, (0, 0))
        at = ((di >> 8 & 0xFF) - first) * size
        if size and di | _ENERGY_BLOCK == block and 0 <= at < len(data):
            return data[at : at + size]
    return b""
