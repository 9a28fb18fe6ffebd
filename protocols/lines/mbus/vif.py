"""What an M-Bus record measures: its value information field and extensions (EN 13757-3 clause 6.4).

A quantity is a name (part of the key of a value: stable), scale, unit and kind of data: number, unsigned
(flags and identifiers), date, absent (the meter says by an error code that it has no value).
Codes that are not in the tables get the name `vif_` and their hex and no unit: nothing is guessed.

Tables follow EN 13757-3:2013. Primary, FD to 70 and FB 00-31, 74-7F agree with a second source (the table of
libmbus, rscada/libmbus mbus/mbus-protocol-aux.c); [K] marks rows with the standard alone.
"""

from binascii import hexlify
from collections import namedtuple

from protocols.lines.mbus.values import take, text
from protocols.lines.refused import Refused

MAX_VIFE = 10
PLAIN_TEXT, ANY, MANUFACTURER = 0x7C, 0x7E, 0x7F

Vib = namedtuple("Vib", ("quantity", "scale", "unit", "kind"))

_S = ("s", "min", "h", "d")  # nn of a duration
_H = ("h", "d", "month", "year")

# (first code, how many, quantity, unit or units by code, scale of the first, kind)
PRIMARY = (
    (0x00, 8, "energy", "Wh", -3, "number"),
    (0x08, 8, "energy", "J", 0, "number"),
    (0x10, 8, "volume", "m3", -6, "number"),
    (0x18, 8, "mass", "kg", -3, "number"),
    (0x20, 4, "on_time", _S, 0, "number"),
    (0x24, 4, "operating_time", _S, 0, "number"),
    (0x28, 8, "power", "W", -3, "number"),
    (0x30, 8, "power", "J/h", 0, "number"),
    (0x38, 8, "volume_flow", "m3/h", -6, "number"),
    (0x40, 8, "volume_flow", "m3/min", -7, "number"),
    (0x48, 8, "volume_flow", "m3/s", -9, "number"),
    (0x50, 8, "mass_flow", "kg/h", -3, "number"),
    (0x58, 4, "flow_temperature", "C", -3, "number"),
    (0x5C, 4, "return_temperature", "C", -3, "number"),
    (0x60, 4, "temperature_difference", "K", -3, "number"),
    (0x64, 4, "external_temperature", "C", -3, "number"),
    (0x68, 4, "pressure", "bar", -3, "number"),
    (0x6C, 1, "date", "", 0, "date"),
    (0x6D, 1, "time", "", 0, "date"),
    (0x6E, 1, "hca", "", 0, "number"),
    (0x70, 4, "averaging_duration", _S, 0, "number"),
    (0x74, 4, "actuality_duration", _S, 0, "number"),
    (0x78, 1, "fabrication_number", "", 0, "unsigned"),
    (0x79, 1, "identification", "", 0, "unsigned"),
    (0x7A, 1, "bus_address", "", 0, "unsigned"),
    (0x7E, 1, "any", "", 0, "number"),
)
FD = (
    (0x00, 4, "credit", "currency", -3, "number"),
    (0x04, 4, "debit", "currency", -3, "number"),
    (0x08, 1, "access_number", "", 0, "unsigned"),
    (0x09, 1, "medium", "", 0, "unsigned"),
    (0x0A, 1, "manufacturer", "", 0, "unsigned"),
    (0x0B, 1, "parameter_set", "", 0, "unsigned"),
    (0x0C, 1, "model", "", 0, "unsigned"),
    (0x0D, 1, "hardware_version", "", 0, "unsigned"),
    (0x0E, 1, "firmware_version", "", 0, "unsigned"),
    (0x0F, 1, "software_version", "", 0, "unsigned"),
    (0x10, 1, "customer_location", "", 0, "unsigned"),
    (0x11, 1, "customer", "", 0, "unsigned"),
    (0x12, 1, "access_code_user", "", 0, "unsigned"),
    (0x13, 1, "access_code_operator", "", 0, "unsigned"),
    (0x14, 1, "access_code_system_operator", "", 0, "unsigned"),
    (0x15, 1, "access_code_developer", "", 0, "unsigned"),
    (0x16, 1, "password", "", 0, "unsigned"),
    (0x17, 1, "error_flags", "", 0, "unsigned"),
    (0x18, 1, "error_mask", "", 0, "unsigned"),
    (0x1A, 1, "digital_output", "", 0, "unsigned"),
    (0x1B, 1, "digital_input", "", 0, "unsigned"),
    (0x1C, 1, "baud_rate", "Bd", 0, "unsigned"),
    (0x1D, 1, "response_delay", "bit", 0, "unsigned"),
    (0x1E, 1, "retry", "", 0, "unsigned"),
    (0x1F, 1, "remote_control", "", 0, "unsigned"),  # [K]
    (0x20, 1, "first_storage", "", 0, "unsigned"),
    (0x21, 1, "last_storage", "", 0, "unsigned"),
    (0x22, 1, "storage_block_size", "", 0, "unsigned"),
    (0x24, 4, "storage_interval", _S, 0, "number"),
    (0x28, 2, "storage_interval", ("month", "year"), 0, "number"),
    (0x2C, 4, "since_readout", _S, 0, "number"),
    (0x30, 1, "tariff_start", "", 0, "date"),
    (0x31, 3, "tariff_duration", _S[1:], 0, "number"),
    (0x34, 4, "tariff_period", _S, 0, "number"),
    (0x38, 2, "tariff_period", ("month", "year"), 0, "number"),
    (0x3A, 1, "dimensionless", "", 0, "number"),
    (0x40, 16, "voltage", "V", -9, "number"),
    (0x50, 16, "current", "A", -12, "number"),
    (0x60, 1, "reset_counter", "", 0, "unsigned"),
    (0x61, 1, "cumulation_counter", "", 0, "unsigned"),
    (0x62, 1, "control_signal", "", 0, "unsigned"),
    (0x63, 1, "day_of_week", "", 0, "unsigned"),
    (0x64, 1, "week_number", "", 0, "unsigned"),
    (0x65, 1, "day_change", "", 0, "date"),
    (0x66, 1, "parameter_activation", "", 0, "unsigned"),
    (0x67, 1, "supplier_information", "", 0, "unsigned"),
    (0x68, 4, "since_cumulation", _H, 0, "number"),
    (0x6C, 4, "battery_time", _H, 0, "number"),
    (0x70, 1, "battery_change", "", 0, "date"),
    (0x71, 1, "rf_level", "dBm", 0, "number"),  # [K]
    (0x74, 1, "battery_left", "d", 0, "number"),  # [K]
    (0x75, 1, "stops", "", 0, "unsigned"),  # [K]
)
FB = (
    (0x00, 2, "energy", "Wh", 5, "number"),
    (0x02, 2, "reactive_energy", "varh", 3, "number"),  # [K]
    (0x04, 2, "apparent_energy", "VAh", 3, "number"),  # [K]
    (0x08, 2, "energy", "J", 8, "number"),
    (0x0C, 4, "energy", "cal", 5, "number"),  # [K]
    (0x10, 2, "volume", "m3", 2, "number"),
    (0x14, 4, "reactive_power", "var", 0, "number"),  # [K]
    (0x18, 2, "mass", "kg", 5, "number"),
    (0x1A, 2, "relative_humidity", "%", -1, "number"),  # [K]
    (0x28, 2, "power", "W", 5, "number"),
    (0x2A, 1, "phase_voltage", "deg", -1, "number"),  # [K]
    (0x2B, 1, "phase_current", "deg", -1, "number"),  # [K]
    (0x2C, 4, "frequency", "Hz", -3, "number"),  # [K]
    (0x30, 2, "power", "J/h", 8, "number"),
    (0x34, 4, "apparent_power", "VA", 0, "number"),  # [K]
    (0x74, 4, "temperature_limit", "C", -3, "number"),
    (0x78, 8, "cumulated_maximum_power", "W", -3, "number"),
)
# Extensions of a quantity: what they add to its unit
PER = {
    0x20: "/s", 0x21: "/min", 0x22: "/h", 0x23: "/d", 0x24: "/week", 0x25: "/month", 0x26: "/year",
    0x28: "/pulse", 0x29: "/pulse", 0x2A: "/pulse", 0x2B: "/pulse", 0x2C: "/l", 0x2D: "/m3", 0x2E: "/kg",
    0x2F: "/K", 0x30: "/kWh", 0x31: "/GJ", 0x32: "/kW", 0x34: "/V", 0x35: "/A", 0x36: "*s",
}  # fmt: skip
DATES = (0x39, 0x42, 0x43, 0x46, 0x47, 0x4A, 0x4B, 0x4E, 0x4F, 0x6A, 0x6B, 0x6E, 0x6F)
COUNTS = (0x41, 0x49)
NO_VALUE = (0x15, 0x16, 0x17, 0x18)  # none available, overflow, underflow, error


def _rows(table) -> dict:
    found = {}
    for first, count, quantity, unit, scale, kind in table:
        for n in range(count):
            units = unit[n] if isinstance(unit, tuple) else unit
            found[first + n] = Vib(quantity, scale if isinstance(unit, tuple) else scale + n, units, kind)
    return found


_TABLES = {0: _rows(PRIMARY), 0xFD: _rows(FD), 0xFB: _rows(FB)}


def read(data, at, big) -> tuple:
    """(Vib, at behind the fields) of what stands at `at`; raises Refused."""
    first = data[at] if at < len(data) else take(data, at, 1)[0]
    # Most fields have no extension, and the tables no code above 7F: what is found there is the whole.
    size = 2 if first in (0xFD, 0xFB) and at + 1 < len(data) else 1
    found = _TABLES[first].get(data[at + 1]) if size == 2 else _TABLES[0].get(first)
    if found:
        return found, at + size
    if first & 0x7F == PLAIN_TEXT:
        return _plain(data, at, big)
    table, name = 0, first & 0x7F
    chain, at = _chain(data, at)
    if first in (0xFD, 0xFB):
        table, name, chain = first, chain[1] & 0x7F, chain[1:]
    if table == 0 and name == MANUFACTURER:
        suffix = "+" + hexlify(chain[1:]).decode() if len(chain) > 1 else ""
        return Vib("manufacturer" + suffix, 0, "", "number"), at
    code = "vif_%s%02x" % ("%02x" % table if table else "", name)
    return _extended(_TABLES[table].get(name) or Vib(code, 0, "", "number"), chain[1:]), at


def _chain(data, at) -> tuple:
    """(field and its extensions, at behind them)"""
    start = at
    while take(data, at, 1)[0] & 0x80:
        at += 1
        if at - start > MAX_VIFE:
            raise Refused("too_long", "more than %d VIFE" % MAX_VIFE)
    return data[start : at + 1], at + 1


def _extended(vib, extensions) -> Vib:
    quantity, scale, unit, kind = vib
    for i, byte in enumerate(extensions):
        code = byte & 0x7F
        if code == MANUFACTURER:
            quantity += "+" + hexlify(extensions[i:]).decode()
            break
        if 0x70 <= code <= 0x77:
            scale += code - 0x76
        elif code == 0x7D:
            scale += 3
        elif code in NO_VALUE:
            kind = "absent"
        elif code:  # 0: no error
            quantity, (scale, unit, kind) = quantity + "+%02x" % code, _meaning(code, scale, unit, kind)
    return Vib(quantity, scale, unit, kind)


def _meaning(code, scale, unit, kind) -> tuple:
    """What an extension makes of (scale, unit, kind)."""
    if code in DATES:
        return 0, "", "date"
    if code in COUNTS:
        return 0, "", "unsigned"
    if 0x50 <= code <= 0x67:
        return 0, _S[code & 3], "number"
    return scale, unit + PER.get(code, ""), kind


def _plain(data, at, big) -> tuple:
    """A unit in plain text: length and letters, before the extensions or, as some meters do, behind them."""
    first = data[at]
    if first & 0x80 and not _letters(data, at + 1):
        extensions, at = _chain(data, at + 1)
        unit, at = _letters_of(data, at, big)
    else:
        unit, at = _letters_of(data, at + 1, big)
        extensions, at = _chain(data, at) if first & 0x80 else (b"", at)
    return _extended(Vib(unit.strip() or "plain", 0, unit, "number"), extensions), at


def _letters(data, at) -> bool:
    size = data[at] if at < len(data) else 0
    found = data[at + 1 : at + 1 + size]
    return 0 < size == len(found) and all(0x20 <= b != 0x7F for b in found)


def _letters_of(data, at, big) -> tuple:
    size = take(data, at, 1)[0]
    return text(take(data, at + 1, size), big), at + 1 + size
