"""What DL/T 645-2007 meters tell beside points: event records, tariff tables, freeze blocks, load records.

    decode(di, data)        [(name, value or None, scale, unit), ...]    03 xx, 1D, 1E, 04 01..04 03
    freeze_block(di, data)  [(obis, value or None, scale, unit), ...]    05 xx FF nn
    load_records(di, data)  [(t_s or None, good, rows as of freeze_block), ...]    06 ..

Times are seconds as in `dlt645_types`; one without year is a text, "MM-DD hh:mm". Bytes that are no number or
no time are None, "not available". Refused: unknown_item, or what cannot be the data of the item.

Sources: table A.4 of the standard as two public copies show it; load records: four programs agree; 1D and 1E:
two. K, one source only: 03 10, the rows of 03 30 05 and 03 30 06, 05 xx FF nn.
"""

from protocols.lines.refused import Refused
from protocols.meters import dlt645_items, dlt645_loads
from protocols.meters import dlt645_types as types

ROWS_MAX = 254  # of one table: public holidays; 2 x 8 day tables of 14 slots are 224

_ENERGY = "import b 4 -2 kWh,export b 4 -2 kWh,"
_ADDED = _ENERGY + "reactive1 s 4 -2 kvarh,reactive2 s 4 -2 kvarh,"
_BEFORE = _ENERGY + "q1 b 4 -2 kvarh,q2 b 4 -2 kvarh,q3 b 4 -2 kvarh,q4 b 4 -2 kvarh,"
_STATE = "voltage b 2 -1 V,current s 3 -3 A,power s 3 -4 kW,reactive_power s 3 -4 kvar,power_factor s 2 -3 ,"
_CHARGE = "charge b 4 -2 Ah,"
_DEMAND = "demand s 3 -4 kW,demand_time M 5 0 s,"
_SPAN, _BY = "begin X 6 0 s,end X 6 0 s,", "time X 6 0 s,operator d 4 0 ,"
_SLOT, _ZONE = "tariff b 1 0 ,start r 2 0 s,", "table b 1 0 ,start m 2 0 ,"
_DAY = "table b 1 0 ,date y 3 0 s,"


def _named(text, before, after) -> str:
    """Every field's name between the two."""
    return "".join([before + field.replace(" ", after + " ", 1) + "," for field in text.split(",")[:-1]])


def _phases(text) -> str:
    return "".join([_named(text, "", "_" + phase) for phase in "abc"])


_DEMAND_Q = _DEMAND.replace("kW", "kvar")
_SIX = "".join([_named(_DEMAND, name, "") for name in ("import_", "export_")])
_SIX += "".join([_named(_DEMAND_Q, name, "") for name in ("q1_", "q2_", "q3_", "q4_")])
# layout: fields (name type bytes scale unit), and behind a + those of a row that repeats to the end.
# Types: b s x d M of dlt645_items, X second to year, y date, r minute hour, m day month, R minute to month.
_LAYOUTS = {
    "span": _SPAN,
    "loss": _SPAN + _ADDED + _phases(_ADDED + _STATE) + _CHARGE + _phases(_CHARGE),
    "current": _SPAN + _ADDED + _phases(_ADDED + _STATE),
    "flow": _SPAN + _ADDED + _phases(_ADDED),
    "unbalance": _SPAN + "rate b 2 -2 %," + _ADDED + _phases(_ADDED),
    "all": "begin X 6 0 s,current s 3 -3 A,end X 6 0 s,",
    "demand": _SPAN + _DEMAND,
    "demand_q": _SPAN + _DEMAND_Q,
    "quality": "watched b 3 0 min,good b 3 -2 %,outside b 3 -2 %,above b 3 0 min,below b 3 0 min,"
    "highest b 2 -1 V,highest_time R 4 0 ,lowest b 2 -1 V,lowest_time R 4 0 ,",
    "programmed": _BY + "".join(["item_%d x 4 0 ," % i for i in range(1, 11)]),
    "cleared": _BY + _BEFORE + _phases(_BEFORE),
    "demands": _BY + _SIX + _phases(_SIX),
    "events": _BY + "item x 4 0 ,",
    "clock": "operator d 4 0 ,before X 6 0 s,after X 6 0 s,",
    "week": _BY + "table b 1 0 ,",
    "word": _BY + "word x 1 0 ,",
    "settlement": _BY + "settlement_1 d 2 0 ,settlement_2 d 2 0 ,settlement_3 d 2 0 ,",
    "cover": _SPAN + _named(_BEFORE, "", "_before") + _named(_BEFORE, "", "_after"),
    "switch": _BY + _BEFORE,
    "slots_set": _BY + "+" + _SLOT,
    "zones_set": _BY + "+" + _ZONE,
    "days_set": _BY + "+" + _DAY,
    "zones": "+" + _ZONE,
    "slots": "+" + _SLOT,
    "holiday": _DAY,
}
# DI3 DI2 DI1|how many DI1 in succession|DI0 from-to|layout
_TABLE = """\
030101|3|1-10|loss
030201|3|1-10|loss
030301|3|1-10|loss
030401|3|1-10|loss
030500|1|1-10|all
030600|1|1-10|span
030700|1|1-10|flow
030800|1|1-10|flow
030900|1|1-10|unbalance
030A00|1|1-10|unbalance
030B01|3|1-10|current
030C01|3|1-10|current
030D01|3|1-10|current
030E01|3|1-10|flow
030F01|3|1-10|flow
031000|4|0-12|quality
031100|1|1-10|span
031201|2|1-10|demand
031203|4|1-10|demand_q
033000|1|1-10|programmed
033001|1|1-10|cleared
033002|1|1-10|demands
033003|1|1-10|events
033004|1|1-10|clock
033005|1|1-10|slots_set
033006|1|1-10|zones_set
033007|1|1-10|week
033008|1|1-10|days_set
033009|3|1-10|word
03300C|1|1-10|settlement
03300D|2|1-10|cover
1D0001|1|1-10|switch
1E0001|1|1-10|switch
040100|1|0-0|zones
040100|1|1-8|slots
040200|1|0-0|zones
040200|1|1-8|slots
040300|1|1-254|holiday"""

_KINDS = {"b": types.BCD, "s": types.SIGNED, "x": types.BITS, "d": types.DIGITS, "M": types.MINUTE}
_LEAP = b"\x00"  # year 2000, in which every day of any year exists


def _read(letter, data):
    if letter == "X":
        return types.read(types.DATETIME, data[:3] + b"\0" + data[3:])
    if letter == "y":
        return types.read(types.DATE, b"\0" + data)
    if letter == "r":
        return types.read(types.TIME, b"\0" + data)
    if letter == "R":
        return yearless(data)
    if letter == "m":
        text = yearless(b"\0\0" + data)
        return text and text[:5]
    return types.read(_KINDS[letter], data)


def yearless(data) -> "str | None":
    """mm hh DD MM -> "MM-DD hh:mm", None when that is no time."""
    if types.read(types.MINUTE, data + _LEAP) is None:
        return None
    return "%02X-%02X %02X:%02X" % tuple(reversed(data))


def _fields(text) -> list:
    """[(name, letter, bytes, scale, unit), ...]"""
    out = []
    for field in text.split(",")[:-1]:
        name, letter, size, scale, unit = field.split(" ")
        out.append((name, letter, int(size), int(scale), unit))
    return out


def _size(fields) -> int:
    return sum([field[2] for field in fields])


def _rows(fields, data, before="") -> list:
    out, at = [], 0
    for name, letter, size, scale, unit in fields:
        out.append((before + name, _read(letter, data[at : at + size]), scale, unit))
        at += size
    return out


def layout(di) -> str:
    """Name of the record's layout, "" when `decode` does not know it."""
    for line in _TABLE.split("\n"):
        first, many, past, name = line.split("|")
        low, _, high = past.partition("-")
        if 0 <= (di >> 8) - int(first, 16) < int(many) and int(low) <= di & 0xFF <= int(high):
            return name
    return ""


def decode(di, data) -> list:
    """Rows of a table have their number before the name: "2/tariff"."""
    name = layout(di)
    if not name:
        raise Refused("unknown_item", "%08X" % di)
    head, _, row = _LAYOUTS[name].partition("+")
    head, row = _fields(head), _fields(row)
    left = len(data) - _size(head)
    count = left // _size(row) if row else 0
    if left != count * _size(row) or (row and not 0 < count <= ROWS_MAX):
        raise Refused("bad_length", "%d bytes cannot be the data of %08X" % (len(data), di))
    out = _rows(head, data)
    for number in range(count):
        at = _size(head) + number * _size(row)
        out += _rows(row, data[at : at + _size(row)], "%d/" % (number + 1))
    return out


# ---- blocks whose parts stand between AA, which is no byte of any number -----------------------------

_FREEZE_PARTS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x10)  # DI1 of each


def freeze_block(di, data) -> list:
    """All of the n-th last freeze; parts that the meter does not have are empty or missing."""
    if di >> 24 != 5 or di >> 8 & 0xFF != 0xFF:
        raise Refused("unknown_item", "%08X" % di)
    out = []
    parts = data.split(dlt645_loads.PART_END)
    if len(parts) > len(_FREEZE_PARTS) + 1:
        raise Refused("bad_length", "%d parts" % len(parts))
    for kind, part in zip(_FREEZE_PARTS, parts):
        if part:
            out += _item(di & 0xFFFF00FF | kind << 8, part)
    return out


def _item(di, data) -> list:
    try:
        return dlt645_items.decode(di, data)
    except dlt645_items.ItemError as error:
        raise Refused("bad_length" if di in dlt645_items.ITEMS else "unknown_item", error.args[0]) from None


def load_records(di, data) -> list:
    """In the order sent; `good` is False of a record that the meter itself marks as bad."""
    return [
        (types.read(types.MINUTE, minute), good, _all(items))
        for minute, good, items in dlt645_loads.records(di, data)
    ]


def _all(items) -> list:
    out = []
    for di, data in items:
        out += _item(di, data)
    return out
