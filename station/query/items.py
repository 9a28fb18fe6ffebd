"""What can be asked for: the kinds of data, and the items of each in groups. One table, read by the doors."""

from typing import Any, NamedTuple

from protocols.meters import points, statistics
from protocols.uplink import messages

DAILY, MONTHLY, CURVE, STATISTICS = "daily", "monthly", "curve", "statistics"
KINDS = (DAILY, MONTHLY, CURVE, STATISTICS)
RECORDS = {DAILY: messages.DAILY, MONTHLY: messages.MONTHLY, CURVE: messages.CURVE}
MOST_DAYS = {DAILY: 400, MONTHLY: 400, CURVE: 31, STATISTICS: 400}
MOST_POINTS, MOST_ITEMS = 20, 16

_METERED = {
    "energy": "energy_combined_wh energy_import_wh energy_import_t1_wh energy_import_t2_wh"
    " energy_import_t3_wh energy_import_t4_wh energy_export_wh energy_reactive1_varh energy_reactive2_varh",
    "demand": "demand_import_dw demand_import_time demand_export_dw demand_export_time",
    "voltage": "voltage_a_dv voltage_b_dv voltage_c_dv",
    "current": "current_a_ma current_b_ma current_c_ma current_n_ma",
    "power": "power_dw power_a_dw power_b_dw power_c_dw reactive_power_dvar apparent_power_dva",
    "quality": "power_factor_e3 power_factor_a_e3 power_factor_b_e3 power_factor_c_e3 frequency_chz"
    " thd_voltage_a_cpct thd_voltage_b_cpct thd_voltage_c_cpct",
    "prepaid": "remaining_wh remaining_yuan_e4",
}
_COUNTED = {  # first numbers of protocols.meters.statistics: up to the next one
    "power": (20000, 20004),
    "voltage": (20004, 20040),
    "current": (20016, 20030),
    "unbalance": (20040, 20046),
    "factor": (20046, 20049),
    "load": (20049, 20053),
    "demand": (20060, 20062),
    "running": (20200, 20205),
}
GROUPS = tuple(dict.fromkeys([*_METERED, *_COUNTED]))


class Item(NamedTuple):
    no: int  # of protocols.meters.points, or of protocols.meters.statistics
    alias: str
    unit: str
    scale: int  # power of ten of the integer value
    clock: str  # "" a number, "meter" seconds as the meter's clock shows, "utc" UTC seconds
    register: bool  # counts up: its difference is a use
    zh: str
    en: str


def _metered(alias: str) -> Item:
    row: tuple[Any, ...] = points.BY_ALIAS[alias]
    no, _obis, _alias, unit, scale, kind, zh, en = row
    counts_up = kind == "energy" and alias.startswith("energy_") and "combined" not in alias
    return Item(no, alias, unit, scale, "meter" if kind == "time" else "", counts_up, zh, en)


def _counted(row: tuple[Any, ...]) -> Item:
    no, alias, unit, scale, zh, en = row
    return Item(no, alias, unit, scale, "utc" if unit == "s" else "", False, zh, en)


def _range(first: int, end: int, but: tuple[int, int] = (0, 0)) -> tuple[Item, ...]:
    numbers = [row for row in statistics.STATISTICS if first <= row[0] < end]
    return tuple(_counted(row) for row in numbers if not but[0] <= row[0] < but[1])


_OF_METER = {group: tuple(_metered(each) for each in text.split()) for group, text in _METERED.items()}
_OF_DAY = {
    group: _range(*span, _COUNTED["current"] if group == "voltage" else (0, 0))
    for group, span in _COUNTED.items()
}
_BY_NO = {
    daily: {item.no: item for many in groups.values() for item in many}
    for daily, groups in ((False, _OF_METER), (True, _OF_DAY))
}


def groups(kind: str) -> dict[str, tuple[Item, ...]]:
    """{name of GROUPS: its items} of one of KINDS."""
    return _OF_DAY if kind == STATISTICS else _OF_METER


def item(kind: str, no: int) -> Item | None:
    return _BY_NO[kind == STATISTICS].get(no)


def fresh(kind: str) -> list[int]:
    """Items of a question that names none."""
    if kind == STATISTICS:
        return [20000, 20002]
    return [points.BY_ALIAS["power_dw" if kind == CURVE else "energy_import_wh"][0]]
