"""Names of field types as people write them in a profile, and units of data sheets. Not for devices."""

from protocols.meters import dlt645_types as dlt645
from protocols.meters import types

# name -> (number, bytes or 0 where the profile must say, order of the letters, what it is)
NAMES = {
    "bcd": (dlt645.BCD, 0, "", "BCD, low byte first; a nibble that is no digit means absent"),
    "bcd-sign": (dlt645.SIGNED, 0, "", "as bcd, the top bit is the sign"),
    "bits": (dlt645.BITS, 0, "", "unsigned, low byte first"),
    "digits": (dlt645.DIGITS, 0, "", "BCD, low byte first, shown as a text of digits"),
    "text-reversed": (dlt645.TEXT, 0, "", "ASCII, last character first (DL/T 645)"),
    "date-645": (dlt645.DATE, 4, "", "weekday day month year, BCD"),
    "time-645": (dlt645.TIME, 3, "", "second minute hour, BCD"),
    "clock-645": (dlt645.DATETIME, 7, "", "second minute hour weekday day month year, BCD"),
    "minute-645": (dlt645.MINUTE, 5, "", "minute hour day month year, BCD"),
    "ascii": (types.ASCII, 0, "", "ASCII as it stands, filled with 00 or blanks"),
    "hex": (types.HEX, 0, "", "bytes, shown as a text of hex digits"),
    "numeral": (types.NUMERAL, 0, "", "decimal text such as 001234.50"),
    "bcd-time": (types.BCD_TIME, 0, "", "BCD bytes in `order`"),
    "bin-time": (types.BIN_TIME, 0, "", "binary bytes in `order`"),
    "text-time": (types.TEXT_TIME, 0, "", "digits of text in `order`"),
    "dlms-time": (types.BIN_TIME, 12, "yMDWhns....", "COSEM date-time of 12 bytes"),
    "time-698": (types.BIN_TIME, 7, "yMDhns", "DL/T 698.45 date_time_s"),
    "mbus-date": (types.MBUS_DATE, 2, "", "EN 13757-3 type G"),
    "mbus-time": (types.MBUS_TIME, 4, "", "EN 13757-3 type F"),
    "number": (types.NUMBER, 0, "", "a number that the reader has decoded, with its own scale"),
    "text": (types.TEXT, 0, "", "a text that the reader has decoded"),
}

# Orders of a number of more than 16 bits: (suffix, what it is); one of 16 bits has the first and the last
ORDERS = (
    ("", "high byte first"),
    ("-cdab", "low word first"),
    ("-badc", "high word first, bytes of a word swapped"),
    ("-dcba", "low byte first"),
)
_NUMBERS = (  # letter, base, bits, what it is
    ("u", types.UINT, (8, 16, 32, 48, 64), "unsigned integer"),
    ("i", types.INT, (8, 16, 32, 64), "signed integer"),
    ("f", types.FLOAT, (32, 64), "IEEE 754 float"),
)
_BCD = "BCD of a whole number of registers, "


def _numbers():
    for letter, base, sizes, what in _NUMBERS:
        for bits in sizes:
            for order, (suffix, how) in enumerate(ORDERS if bits > 16 else ORDERS[:1]):
                text = "%s, %s" % (what, how) if bits > 8 else what
                yield "%s%d%s" % (letter, bits, suffix), types.NUMERIC + 4 * base + order, bits // 8, text
        if base != types.FLOAT:
            yield letter + "16-dcba", types.NUMERIC + 4 * base + types.DCBA, 2, what + ", low byte first"
    for order in (types.ABCD, types.CDAB):
        yield (
            "bcd" + (ORDERS[order][0] or "-be"),
            types.NUMERIC + 4 * types.DECIMAL + order,
            0,
            _BCD + ORDERS[order][1],
        )


for _name, _kind, _width, _what in _numbers():
    NAMES[_name] = (_kind, _width, "", _what)

# A unit a datasheet uses -> (the unit of our points, power of ten to it)
UNITS = {
    "W": ("kW", -3), "MW": ("kW", 3), "var": ("kvar", -3), "Mvar": ("kvar", 3), "VA": ("kVA", -3),
    "MVA": ("kVA", 3), "Wh": ("kWh", -3), "MWh": ("kWh", 3), "varh": ("kvarh", -3), "Mvarh": ("kvarh", 3),
    "VAh": ("kVAh", -3), "MVAh": ("kVAh", 3), "mV": ("V", -3), "kV": ("V", 3), "mA": ("A", -3),
    "kA": ("A", 3), "l": ("m3", -3), "l/h": ("m3/h", -3), "J": ("MJ", -6), "kJ": ("MJ", -3),
    "GJ": ("MJ", 3), "mHz": ("Hz", -3),
}  # fmt: skip
