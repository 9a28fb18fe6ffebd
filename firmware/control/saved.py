"""The core's memory as plain values for the journal: dump, and how urgent a change is. `restore` reads it.

Keys: `control` for the terminal, and of each group `g` what moves with every reading, `p` the plans, `o` the
orders: the journal writes only keys that changed, so a minute of energy costs `control` and `g`. A part may
grow at its end in later versions: readers take the fields they know, so that a rolled back firmware still
finds the balance.
"""

from protocols.uplink import messages
from protocols.uplink.codes import GUARANTEE_UNREADABLE, POST_TRIP

VERSION = 2
# `control`, then three of each group; a text, which lies in flash
KEYS = "control g1 p1 o1 g2 p2 o2 g3 p3 o3 g4 p4 o4 g5 p5 o5 g6 p6 o6 g7 p7 o7 g8 p8 o8"
PLAN_KINDS = (  # the command that sets the plan of each control in PLANNED
    messages.DOWN_FLOAT,
    messages.BUSINESS_STOP,
    messages.FACTORY_REST,
    messages.PERIOD_PLAN,
    messages.MONTH_ENERGY,
)
HEARD_S = 600  # a lost link is counted this exactly over a power cut, for the wear of the flash


def dump(state) -> dict:
    """{key: value that protocols.cbor can encode}."""
    held = state.guarantee
    out: dict = {
        "control": {
            "version": VERSION,
            "run_s": state.run_s,
            "known_s": state.known_s,
            "guarantee": None if held.mode == GUARANTEE_UNREADABLE else list(held),
            "excluded": state.excluded,
            "remote": [list(entry) for entry in state.remote],
            "lamps": [state.tripped, list(state.permits)],
        }
    }
    for index, group in enumerate(state.groups):
        if group is not None:
            no = str(index + 1)
            out["g" + no] = [
                list(group.loop),
                group.float and list(group.float),
                list(group.count),
                list(group.account),
                list(group.bought),
                [group.label, group.month_wh] + list(group.month),
            ]
            out["p" + no] = [_plan(kind, plan) for kind, plan in zip(PLAN_KINDS, group.plans)]
            out["o" + no] = [list(group.orders), list(group.terms)]
    return out


def _plan(kind, plan):
    """A plan is kept as the command that set it."""
    if plan is None:
        return None
    return [plan.command, messages.pack(messages.COMMANDS[kind], plan.params)]


def durable(before, after) -> str:
    """ "now": journal this change at once; "minute": with the next minute's commit; "": not worth a write."""
    if before is after:
        return ""
    if _firm(before) != _firm(after):
        return "now"
    soon = False
    for old, new in zip(before.groups, after.groups):
        if new is not old:
            if old is None or _group_firm(old) != _group_firm(new):
                return "now"
            soon = soon or _moves(old, new)
    if after.settings["lost_link_s"] and after.guarantee.heard_s is not None:
        kept_s = before.guarantee.heard_s
        soon = soon or kept_s is None or after.guarantee.heard_s - kept_s >= HEARD_S
    return "minute" if soon else ""


def _firm(state):
    """What must never be lost. A running power alarm is not in it: it starts again, in full."""
    return state.guarantee[:4], state.excluded, state.remote, state.tripped


def _group_firm(group):
    loop = group.loop
    trip = (loop.tripped, loop.phase == POST_TRIP and loop.since_s, group.float, group.bought, group.month)
    return trip, group.plans, group.orders, group.terms


def _moves(old, new):
    """A figure that somebody is controlled by, or a step of the loop."""
    if (old.loop.control, old.loop.key, old.loop.phase) != (new.loop.control, new.loop.key, new.loop.phase):
        return True
    if new.account.left is not None and (old.account != new.account or old.count != new.count):
        return True
    return new.plans[-1] is not None and (old.label, old.month_wh) != (new.label, new.month_wh)
