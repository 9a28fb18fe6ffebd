"""What the terminal measured and counted on the long day, against the truth: a check yields what is wrong."""

from collections import Counter
from collections.abc import Iterator

import cbor2

from protocols.meters.points import BY_ALIAS
from protocols.meters.statistics import STATISTICS
from protocols.uplink import codes, messages
from tests.e2e.day import plant, story
from tests.e2e.day.run import Day
from tests.e2e.day.truth import STEP_WH

NO = {row[1]: row[0] for row in STATISTICS}
POWER, ENERGY = BY_ALIAS["power_dw"][0], BY_ALIAS["energy_import_wh"][0]
RATES = [BY_ALIAS[f"energy_import_t{rate}_wh"][0] for rate in (1, 2, 3, 4)]
BLOCK_S = 15  # tariff registers are read in turn; the total each second
MINUTES = 3  # edges of a span that may be counted on either side
UNSAVED_MIN = 15  # counts of so long may be lost with the power (firmware/metering/recorder.py): then outage
GROUPS_POINT = 100  # metering point under which the curves of groups come

# ---- freezes and curves


def _readings(day: Day, kind: int, point: int) -> dict[int, tuple[dict[int, int], int]]:
    """{label: (values, quality)} of the table."""
    meter = next((row["id"] for row in day.tables["meters"] if row["metering_point"] == point), None)
    return {
        row["slot_s"]: (cbor2.loads(row["points"]), row["quality"])
        for row in day.tables["readings"]
        if row["kind"] == kind and row["meter_id"] == meter
    }


def freezes(day: Day) -> Iterator[str]:
    """The labels that had to be, each with the registers of its instant."""
    truth, next_day = day.truth(), day.midnight + 86400
    labels = {
        messages.DAILY: [day.midnight, next_day],
        messages.MONTHLY: [next_day],
        messages.BILLING: [day.midnight + story.BILLING_HOUR * 3600],
    }
    for kind, wanted in labels.items():
        name = messages.RECORD_NAMES[kind]
        found = _readings(day, kind, 1)
        if sorted(found) != wanted:
            yield f"{name} freezes {sorted(found)}, wanted {wanted}"
        for label, (values, quality) in found.items():
            if quality:
                yield f"{name} {label}: quality {quality}"
            shown = [values.get(no) for no in (ENERGY, *RATES)]
            lowest = [truth.register_wh(label - 2), *truth.rates_wh(label - BLOCK_S)]
            highest = [truth.register_wh(label + 10), *truth.rates_wh(label + BLOCK_S)]
            for no, low, value, high in zip((ENERGY, *RATES), lowest, shown, highest, strict=True):
                if value is None or not low <= value <= high:
                    yield f"{name} {label}: point {no} is {value}, true {low}..{high}"
    told = Counter(record[0] for record in day.told.values())
    for kind, wanted in labels.items():
        if told[kind] != len(wanted):
            yield f"{told[kind]} records of {messages.RECORD_NAMES[kind]}, wanted {len(wanted)}"


def _slots(day: Day) -> list[int]:
    """Slots of the curve that had to be: all but those in the outage."""
    off_s = day.midnight + story.OFF_AT * 60
    off = range(off_s - 1, off_s + story.OFF_MIN * 60 + 60)
    return [t_s for t_s in range(day.midnight, day.end_s, 900) if t_s not in off]


def curves(day: Day) -> Iterator[str]:
    truth, wanted = day.truth(), _slots(day)
    for point in (1, GROUPS_POINT):
        found = _readings(day, messages.CURVE, point)
        if sorted(found) != wanted:
            yield f"curve of {point}: differs in {sorted(set(found) ^ set(wanted))}"
    told = sum(record[0] == messages.CURVE for record in day.told.values())
    if told != 2 * len(wanted):
        yield f"{told} records of curves, wanted {2 * len(wanted)}"
    for slot_s, (values, quality) in _readings(day, messages.CURVE, 1).items():
        powers = {truth.power_w(t_s) * 10 // plant.MULTIPLIER for t_s in range(slot_s - 2, slot_s + 10)}
        low, high = truth.register_wh(slot_s - 2), truth.register_wh(slot_s + 10)
        if quality or values.get(POWER) not in powers or not low <= values.get(ENERGY, -1) <= high:
            yield f"curve {slot_s}: {values} quality {quality}, true power {powers} energy {low}..{high}"


# ---- statistics


def _statistics(day: Day, point: int, group: int, period: int, from_s: int) -> dict[str, int]:
    """{alias: value} of one row, {} when there is none."""
    names = {no: alias for alias, no in NO.items()}
    for row in day.tables["statistics"]:
        whose = (row["metering_point"], row["summation_group"], row["period"], row["from_s"])
        if whose == (point, group, period, from_s):
            return {names[no]: value for no, value in cbor2.loads(row["points"]).items()}
    return {}


def _near(what: str, value: int | None, wanted: int, tolerance: int) -> Iterator[str]:
    if value is None or abs(value - wanted) > tolerance:
        yield f"{what} is {value}, true {wanted} (within {tolerance})"


def _between(what: str, value: int | None, least: int, more: int) -> Iterator[str]:
    if value is None or not least <= value <= least + more:
        yield f"{what} is {value}, true {least} and at most {more} more"


def _off(day: Day) -> range:
    off_s = day.midnight + story.OFF_AT * 60
    return range(off_s, off_s + story.OFF_MIN * 60 + 61)


def statistics_quality(day: Day) -> Iterator[str]:
    """The clock was trusted all day and the terminal was there as every period ended: all is measured."""
    yield from (f"quality of {row}" for row in day.tables["statistics"] if row["quality"])


def day_statistics(day: Day) -> Iterator[str]:
    """Of the whole day: extremes by the readings at the ends of the minutes, counts within MINUTES, energy
    within two steps of the register, demand within 1 %."""
    truth, first_s, end_s = day.truth(), day.midnight, day.midnight + 86400
    point = _statistics(day, 1, 0, codes.DAY, first_s)
    group = _statistics(day, 0, 1, codes.DAY, first_s)
    own = _statistics(day, 0, 0, codes.DAY, first_s)
    ends = truth.powers_at_ends(first_s, end_s, _off(day))
    for alias, least, most in (
        ("max_power_dw", max(low for _t, low, _h in ends), max(high for _t, _l, high in ends)),
        ("min_power_dw", min(low for _t, low, _h in ends), min(high for _t, _l, high in ends)),
    ):
        value = point.get(alias, -1)
        if not least * 10 // plant.MULTIPLIER <= value <= most * 10 // plant.MULTIPLIER:
            yield f"{alias} is {value}, true {least}..{most} W primary"
        value = group.get(alias.replace("power_dw", "group_power_w"), -1)
        if not least - plant.MULTIPLIER <= value <= most:
            yield f"group's {alias} is {value} W, true {least}..{most}"
    quarter_w = truth.highest_quarter_w(first_s, end_s)
    yield from _near(
        "demand", point.get("max_demand_dw"), quarter_w * 10 // plant.MULTIPLIER, quarter_w // 1600
    )
    yield from _near("group's demand", group.get("max_group_demand_w"), quarter_w, quarter_w // 100)
    used_wh = truth.energy_wh(end_s) - truth.energy_wh(first_s)
    yield from _near("energy of the day", group.get("group_energy_wh"), used_wh, 2 * STEP_WH)
    for phase in "abc":
        yield from _near(f"sag {phase}", point.get(f"voltage_{phase}_below_min"), story.SAG_MIN, MINUTES)
        yield from _near(f"above {phase}", point.get(f"voltage_{phase}_above_min"), 0, 0)
        assessed = 1440 - point.get(f"voltage_{phase}_assessed_min", 0)
        yield from _between(f"not assessed {phase}", assessed, story.OFF_MIN, MINUTES + UNSAVED_MIN)
    yield from _between("minutes without power", own.get("outage_min"), story.OFF_MIN, UNSAVED_MIN)
    yield from _near("power cuts", own.get("outage_count"), 1, 0)
    yield from _near("all minutes", own.get("outage_min", 0) + own.get("power_on_min", 0), 1440, 1)
    yield from _near("starts", own.get("resets"), 1, 0)
    for at_s in (point.get("max_power_time", 0), group.get("max_group_power_time", 0)):
        # a minute that stood at this power, or ended as the next one began with it
        near = {truth.power_w(t_s) * 10 // plant.MULTIPLIER for t_s in range(at_s, at_s + 70)}
        if not first_s <= at_s < end_s or point.get("max_power_dw") not in near:
            yield f"highest power at {at_s}: true then {near}"
    told = Counter(record[0] for record in day.told.values())[messages.STATS]
    if told != 9:
        yield f"{told} records of statistics, wanted 9: point, group, terminal of two days and a month"


def month_statistics(day: Day) -> Iterator[str]:
    """The month began for this terminal with the story."""
    truth, end_s = day.truth(), day.midnight + 86400
    group = _statistics(day, 0, 1, codes.MONTH, story.month_s(day.midnight))
    point = _statistics(day, 1, 0, codes.MONTH, story.month_s(day.midnight))
    own = _statistics(day, 0, 0, codes.MONTH, story.month_s(day.midnight))
    unseen_wh = truth.power_w(day.begin_s) * 120 // 3600  # until the first whole minute
    yield from _near(
        "energy of the month", group.get("group_energy_wh"), truth.energy_wh(end_s), unseen_wh + 2 * STEP_WH
    )
    of_day = _statistics(day, 1, 0, codes.DAY, day.midnight).get("max_power_dw")
    if point.get("max_power_dw") != of_day:
        yield f"highest power of the month {point.get('max_power_dw')}, of its day {of_day}"
    yield from _between("minutes without power", own.get("outage_min"), story.OFF_MIN, UNSAVED_MIN)
    yield from _near("starts in the month", own.get("resets"), 2, 0)


# ---- energy that was paid for


def prepaid(day: Day) -> Iterator[str]:
    """What remains is what was bought less what the meter counted, on both sides."""
    truth = day.truth()
    bought_s = day.began_s["order bought"]
    used_wh = truth.shown_wh(day.now_s) - truth.shown_wh(bought_s)
    left_wh = story.FIRST_WH + story.TOP_UP_WH - used_wh
    yield from _near("remaining energy", day.now.get("remaining_wh"), left_wh, 2 * STEP_WH)
    orders = [(row["order"], row["value_wh"], row["applied_s"] is not None) for row in day.tables["orders"]]
    if orders != [(1, story.FIRST_WH, True), (2, story.TOP_UP_WH, True)]:
        yield f"orders {orders}"


CHECKS = (freezes, curves, statistics_quality, day_statistics, month_statistics, prepaid)
