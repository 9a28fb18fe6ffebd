"""A profile's way into a terminal over a line that loses, delays and doubles, with restarts and a rival."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from firmware.store import blobs
from station.profiles import push
from station.profiles.push import Answer, Push, Told

SLOT = 1
OURS, RIVAL = b"\x5a" + bytes(range(256)) * 17, b"\xa5" * 3000
TOTAL = len(OURS)
PIECES = -(-TOTAL // push.PIECE_BYTES)
UNTIL_S = 100_000


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class Terminal:
    """As firmware.metering.slots answers; the pieces by its own code. `verdict` ends a trial."""

    def __init__(self, folder: str) -> None:
        self.path = folder
        self.runs: bytes | None = None
        self.on_trial = False
        self.verdicts: list[tuple[str, str]] = []
        self.activated = 0

    def part(self) -> bytes:
        path = Path(blobs.part(self.path, SLOT))
        return path.read_bytes() if path.exists() else b""

    def piece(self, at: int, data: bytes) -> int:
        return blobs.append(self.path, SLOT, at, data)

    def activate(self, wanted: bytes) -> str:
        """Words of the refusal, "" when it is on trial."""
        if digest(self.part()) != wanted:
            return "malformed: package"
        blobs.discard(self.path, SLOT)
        self.runs, self.on_trial = wanted, True
        self.activated += 1
        return ""

    def judge(self, keep: bool) -> None:
        if self.on_trial:
            self.on_trial = False
            self.verdicts.append((push.KEPT, "") if keep else (push.ROLLED_BACK, "9 of 20 reads"))
            self.runs = self.runs if keep else None


class World:
    """A push, its station's bookkeeping of one awaited command, and the terminal."""

    def __init__(self, folder: str, held: int | None = 0) -> None:
        self.terminal = Terminal(folder)
        self.push = Push(TOTAL, held, UNTIL_S)
        self.answer: Answer | None = None
        self.t_s = 0
        self.sent = 0
        self.late: list[push.Step] = []  # commands the station gave up on; the broker may still deliver
        self.events_told = 0

    def take(self, step: push.Step) -> Answer:
        """What the terminal answers to a command of ours."""
        if step.op == push.ACTIVATE:
            words = self.terminal.activate(digest(OURS))
            return Answer(step.op, "refused", None, "bad_profile", words) if words else self.done(step)
        data = OURS[step.at : step.at + step.size]
        return self.done(step, self.terminal.piece(step.at, data))

    @staticmethod
    def done(step: push.Step, held: int | None = None) -> Answer:
        return Answer(step.op, "executed", held)

    def turn(self, fate: str, news: bool = True, told: bool = True) -> None:
        """One look of the station; `fate` is what becomes of a command that is sent now."""
        self.t_s += 5
        terminal = self.terminal
        runs = (terminal.runs == digest(OURS), terminal.runs == digest(OURS) and terminal.on_trial)
        verdict = terminal.verdicts[0] if told and terminal.verdicts else None
        facts = Told(True, runs if news else None, verdict)
        self.push, step = push.step(self.push, self.answer, facts, self.t_s)
        self.answer = None
        if step is None:
            return
        self.sent += 1
        if fate == "lost":
            self.answer = Answer(step.op, "unknown")
        elif fate == "unheard":  # done, but nobody says so
            self.take(step)
            self.answer = Answer(step.op, "unknown")
        elif fate == "late":
            self.late.append(step)
            self.answer = Answer(step.op, "expired")
        elif fate in push.PASSING:
            self.answer = Answer(step.op, "refused", None, fate)
        else:
            self.answer = self.take(step)

    def deliver_late(self) -> None:
        for step in self.late:
            self.take(step)
        self.late.clear()

    def rival(self, size: int) -> None:
        """Another station, or a person at the shell, begins a package of its own in the slot."""
        self.terminal.piece(0, RIVAL[:size])

    def torn(self, size: int) -> None:
        """The power goes while a piece is written: of it only a beginning is there."""
        path = Path(blobs.part(self.terminal.path, SLOT))
        if path.exists():
            path.write_bytes(path.read_bytes()[:-size])


FATES = st.sampled_from(["good", "good", "good", "lost", "unheard", "late", *push.PASSING])
TURNS = st.lists(
    st.one_of(
        st.tuples(st.just("turn"), FATES, st.booleans(), st.booleans()),
        st.tuples(st.just("rival"), st.integers(1, len(RIVAL))),
        st.tuples(st.just("torn"), st.integers(1, push.PIECE_BYTES)),
        st.tuples(st.just("deliver_late")),
        st.tuples(st.just("judge"), st.booleans()),
    ),
    max_size=40,
)
FINAL = set(push.STATES) - set(push.UNDER_WAY)


@settings(max_examples=300, deadline=None)
@given(TURNS, st.sampled_from([0, None]), st.booleans())
def test_whatever_the_line_does_the_end_is_what_the_terminal_runs(
    turns: list[tuple[Any, ...]], held: int | None, keep: bool
) -> None:
    with TemporaryDirectory() as folder:
        world = World(folder, held)
        for what, *rest in turns:
            (world.terminal.judge if what == "judge" else getattr(world, what))(*rest)
            if world.push.state == push.KEPT:
                assert world.terminal.runs == digest(OURS)
        world.deliver_late()
        for _ in range(200):  # a quiet line: it must come to an end
            if world.push.state in FINAL:
                break
            world.turn("good")
            if world.push.state == push.TRIAL:
                world.terminal.judge(keep)
        event(world.push.state)
        assert world.push.state in FINAL
        assert world.sent == world.push.sent
        assert world.sent <= 20 + 4 * (TOTAL // push.PIECE_BYTES + 1)
        if world.push.state == push.KEPT:
            assert world.terminal.runs == digest(OURS)
            assert not world.terminal.on_trial
        if world.push.state == push.ROLLED_BACK:
            assert (push.ROLLED_BACK, "9 of 20 reads") in world.terminal.verdicts


def test_a_good_line_carries_each_byte_once_and_activates_once(tmp_path: Path) -> None:
    world = World(str(tmp_path))
    while world.push.state == push.SENDING:
        world.turn("good")
    assert world.push.state == push.TRIAL
    assert world.sent == PIECES + 1
    assert world.terminal.activated == 1


def test_a_second_push_of_the_same_goes_on_where_the_terminal_is(tmp_path: Path) -> None:
    world = World(str(tmp_path), held=None)
    world.terminal.piece(0, OURS[:3000])
    while world.push.state == push.SENDING:
        world.turn("good")
    assert world.sent == 1 + 2 + 1  # asked, two pieces, activated


def test_an_unheard_activation_is_read_back_and_not_made_again(tmp_path: Path) -> None:
    world = World(str(tmp_path))
    for _ in range(PIECES):
        world.turn("good")
    world.turn("unheard")
    assert (world.push.held, world.terminal.activated) == (TOTAL, 1)
    for _ in range(20):  # asks: nothing is held any more
        world.turn("good", news=False)
    assert world.push.state == push.SENDING, "no news, no guess"
    world.turn("good")
    assert (world.push.state, world.terminal.activated) == (push.TRIAL, 1)


def test_an_unheard_activation_that_never_came_is_made(tmp_path: Path) -> None:
    world = World(str(tmp_path))
    for _ in range(PIECES):
        world.turn("good")
    world.turn("lost")
    assert (world.push.held, world.terminal.activated) == (TOTAL, 0)
    while world.push.state == push.SENDING:
        world.turn("good", news=False)
    assert (world.push.state, world.terminal.activated) == (push.TRIAL, 1)


def step(state: Push, answer: Answer | None, online: bool = True, t_s: int = 0) -> tuple[Push, Any]:
    return push.step(state, answer, Told(online), t_s)


def test_nothing_is_sent_while_an_answer_is_awaited_or_nobody_is_there() -> None:
    fresh = Push(TOTAL, 0, UNTIL_S)
    for state in ("drafted", "approved", "queued", "sent", "received"):
        assert step(fresh, Answer(push.PIECE, state)) == (fresh, None)
    assert step(fresh, None, online=False) == (fresh, None)


def test_a_refusal_that_lasts_ends_it_with_its_words() -> None:
    at_end = Push(TOTAL, TOTAL, UNTIL_S)
    words = "failed_test: 3: differs"
    after, sent = step(at_end, Answer(push.ACTIVATE, "refused", None, "bad_profile", words))
    assert (after.state, after.why, sent) == (push.REFUSED, words, None)
    after, sent = step(at_end, Answer(push.PIECE, "refused", None, "unknown_kind"))
    assert (after.state, after.why, sent) == (push.REFUSED, "unknown_kind", None)


def test_a_busy_terminal_is_asked_again_but_not_for_ever() -> None:
    state, t_s, waits = Push(TOTAL, TOTAL, UNTIL_S), 0, 0
    while state.state == push.SENDING:
        state, sent = step(state, Answer(push.ACTIVATE, "refused", None, "busy"), t_s=t_s)
        assert sent is None
        t_s, waits = state.again_s, waits + 1
    assert (state.state, state.why, waits) == (push.REFUSED, "busy", push.MOST_FAILURES + 1)


def test_its_time_over_is_the_end_and_what_was_sent_is_awaited() -> None:
    late = Push(TOTAL, 0, 100)
    assert step(late, Answer(push.PIECE, "sent"), t_s=200) == (late, None)
    after, _sent = step(late, Answer(push.PIECE, "expired"), t_s=200)
    assert (after.state, after.why) == (push.GIVEN_UP, "past_deadline")


def test_a_trial_that_nobody_tells_of_ends_by_what_runs() -> None:
    trial = Push(TOTAL, TOTAL, UNTIL_S, state=push.TRIAL)
    waiting, _sent = push.step(trial, None, Told(True, (False, False)), 1000)
    assert waiting.state == push.TRIAL
    told, _sent = push.step(waiting, None, Told(True, (False, False), (push.ROLLED_BACK, "x")), 1001)
    assert (told.state, told.why) == (push.ROLLED_BACK, "x")
    gone, _sent = push.step(waiting, None, Told(True, (False, False)), 1000 + push.SILENT_S)
    assert gone.state == push.REPLACED
    kept, _sent = push.step(waiting, None, Told(True, (True, False)), 1000 + push.SILENT_S)
    assert kept.state == push.KEPT
    back, _sent = push.step(waiting, None, Told(True, (True, True)), 1001)
    assert (back.state, back.again_s) == (push.TRIAL, 0)
