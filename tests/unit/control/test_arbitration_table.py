"""Which controls reach the relays: the core against a table written by hand, over all combinations.

The table knows nothing of the core: it is the rule of the domain, one row a case of one round.
"""

from itertools import product

import pytest

from firmware.control import core
from firmware.control.records import Entry, evolve
from protocols.uplink import messages
from protocols.uplink.codes import (
    ALARM,
    GUARANTEE_OFF,
    GUARANTEE_ON,
    GUARANTEE_UNREADABLE,
    MONITOR,
    POST_TRIP,
    TRIPPED,
)
from tests.unit.control.bench import Terminal, on, plan, refresh

OFF, ON, BAD = GUARANTEE_OFF, GUARANTEE_ON, GUARANTEE_UNREADABLE
TABLE = {  # (guarantee, remote trips, period trips, purchase trips) -> the round is tripped
    (OFF, 0, 0, 0): 0,
    (OFF, 0, 0, 1): 1,
    (OFF, 0, 1, 0): 1,
    (OFF, 0, 1, 1): 1,
    (OFF, 1, 0, 0): 1,
    (OFF, 1, 0, 1): 1,
    (OFF, 1, 1, 0): 1,
    (OFF, 1, 1, 1): 1,
    (ON, 0, 0, 0): 0,
    (ON, 0, 0, 1): 0,
    (ON, 0, 1, 0): 0,
    (ON, 0, 1, 1): 0,
    (ON, 1, 0, 0): 0,
    (ON, 1, 0, 1): 0,
    (ON, 1, 1, 0): 0,
    (ON, 1, 1, 1): 0,
    (BAD, 0, 0, 0): 0,
    (BAD, 0, 0, 1): 0,
    (BAD, 0, 1, 0): 0,
    (BAD, 0, 1, 1): 0,
    (BAD, 1, 0, 0): 0,
    (BAD, 1, 0, 1): 0,
    (BAD, 1, 1, 0): 0,
    (BAD, 1, 1, 1): 0,
}
REMOTE_PHASES = (ALARM, POST_TRIP, TRIPPED)
LOOP_PHASES = (MONITOR, ALARM, POST_TRIP)


def terminal_under_all_controls():
    terminal = Terminal(power_w=None)
    terminal.step()
    terminal.do(messages.PERIOD_PLAN, plan())
    terminal.do(messages.PURCHASE, refresh(1, 1000))
    terminal.step()
    return terminal


BASE = terminal_under_all_controls()


def guaranteed(state, mode):
    if mode == ON:
        return core.apply(state, messages.GUARANTEE, on(), BASE.now, 9)[0].guarantee
    dumped = core.dump(state)
    dumped["control"]["guarantee"] = None
    return core.load(dumped, 2).guarantee if mode == BAD else state.guarantee


def state_with(mode, remote_mask, remote_phase, loop_mask, loop_phase, purchase_mask):
    """Each control holds its mask tripped just now; nothing else becomes due in the next step."""
    state, now_s = BASE.state, BASE.now.run_s
    entries = (Entry(remote_mask, remote_phase, now_s, 900, 0, 1000, 0, now_s),) if remote_mask else ()
    last = loop_mask & -loop_mask or 1
    group = state.groups[0]
    group = evolve(
        group,
        loop=evolve(group.loop, tripped=loop_mask, phase=loop_phase, round=last, since_s=now_s),
        bought=evolve(group.bought, tripped=purchase_mask, alarmed=1, since_s=now_s),
        account=evolve(group.account, left=0 if purchase_mask else 1000),
    )
    groups = (group, *state.groups[1:])
    return evolve(state, guarantee=guaranteed(state, mode), remote=entries, groups=groups)


@pytest.mark.parametrize("mode", [OFF, ON, BAD])
def test_core_agrees_with_the_table(mode):
    seen = 0
    masks = range(4)
    for remote, period, bought in product(masks, masks, masks):
        for remote_phase, loop_phase in product(REMOTE_PHASES, LOOP_PHASES):
            state = state_with(mode, remote, remote_phase, period, loop_phase, bought)
            _after, out, events = core.step(state, BASE.now)
            holds_remote = remote if remote_phase != ALARM else 0
            for bit in (0, 1):
                row = (mode, holds_remote >> bit & 1, period >> bit & 1, bought >> bit & 1)
                assert out.tripped >> bit & 1 == TABLE[row], (row, remote_phase, loop_phase)
            assert "close_permitted" not in [name for name, _data in events]
            seen += 1
    assert seen == 4**3 * 9


@pytest.mark.parametrize("mode", [OFF, ON, BAD])
def test_close_is_permitted_exactly_for_rounds_that_were_let_go(mode):
    for before, remote in product(range(4), range(4)):
        state = evolve(state_with(mode, remote, TRIPPED, 0, MONITOR, 0), tripped=before)
        _after, out, events = core.step(state, BASE.now)
        freed = 0
        for bit in (0, 1):
            if before >> bit & 1 and not TABLE[(mode, remote >> bit & 1, 0, 0)]:
                freed |= 1 << bit
        assert out.permitted == freed
        told = [data["rounds"] for name, data in events if name == "close_permitted"]
        assert told == ([freed] if freed else [])
