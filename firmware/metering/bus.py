"""Bus owner: the one task that talks on an RS-485 line. Everybody else asks it for exchanges.

Laws: one request on the wire at a time, the most urgent first; what lies in the receiver is thrown away
before a request; a reply counts only if the meter's Reader (protocols/meters/readers) judges that it answers
this request; time-outs are learned per meter, so that a dead meter costs little.

Two meters with one address answer the same request twice, with different data, or over each other. Nobody can
say which one is meant, so after CLASHES second answers the address gets no answer at all until none came for
CLASH_MS. Answers to a request before that timed out do not count: those are late, not second.
"""

import asyncio

VERIFY, ON_DEMAND, POLL, BACKFILL = 0, 1, 2, 3  # priorities, most urgent first
QUEUE_MAX = 16  # requests waiting; more is a fault of the asker

BYTE_BITS = 11  # 8E1
LEAST_TURN_MS = 60
MARGIN_MS = 60  # reader's own scheduling
REPLY_MAX_MS = 3000  # one exchange never takes longer
SHARE_MS = 2000  # of one read and of one meter's turn on a line with others: then nothing more is begun
LONG_MS = 1000  # a meter that takes longer sends long answers: a whole readout at 300 bits/s
LONG_BYTES = 4096
HEARD_MAX = 256  # bytes of one exchange kept for the trace; the longest frame is 4 + 12 + 255
TRACE_FRAMES = 6  # last frames kept for the station's "last frames"

MUTE, GARBLED, CLASH = 1, 2, 3  # trouble of a meter: no byte came, no frame came, two answer
CLASHES, CLASH_MS = 2, 60000


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BusFull(Exception):
    """More than QUEUE_MAX requests wait."""


class Bus:
    """`port` is a HAL serial port, `clock` a HAL clock, `baud` the line's speed in bits/s. A meter, of those
    that ask, has `address`, `reader`, `serial` (format, ms until a reply begins, longest pause in it) and
    `baud`, 0 where its speed is the line's.

    Counters for diagnostics: `ok`, `timeouts`, `bad`, `clashes`. `trouble`: address -> MUTE, GARBLED or CLASH
    after its last exchange, of those that have one.
    """

    def __init__(self, port, clock, baud):
        self._port = port
        self._clock = clock
        self._baud = baud
        self._waiting = []  # [priority, ask, meter, done, reply]: a class of it would cost more
        self._wake = asyncio.Event()
        self._turn_ms = {}  # address -> learned turn-around
        self._framer: Any = None
        self._asker = self._format = None  # who asked last; (bits/s, format) that the port was set to
        self._left = ()  # frames behind the last answer
        self._bad_before = 0
        self._answered = (
            None  # (judge, reply, address) of the exchange before, when a second answer would tell
        )
        self._owing = False  # the one before that timed out: its answer may still come
        self._seconds = {}  # address -> [second answers, ticks of the last]
        self.trouble = {}
        self.trace = []
        self.ok = self.timeouts = self.clashes = 0

    @property
    def bad(self):
        return self._bad_before + (self._framer.bad if self._framer else 0)

    def forget(self, baud):
        """Other meters are on the line now, at `baud` (None: there are none)."""
        self._baud = baud or self._baud
        self._answered = self._asker = None
        self._turn_ms, self._seconds, self.trouble = {}, {}, {}

    async def exchange(self, priority, ask, meter):
        """Do what the meter's Reader asks when its turn comes; return the frame, None on time-out."""
        if len(self._waiting) >= QUEUE_MAX:
            raise BusFull
        request = [priority, ask, meter, asyncio.Event(), None]
        at = len(self._waiting)
        while at and self._waiting[at - 1][0] > priority:
            at -= 1
        self._waiting.insert(at, request)
        self._wake.set()
        await request[3].wait()
        return request[4]

    def shared(self, address):
        """Whether another meter was asked on this line, which must not wait for this one too long."""
        return len(self.trouble) > (address in self.trouble)

    async def run(self):
        """The line's task. A failure inside frees the asker before it reaches the supervisor."""
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            request = self._waiting.pop(0)
            _priority, ask, meter, done, _reply = request
            try:
                request[4] = await self._talk(ask, meter)
            except Exception:  # perhaps of a Reader's framer or judge: the task that comes after has neither
                self._framer = self._asker = self._answered = None
                self.trouble[meter.address] = GARBLED
                raise
            finally:
                done.set()

    def _wire_ms(self, n_bytes, baud):
        return n_bytes * BYTE_BITS * 1000 // baud + 1

    def _note(self, direction, data):
        self.trace.append((self._clock.now_s(), direction, bytes(data)))
        if len(self.trace) > TRACE_FRAMES:
            self.trace.pop(0)

    def _begin(self, ask, meter):
        """Make line and framer ready. Who only listens on goes on with what it has."""
        if not ask.data and self._asker is meter:
            return
        # What lies in the receiver may be the end of a frame that has begun: the same framer reads on.
        lay = self._port.drop_input() if ask.data else b""
        if self._framer:
            for frame in self._framer.feed(lay or b""):
                self._second(frame)
            self._bad_before += self._framer.bad
        self._asker, self._left = meter, ()
        self._framer = (
            meter.reader.FRAMER()
        )  # half a frame of an old reply must not swallow the next one's head

    def _speed(self, baud, meter):
        """Set the port to `baud` and the meter's format, if it is not."""
        if self._format != (baud, meter.serial[0]):
            self._port.configure(baud, meter.serial[0])
            self._format = baud, meter.serial[0]

    async def _talk(self, ask, meter):
        baud = meter.baud or self._baud
        self._begin(ask, meter)
        self._speed(baud, meter)
        if ask.data:
            self._port.write(ask.data)
            self._note(0, ask.data)
        wire_ms = self._wire_ms(len(ask.data), baud)
        if ask.baud:
            await asyncio.sleep_ms(wire_ms)  # the last byte goes at the old speed
            meter.baud = ask.baud
            self._speed(ask.baud, meter)
        most_ms = meter.serial[1]
        turn_ms = ask.wait_ms or self._turn_ms.get(meter.address, most_ms)
        reply, took_ms = await self._await_reply(ask, meter, wire_ms + turn_ms + MARGIN_MS)
        if reply is None:
            if ask.data:
                self.timeouts += 1
                self._turn_ms[meter.address] = most_ms  # slow again, not dead: give it the full time next
                self._answered, self._owing = None, True
            self._note_trouble(meter.address, GARBLED if took_ms else MUTE)
            return None
        self.ok += 1
        if not ask.wait_ms:
            # Twice the slowest recent turn-around, sinking slowly: a quick answer must not cut off the next.
            seen = max(LEAST_TURN_MS, min(most_ms, 2 * (took_ms - wire_ms)))
            self._turn_ms[meter.address] = max(seen, (turn_ms * 7 + seen) // 8)
        return None if self._note_trouble(meter.address, 0) else reply

    def _second(self, frame):
        """Note an answer to a request that was answered already: the same frame with another last field,
        its data.

        A refusal is another frame, and so no second answer.
        """
        if not self._answered:
            return
        judge, reply, address = self._answered
        if judge(frame) or frame[:-1] != reply[:-1] or frame[-1] == reply[-1]:
            return
        self.clashes += 1
        count = self._clashes_of(address)
        self._seconds[address] = (count + 1, self._clock.ticks_ms())

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

    async def _await_reply(self, ask, meter, first_ms):
        """(reply, ms from the send to its first byte), or (None, whether bytes came but no frame)."""
        start = self._clock.ticks_ms()
        first_byte_ms = None
        most_ms = self._most_ms(first_ms, meter)
        heard = bytearray()
        reply, framed = None, False
        frames, now_ms, silent = self._left, 0, False
        while True:
            for at, frame in enumerate(frames):
                framed = True
                if ask.judge(frame):
                    self._second(frame)
                    first_byte_ms = None  # an echo or a late reply: ours may still come
                    continue
                reply, self._left = frame, frames[at + 1 :]
                self._answered = None if self._owing or not ask.data else (ask.judge, reply, meter.address)
                self._owing = False
                for other in self._left:
                    self._second(other)
                break
            if reply:
                self._note(1, heard)
                return reply, now_ms if first_byte_ms is None else first_byte_ms
            limit_ms = first_ms if first_byte_ms is None else now_ms + meter.serial[2]
            wait_ms = min(limit_ms, most_ms) - now_ms
            if silent or wait_ms <= 0:
                break
            chunk = await self._port.read(wait_ms)
            now_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            if chunk and first_byte_ms is None:
                first_byte_ms = now_ms
            heard.extend(chunk[: HEARD_MAX - len(heard)])
            silent = not chunk and first_byte_ms is not None  # it began and stopped
            frames = self._framer.quiet() if silent else self._framer.feed(chunk)
            if self._port.lost:
                raise OSError("line lost")
        self._left = ()
        if heard:
            self._note(1, heard)
        return None, bool(heard) and not framed

    def _most_ms(self, first_ms, meter):
        """One exchange never takes longer. A slow meter has its time only where it is alone."""
        if self.shared(meter.address) or (meter.serial[1] <= LONG_MS and not meter.baud):
            return REPLY_MAX_MS
        return first_ms + self._wire_ms(LONG_BYTES, meter.baud or self._baud)
