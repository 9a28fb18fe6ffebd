"""What the simulated meter shows and takes over the line: identifiers on one side, the model on the other.

Codes, widths and scales are those of protocols.meters; here stands only which point shows which register.
"""

from datetime import UTC, datetime
from math import isqrt

from hil.world.meter import WINDOW_MIN
from protocols.meters import dlt645_97_items, dlt645_items
from protocols.meters.dlt645_write import FieldError
from protocols.meters.points import BY_ALIAS, BY_NO

DAILY_FREEZE, FREEZES = 0x0506, 0x05
SET_DATE, SET_TIME, SET_CLOCK = 0x04000101, 0x04000102, 0x0400010C
_TARIFF = ("", "_t1", "_t2", "_t3", "_t4")
_PHASES = ("_a", "_b", "_c")

# What never changes. Texts as State Grid meters of this class show them.
_PLATE = {
    "demand_period_min": WINDOW_MIN,
    "demand_slide_min": 1,
    "tariffs": 4,
    "pt_ratio": 1,
    "rated_voltage": "220V",
    "rated_current": "1.5A",
    "max_current": "6A",
    "active_class": "0.5S",
    "protocol_version": "DL/T645-2007",
    "programming_count": 0,
    "cover_open_count": 0,
    "terminal_cover_open_count": 0,
}
# Distortion of a quiet feeder with some drives on it: well inside GB/T 14549.
_THD_VOLTAGE_CPCT, _THD_CURRENT_CPCT = 150, 420


def value_of(meter, di) -> bytes | None:
    """The data behind `di`, None when this meter does not have it."""
    item = dlt645_items.ITEMS.get(di)
    if item is None or (di >> 24 == FREEZES and di >> 16 != DAILY_FREEZE):
        return None
    values = at_scale_of(item, _shown(meter, di, item.past))
    return dlt645_items.encode(di, values) if values else None


def value_of_97(meter, di) -> bytes | None:
    """The same of a meter of 1997; times without year it does not have."""
    item, yearless = dlt645_97_items.ITEMS.get(di) or (None, True)
    values = {} if item is None or yearless else at_scale_of(item, _shown(meter, di, item.past))
    return dlt645_97_items.encode(di, values) if values else None


def at_scale_of(item, shown) -> dict:
    """{obis: value at the item's scale} of {alias: canonical}, {} when one of its fields is not shown."""
    values = {}
    for no, _kind, _size, scale in item.fields:
        for alias, value in shown.items():
            row = BY_ALIAS[alias]
            if no <= row[0] < no + max(1, item.members):
                values[_obis(row, item.past)] = _at_scale(value, row[4] - scale)
        if _obis(BY_NO[no], item.past) not in values:
            return {}
    return values


def _obis(row, past) -> str:
    return row[1] if past == 0 else row[1][: -len("255")] + str(100 + past)


def _at_scale(value, shift):
    """Canonical to the item's scale; what the display cannot show is cut off, never rounded up."""
    if not isinstance(value, int):
        return value
    return value * 10**shift if shift >= 0 else value // 10**-shift


def _shown(meter, di, past) -> dict:
    """{alias: canonical value} of now, or of the n-th last freeze or settlement; {} when there is none."""
    if past == 0:
        return {**_snapshot(meter.snapshot()), **_now(meter), **_PLATE}
    kept = meter.freezes if di >> 24 == FREEZES else meter.settlements
    if past > len(kept):
        return {}
    snapshot = kept[past - 1]
    return {**_snapshot(snapshot), "freeze_time": _seconds(snapshot["local"])}


def _seconds(local) -> int:
    return int(local.timestamp())


def _snapshot(snapshot) -> dict:
    """Registers, as they stand in a freeze too."""
    shown = {}
    export_wh = snapshot.get("export_wh", [0] * 5)
    for tariff, wh, fed_wh, (demand_dw, at_s) in zip(
        _TARIFF, snapshot["energy_wh"], export_wh, snapshot["max_demand"], strict=True
    ):
        shown[f"energy_import{tariff}_wh"] = wh
        shown[f"energy_export{tariff}_wh"] = fed_wh
        shown[f"energy_combined{tariff}_wh"] = wh + fed_wh
        shown[f"demand_import{tariff}_dw"] = demand_dw
        shown[f"demand_import{tariff}_time"] = at_s
    shown["energy_reactive1_varh"] = shown["energy_q1_varh"] = snapshot["reactive_varh"]
    shown.update(zip(_sums("power{}_dw"), snapshot["powers_dw"], strict=False))
    return shown


def _sums(alias) -> list:
    return [alias.format(part) for part in ("", *_PHASES)]


def _now(meter) -> dict:
    local_s = _seconds(meter.local())
    shown = {
        "frequency_chz": meter.frequency_chz(),
        "demand_now_dw": meter.demand_dw,
        "clock": local_s,
        "clock_date": local_s - local_s % 86400,
        "clock_time": local_s % 86400,
        "ct_ratio": meter.multiplier,
        "address": meter.address,
        "meter_no": meter.address,
        "current_n_ma": _neutral_ma(*meter.currents_ma()),
    }
    for phase in _PHASES:
        shown[f"thd_voltage{phase}_cpct"] = _THD_VOLTAGE_CPCT
        shown[f"thd_current{phase}_cpct"] = _THD_CURRENT_CPCT
    shown.update((f"status_word_{i}", word) for i, word in enumerate(meter.status_words(), 1))
    shown.update(electrical(meter))
    return shown


def electrical(display) -> dict:
    """{alias: canonical value} of voltages, currents and powers of a hil.world.meter.Display."""
    shown = {}
    for aliases, values in (
        ([f"voltage{phase}_dv" for phase in _PHASES], display.volts_dv()),
        ([f"current{phase}_ma" for phase in _PHASES], display.currents_ma()),
        (_sums("power{}_dw"), display.powers_dw()),
        (_sums("reactive_power{}_dvar"), display.reactive_dvar()),
        (_sums("apparent_power{}_dva"), display.apparent_dva()),
        (_sums("power_factor{}_e3"), display.power_factors_e3()),
    ):
        shown.update(zip(aliases, values, strict=False))  # a single-phase meter has fewer
    return shown


def _neutral_ma(a, b=0, c=0) -> int:
    """What currents 120 degrees apart leave for the neutral."""
    return isqrt(a * a + b * b + c * c - a * b - b * c - c * a)


def write(meter, di, data) -> bool:
    """Set the clock; False when `di` cannot be written, FieldError when `data` is no date or time."""
    if di not in (SET_DATE, SET_TIME, SET_CLOCK):
        return False
    try:
        value = dlt645_items.decode(di, data)[0][1]
    except dlt645_items.ItemError as error:
        raise FieldError(str(error)) from error
    if value is None:
        raise FieldError("not a date or time")
    now_s = _seconds(meter.local())
    told_s = {SET_DATE: value + now_s % 86400, SET_TIME: now_s - now_s % 86400 + value, SET_CLOCK: value}[di]
    meter.set_local(datetime.fromtimestamp(told_s, UTC))
    return True
