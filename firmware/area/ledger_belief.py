"""Whether a reading is believed, and what was used since the last one that was. Pure.

    registers that a household can have used up since        counted at once
    an older reading                                         says nothing new
    anything else                                            doubt: nothing is counted, read again

Doubt ends with a reading that fits, or when STRAYS_IGNORED readings in a row agreed and one more does. Then:

    back      the registers before the last break go on: what was used on them
    use       as much as the fuses let through while nobody read
    rolled    registers began again at 0
    broken    another meter, or a cleared one: nothing is counted, both sums are told and their gap is kept
"""

from collections import namedtuple

from firmware.area.ledger_state import BY_RATE, STRAY, STRAYS
from firmware.control.energy import STRAYS_IGNORED
from firmware.metering.register import MOST_DW, SLACK_WH, UNKNOWN_S, WHS

LIKELY_DW = 100000  # believed at once: three times what a household draws in its worst hour
CLOCK_S = 600  # two clocks: freezes carry the time of the meter, and five minutes are allowed either way
ROUNDING_WH = 40  # four tariff registers in steps of 10 Wh against the total
LARGEST_WH = 1 << 31  # no sum of registers reaches it

OLD, USE, DOUBT, AGREED, BROKEN = 0, 1, 2, 3, 4  # AGREED: doubt that fits the doubt before it
Verdict = namedtuple("Verdict", ("kind", "rates_wh", "by_rate", "event"))


def registers(reading, config):
    """The four registers that are charged, or None when the reading does not have them."""
    shown = reading.rates_wh if config.by_rate else (reading.total_wh, 0, 0, 0)
    if shown is None or None in shown or min(shown) < 0 or max(shown) >= config.roll_wh:
        return None
    return tuple(shown) if sum(shown) < LARGEST_WH else None


def judge(state, config, shown, t_s):
    """The verdict on what the meter showed at `t_s`; without by_rate `rates_wh` is a sum and three 0."""
    same = config.by_rate == (state.flags & BY_RATE > 0)
    used = _apart(shown, state.registers_wh) if same else (sum(shown) - sum(state.registers_wh), 0, 0, 0)
    total_wh, span_s = sum(used), t_s - state.read_s
    likely_wh = most_wh(max(span_s, 0) + CLOCK_S, LIKELY_DW)
    by_rate = same and config.by_rate
    if span_s <= 0 and total_wh <= likely_wh:
        return Verdict(OLD, None, 0, "")
    rises = min(used) >= (0 if same else -ROUNDING_WH)
    if rises and total_wh <= likely_wh:
        return Verdict(USE, used, by_rate, "")
    if not strays(state) or not 0 <= sum(shown) - state.doubt_wh <= likely_wh:
        return Verdict(DOUBT, None, 0, "")
    if strays(state) < STRAYS_IGNORED:
        return Verdict(AGREED, None, 0, "")
    return _confirmed(state, config, used, rises, span_s, by_rate)


def _confirmed(state, config, used, rises, span_s, by_rate):
    largest_wh = most_wh(span_s if span_s > 0 else UNKNOWN_S, MOST_DW)
    since_break_wh = sum(used) - state.gap_wh
    if state.gap_wh and 0 <= since_break_wh <= largest_wh:
        return Verdict(USE, (since_break_wh, 0, 0, 0), 0, "register_rebased")
    if rises and sum(used) <= largest_wh:
        return Verdict(USE, used, by_rate, "energy_deviation")
    rolled = tuple([wh % config.roll_wh for wh in used])
    if span_s > 0 and sum(rolled) <= most_wh(span_s + CLOCK_S, LIKELY_DW):
        return Verdict(USE, rolled, by_rate, "register_decrease")
    return Verdict(BROKEN, (0, 0, 0, 0), 0, "register_rebased")


def strays(state) -> int:
    return (state.flags & STRAYS) // STRAY


def most_wh(seconds, power_dw) -> int:
    return SLACK_WH + power_dw * seconds // WHS


def _apart(shown, before):
    return tuple([a - b for a, b in zip(shown, before)])
