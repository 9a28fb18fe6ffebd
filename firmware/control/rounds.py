"""From controls to trip rounds: who wins, and the "close permitted" lamps of released rounds.

Output of a round = guarantee ? 0 : OR(remote, power controls, energy controls) over all groups.
"""

from protocols.uplink.codes import GUARANTEE_OFF

LAMP_S = 60  # "close permitted" shows so long; the customer closes by hand


def arbitrate(guarantee_mode, asked) -> int:
    """Mask to trip of the rounds that any control asks for. Any mode but a clear "off" trips nothing."""
    return asked if guarantee_mode == GUARANTEE_OFF else 0


def permits(lamps, before, after, run_s):
    """Lamp instants after the output went from mask `before` to `after`; the same tuple when none changed."""
    if before == after and lamps.count(None) == len(lamps):
        return lamps
    changed = []
    for index, on_s in enumerate(lamps):
        bit = 1 << index
        if after & bit or (on_s is not None and run_s - on_s >= LAMP_S):
            on_s = None
        if before & ~after & bit:
            on_s = run_s
        changed.append(on_s)
    changed = tuple(changed)
    return lamps if changed == lamps else changed


def lit(lamps) -> int:
    """Mask of the lamps that are on."""
    mask = 0
    for index, on_s in enumerate(lamps):
        if on_s is not None:
            mask |= 1 << index
    return mask
