"""What the way of an archive into a concentrator asks for next. Pure: load, answer, what it tells -> step.

    sending --activated--> loaded | refused | given_up | stopped

The new archive is made beside the one that runs, by BEGIN, pieces of rows and ACTIVATE. Each may be sent
twice: it says what is to stand, not what to add. What became of an ACTIVATE without an answer is read back
from the hash that the concentrator tells.
"""

from typing import NamedTuple

from protocols.uplink import area
from protocols.uplink.codes import REASON_NO

SENDING, LOADED, REFUSED, GIVEN_UP, STOPPED = "sending", "loaded", "refused", "given_up", "stopped"
STATES = (SENDING, LOADED, REFUSED, GIVEN_UP, STOPPED)
PIECE = area.ROWS_MOST * area.ROW_BYTES
PASSING = tuple(REASON_NO[name] for name in ("busy", "storage_failed", "clock_unset"))
WAIT_S, MOST_FAILURES, MOST_ANEW = 10, 5, 2
DOUBT_S = 30  # so long the hash of what runs may answer for an activation


class Load(NamedTuple):
    total: int  # steps: BEGIN, pieces, ACTIVATE
    until_s: int  # nothing is sent after it
    state: str = SENDING
    done: int = 0  # steps that are known to be done
    failures: int = 0  # refusals in a row that may pass
    anew: int = 0  # times all was sent again
    doubt: int = 0  # 1: nobody knows what became of the activation
    again_s: int = 0  # not before
    why: str = ""


class Answer(NamedTuple):
    """Of the load's last command."""

    state: str  # store.commands.STATES
    reason: int = 0  # codes.REASONS
    words: str = ""


class Told(NamedTuple):
    online: bool
    runs: bool | None = None  # what is wanted runs; None: no news since the last step


def pieces(rows: bytes) -> list[tuple[int, bytes]]:
    """[(first meter, rows)] that make them of nothing."""
    starts = [at for at in range(0, len(rows), PIECE) if any(rows[at : at + PIECE])]
    return [(at // area.ROW_BYTES + 1, rows[at : at + PIECE]) for at in starts]


def step(load: Load, answer: Answer | None, told: Told, t_s: int) -> tuple[Load, int | None]:
    """(load, number of the step to send now or None). `answer`: None when nothing is awaited."""
    if load.state != SENDING:
        return load, None
    if answer is not None:
        if answer.state not in ("executed", "refused", "expired", "unknown"):
            return load, None
        load = _heard(load, answer, t_s)
    if load.state == SENDING and (load.doubt or not load.done) and told.runs:
        load = load._replace(state=LOADED, done=load.total, doubt=0, why="")
    if load.state != SENDING:
        return load, None
    if t_s >= load.until_s:
        return load._replace(state=GIVEN_UP, why="past_deadline"), None
    if not told.online or t_s < load.again_s:
        return load, None
    if load.doubt:  # it told what runs, and that is not ours
        if told.runs is None:
            return load, None
        load = _anew(load, "activation_lost")
    return load, load.done if load.state == SENDING else None


def _heard(load: Load, answer: Answer, t_s: int) -> Load:
    activating = load.done == load.total - 1
    if answer.state == "executed":
        done = load.done + 1
        return load._replace(done=done, failures=0, why="", state=LOADED if done == load.total else SENDING)
    if answer.state == "refused":
        return _refused(load, answer, t_s)
    return load._replace(doubt=1, again_s=t_s + DOUBT_S) if activating else load  # sent again


def _refused(load: Load, answer: Answer, t_s: int) -> Load:
    why = answer.words or str(answer.reason)
    if answer.reason in PASSING and load.failures < MOST_FAILURES:
        return load._replace(failures=load.failures + 1, again_s=t_s + WAIT_S, why=why)
    return _anew(load, why) if load.done else load._replace(state=REFUSED, why=why)


def _anew(load: Load, why: str) -> Load:
    """From BEGIN on: what it had made beside is not what we think."""
    if load.anew >= MOST_ANEW:
        return load._replace(state=REFUSED, why=why)
    return load._replace(done=0, doubt=0, failures=0, anew=load.anew + 1, why=why)
