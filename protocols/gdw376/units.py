"""Data unit identifiers of Q/GDW 376.1 (clause 4.3.4.4): DA1 DA2 DT1 DT2 <-> pairs (p, F).

DA2 is a group of eight points (1 = p1..p8), DA1 has a bit for each; 00 00 is p0, the terminal itself, FF 00
all. DT2 is a group of eight items (0 = F1..F8), DT1 has a bit for each. Several bits mean several units, data
one after the other: first all items of the first point, then of the next.
"""

from protocols.lines.refused import Refused

SIZE = 4
ALL = -1  # every valid point
MAX_POINT, MAX_ITEM = 2040, 248


def decode(data) -> list:
    """4 bytes -> [(p, F)] in the order of their data; raises Refused."""
    da1, da2, dt1, dt2 = data
    if dt2 > 30 or not dt1 or (da2 == 0 and da1 not in (0, 0xFF)) or (da2 and not da1):
        raise Refused("bad_value", "identifier %02X%02X%02X%02X" % (da1, da2, dt1, dt2))
    points = [ALL if da1 else 0] if da2 == 0 else [(da2 - 1) * 8 + n for n in _bits(da1)]
    return [(p, dt2 * 8 + n) for p in points for n in _bits(dt1)]


def _bits(byte) -> list:
    """Numbers of the set bits, 1-8."""
    return [n + 1 for n in range(8) if byte >> n & 1]


def encode(pairs) -> bytes:
    """[(p, F)] -> 4 bytes; ValueError when one identifier cannot name just these."""
    da1 = dt1 = 0
    groups = set()
    for p, item in pairs:
        if not ALL <= p <= MAX_POINT or not 1 <= item <= MAX_ITEM:
            raise ValueError("p%d F%d" % (p, item))
        da2 = (p + 7) // 8 if p > 0 else 0
        da1 |= 1 << (p - 1) % 8 if p > 0 else (0xFF if p == ALL else 0)
        dt1 |= 1 << (item - 1) % 8
        groups.add((da2, (item - 1) // 8))
    if len(groups) != 1:
        raise ValueError("not one group of points and items")
    ((da2, dt2),) = groups
    wire = bytes([da1, da2, dt1, dt2])
    if sorted(pairs) != decode(wire):
        raise ValueError("one identifier would name more than these")
    return wire
