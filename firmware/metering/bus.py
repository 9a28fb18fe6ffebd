"""Bus owner: the one task that talks on an RS-485 line. Everybody else asks it for exchanges.

Laws: one request on the wire at a time, the most urgent first; what lies in the receiver is thrown away
before a request; a reply counts only if it answers this request (late and foreign replies are refused by
address, function and identifier); time-outs are learned per meter, so that a dead meter costs little.
"""

import asyncio

from protocols.lines import dlt645

VERIFY, ON_DEMAND, POLL, BACKFILL = 0, 1, 2, 3  # priorities, most urgent first
QUEUE_MAX = 16  # requests waiting; more is a fault of the asker

BYTE_BITS = 11  # 8E1
FIRST_TURN_MS = 500  # DL/T 645-2007: reply within 500 ms; learned down from there
LEAST_TURN_MS = 60
MARGIN_MS = 60  # reader's own scheduling
GAP_MS = 500  # longest pause inside a frame (DL/T 645-2007)
REPLY_MAX_MS = 3000  # one exchange never takes longer
HEARD_MAX = 256  # bytes of one exchange kept for the trace; the longest frame is 4 + 12 + 255
TRACE_FRAMES = 6  # last frames kept for the station's "last frames"


class BusFull(Exception):
    """More than QUEUE_MAX requests wait."""


class _Request:
    __slots__ = ("done", "frame", "priority", "reply")

    def __init__(self, priority, frame):
        self.priority = priority
        self.frame = frame
        self.reply = None
        self.done = asyncio.Event()


class Bus:
    """`port` is a HAL serial port, `clock` a HAL clock, `baud` the line's speed in bits/s.

    Counters for diagnostics: `ok`, `timeouts`, `bad`.
    """

    def __init__(self, port, clock, baud):
        self._port = port
        self._clock = clock
        self._baud = baud
        self._waiting = []
        self._wake = asyncio.Event()
        self._turn_ms = {}  # address -> learned turn-around
        self._framer = dlt645.Framer()
        self._bad_before = 0
        self.trace = []
        self.ok = self.timeouts = 0

    @property
    def bad(self):
        return self._bad_before + self._framer.bad

    async def exchange(self, priority, frame):
        """Send `frame` (bytes) when its turn comes; return the reply as a dlt645.Frame, None on time-out."""
        if len(self._waiting) >= QUEUE_MAX:
            raise BusFull
        request = _Request(priority, frame)
        at = len(self._waiting)
        while at and self._waiting[at - 1].priority > priority:
            at -= 1
        self._waiting.insert(at, request)
        self._wake.set()
        await request.done.wait()
        return request.reply

    async def run(self):
        """The line's task. A failure inside frees the asker before it reaches the supervisor."""
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            request = self._waiting.pop(0)
            try:
                request.reply = await self._talk(request.frame)
            finally:
                request.done.set()

    def _wire_ms(self, n_bytes):
        return n_bytes * BYTE_BITS * 1000 // self._baud + 1

    def _note(self, direction, data):
        self.trace.append((self._clock.now_s(), direction, bytes(data)))
        if len(self.trace) > TRACE_FRAMES:
            self.trace.pop(0)

    def _fresh_framer(self):
        """Half a frame of an old reply must not swallow the head of the next one."""
        self._bad_before += self._framer.bad
        self._framer = dlt645.Framer()

    async def _talk(self, data):
        self._fresh_framer()
        asked = self._framer.feed(data)[0]
        self._fresh_framer()
        self._port.drop_input()
        self._port.write(data)
        self._note(0, data)
        wire_ms = self._wire_ms(len(data))
        turn_ms = self._turn_ms.get(asked.address, FIRST_TURN_MS)
        reply, took_ms = await self._await_reply(asked, wire_ms + turn_ms + MARGIN_MS)
        if reply is None:
            self.timeouts += 1
            self._turn_ms[asked.address] = FIRST_TURN_MS  # slow again, not dead: give it the full time next
            return None
        self.ok += 1
        # Twice the slowest recent turn-around, sinking slowly: one quick answer must not cut off the next.
        seen = max(LEAST_TURN_MS, min(FIRST_TURN_MS, 2 * (took_ms - wire_ms)))
        self._turn_ms[asked.address] = max(seen, (turn_ms * 7 + seen) // 8)
        return reply

    async def _await_reply(self, asked, first_ms):
        """Return (reply or None, milliseconds from the send to its first byte)."""
        start = self._clock.ticks_ms()
        first_byte_ms = None
        wait_ms = first_ms
        heard = bytearray()
        while wait_ms > 0:
            chunk = await self._port.read(wait_ms)
            now_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            if chunk and first_byte_ms is None:
                first_byte_ms = now_ms
            heard.extend(chunk[: HEARD_MAX - len(heard)])
            for frame in self._framer.feed(chunk):
                if not dlt645.match(asked, frame):
                    self._note(1, heard)
                    return frame, now_ms if first_byte_ms is None else first_byte_ms
                first_byte_ms = None  # an echo or a late reply: ours may still come
            if not chunk and first_byte_ms is not None:
                return None, 0  # it began and stopped
            limit_ms = first_ms if first_byte_ms is None else now_ms + GAP_MS
            wait_ms = min(limit_ms, REPLY_MAX_MS) - now_ms
            if self._port.lost:
                raise OSError("line lost")
        return None, 0
