"""The reading profile a terminal runs by: which identifiers, when, what stands where. Data, not code.

The points and items tables are too large for a terminal and change without new firmware, so the station cuts
what one meter needs out of them and gives it to the device as this document (JSON):

    reads    [[di, hex], ...]   hex: one 5-byte row a field, `ROW`: point no, type, bytes, shift
                                (canonical value = value * 10**shift); a shorter answer ends the list
    singles  [[di, [di, ...]], ...]  reads that replace a block which the meter refuses, one a row of it
    fast     [di, di]           power and energy, read each second
    slow     [di, ...]          read in turn, one a second
    freeze   [di, di]           time and energy of the meter's last daily freeze
    power, energy               point numbers that control works with
    curve, daily [no, ...]      points of a curve record and of a daily freeze
"""

import struct
from binascii import hexlify

from protocols.meters.dlt645_items import ITEMS
from protocols.meters.points import BY_ALIAS, BY_NO

ROW = "<HBBb"  # of firmware/metering/profile.py too, which must not load these tables

POWER_DI, ENERGY_DI = 0x02030000, 0x00010000
# A round of these takes 19 s, well inside the minute for which a value stands for a curve slot. What a meter
# does not have it refuses once, and is not asked again.
SLOW_DIS = (
    0x0001FF00,  # energy, total and tariffs
    0x0201FF00,  # voltages
    0x0202FF00,  # currents
    0x0203FF00,  # powers
    0x0206FF00,  # power factors
    0x01010000,  # maximum demand and its time
    0x02800002,  # frequency
    0x04000501,  # status word 1
    0x04000503,  # status word 3: supply, relay
    0x04000504,  # status word 4: phase A
    0x04000507,  # status word 7: sequence, unbalance, power down
    0x00020000,  # exported energy
    0x02800001,  # neutral current
    0x0208FF00,  # voltage distortion
    0x0209FF00,  # current distortion
    0x0400010C,  # clock
    0x03300D00,  # times the cover was opened
    0x03300E00,  # times the terminal cover was opened
    0x03300000,  # times it was programmed
)
FREEZE_TIME_DI, FREEZE_ENERGY_DI = 0x05060001, 0x05060101
# DL/T 645-2007 leaves blocks to the maker; the public simulators know none.
SINGLES = {
    0x0001FF00: (0x00010000, 0x00010100, 0x00010200, 0x00010300, 0x00010400),
    0x0201FF00: (0x02010100, 0x02010200, 0x02010300),
    0x0202FF00: (0x02020100, 0x02020200, 0x02020300),
    0x0203FF00: (0x02030000, 0x02030100, 0x02030200, 0x02030300),
    0x0206FF00: (0x02060000, 0x02060100, 0x02060200, 0x02060300),
}
CURVE = (
    "power_dw",
    "energy_import_wh",
    "voltage_a_dv",
    "voltage_b_dv",
    "voltage_c_dv",
    "current_a_ma",
    "current_b_ma",
    "current_c_ma",
    "power_factor_e3",
)
DAILY = (
    "energy_import_wh",
    "energy_import_t1_wh",
    "energy_import_t2_wh",
    "energy_import_t3_wh",
    "energy_import_t4_wh",
    "demand_import_dw",
)
BLOCK_MEMBERS = 5  # total and four tariffs are what a terminal keeps of a block


def _rows(di) -> str:
    item = ITEMS[di]
    out = b""
    for member in range(min(BLOCK_MEMBERS, item.members or 1)):
        for no, kind, width, scale in item.fields:
            row = BY_NO[no + member]
            out += struct.pack(ROW, row[0], kind, width, 0 if row[5] == "time" else scale - row[4])
    return hexlify(out).decode()


def _numbers(aliases) -> list:
    return [BY_ALIAS[alias][0] for alias in aliases]


def dlt645() -> dict:
    """The profile of a three-phase DL/T 645-2007 meter."""
    dis = [POWER_DI, ENERGY_DI, FREEZE_ENERGY_DI] + list(SLOW_DIS)
    return {
        "reads": [[di, _rows(di)] for di in dis],
        "singles": [[di, list(singles)] for di, singles in SINGLES.items()],
        "fast": [POWER_DI, ENERGY_DI],
        "slow": list(SLOW_DIS),
        "freeze": [FREEZE_TIME_DI, FREEZE_ENERGY_DI],
        "power": BY_ALIAS["power_dw"][0],
        "energy": BY_ALIAS["energy_import_wh"][0],
        "curve": _numbers(CURVE),
        "daily": _numbers(DAILY),
    }
