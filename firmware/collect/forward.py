"""FORWARD: bytes to a line as they are; what comes back is a REPLY.

A line works its own one by one, in the order of acceptance. What is accepted is in the journal with the
gate's answer and leaves it after its REPLY is stored. A power cut in between: nobody knows whether it went
out, so it does not go again; after the start a REPLY says `interrupted`, and the station may ask anew under
a new id.
"""

from firmware.area.archive import LINES
from firmware.collect.crew import Crew
from firmware.store.record import StoreError
from protocols.uplink import area, topics
from protocols.uplink.codes import REASON_NO

KEY = "forward"  # kv: command ids that are accepted and not replied to
MOST = 4  # waiting or under way, of all lines: 512 bytes each
DATA_MOST = 512
WAIT_MOST_MS = 60000
EXPIRES_S = 300  # in the queue of a line
BAUD_LEAST, BAUD_MOST = 300, 115200
OUTCOME = {"expired": 8, "interrupted": 10, "garbled": 3, "ok": 0, "mute": 1}


class Forward:
    def __init__(self, board, kv, add, collector):
        self._clock, self._kv, self._add, self._collector = board.clock, kv, add, collector
        self._waiting = []  # [command, params, seconds left in the queue]
        self._crew = Crew(self._of_line)
        saved = kv.get(KEY)
        self._open = list(saved) if isinstance(saved, list) else []
        self._cut = list(self._open)
        self.error, self.held = "", None

    def apply(self, _kind, params, command_id, _scope=0):
        self.error, self.held = "", None
        self.error = _fault(params)
        if self.error:
            return REASON_NO["bad_params"], {}, None
        if len(self._open) >= MOST:
            self.error = "%d wait" % len(self._open)
            return REASON_NO["busy"], {}, None
        opened = self._open + [command_id]

        def commit():
            self._open = opened
            self._waiting.append([command_id, params, EXPIRES_S])
            self._crew.call(params["line"])

        return 0, {KEY: opened}, commit

    def tasks(self):
        return [("forward", self._crew.run)]

    def idle(self):
        return not self._open

    async def _of_line(self, line):
        while True:
            mine = [item for item in self._waiting if item[1]["line"] == line]
            if not mine:
                return
            self._waiting.remove(mine[0])
            await self._send(*mine[0][:2])

    async def _send(self, command, params):
        """A failure of the line is told before it reaches the supervisor."""
        data, took_ms, outcome = b"", 0, "garbled"
        try:
            data, took_ms = await self._collector.raw(
                params["line"],
                params["data"],
                params["wait_ms"],
                params.get("baud") or 0,
                bool(params.get("urgent")),
            )
            outcome = "ok" if data else "mute"
        finally:
            self._reply(command, data[:DATA_MOST], took_ms, outcome)

    def _reply(self, command, data, took_ms, outcome):
        body = {"command": command, "data": bytes(data), "took_ms": took_ms, "reason": OUTCOME[outcome]}
        if not self._add(topics.DA, area.REPLY, self._clock.now_s(), int(self._clock.ok), body):
            return False  # the journal keeps it: told as interrupted after a start
        self._open = [number for number in self._open if number != command]
        try:
            self._kv.put({KEY: self._open})
        except StoreError:
            pass  # a second REPLY after a restart, `interrupted`: the station has the first
        return True

    def tick(self):
        """Each second: tells what a cut left, gives up what waits too long."""
        self._cut = [number for number in self._cut if not self._reply(number, b"", 0, "interrupted")]
        for item in list(self._waiting):
            item[2] -= 1
            if item[2] < 0:
                self._waiting.remove(item)
                self._reply(item[0], b"", 0, "expired")


def _fault(params):
    baud = params.get("baud") or 0
    if params["line"] not in LINES:
        return "no such line"
    if not 0 < len(params["data"]) <= DATA_MOST:
        return "data of 1 to %d bytes" % DATA_MOST
    if not 1 <= params["wait_ms"] <= WAIT_MOST_MS:
        return "wait_ms"
    if baud and not BAUD_LEAST <= baud <= BAUD_MOST:
        return "baud"
    return ""
