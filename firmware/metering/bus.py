"""Bus owner: the one task that talks on an RS-485 line. Everybody else asks it for exchanges.

Laws: one request on the wire at a time, the most urgent first; what lies in the receiver is thrown away
before a request; a reply counts only if it answers this request (late and foreign replies are refused by
address, function and identifier); time-outs are learned per meter, so that a dead meter costs little.

Two meters with one address answer the same request twice, with different data, or over each other. Nobody can
say which one is meant, so after CLASHES second answers the address gets no answer at all until none came for
CLASH_MS. Answers to a request before that timed out do not count: those are late, not second.
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

MUTE, GARBLED, CLASH = 1, 2, 3  # trouble of a meter: no byte came, no frame came, two answer
CLASHES, CLASH_MS = 2, 60000


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

    Counters for diagnostics: `ok`, `timeouts`, `bad`, `clashes`. `trouble`: address -> MUTE, GARBLED or CLASH
    after its last exchange, of those that have one.
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
        self._answered = None  # (request, reply) of the exchange before, when a second answer would tell
        self._owing = False  # the one before that timed out: its answer may still come
        self._seconds = {}  # address -> [second answers, ticks of the last]
        self.trouble = {}
        self.trace = []
        self.ok = self.timeouts = self.clashes = 0

    @property
    def bad(self):
        return self._bad_before + self._framer.bad

    def forget(self, baud):
        """Other meters are on the line now, at `baud` (None: there are none)."""
        self._baud = baud or self._baud
        self._answered = None
        self._turn_ms, self._seconds, self.trouble = {}, {}, {}

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
        # What lies in the receiver may be the end of a frame that has begun: the same framer reads on.
        for frame in self._framer.feed(self._port.drop_input() or b""):
            self._second(frame)
        self._fresh_framer()
        asked = self._framer.feed(data)[0]
        self._fresh_framer()
        self._port.write(data)
        self._note(0, data)
        wire_ms = self._wire_ms(len(data))
        turn_ms = self._turn_ms.get(asked.address, FIRST_TURN_MS)
        reply, took_ms = await self._await_reply(asked, wire_ms + turn_ms + MARGIN_MS)
        if reply is None:
            self.timeouts += 1
            self._turn_ms[asked.address] = FIRST_TURN_MS  # slow again, not dead: give it the full time next
            self._answered, self._owing = None, True
            self._note_trouble(asked.address, GARBLED if took_ms else MUTE)
            return None
        self.ok += 1
        # Twice the slowest recent turn-around, sinking slowly: one quick answer must not cut off the next.
        seen = max(LEAST_TURN_MS, min(FIRST_TURN_MS, 2 * (took_ms - wire_ms)))
        self._turn_ms[asked.address] = max(seen, (turn_ms * 7 + seen) // 8)
        return None if self._note_trouble(asked.address, 0) else reply

    def _second(self, frame):
        """Note an answer to a request that was answered already."""
        if not self._answered:
            return
        asked, reply = self._answered
        if dlt645.match(asked, frame) or frame.control & dlt645.ERROR or frame.data == reply.data:
            return
        self.clashes += 1
        count = self._clashes_of(asked.address)
        self._seconds[asked.address] = (count + 1, self._clock.ticks_ms())

    def _clashes_of(self, address):
        """Second answers, each within CLASH_MS of the one before, the last within it of now."""
        count, at = self._seconds.get(address, (0, 0))
        if count and not 0 <= self._clock.ticks_diff(self._clock.ticks_ms(), at) < CLASH_MS:
            del self._seconds[address]
            return 0
        return count

    def _note_trouble(self, address, trouble):
        """Whether two meters have this address; else `trouble` (0 none) is what it suffers."""
        if self._clashes_of(address) >= CLASHES:
            trouble = CLASH
        self.trouble[address] = trouble
        return trouble == CLASH

    async def _await_reply(self, asked, first_ms):
        """(reply, ms from the send to its first byte), or (None, whether bytes came but no frame)."""
        start = self._clock.ticks_ms()
        first_byte_ms = None
        wait_ms = first_ms
        heard = bytearray()
        reply, framed = None, False
        while wait_ms > 0:
            chunk = await self._port.read(wait_ms)
            now_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            if chunk and first_byte_ms is None:
                first_byte_ms = now_ms
            heard.extend(chunk[: HEARD_MAX - len(heard)])
            for frame in self._framer.feed(chunk):
                framed = True
                if reply or dlt645.match(asked, frame):
                    self._second(frame)
                    if not reply:
                        first_byte_ms = None  # an echo or a late reply: ours may still come
                else:
                    reply = frame
                    self._answered = None if self._owing else (asked, reply)
                    self._owing = False
            if reply:
                self._note(1, heard)
                return reply, now_ms if first_byte_ms is None else first_byte_ms
            if not chunk and first_byte_ms is not None:
                break  # it began and stopped
            limit_ms = first_ms if first_byte_ms is None else now_ms + GAP_MS
            wait_ms = min(limit_ms, REPLY_MAX_MS) - now_ms
            if self._port.lost:
                raise OSError("line lost")
        if heard:
            self._note(1, heard)
        return None, bool(heard) and not framed
