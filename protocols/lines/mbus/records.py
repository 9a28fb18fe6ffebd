"""The data records of an M-Bus telegram (EN 13757-3 clause 6): DIF DIFE* VIF VIFE* data each.

A decoded record has the key `quantity/storage/tariff/subunit/function`, e.g. `energy/0/1/0/inst`: quantity
from mbus.vif with extensions that change the meaning as +hex (`power+ff01`), storage 0 = now, tariff 0 =
total, function inst, max, min or error. A unit other than the usual one of its quantity stands behind it
(`energy-j`, `power-j_h`, `on_time-d`; of durations hours are usual), so that what is told by key alone is not
taken for another. From the second on, records with the same key get #2, #3 ...
A manufacturer's own block is `manufacturer_data/0/0/0/inst` with bytes.
"""

from collections import namedtuple

from protocols.lines.mbus import values, vif
from protocols.lines.refused import Refused

MAX_DIFE = 10
IDLE, MANUFACTURER, MORE, READOUT = 0x2F, 0x0F, 0x1F, 0x7F
# Joules and calories, per what they may be, are not what Wh is, nor are these
UNUSUAL = ("J", "cal", "m3/min", "m3/s", "s", "min", "d", "month", "year")
FUNCTIONS = ("inst", "max", "min", "error")

Record = namedtuple(
    "Record", ("quantity", "storage", "tariff", "subunit", "function", "value", "scale", "unit")
)


def decode(data, big=False) -> tuple:
    """(list of Record, True when more records follow in the next telegram); raises Refused."""
    records, at = [], 0
    while at < len(data):
        dif = data[at]
        if dif == IDLE:
            at += 1
        elif dif in (MANUFACTURER, MORE):
            rest = bytes(data[at + 1 :])
            if rest:
                records.append(Record("manufacturer_data", 0, 0, 0, "inst", rest, 0, ""))
            return records, dif == MORE
        else:
            record, at = _record(data, at, big)
            records.append(record)
    return records, False


def _record(data, at, big) -> tuple:
    dif = data[at]
    if dif & 0x0F == values.SPECIAL:
        raise Refused("unknown_type", "DIF %02X" % dif)
    if dif & 0x80:
        storage, tariff, subunit, at = _extensions(data, at)
    else:
        storage, tariff, subunit, at = dif >> 6, 0, 0, at + 1
    vib, at = vif.read(data, at, big)
    value, scale, at = values.decode(dif & 0x0F, vib.kind, data, at, big)
    function = FUNCTIONS[dif >> 4 & 3]
    return Record(vib.quantity, storage, tariff, subunit, function, value, vib.scale + scale, vib.unit), at


def _extensions(data, at) -> tuple:
    """(storage, tariff, subunit, at behind the DIFE): each DIFE adds 4, 2 and 1 bits."""
    storage, tariff, subunit, i = data[at] >> 6 & 1, 0, 0, 0
    while data[at] & 0x80:
        at += 1
        byte = values.take(data, at, 1)[0]
        if i == MAX_DIFE:
            raise Refused("too_long", "more than %d DIFE" % MAX_DIFE)
        storage |= (byte & 15) << 1 + 4 * i
        tariff |= (byte >> 4 & 3) << 2 * i
        subunit |= (byte >> 6 & 1) << i
        i += 1
    return storage, tariff, subunit, at + 1


def _mark(unit) -> str:
    apart = unit in UNUSUAL or unit.split("/")[0] in UNUSUAL
    return "-" + unit.lower().replace("/", "_") if apart else ""


def keyed(records) -> list:
    """Records -> [(key, value, scale, unit)], each key once."""
    seen, out = {}, []
    for r in records:
        quantity = r.quantity + _mark(r.unit)
        key = "%s/%d/%d/%d/%s" % (quantity, r.storage, r.tariff, r.subunit, r.function)
        seen[key] = seen.get(key, 0) + 1
        out.append((key if seen[key] == 1 else key + "#%d" % seen[key], r.value, r.scale, r.unit))
    return out


def encode(field, vib, value, storage=0, tariff=0, subunit=0, function="inst") -> bytes:
    """One record for a simulated meter: `field` the DIF's data field, `vib` the VIF and VIFE as bytes."""
    dif = field | FUNCTIONS.index(function) << 4 | (storage & 1) << 6
    out, storage = [dif], storage >> 1
    while storage or tariff or subunit:
        out[-1] |= 0x80
        out.append(storage & 15 | (tariff & 3) << 4 | (subunit & 1) << 6)
        storage, tariff, subunit = storage >> 4, tariff >> 2, subunit >> 1
    if len(out) > MAX_DIFE + 1:
        raise ValueError("storage, tariff or subunit too large")
    return bytes(out) + bytes(vib) + values.encode(field, value)
