"""Data identifiers (DI) of DL/T 645-2007 and the points their data shows.

`ITEMS.get(di)` is an Item or None, `decode` and `encode` go between data bytes and values. A block (FF in the
DI) repeats the fields of its first member for the members that follow; how many, the length says, because
meters differ in tariffs and phases. The n-th last settlement, freeze or purchase has OBIS ...*(100 + n).

Sources: tables A.1-A.8 of the standard as three public item tables show them; K = one source only.
"""

from collections import namedtuple

from protocols.meters import dlt645_types as types
from protocols.meters import dlt645_write
from protocols.meters.points import BY_ALIAS, BY_NO, Index

# fields: ((point no of member 0, type, bytes, scale), ...); members: 0 = the fields once, else the most of a
# block; past: n of the n-th last, 0 = now
Item = namedtuple("Item", ("fields", "members", "past"))


class ItemError(ValueError):
    """Data that is not the item it claims to be, or an item we do not know; args[0] says why."""


# first DI|step to the next member|members|block DI|past records|fields (alias type bytes scale, ...)
# Types: b BCD, s BCD with sign, x bits, d digits, t text, D date, T time of day, C clock, M date and minute.
# All freezes (05 00 timed .. 05 07) have the layout of the daily one, 05 06, and are looked up there.
_TABLE = """\
00000000|100|40|0000FF00|0-12|energy_combined_wh s 4 -2
00010000|100|40|0001FF00|0-12|energy_import_wh b 4 -2
00020000|100|40|0002FF00|0-12|energy_export_wh b 4 -2
00030000|100|40|0003FF00|0-12|energy_reactive1_varh s 4 -2
00040000|100|40|0004FF00|0-12|energy_reactive2_varh s 4 -2
00050000|100|40|0005FF00|0-12|energy_q1_varh b 4 -2
00060000|100|40|0006FF00|0-12|energy_q2_varh b 4 -2
00070000|100|40|0007FF00|0-12|energy_q3_varh b 4 -2
00080000|100|40|0008FF00|0-12|energy_q4_varh b 4 -2
00090000|100|40|0009FF00|0-12|energy_apparent_import_vah b 4 -2
000A0000|100|40|000AFF00|0-12|energy_apparent_export_vah b 4 -2
00150000|140000|3||0-12|energy_import_a_wh b 4 -2
00160000|140000|3||0-12|energy_export_a_wh b 4 -2
00170000|140000|3||0-12|energy_reactive1_a_varh s 4 -2
00180000|140000|3||0-12|energy_reactive2_a_varh s 4 -2
00190000|140000|3||0-12|energy_q1_a_varh b 4 -2
001A0000|140000|3||0-12|energy_q2_a_varh b 4 -2
001B0000|140000|3||0-12|energy_q3_a_varh b 4 -2
001C0000|140000|3||0-12|energy_q4_a_varh b 4 -2
001D0000|140000|3||0-12|energy_apparent_import_a_vah b 4 -2
001E0000|140000|3||0-12|energy_apparent_export_a_vah b 4 -2
00900100||||-|remaining_wh b 4 -2
00900101||||-|overdrawn_wh b 4 -2
00900200||||-|remaining_yuan_e4 b 4 -2
00900201||||-|overdrawn_yuan_e4 b 4 -2
01010000|100|40|0101FF00|0-12|demand_import_dw b 3 -4,demand_import_time M 5 0
01020000|100|40|0102FF00|0-12|demand_export_dw b 3 -4,demand_export_time M 5 0
01030000|100|40|0103FF00|0-12|demand_reactive1_dvar s 3 -4,demand_reactive1_time M 5 0
01040000|100|40|0104FF00|0-12|demand_reactive2_dvar s 3 -4,demand_reactive2_time M 5 0
01050000|100|40|0105FF00|0-12|demand_q1_dvar b 3 -4,demand_q1_time M 5 0
01060000|100|40|0106FF00|0-12|demand_q2_dvar b 3 -4,demand_q2_time M 5 0
01070000|100|40|0107FF00|0-12|demand_q3_dvar b 3 -4,demand_q3_time M 5 0
01080000|100|40|0108FF00|0-12|demand_q4_dvar b 3 -4,demand_q4_time M 5 0
01090000|100|40|0109FF00|0-12|demand_apparent_import_dva b 3 -4,demand_apparent_import_time M 5 0
010A0000|100|40|010AFF00|0-12|demand_apparent_export_dva b 3 -4,demand_apparent_export_time M 5 0
02010100|100|3|0201FF00|-|voltage_a_dv b 2 -1
02020100|100|3|0202FF00|-|current_a_ma s 3 -3
02030000|100|4|0203FF00|-|power_dw s 3 -4
02040000|100|4|0204FF00|-|reactive_power_dvar s 3 -4
02050000|100|4|0205FF00|-|apparent_power_dva s 3 -4
02060000|100|4|0206FF00|-|power_factor_e3 s 2 -3
02070100|100|3|0207FF00|-|angle_a_ddeg b 2 -1
02080100|100|3|0208FF00|-|thd_voltage_a_cpct b 2 -2
02090100|100|3|0209FF00|-|thd_current_a_cpct b 2 -2
020A0101|1|15|020A01FF|-|harmonic_voltage_a_1_cpct b 2 -2
020A0201|1|15|020A02FF|-|harmonic_voltage_b_1_cpct b 2 -2
020A0301|1|15|020A03FF|-|harmonic_voltage_c_1_cpct b 2 -2
020B0101|1|15|020B01FF|-|harmonic_current_a_1_cpct b 2 -2
020B0201|1|15|020B02FF|-|harmonic_current_b_1_cpct b 2 -2
020B0301|1|15|020B03FF|-|harmonic_current_c_1_cpct b 2 -2
02800001||||-|current_n_ma s 3 -3
02800002||||-|frequency_chz b 2 -2
02800003||||-|power_1min_dw s 3 -4
02800004||||-|demand_now_dw s 3 -4
02800005||||-|demand_now_dvar s 3 -4
02800006||||-|demand_now_dva s 3 -4
02800007||||-|temperature_ddegc s 2 -1
02800008||||-|clock_battery_cv b 2 -2
02800009||||-|reading_battery_cv b 2 -2
0280000A||||-|battery_min b 4 0
03010000||3|03010000|-|voltage_loss_a_count b 3 0,voltage_loss_a_min b 3 0
03020000||3|03020000|-|under_voltage_a_count b 3 0,under_voltage_a_min b 3 0
03030000||3|03030000|-|over_voltage_a_count b 3 0,over_voltage_a_min b 3 0
03040000||3|03040000|-|phase_loss_a_count b 3 0,phase_loss_a_min b 3 0
03050000||||-|all_voltage_loss_count b 3 0,all_voltage_loss_min b 3 0
03060000||||-|aux_supply_loss_count b 3 0,aux_supply_loss_min b 3 0
03070000||||-|voltage_sequence_count b 3 0,voltage_sequence_min b 3 0
03080000||||-|current_sequence_count b 3 0,current_sequence_min b 3 0
03090000||||-|voltage_unbalance_count b 3 0,voltage_unbalance_min b 3 0
030A0000||||-|current_unbalance_count b 3 0,current_unbalance_min b 3 0
030B0000||3|030B0000|-|current_loss_a_count b 3 0,current_loss_a_min b 3 0
030C0000||3|030C0000|-|over_current_a_count b 3 0,over_current_a_min b 3 0
030D0000||3|030D0000|-|current_break_a_count b 3 0,current_break_a_min b 3 0
030E0000||3|030E0000|-|reverse_flow_a_count b 3 0,reverse_flow_a_min b 3 0
030F0000||3|030F0000|-|overload_a_count b 3 0,overload_a_min b 3 0
03110000||||-|power_down_count b 3 0
03300000||||-|programming_count b 3 0
03300100||||-|meter_clear_count b 3 0
03300200||||-|demand_clear_count b 3 0
03300300||||-|event_clear_count b 3 0
03300400||||-|clock_set_count b 3 0
03300D00||||-|cover_open_count b 3 0
03300E00||||-|terminal_cover_open_count b 3 0
03330100||||1-10|energy_purchase_time M 5 0
03330200||||1-10|energy_purchase_count b 2 0
03330300||||1-10|energy_bought_wh b 4 -2
03330400||||1-10|energy_before_purchase_wh b 4 -2
03330500||||1-10|energy_after_purchase_wh b 4 -2
03330600||||1-10|energy_bought_total_wh b 4 -2
03340100||||1-10|money_purchase_time M 5 0
03340200||||1-10|money_purchase_count b 2 0
03340300||||1-10|money_bought_yuan_e4 b 4 -2
03340400||||1-10|money_before_purchase_yuan_e4 b 4 -2
03340500||||1-10|money_after_purchase_yuan_e4 b 4 -2
03340600||||1-10|money_bought_total_yuan_e4 b 4 -2
04000101||||-|clock_date D 4 0
04000102||||-|clock_time T 3 0
04000103||||-|demand_period_min b 1 0
04000104||||-|demand_slide_min b 1 0
0400010C||||-|clock C 7 0
04000201||||-|year_zones b 1 0
04000202||||-|day_tables b 1 0
04000203||||-|day_slots b 1 0
04000204||||-|tariffs b 1 0
04000205||||-|holidays b 2 0
04000206||||-|harmonics b 1 0
04000207||||-|steps b 1 0
04000306||||-|ct_ratio b 3 0
04000307||||-|pt_ratio b 3 0
04000401||||-|address d 6 0
04000402||||-|meter_no d 6 0
04000403||||-|asset_no t 32 0
04000404||||-|rated_voltage t 6 0
04000405||||-|rated_current t 6 0
04000406||||-|max_current t 6 0
04000407||||-|active_class t 4 0
04000408||||-|reactive_class t 4 0
04000409||||-|active_constant b 3 0
0400040A||||-|reactive_constant b 3 0
0400040B||||-|meter_type t 10 0
0400040C||||-|production_date t 10 0
0400040D||||-|protocol_version t 16 0
04000501|1|7|040005FF|-|status_word_1 x 2 0
04000801||||-|weekend_word x 1 0
04000802||||-|weekend_table b 1 0
04000B01|1|3||-|settlement_1_ddhh b 2 0
04000E01||||-|limit_import_dw b 3 -4
04000E02||||-|limit_export_dw b 3 -4
04000E03||||-|limit_voltage_high_dv b 2 -1
04000E04||||-|limit_voltage_low_dv b 2 -1
04000F01||||-|alarm_1_wh b 4 -2
04000F02||||-|alarm_2_wh b 4 -2
04000F03||||-|hoard_limit_wh b 4 -2
04000F04||||-|overdraft_limit_wh b 4 -2
04001001||||-|alarm_1_yuan_e4 b 4 -2
04001002||||-|alarm_2_yuan_e4 b 4 -2
04001003||||-|overdraft_limit_yuan_e4 b 4 -2
04001004||||-|hoard_limit_yuan_e4 b 4 -2
04001005||||-|close_limit_yuan_e4 b 4 -2
04001401||||-|trip_delay_min b 2 0
05060000||||1-62|freeze_time M 5 0
05060100||40|05060100|1-62|energy_import_wh b 4 -2
05060200||40|05060200|1-62|energy_export_wh b 4 -2
05060300||40|05060300|1-62|energy_reactive1_varh s 4 -2
05060400||40|05060400|1-62|energy_reactive2_varh s 4 -2
05060500||40|05060500|1-62|energy_q1_varh b 4 -2
05060600||40|05060600|1-62|energy_q2_varh b 4 -2
05060700||40|05060700|1-62|energy_q3_varh b 4 -2
05060800||40|05060800|1-62|energy_q4_varh b 4 -2
05060900||40|05060900|1-62|demand_import_dw b 3 -4,demand_import_time M 5 0
05060A00||40|05060A00|1-62|demand_export_dw b 3 -4,demand_export_time M 5 0
05061000||8|05061000|1-62|power_dw s 3 -4
1D000001||||-|trip_count b 3 0
1E000001||||-|close_count b 3 0"""
# K: 0090, 0333, 0334, 0400010C, 04000306, 04000F.., 040010.., 04001401, 1D, 1E

_TYPES = {
    "b": types.BCD,
    "s": types.SIGNED,
    "x": types.BITS,
    "d": types.DIGITS,
    "t": types.TEXT,
    "D": types.DATE,
    "T": types.TIME,
    "C": types.DATETIME,
    "M": types.MINUTE,
}
_RELAY_BIT = 4  # of status word 3: 0 closed, 1 open
_WORD_3, _RELAY = BY_ALIAS["status_word_3"][0], BY_ALIAS["relay_state"]


def fields_of(text, member) -> tuple:
    """Those of a table row, for its member of this number."""
    fields = []
    for field in text.split(","):
        alias, letter, size, scale = field.split(" ")
        fields.append((BY_ALIAS[alias][0] + member, _TYPES[letter], int(size), int(scale)))
    return tuple(fields)


def _find(di):
    if di >> 24 == 5 and di >> 16 & 0xFF <= 7:
        di = di & 0xFF00FFFF | 0x060000
    for line in _TABLE.split("\n"):
        first, step, members, block, past, fields = line.split("|")
        least, _, most = past.partition("-")
        n = di & 0xFF if most else 0
        if most and not int(least) <= n <= int(most):
            continue
        ahead = di - n - int(first, 16)
        if block and di - n == int(block, 16):
            return Item(fields_of(fields, 0), int(members, 16), n)
        if ahead == 0:
            return Item(fields_of(fields, 0), 0, n)
        if step and ahead > 0 and ahead % int(step, 16) == 0 and ahead // int(step, 16) < int(members, 16):
            return Item(fields_of(fields, ahead // int(step, 16)), 0, n)
    return None


ITEMS = Index(_find)


def _item(di):
    item = ITEMS.get(di)
    if item is None:
        raise ItemError("identifier %08X is not in the table" % di)
    return item


def _obis(row, past) -> str:
    return row[1] if past == 0 else row[1][:-3] + str(100 + past)


def decode(di, data) -> list:
    """[(obis, value or None, scale, unit), ...] of the data behind `di` (whole: follow-up frames joined).

    None = the meter does not have it. ItemError: unknown identifier, or a length that cannot be its data.
    """
    rows = values_of(_item(di), data)
    if not rows:
        raise ItemError("%d bytes cannot be the data of %08X" % (len(data), di))
    return rows


def values_of(item, data) -> list:
    """As `decode`; [] when the length cannot be that of the item."""
    size = sum([field[2] for field in item.fields])
    count = len(data) // size if item.members else 1
    if len(data) != size * count or not 0 < count <= (item.members or 1):
        return []
    out = []
    at = 0
    for member in range(count):
        for no, kind, width, scale in item.fields:
            row = BY_NO[no + member]
            value = types.read(kind, data[at : at + width])
            out.append((_obis(row, item.past), value, scale, row[3]))
            if row[0] == _WORD_3:
                closed = None if value is None else 1 - (value >> _RELAY_BIT & 1)
                out.append((_RELAY[1], closed, 0, ""))
            at += width
    return out


def encode(di, values) -> bytes:
    """The data a meter with `values` answers to `di`: {obis: value at the item's scale, as decode gives it}.

    A missing or None value becomes FF fill; a block ends with its last member that is in `values`. ItemError:
    unknown identifier, or none of its values given. FieldError: a value that the field cannot hold.
    """
    data = data_of(_item(di), values)
    if not data:
        raise ItemError("no value for %08X" % di)
    return data


def data_of(item, values) -> bytes:
    """As `encode`; b"" when none of its values is given."""
    out = b""
    end = 0
    for member in range(item.members or 1):
        for no, kind, width, _scale in item.fields:
            obis = _obis(BY_NO[no + member], item.past)
            out += dlt645_write.write(kind, width, values.get(obis))
            if obis in values:
                end = member + 1
    return out[: end * sum([field[2] for field in item.fields])]
