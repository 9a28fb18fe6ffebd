"""The prepaid ledger of a meter: what was used is charged, once. Pure; time comes in.

Each Wh between two believed readings is charged when the later one comes, so that the charges add up to what
the registers have moved, whatever was read in between. Where the price changes between two readings, the
freeze of that midnight splits them: the charge waits for it, and only then is split by time, which is told.
Nothing that is in doubt is charged, and nobody is cut off while it is.
"""

from firmware.area import tariffs
from firmware.area.ledger_belief import AGREED, BROKEN, DOUBT, OLD, ROUNDING_WH, judge, registers, strays
from firmware.area.ledger_state import BASED, BY_RATE, FEE, OPEN, STRAY, STRAYS, cross, remaining
from firmware.area.switching import LEAVE, PERMIT, TRIP
from firmware.control.quota import BOUND
from firmware.control.records import evolve

DAY_S = tariffs.DAY_S
MAX_TIER_WH = (1 << 32) - 1
READ, FREEZE = 1, 2  # actions (what, UTC second): read the meter again, read its freeze of that midnight


def want(state, config, now_s):
    """What the balance asks of the meter's switch now; `now_s` None while the clock is not trusted."""
    if not state.flags & OPEN or config.held:
        return LEAVE
    if config.guaranteed != 0 or state.left_milli > config.trip * 1000:
        return PERMIT
    if strays(state) or now_s is None or _blocked(config, now_s + config.offset_s):
        return LEAVE
    return TRIP


def _blocked(config, local_s):
    return config.blocked_hours >> local_s // 3600 % 24 & 1 or local_s // DAY_S in config.holidays


def settle(state, config, reading, t_s):
    """(state, actions, events) after the meter showed `reading` at `t_s`, UTC of a trusted clock or a freeze.

    An action asks for another reading, which comes back here: (READ, t_s) or (FREEZE, midnight_s).
    """
    events, shown = [], registers(reading, config)
    if shown is None or not _priced(state, config):
        return state, (), events
    if not state.flags & BASED:
        return _stand(state, config, shown, t_s), (), events
    found = judge(state, config, shown, t_s)
    if found.kind == OLD:
        return state, (), events
    if found.kind in (DOUBT, AGREED):
        count = strays(state) + 1 if found.kind == AGREED else 1
        flags = state.flags & ~STRAYS | count * STRAY
        return evolve(state, flags=flags, doubt_wh=sum(shown)), ((READ, t_s),), events
    freeze_s = _awaited(state, config, t_s)
    if freeze_s and found.kind != BROKEN:
        return evolve(state, flags=state.flags & ~STRAYS), ((FREEZE, freeze_s),), events
    return _take(state, config, shown, t_s, found, events), (), events


def _take(state, config, shown, t_s, found, events):
    old_wh, new_wh = sum(state.registers_wh), sum(shown)
    if found.event:
        events.append((found.event, {"old_wh": old_wh, "new_wh": new_wh}))
    gap_wh = state.gap_wh
    if found.event == "register_rebased":
        gap_wh = old_wh - new_wh if found.kind == BROKEN else 0
    state = charge(state, config, found.rates_wh, found.by_rate, state.read_s, t_s, events)
    return evolve(cross(_stand(state, config, shown, t_s), config, events), gap_wh=gap_wh)


def _stand(state, config, shown, t_s):
    flags = state.flags & ~(STRAYS | BY_RATE) | BASED | (BY_RATE if config.by_rate else 0)
    return evolve(state, registers_wh=shown, read_s=t_s, flags=flags, doubt_wh=0)


def _priced(state, config):
    """Use of a balance in money without a tariff stays uncharged until there is one."""
    return config.tariffs or not (state.flags & OPEN and state.flags & FEE)


def _awaited(state, config, t_s):
    """The midnight whose freeze must split what was used up to `t_s`; 0: none, or it waited long enough."""
    if not (state.flags & OPEN and state.flags & FEE):
        return 0
    change_s = tariffs.next_change(config.tariffs, state.read_s, config.offset_s)
    if change_s is None or not change_s < t_s < change_s + config.wait_s:
        return 0
    return 0 if (change_s + config.offset_s) % DAY_S else change_s


def charge(state, config, rates_wh, by_rate, from_s, to_s, events):
    """Take what was used between two times off the balance; without `by_rate` one Wh sum stands first."""
    if not state.flags & OPEN:
        return state
    owed = [wh * config.multiplier for wh in rates_wh]
    if not state.flags & FEE:
        return _owe(state, sum(owed) * 1000)
    at_s, energy_wh, parts = min(from_s, to_s - 1), sum(owed), 0
    while at_s < to_s:
        change_s = tariffs.next_change(config.tariffs, at_s, config.offset_s)
        end_s = to_s if change_s is None else min(change_s, to_s)
        part = [wh * (end_s - at_s) // (to_s - at_s) for wh in owed]
        state = _piece(state, config, part, by_rate, at_s, end_s)
        owed = [wh - gone for wh, gone in zip(owed, part)]
        at_s, parts = end_s, parts + 1
    if parts > 1 and energy_wh:
        events.append(("charge_interpolated", {"energy_wh": energy_wh, "until_s": to_s}))
    return state


def _piece(state, config, rates_wh, by_rate, from_s, to_s):
    """One price holds from the first to the last second."""
    tariff = tariffs.in_force(config.tariffs, from_s)
    used_wh = sum(rates_wh)
    tier = tariffs.Tier(state.since_day, state.tier_wh)
    tier = tariffs.tier_at(config.tariffs, tier, from_s, config.offset_s)
    if not by_rate:  # the reading tells the rate of all that led to it
        rates_wh = [0] * tariffs.RATES
        rates_wh[tariffs.rate(tariff, to_s - 1 + config.offset_s) - 1] = used_wh
    owed = tariffs.cost_e7(tariff, rates_wh) + tariffs.added_e7(tariff, tier, used_wh)
    tier_wh = min(max(tier.used_wh + used_wh, 0), MAX_TIER_WH) if tariff.months else 0
    return evolve(_owe(state, owed), since_day=tier.since_day, tier_wh=tier_wh)


def _owe(state, milli):
    return evolve(state, left_milli=max(state.left_milli - milli, -BOUND * 1000))


def day_end(state, config, reading, t_s):
    """(state, row, actions, events): settle a midnight freeze, and name what the meter shows beyond it.

    The row: local day that ended, remaining, Wh of the tier count, sum of the registers charged, and by how
    many Wh the meter's total differs from them (None: not read, or a later reading is charged already).
    """
    state, actions, events = settle(state, config, reading, t_s)
    differs_wh = None
    if reading.total_wh is not None and state.flags & BASED and t_s >= state.read_s:
        differs_wh = reading.total_wh - sum(state.registers_wh)
        if abs(differs_wh) > ROUNDING_WH:
            events.append(("energy_difference_over", {"value": differs_wh, "limit": ROUNDING_WH}))
    day = (t_s + config.offset_s) // DAY_S - 1
    return state, (day, remaining(state), state.tier_wh, sum(state.registers_wh), differs_wh), actions, events
