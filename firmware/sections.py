"""What makes no sense in a section of the configuration though each field is within its range.

Asked at a start and at each change; a terminal need not keep it loaded.
"""

from protocols.uplink import parameters

INTERVALS_S = (0, 60, 300, 900, 1800, 3600)  # of curves
# fields that must rise in this order, the sign between them < or <=
ORDERS = (
    "voltage_bottom_e3 < voltage_low_e3",
    "voltage_high_e3 < voltage_top_e3",
    "power_factor_low_e3 <= power_factor_high_e3",
    "load_light_e3 <= load_heavy_e3",
    "load_heavy_e3 <= load_over_e3",
)


def wrong(section, values) -> str:
    """What is wrong with {field: value} of a section, "" nothing."""
    if section == parameters.METERING:
        if values["curve_interval_s"] not in INTERVALS_S:
            return "curve_interval_s is none of " + str(INTERVALS_S)
        if values["demand_window_min"] % values["demand_slide_min"]:
            return "demand_slide_min does not divide demand_window_min"
    elif section == parameters.LIMITS:
        return _limits(values)
    elif section == parameters.GROUPS:
        return _groups(values["members"])
    elif section == parameters.TARIFF:
        for byte in values["codes"]:
            if not (1 <= byte & 15 <= 8 and 1 <= byte >> 4 <= 8):
                return "codes has a rate that is not 1..8"
    return ""


def _limits(values):
    for order in ORDERS:
        low, sign, high = order.split(" ")
        if values[low] > values[high] or (sign == "<" and values[low] == values[high]):
            return "not " + order
    return ""


def _groups(members):
    seen = []
    for row in members:
        for value, low, high in zip(row, (1, 1, -1, 0), (8, 8, 1, 1)):
            if type(value) is not int or not low <= value <= high:
                return "members is not [group, metering point, sign, 0 or 1]"
        if row[2] == 0 or row[:2] in seen:
            return "members has a sign of 0, or a point twice in a group"
        seen.append(row[:2])
    return ""


def mismatch(groups, points) -> str:
    """Groups are made of points that there are: of values of both sections."""
    numbers = [row[0] for row in points["points"]] or [1]
    for row in groups["members"]:
        if row[1] not in numbers:
            return "group %d has no point %d" % (row[0], row[1])
    return ""
