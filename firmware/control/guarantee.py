"""Supply guarantee (保电): while it is on, or cannot be read, nothing is tripped.

Real firmware has failed the other way round: a flag that could not be read counted as "not guaranteed".
"""

from firmware.control.records import Guarantee
from protocols.uplink.codes import GUARANTEE_OFF, GUARANTEE_ON, GUARANTEE_UNREADABLE, REASON_NO

OFF = Guarantee(GUARANTEE_OFF, 0, 0)
UNREADABLE = Guarantee(GUARANTEE_UNREADABLE, 0, 0)

REASONS = {
    GUARANTEE_OFF: 0,
    GUARANTEE_ON: REASON_NO["guaranteed"],
    GUARANTEE_UNREADABLE: REASON_NO["guarantee_unreadable"],
}


def command(before, params, sample, command_id, events):
    """Switch it; also the only way out of unreadable."""
    data = {"command": command_id}
    if not params["on"]:
        if before.mode != GUARANTEE_OFF:
            events.append(("guarantee_off", data))
        return OFF
    if params["duration_s"]:
        data["until_s"] = sample.t_s + params["duration_s"]
    events.append(("guarantee_on", data))
    return Guarantee(GUARANTEE_ON, sample.run_s, params["duration_s"])


def step(guarantee, sample, events):
    """End a timed guarantee whose time is over."""
    left_s = _left(guarantee, sample)
    if left_s is None or left_s > 0:
        return guarantee
    events.append(("guarantee_off", {}))
    return OFF


def until(guarantee, sample):
    """UTC second at which a timed guarantee ends, else None."""
    left_s = _left(guarantee, sample)
    return None if left_s is None else sample.t_s + left_s


def _left(guarantee, sample):
    if guarantee.mode != GUARANTEE_ON or not guarantee.duration_s:
        return None
    return guarantee.duration_s - (sample.run_s - guarantee.since_s)
