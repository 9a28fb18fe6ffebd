"""Supply guarantee (保电): while one is in force, or cannot be read, nothing is tripped.

Real firmware has failed the other way round: a flag that could not be read counted as "not guaranteed".
Beside the commanded one there are automatic ones (parameters.GUARANTEE): the station was not heard for long,
the terminal has just started, hours of the day.
"""

from firmware.control import reasons
from firmware.control.records import Guarantee, evolve
from protocols.uplink.codes import (
    GUARANTEE_HOURS,
    GUARANTEE_LOST_LINK,
    GUARANTEE_OFF,
    GUARANTEE_ON,
    GUARANTEE_POWER_UP,
    GUARANTEE_UNREADABLE,
)

OFF = Guarantee(GUARANTEE_OFF, 0, 0, GUARANTEE_OFF, None)
UNREADABLE = Guarantee(GUARANTEE_UNREADABLE, 0, 0, GUARANTEE_UNREADABLE, None)


def reason(guarantee) -> int:
    """Why nothing trips, 0 when something may. Any mode but a clear "off" counts."""
    if guarantee.shown == GUARANTEE_OFF:
        return 0
    return reasons.GUARANTEE_UNREADABLE if guarantee.shown == GUARANTEE_UNREADABLE else reasons.GUARANTEED


def settle(state, sample, heard, events):
    """The guarantee as it is now: a timed one may end, an automatic one begin or end."""
    before = held = state.guarantee
    if held == UNREADABLE:
        return held
    left_s = _left(held, sample)
    if left_s is not None and left_s <= 0:
        events.append(("guarantee_off", {}))
        held = evolve(held, mode=GUARANTEE_OFF, since_s=0, duration_s=0)
    if heard or held.heard_s is None:
        held = evolve(held, heard_s=sample.run_s)
    shown = held.mode or _automatic(state, held, sample)
    if shown == before.shown:
        return held
    if shown >= GUARANTEE_LOST_LINK:
        events.append(("guarantee_on", {"kind": shown}))
    elif shown == GUARANTEE_OFF and before.shown >= GUARANTEE_LOST_LINK:
        events.append(("guarantee_off", {"kind": before.shown}))
    return evolve(held, shown=shown)


def _automatic(state, held, sample):
    settings = state.settings
    lost_s = settings["lost_link_s"]
    if lost_s and sample.run_s - held.heard_s >= lost_s:
        return GUARANTEE_LOST_LINK
    up_s = sample.run_s if state.up_s is None else state.up_s
    if sample.run_s - up_s < settings["power_up_s"]:
        return GUARANTEE_POWER_UP
    hours = settings["hours"]
    if sample.local_s is None:  # nobody knows the hour: any doubt means "do not trip"
        return GUARANTEE_HOURS if hours else GUARANTEE_OFF
    return GUARANTEE_HOURS if hours >> (sample.local_s // 3600 % 24) & 1 else GUARANTEE_OFF


def until(guarantee, sample):
    """UTC second at which a timed guarantee ends, else None."""
    left_s = _left(guarantee, sample)
    return None if left_s is None else sample.t_s + left_s


def _left(guarantee, sample):
    if guarantee.mode != GUARANTEE_ON or not guarantee.duration_s:
        return None
    return guarantee.duration_s - (sample.run_s - guarantee.since_s)
