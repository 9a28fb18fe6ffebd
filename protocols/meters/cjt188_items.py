"""What stands where in CJ/T 188-2004 data: bytes, low byte first -> value, scale, unit.

A quantity is four BCD bytes and a unit code, so its scale comes with it: a total of 1 in code 05 (kWh) at two
decimals is 1 * 10**1 Wh. A filled or otherwise undecimal field is None, "not available".
Layouts: table 5 of the standard, as several independent decoders and the captures in the vectors agree on.
[K], one source each: the prices of 8102, the money of 8105. The second status byte is the maker's own.
"""

from protocols.lines.refused import Refused
from protocols.meters import dlt645_types

# code -> (unit, power of ten)
UNITS = {
    0x01: ("J", 0),
    0x02: ("Wh", 0),
    0x05: ("Wh", 3),
    0x08: ("Wh", 6),
    0x0A: ("Wh", 8),
    0x0B: ("J", 3),
    0x0E: ("J", 6),
    0x11: ("J", 9),
    0x13: ("J", 11),
    0x14: ("W", 0),
    0x17: ("W", 3),
    0x1A: ("W", 6),
    0x29: ("m3", -3),
    0x2C: ("m3", 0),
    0x32: ("m3/h", -3),
    0x35: ("m3/h", 0),
}
VALVE = ("open", "closed", "reserved", "fault")  # bits 0 and 1 of the status word
BATTERY_LOW = 0x04

# Types of fields: a quantity with unit code, BCD with a fixed unit, time, status word
QUANTITY, BCD, TIME, STATUS = range(4)
# rows: name, type, bytes, power of ten, unit ("" for a quantity: its own code says)
_VOLUME = (("volume_now", QUANTITY, 5, -2, ""), ("volume_settled", QUANTITY, 5, -2, ""))
_END = (("time", TIME, 7, 0, "s"), ("status", STATUS, 2, 0, ""))
_METERED = _VOLUME + _END
_HEAT = (
    ("heat_settled", QUANTITY, 5, -2, ""),
    ("heat_now", QUANTITY, 5, -2, ""),
    ("power", QUANTITY, 5, -2, ""),
    ("flow", QUANTITY, 5, -4, ""),
    ("volume_now", QUANTITY, 5, -2, ""),
    ("temperature_supply", BCD, 3, -2, "degC"),
    ("temperature_return", BCD, 3, -2, "degC"),
    ("worked", BCD, 3, 0, "h"),
) + _END
_MONEY = (
    ("purchase_number", BCD, 1, 0, ""),
    ("purchased", BCD, 4, -2, "yuan"),
    ("purchased_total", BCD, 4, -2, "yuan"),
    ("remaining", BCD, 4, -2, "yuan"),
    ("status", STATUS, 2, 0, ""),
)
_PRICES = (
    ("price_1", BCD, 3, -2, "yuan/m3"),
    ("volume_1", BCD, 3, 0, "m3"),
    ("price_2", BCD, 3, -2, "yuan/m3"),
    ("volume_2", BCD, 3, 0, "m3"),
    ("price_3", BCD, 3, -2, "yuan/m3"),
)
TOTALS, FIRST_MONTH, LAST_MONTH = 0x901F, 0xD120, 0xD12B
ITEMS = {
    0x8102: _PRICES,
    0x8103: (("settlement_day", BCD, 1, 0, ""),),
    0x8104: (("reading_day", BCD, 1, 0, ""),),
    0x8105: _MONEY,
    0x8106: (("key_version", BCD, 1, 0, ""),),
    0xA017: (("status", STATUS, 2, 0, ""),),
}


def layout(kind, di) -> tuple:
    """Rows of the data behind `di` in a meter of type `kind`; () when not known."""
    heat = kind & 0xF0 == 0x20
    if di == TOTALS:
        return _HEAT if heat else _METERED
    if FIRST_MONTH <= di <= LAST_MONTH:
        return _HEAT[:1] if heat else _VOLUME[1:]
    return ITEMS.get(di, ())


def decode(kind, di, data) -> list:
    """[(name, value, scale, unit)]: a status word as integer, a time in seconds of the meter's clock.

    Refused: unknown_item, bad_length, and bad_value for a unit code that is not known.
    """
    rows = layout(kind, di)
    if not rows:
        raise Refused("unknown_item", "%04X" % di)
    if len(data) != sum([row[2] for row in rows]):
        raise Refused("bad_length", "%04X of %d bytes" % (di, len(data)))
    out, at = [], 0
    for name, field, size, power, unit in rows:
        part = data[at : at + size]
        at += size
        out.append((name,) + _FIELDS[field](part, power, unit))
    return out


def quantity(data, power=-2, _unit="") -> tuple:
    """(value, scale, unit) of four BCD bytes and a unit code; the digits count 10**power of that unit."""
    if data[4] not in UNITS:
        raise Refused("bad_value", "unit %02X" % data[4])
    unit, shift = UNITS[data[4]]
    return _bcd(data[:4]), power + shift, unit


def _bcd(data):
    return dlt645_types.read(dlt645_types.BCD, data)


def _fixed(data, power, unit) -> tuple:
    return _bcd(data), power, unit


def _time(data, power, unit) -> tuple:
    """ss mm hh DD MM YY YY; None for a date outside 2000..2099 too."""
    if data[6] != 0x20:
        return None, power, unit
    weekday = b"\0"
    return dlt645_types.read(dlt645_types.DATETIME, data[:3] + weekday + data[3:6]), power, unit


def _status(data, power, unit) -> tuple:
    return data[0] | data[1] << 8, power, unit


_FIELDS = {QUANTITY: quantity, BCD: _fixed, TIME: _time, STATUS: _status}


def status_flags(word) -> list:
    """Names of what the standard defines in a status word: the valve, a low battery."""
    return ["valve_" + VALVE[word & 3]] + (["battery_low"] if word & BATTERY_LOW else [])
