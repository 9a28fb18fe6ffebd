"""What energy costs a household: rates of the day, tiers (阶梯) of a month or year, versions by time. Pure.

Money is counted in 10^-7 yuan, exactly Wh times the price of a kWh in 10^-4 yuan: nothing is rounded. A
household pays for each Wh the price of its rate, and on top of it what its tier adds. A count of tiers that
begins within its month or year gets the limits of the days that are left of it.
"""

from collections import namedtuple

from firmware.control.quota import month_number

DAY_S = 86400
RATES = 4  # sharp, peak, flat, valley, as the meter's tariff registers
MAX_PRICE_E4 = 1000000  # of parameters.TARIFF
MAX_WH = 1 << 32
MAX_TIERS = 8
TARIFF = (
    "from_s",  # in force from then, UTC
    "codes",  # rate 1..4 of 48 half hours of local time, first in the low 4 bits
    "prices_yuan_e4",  # a kWh at rate 1, 2, ...; the last counts for further rates
    "months",  # that a count of tiers lasts: 1 or 12; 0: no tiers
    "limits_wh",  # where tier 1, 2, ... ends, rising
    "adds_yuan_e4",  # a kWh in tier 2, 3, ... on top of its rate
)
Tariff = namedtuple("Tariff", TARIFF)
Tier = namedtuple("Tier", ("since_day", "used_wh"))  # local day its count began, 0: not yet


def sound(tariffs) -> bool:
    """Whether these are versions of a tariff that follow one another."""
    return all([_sound(each) for each in tariffs]) and _rising([each.from_s for each in tariffs])


def _sound(tariff):
    from firmware.control.checks import within  # heavy, and needed when a command brings tariffs only

    limits, adds = tariff.limits_wh, tariff.adds_yuan_e4
    few = 0 < len(limits) < MAX_TIERS if tariff.months else not limits
    codes = [half >> shift & 15 for half in tariff.codes for shift in (0, 4)]
    return (
        within(tariff.from_s, 0, MAX_WH)
        and len(codes) == 48
        and all([1 <= code <= RATES for code in codes])
        and 1 <= len(tariff.prices_yuan_e4) <= RATES
        and all([within(price, 0, MAX_PRICE_E4) for price in tuple(tariff.prices_yuan_e4) + tuple(adds)])
        and tariff.months in (0, 1, 12)
        and few
        and len(adds) == len(limits)
        and all([within(limit, 1, MAX_WH) for limit in limits])
        and _rising(limits)
    )


def _rising(values):
    return list(values) == sorted(set(values))


def in_force(tariffs, t_s):
    """The version at that second; before the first one, the first."""
    found = tariffs[0]
    for each in tariffs:
        if each.from_s <= t_s:
            found = each
    return found


def next_change(tariffs, t_s, offset_s):
    """The first second after `t_s` from which energy is priced in another way; None: there is none."""
    tariff = in_force(tariffs, t_s)
    found = None
    for each in tariffs:
        if each.from_s > t_s and found is None:
            found = each.from_s
    if tariff.months:
        end_s = _period((t_s + offset_s) // DAY_S, tariff.months)[1] * DAY_S - offset_s
        found = end_s if found is None else min(found, end_s)
    return found


def rate(tariff, local_s) -> int:
    half_hour = local_s // 1800 % 48
    return tariff.codes[half_hour >> 1] >> (half_hour & 1) * 4 & 15


def cost_e7(tariff, rates_wh):
    """10^-7 yuan of the Wh of rate 1, 2, ..., without what a tier adds."""
    prices = tariff.prices_yuan_e4
    return sum([wh * prices[min(at, len(prices) - 1)] for at, wh in enumerate(rates_wh)])


def tier_at(tariffs, tier, from_s, offset_s):
    """The count of tiers as energy used from `from_s` on finds it: a new period or other tiers begin anew."""
    tariff = in_force(tariffs, from_s)
    if not tariff.months:
        return Tier(0, 0)
    day = (from_s + offset_s) // DAY_S
    first = _period(day, tariff.months)[0]
    before = in_force(tariffs, from_s - 1)
    if not tier.since_day or before[3:5] != tariff[3:5]:
        return Tier(day, 0)
    return Tier(first, 0) if tier.since_day < first else tier


def added_e7(tariff, tier, used_wh):
    """10^-7 yuan that the tiers add for the next `used_wh`."""
    owed_e7 = 0
    if tariff.months:
        first, end = _period(tier.since_day, tariff.months)
        below = 0
        for limit_wh, add in zip(tariff.limits_wh, tariff.adds_yuan_e4):
            limit_wh = limit_wh * (end - tier.since_day) // (end - first)
            above = max(0, tier.used_wh + used_wh - limit_wh) - max(0, tier.used_wh - limit_wh)
            owed_e7 += above * (add - below)
            below = add
    return owed_e7


def _period(day, months):
    """(first, end) local days of the month or calendar year of a day; `end` is the next one's first."""
    number = month_number(day * DAY_S)
    if months == 12:
        number -= (number + 2) % 12  # month_number counts years from March
    return _first_day(number), _first_day(number + months)


def _first_day(number):
    """The inverse of quota.month_number."""
    year, month = divmod(number, 12)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719468
