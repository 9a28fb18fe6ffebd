"""The service console of a Terminal, and its relay test with its interlock.

The controller drives; nothing here touches a pin.

The controller asks `mask(outputs)` in each step, drives it together with the rounds that are tripped, and
then calls `report`. The test lies in the heap alone: after any restart the relays are as the core says.
"""

from firmware.front.serve import serve
from protocols.uplink.codes import GUARANTEE_UNREADABLE, REASON_NO

TEST_MS = 60_000


class RelayTest:
    """`rounds` is the mask held by the test, 0 when none runs; `tell(name, fields)` is that of the events."""

    def __init__(self, clock, tell):
        self._clock, self._tell = clock, tell
        self._from = 0
        self._told = []
        self.rounds = 0

    def start(self, rounds, there, outputs, command_open) -> int:
        """Begin; a reason of protocols.uplink.codes when it may not. `there`: mask of this board's rounds.

        Never while guaranteed or in doubt about it, while a round is tripped or in alarm, or while a command
        waits for its read-back: the test would be taken for its effect.
        """
        why = ""
        if self.rounds:
            why = "already_active"
        elif not rounds or rounds & ~there:
            why = "no_such_round"
        elif outputs.guarantee == GUARANTEE_UNREADABLE:
            why = "guarantee_unreadable"
        elif outputs.guarantee:
            why = "guaranteed"
        elif outputs.tripped or outputs.alarm or command_open:
            why = "busy"
        if why:
            return REASON_NO[why]
        self.rounds, self._from = rounds, self._clock.ticks_ms()
        self._told.append({"rounds": rounds})
        return 0

    def mask(self, outputs) -> int:
        """Rounds to drive besides `outputs.tripped`: asked in each step, tells nothing; ends by itself.

        Over after TEST_MS, with a guarantee, and as soon as any control wants a round: that one must not be
        mistaken for the test.
        """
        over = self.rounds and self._clock.ticks_diff(self._clock.ticks_ms(), self._from) >= TEST_MS
        if over or outputs.guarantee or outputs.tripped or outputs.alarm:
            self.stop()
        return self.rounds

    def stop(self):
        """End it with the next step."""
        if self.rounds:
            lasted_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._from)
            self._told.append({"rounds": self.rounds, "ended": 1, "lasted_s": lasted_ms // 1000})
            self.rounds = 0

    def report(self):
        """Tell what began and ended, after the relays were driven: `tell` may write flash."""
        told, self._told = self._told, []
        for fields in told:
            self._tell("service_test", fields)


class Service:
    """`of`: the Terminal, `port`: where somebody may type."""

    def __init__(self, of, port):
        self._of, self._port = of, port

    async def run(self):
        of = self._of
        if of.controller.test is None:
            of.controller.test = RelayTest(of.board.clock, of.events.tell)
        await serve(self._port, of.board.clock, self._console)

    def _console(self):
        from firmware.front.console import Console

        of = self._of
        return Console(of.front, of.board, of.settings, self._test)

    def _test(self, rounds):
        of, reason = self._of, 0
        test = of.controller.test
        if rounds:
            there = (1 << of.board.facts["rounds"]) - 1
            reason = test.start(rounds, there, of.controller.outputs, of.gate.waiting())
        else:
            test.stop()
        of.controller.step()
        return reason
