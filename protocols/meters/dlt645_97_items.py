"""Data identifiers of DL/T 645-1997 and the points their data shows; functions as in `dlt645_items`.

Bits 11 and 10 of an energy, demand or its time say now, last month (*101) or the one before (*102). With a
last digit F it is a block, of total and tariffs or of the phases, which may end with AA. A time without year
is a text, "MM-DD hh:mm". Forward reactive is shown as combined reactive 1, reverse as 2.

Sources: tables A.1-A.5 of the standard as two public programs show them, and serial logs of two meters. Where
those disagree (B66x, B68x) nothing is decoded.
"""

from binascii import unhexlify

from protocols.meters import dlt645_items, dlt645_records
from protocols.meters.dlt645_items import Item, ItemError
from protocols.meters.points import BY_NO, Index

BLOCK_END = b"\xaa"

# first DI|members|F has a block, m of months|field. Types as in dlt645_items, and R: minute hour day month
_TABLE = """\
9010|15|Fm|energy_import_wh b 4 -2
9020|15|Fm|energy_export_wh b 4 -2
9110|15|Fm|energy_reactive1_varh b 4 -2
9120|15|Fm|energy_reactive2_varh b 4 -2
9130|15|Fm|energy_q1_varh b 4 -2
9140|15|Fm|energy_q4_varh b 4 -2
9150|15|Fm|energy_q2_varh b 4 -2
9160|15|Fm|energy_q3_varh b 4 -2
A010|15|Fm|demand_import_dw b 3 -4
A020|15|Fm|demand_export_dw b 3 -4
A110|15|Fm|demand_reactive1_dvar b 3 -4
A120|15|Fm|demand_reactive2_dvar b 3 -4
A130|15|Fm|demand_q1_dvar b 3 -4
A140|15|Fm|demand_q4_dvar b 3 -4
A150|15|Fm|demand_q2_dvar b 3 -4
A160|15|Fm|demand_q3_dvar b 3 -4
B010|15|Fm|demand_import_time R 4 0
B020|15|Fm|demand_export_time R 4 0
B110|15|Fm|demand_reactive1_time R 4 0
B120|15|Fm|demand_reactive2_time R 4 0
B130|15|Fm|demand_q1_time R 4 0
B140|15|Fm|demand_q4_time R 4 0
B150|15|Fm|demand_q2_time R 4 0
B160|15|Fm|demand_q3_time R 4 0
B212|1||programming_count b 2 0
B213|1||demand_clear_count b 2 0
B214|1||battery_min b 3 0
B311|3||phase_loss_a_count b 2 0
B321|3||phase_loss_a_min b 3 0
B611|3|F|voltage_a_dv b 2 0
B621|3|F|current_a_ma b 2 -2
B630|4|F|power_dw b 3 -4
B634|1||limit_import_dw b 2 -2
B635|1||limit_export_dw b 2 -2
B640|4|F|reactive_power_dvar b 2 -2
B650|4|F|power_factor_e3 b 2 -3
C010|1||clock_date D 4 0
C011|1||clock_time T 3 0
C030|1||active_constant b 3 0
C031|1||reactive_constant b 3 0
C032|1||meter_no d 6 0
C111|1||demand_period_min b 1 0
C112|1||demand_slide_min b 1 0
C310|1||year_zones b 1 0
C311|1||day_tables b 1 0
C312|1||day_slots b 1 0
C313|1||tariffs b 1 0
C314|1||holidays b 1 0"""
_MONTHS = 0x0C00


def _find(di):
    """(Item, whether it is a time without year), or None."""
    for line in _TABLE.split("\n"):
        first, members, marks, field = line.split("|")
        past = di >> 10 & 3 if "m" in marks else 0
        ahead = (di & ~_MONTHS if "m" in marks else di) - int(first, 16)
        block = "F" in marks and int(first, 16) + ahead == int(first, 16) | 15
        if past < 3 and (block or 0 <= ahead < int(members)):
            fields = dlt645_items.fields_of(field.replace(" R ", " M "), 0 if block else ahead)
            return Item(fields, int(members) if block else 0, past), " R " in field
    return None


ITEMS = Index(_find)


def _item(di) -> tuple:
    found = ITEMS.get(di)
    if found is None:
        raise ItemError("identifier %04X is not in the table" % di)
    return found


def _obis(item, member) -> str:
    code = BY_NO[item.fields[0][0] + member][1]
    return code[:-3] + str(100 + item.past) if item.past else code


def decode(di, data) -> list:
    """[(obis, value or None, scale, unit), ...]; ItemError: unknown identifier or wrong length."""
    item, yearless = _item(di)
    if item.members and data[-1:] == BLOCK_END:  # no byte of a number
        data = data[:-1]
    rows = _times(item, data) if yearless else dlt645_items.values_of(item, data)
    if not rows:
        raise ItemError("%d bytes cannot be the data of %04X" % (len(data), di))
    return rows


def _times(item, data) -> list:
    if len(data) % 4 or len(data) > 4 * (item.members or 1):
        return []
    parts = [data[at : at + 4] for at in range(0, len(data), 4)]
    return [(_obis(item, i), dlt645_records.yearless(part), 0, "") for i, part in enumerate(parts)]


def encode(di, values) -> bytes:
    """As `dlt645_items.encode`, without the AA at the end of a block."""
    item, yearless = _item(di)
    data = _times_data(item, values) if yearless else dlt645_items.data_of(item, values)
    if not data:
        raise ItemError("no value for %04X" % di)
    return data


def _times_data(item, values) -> bytes:
    codes = [_obis(item, i) for i in range(item.members or 1)]
    end = max([i + 1 for i, code in enumerate(codes) if code in values] or [0])
    out = b""
    for code in codes[:end]:
        digits = (values.get(code) or "FF-FF FF:FF").replace("-", "").replace(" ", "").replace(":", "")
        out += bytes(reversed(unhexlify(digits)))
    return out
