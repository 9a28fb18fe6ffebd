"""What the way of a profile into a terminal asks for next. Pure: push, answer, what it tells -> step.

    sending --all there, activated--> trial --> kept | rolled_back | replaced
       '--> refused | given_up | stopped

Law: the terminal's word counts, not what was sent. Where to go on is the number of bytes it says it holds;
what became of an activation without an answer is read back from that and from the profiles it tells of.
"""

from typing import NamedTuple

from protocols.uplink.codes import REASONS

PIECE_BYTES = 1024  # of a package in one command (contract: PROFILE_PARAMS)
PIECE, ACTIVATE, DISCARD, ROLL_BACK = 0, 1, 2, 3  # operations of the command `profile`
SENDING, TRIAL, KEPT, ROLLED_BACK = "sending", "trial", "kept", "rolled_back"
REPLACED, REFUSED, GIVEN_UP, STOPPED = "replaced", "refused", "given_up", "stopped"
STATES = (SENDING, TRIAL, KEPT, ROLLED_BACK, REPLACED, REFUSED, GIVEN_UP, STOPPED)
UNDER_WAY = (SENDING, TRIAL)

PASSING = ("busy", "storage_failed", "clock_unset")  # reasons that may be gone in a while
WAIT_S, MOST_FAILURES = 10, 5
DAMAGED = (
    "malformed",
    "altered",
    "bad_signature",
    "another one",
)  # words of a refusal: the bytes are not ours
MOST_ANEW = 2
SILENT_S = 60  # no longer on trial by what runs, and no event says why


class Push(NamedTuple):
    total: int  # bytes of the package
    held: int | None  # that the terminal says it holds; None: ask
    until_s: int  # nothing is sent after it
    state: str = SENDING
    sent: int = 0  # commands
    failures: int = 0  # refusals in a row that may pass
    anew: int = 0  # times all was sent again
    doubt: int = 0  # 1: nobody knows what became of the activation
    again_s: int = 0  # not before; on trial: until then an event may say what happened
    why: str = ""


class Answer(NamedTuple):
    """Of the push's last command."""

    op: int
    state: str  # store.commands.STATES
    held: int | None = None
    reason: str = "none"  # codes.REASONS
    words: str = ""


class Told(NamedTuple):
    online: bool
    runs: tuple[bool, bool] | None = None  # (the slot has this profile, it is on trial); None: no news of it
    verdict: tuple[str, str] | None = None  # (KEPT or ROLLED_BACK, why) by an event


class Step(NamedTuple):
    """A command to send: a piece of `size` bytes from `at` (of none: how many are there?), or ACTIVATE."""

    op: int
    at: int = 0
    size: int = 0


def step(push: Push, answer: Answer | None, told: Told, t_s: int) -> tuple[Push, Step | None]:
    """`answer`: None when nothing is awaited. One that is final is heard once."""
    if push.state == SENDING and answer is not None:
        if answer.state in ("executed", "refused", "expired", "unknown"):
            push = _heard(push, answer, t_s)
        else:
            return push, None
    if push.state == SENDING:
        push = _read_back(push, told)
    if push.state == TRIAL:
        return _judged(push, told, t_s), None
    if push.state != SENDING:
        return push, None
    if t_s >= push.until_s:
        return push._replace(state=GIVEN_UP, why="past_deadline"), None
    if push.sent >= _most(push.total):
        return push._replace(state=GIVEN_UP, why="no_progress"), None
    if not told.online or t_s < push.again_s or _in_doubt(push):
        return push, None
    return push._replace(sent=push.sent + 1), _next(push)


def _most(total: int) -> int:
    return 20 + 4 * (total // PIECE_BYTES + 1)


def _heard(push: Push, answer: Answer, t_s: int) -> Push:
    if answer.state == "refused":
        return _refused(push, answer, t_s)
    if answer.state != "executed":  # it may have come all the same
        return push._replace(held=None, doubt=int(push.doubt or answer.op == ACTIVATE))
    if answer.op == ACTIVATE:
        return push._replace(state=TRIAL, held=push.total, doubt=0, failures=0)
    return push._replace(held=answer.held or 0, failures=0)


def _refused(push: Push, answer: Answer, t_s: int) -> Push:
    why = answer.words or answer.reason
    if answer.reason in PASSING and push.failures < MOST_FAILURES:
        failures = push.failures + 1
        return push._replace(held=None, failures=failures, again_s=t_s + WAIT_S * failures, why=why)
    if answer.op == ACTIVATE and answer.words.startswith(DAMAGED) and push.anew < MOST_ANEW:
        return push._replace(held=0, anew=push.anew + 1, why=why)
    return push._replace(state=REFUSED, why=why)


def _read_back(push: Push, told: Told) -> Push:
    """What became of an activation without an answer."""
    if not push.doubt:
        return push
    if told.verdict or (told.runs and told.runs[0]):
        return push._replace(state=TRIAL, held=push.total, doubt=0)
    if push.held is not None and (push.held >= push.total or told.runs):
        return push._replace(doubt=0)  # what came is still there, or it runs another: it was not activated
    return push


def _in_doubt(push: Push) -> bool:
    """All is gone from where it was held: the next live state says whether it runs."""
    return bool(push.doubt and push.held is not None)


def _judged(push: Push, told: Told, t_s: int) -> Push:
    if told.verdict:
        return push._replace(state=told.verdict[0], why=told.verdict[1])
    if told.runs is None:
        return push
    ours, on_trial = told.runs
    if ours and on_trial:
        return push._replace(again_s=0)
    if not push.again_s:
        return push._replace(again_s=t_s + SILENT_S)
    return push._replace(state=KEPT if ours else REPLACED) if t_s >= push.again_s else push


def _next(push: Push) -> Step:
    if push.held is None:
        return Step(PIECE)
    if push.held == push.total:
        return Step(ACTIVATE)
    at = push.held if push.held < push.total else 0  # more than ours: another's
    return Step(PIECE, at, min(PIECE_BYTES, push.total - at))


def reason_name(number: int | None) -> str:
    return REASONS.get(number or 0, str(number))
