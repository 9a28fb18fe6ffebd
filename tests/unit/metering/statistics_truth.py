"""What the statistics of a period must say, by plain fractions over the list of its minutes."""

from fractions import Fraction

from protocols.meters.statistics import BY_ALIAS

LIMITS = {
    "voltage_high_e3": 1070,
    "voltage_low_e3": 930,
    "voltage_top_e3": 1200,
    "voltage_bottom_e3": 700,
    "voltage_unbalance_e3": 40,
    "current_unbalance_e3": 300,
    "power_factor_low_e3": 800,
    "power_factor_high_e3": 900,
    "load_light_e3": 300,
    "load_heavy_e3": 800,
    "load_over_e3": 1000,
    "thd_voltage_cpct": 500,
    "thd_current_cpct": 2000,
}
PHASES = "abc"


def statistics(minutes, rated, limits=LIMITS):
    """`minutes`: [(UTC second it begins, {point number: value})]. Returns {statistic number: value}."""
    truth = {}
    names = {f"voltage_{p}_dv": i + 1 for i, p in enumerate(PHASES)}
    names |= {f"current_{p}_ma": i + 4 for i, p in enumerate(PHASES)} | {"power_dw": 8}
    for name, no in names.items():
        seen = [(t, values[no]) for t, values in minutes if no in values]
        stem = name.rsplit("_", 1)[0]
        for which, best in (("max", max), ("min", min)):
            if seen:
                value = best(v for _t, v in seen)
                truth[f"{which}_{name}"] = value
                truth[f"{which}_{stem}_time"] = next(t for t, v in seen if v == value)
    e3 = {name: Fraction(limit, 1000) for name, limit in limits.items()}
    for i, p in enumerate(PHASES):
        parts = [Fraction(values[i + 1], rated[0]) for _t, values in minutes if i + 1 in values]
        if parts:
            inside = [x for x in parts if e3["voltage_bottom_e3"] <= x <= e3["voltage_top_e3"]]
            truth[f"voltage_{p}_assessed_min"] = len(inside)
            truth[f"voltage_{p}_above_min"] = sum(x > e3["voltage_high_e3"] for x in inside)
            truth[f"voltage_{p}_below_min"] = sum(x < e3["voltage_low_e3"] for x in inside)
        for kind, first in (("voltage", 28), ("current", 31)):
            thd = [values[first + i] for _t, values in minutes if first + i in values]
            if thd:
                over = sum(value > limits[f"thd_{kind}_cpct"] for value in thd)
                truth[f"thd_{kind}_{p}_over_min"] = over
    _unbalance(truth, minutes, "voltage", 1, 0, e3["voltage_unbalance_e3"])
    _unbalance(truth, minutes, "current", 4, Fraction(rated[1], 20), e3["current_unbalance_e3"])
    factors = [Fraction(abs(v[20]), 1000) for _t, v in minutes if v.get(20) and v.get(8)]
    if factors:
        low, high = e3["power_factor_low_e3"], e3["power_factor_high_e3"]
        truth["power_factor_low_min"] = sum(x < low for x in factors)
        truth["power_factor_middle_min"] = sum(low <= x < high for x in factors)
        truth["power_factor_high_min"] = sum(x >= high for x in factors)
    loads = [_apparent(v) / (10 * rated[3]) for _t, v in minutes if 16 in v or 8 in v]
    if loads:
        truth["load_light_min"] = sum(x < e3["load_light_e3"] for x in loads)
        truth["load_heavy_min"] = sum(e3["load_heavy_e3"] <= x < e3["load_over_e3"] for x in loads)
        truth["load_over_min"] = sum(x >= e3["load_over_e3"] for x in loads)
        truth["load_zero_min"] = sum(x < Fraction(4, 1000) for x in loads)
    return {BY_ALIAS[alias][0]: value for alias, value in truth.items()}


def _apparent(values):
    """As the meter shows it, or by power and factor."""
    if 16 in values:
        return Fraction(values[16])
    power = Fraction(abs(values[8]))
    return power * 1000 / abs(values[20]) if power and values.get(20) else power


def _unbalance(truth, minutes, kind, first, above, limit):
    seen = []
    for t, values in minutes:
        phases = [abs(values[first + i]) for i in range(3) if first + i in values]
        if len(phases) > 1 and max(phases) > above:
            seen.append((t, Fraction(max(phases) - min(phases), max(phases))))
    if seen:
        worst = max(int(x * 1000) for _t, x in seen)
        truth[f"max_{kind}_unbalance_e3"] = worst
        truth[f"max_{kind}_unbalance_time"] = next(t for t, x in seen if int(x * 1000) == worst)
        truth[f"{kind}_unbalance_over_min"] = sum(x > limit for _t, x in seen)
