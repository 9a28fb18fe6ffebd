"""Cut-off and reconnection of one meter: nothing is believed but its status word. Pure; time comes in.

    IDLE   nothing to do          -> LOOK when the switch is not as wanted
    LOOK   read the status word   -> READY when it shows that the control is needed, else IDLE
    READY  the control may go     -> SENT with it; back to LOOK when it did not go soon
    SENT   it may have gone       -> IDLE when the status word shows it, READY when it can no longer come

`step` tells what to do now. A state it returns with TRIP or PERMIT must be stored before the control goes
out: after a power cut it says SENT, so the status word is read first. The control carries its end of validity
(VALID_S): until then a lost one may still arrive, so only after that a read-back shows that it did not.
What is wanted is asked anew at each step: a top-up or a guarantee that came meanwhile stops what is not sent.
"""

import struct
from collections import namedtuple

from firmware.control.records import FIELDS, evolve
from protocols.uplink.codes import REASON_NO

LEAVE, TRIP, PERMIT = 0, 1, 2  # what is wanted, and the control that does it; 645: 1AH, 1BH
NOTHING, LOOK_NOW = 0, 3  # other actions of `step`
IDLE, LOOK, READY, SENT = 0, 1, 2, 3

TRIES = 3  # controls, then an event and a rest
LOOKS = 5  # read-backs in a row that got no answer, likewise
REST_S = 3600
SETTLE_S = 5  # a relay with a motor takes so long
LOOK_S = 60  # between two read-backs
FRESH_S = 60  # so old a read-back still shows how the switch is
VALID_S = 300  # of a control, in its own N3..N8

KNOWN, RELAY_OPEN, TOLD_OPEN = 1, 2, 4  # bits of `seen`
CUT = KNOWN | RELAY_OPEN | TOLD_OPEN
RELAY_BIT, TOLD_BIT = 4, 6  # of DL/T 645 status word 3

SWITCH = ("phase", "want", "seen", "tries", "misses", "sent_s", "due_s")
Switch = namedtuple("Switch", SWITCH)
FIELDS[Switch] = SWITCH  # so that records.evolve takes it
NEW = Switch(IDLE, LEAVE, 0, 0, 0, 0, 0)
_LAYOUT = "<BBII"
SIZE = 10


def pack(state) -> bytes:
    told = state.phase | state.want << 2 | state.seen << 4
    return struct.pack(_LAYOUT, told, state.tries | state.misses << 4, state.sent_s, state.due_s)


def unpack(data):
    """ValueError: not the size of a switch."""
    if len(data) != SIZE:
        raise ValueError("a switch has %d bytes" % SIZE)
    told, counts, sent_s, due_s = struct.unpack(_LAYOUT, data)
    return Switch(told & 3, told >> 2 & 3, told >> 4, counts & 15, counts >> 4, sent_s, due_s)


def step(state, want, t_s):
    """(state, action): `want` as it is now; NOTHING, LOOK_NOW, or the control TRIP or PERMIT."""
    due = not t_s < state.due_s <= t_s + REST_S  # nothing is due later than that: the clock was set
    if state.phase == SENT:
        return state, LOOK_NOW if due else NOTHING
    if want == LEAVE or _is(want, state.seen):
        return evolve(NEW, seen=state.seen), NOTHING
    if want != state.want:
        state, due = evolve(NEW, phase=LOOK, want=want, seen=state.seen, due_s=t_s), True
    if not due:
        return state, NOTHING
    if state.phase == READY and 0 <= t_s - state.due_s <= FRESH_S:
        sent = evolve(state, phase=SENT, tries=state.tries + 1, misses=0, sent_s=t_s, due_s=t_s + SETTLE_S)
        return sent, want
    return evolve(state, phase=LOOK), LOOK_NOW


def _is(want, seen):
    """Whether the status word shows what is wanted. To permit, one never seen waits for the patrol."""
    return seen == CUT if want == TRIP else not seen & TOLD_OPEN


def refused(state, t_s):
    """The meter refused the control: no further try, but its status word has the last word."""
    return evolve(state, tries=TRIES, sent_s=0, due_s=t_s) if state.phase == SENT else state


def looked(state, word, t_s):
    """(state, events) after status word 3 was read, for a LOOK_NOW or by a patrol; None: no answer."""
    if word is None:
        return _mute(state, t_s)
    seen = KNOWN | (word >> RELAY_BIT & 1) * RELAY_OPEN | (word >> TOLD_BIT & 1) * TOLD_OPEN
    events = []
    if state.seen and (seen ^ state.seen) & RELAY_OPEN:
        events.append(("switch_opened" if seen & RELAY_OPEN else "switch_closed", {}))
    state = evolve(state, seen=seen, misses=0)
    if state.phase == IDLE:
        return state, events
    if _is(state.want, seen):
        if state.phase == SENT:
            done = "energy_control_trip" if state.want == TRIP else "close_permitted"
            events.append((done, {"repeats": state.tries - 1}))
        return evolve(NEW, seen=seen), events
    if state.phase == SENT and 0 <= t_s - state.sent_s < VALID_S:
        return evolve(state, due_s=t_s + LOOK_S), events
    if state.tries < TRIES:
        return evolve(state, phase=READY, due_s=t_s), events
    return _rest(state, IDLE, "not_confirmed", t_s, events), events


def _mute(state, t_s):
    """A control whose outcome is not known stays so, however long it takes."""
    events = []
    if state.phase == IDLE:
        return state, events
    if state.misses + 1 < LOOKS:
        return evolve(state, misses=state.misses + 1, due_s=t_s + LOOK_S), events
    return _rest(state, state.phase, "no_reading", t_s, events), events


def _rest(state, phase, reason, t_s, events):
    events.append(("output_mismatch", {"kind": state.want, "reason": REASON_NO[reason]}))
    tries = 0 if phase == IDLE else state.tries
    return evolve(state, phase=phase, tries=tries, misses=0, due_s=t_s + REST_S)
