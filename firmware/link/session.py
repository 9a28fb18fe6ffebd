"""The session with the station: owns the one link, brings records up, marks and commands down.

    connect -> subscribe -> hello -> welcome -> serve -> (any failure) -> back-off -> connect ...

- Every hello has its own nonce and only the welcome to the last of this link counts, and only for
  WELCOME_MAX_MS: that bounds how old its time can be.
- Order of sending: important events, live state (QoS 0, waits for one batch at most), newest freezes and
  curves, older ones, general events and diagnostics.
- A command that comes before the clock is set waits for it, unacknowledged: to refuse it would spend its id.
  More than MAX_DEFERRED stay with the broker, which need not deliver them again before the next link
  (MQTT 3.1.1, 4.4): so the welcome ends this one.
"""

import asyncio
import gc

from firmware.link.flow import Flow
from firmware.link.mqtt import LinkError
from protocols import cbor
from protocols.uplink import envelope, messages, topics

WELCOME_MS, WELCOME_MAX_MS = 5000, 30000  # wait for the answer to a hello
GREET_MS = 6 * 3600 * 1000  # a link that lasts greets again for the time: a crystal drifts 0.5 s meanwhile
BACKOFF_S, BACKOFF_MAX_S = 1, 30
NOW_MS = 3000
IDLE_MS = 250  # longest sleep of the sending loop
CLOCK_MS = 2000  # the clock is left alone when it is no further off
T_MIN_MS = 1600000000000  # 2020: no station lived before
MAX_DEFERRED = 4  # commands held until the clock is set, at most envelope.MAX_SEALED bytes each
MAX_REASONS = 32  # kinds of failure counted apart

NEWEST = {topics.DA: 8, topics.CV: 8}  # records sent first after an outage: the last two hours of curve
# (stream, part, least ms between two batches): first come first. A paced row leaves the others their turn.
ORDER = (
    (topics.EV, "head", 0),
    (topics.DA, "head", 0),
    (topics.CV, "head", 0),
    (topics.DA, "tail", 250),
    (topics.CV, "tail", 250),  # a backlog of 6 h is two seconds, a week is one minute
    (topics.LG, "head", 1000),
)
HEAD_BYTES = 128  # of a batch's packet: fixed head, topic, packet id
URGENT = 1  # so many rows of ORDER go before the live state


class Session:
    """`hello()`, `now()`: fields of HELLO and NOW it knows. `on_clock(step_ms)`: the clock was stepped.

    `heard()` is called for each message that the station really sent: its seal fits, a welcome is the one
    waited for. A station that is silent for long may put the terminal under guarantee.
    """

    def __init__(self, board, client, outbox, gate, hello, now, on_clock, heard):
        self._clock = board.clock
        self._random = board.random
        self._client = client
        self._outbox = outbox
        self._gate = gate
        self._hello = hello
        self._now = now
        self._on_clock = on_clock
        self._heard = heard
        identity = board.identity
        self._own = identity["shard"], identity["device"]
        self._key = identity["keys"]["operator"]
        self._flows = {stream: Flow(board.clock, NEWEST.get(stream, 0)) for stream in topics.STREAM_NO}
        self._next_ticks = [None] * len(ORDER)  # when a paced row was last sent
        self._wake = asyncio.Event()
        client.on_message = self._message
        client.on_down = outbox.on_add = self._wake.set
        outbox.buffer = client.tx[HEAD_BYTES:]  # only this session publishes, one message after the other
        self._nonce = None
        self._now_ticks = None
        self.links = 0
        self.state = "down"
        self.counts = {}  # reason -> times: failures of the link, messages refused

    # ---- the link -----------------------------------------------------------------------------

    async def run(self):
        """For ever: link, serve, and after a failure wait 1, 2, 4 ... 30 s and a random half of it."""
        wait_s = BACKOFF_S
        while True:
            try:
                await self._link()
            except LinkError as error:
                self._count(error.args[0])
            finally:
                welcomed = self.state == "up"
                self.state = "down"
                await self._client.close()
            wait_s = BACKOFF_S if welcomed else wait_s
            await asyncio.sleep_ms(wait_s * 1000 + wait_s * 2 * self._random(1)[0])
            wait_s = min(wait_s * 2, BACKOFF_MAX_S)

    async def _link(self):
        gc.collect()  # a known idle point: the largest free block is needed now
        self._nonce = None  # what a broker kept back of an earlier link has the time of then
        self._deferred = []  # commands that wait for the clock
        self._left = False  # commands were left with the broker: none may overtake them
        self._owed = []  # ids of packets still to be acknowledged
        self.state = "connecting"
        await self._client.open()
        self.links += 1
        await self._client.subscribe(topics.all_down(*self._own), 1)
        await self._greet()
        await self._serve()

    async def _greet(self):
        self.state = "greeting"
        wait_ms = WELCOME_MS
        while True:
            self._nonce = self._random(8)
            self._hello_ticks = self._clock.ticks_ms()
            await self._client.publish(self._up(topics.HELLO), self._hello_bytes())
            if await self._welcomed(wait_ms):
                return
            self._count("no welcome")
            wait_ms = min(wait_ms * 2, WELCOME_MAX_MS)

    async def _welcomed(self, wait_ms):
        while self.state != "up":
            left_ms = wait_ms - self._age(self._hello_ticks)
            if left_ms <= 0:
                return False
            await self._sleep(left_ms)
            self._client.check()
        return True

    def _hello_bytes(self):
        numbers = topics.STREAMS.items()
        fields = dict(self._hello())
        fields["version"] = messages.VERSION
        fields["nonce"] = self._nonce
        fields["t_s"] = self._clock.now_s()
        fields["t_ok"] = int(self._clock.ok)
        fields["next_seq"] = {number: self._outbox.next_seq(stream) for number, stream in numbers}
        fields["held_from"] = {number: self._outbox.held_from(stream) for number, stream in numbers}
        return cbor.encode(messages.pack(messages.HELLO, fields))

    def _age(self, ticks):
        return self._clock.ticks_diff(self._clock.ticks_ms(), ticks)

    async def _sleep(self, ms):
        """Until something happens, at most `ms`."""
        self._wake.clear()
        try:
            await asyncio.wait_for_ms(self._wake.wait(), ms)
        except asyncio.TimeoutError:
            return

    def _count(self, reason):
        if reason not in self.counts and len(self.counts) >= MAX_REASONS:
            reason = "other"
        self.counts[reason] = self.counts.get(reason, 0) + 1

    # ---- up -----------------------------------------------------------------------------------

    def _up(self, leaf):
        return topics.up(*self._own, leaf).encode()

    async def _serve(self):
        while True:
            self._client.check()
            while self._owed:
                await self._client.acknowledge(self._owed.pop(0))
            if self._left:
                raise LinkError("commands left with the broker")
            if self._age(self._hello_ticks) >= GREET_MS:
                await self._greet()
            urgent = await self._send_records(0, URGENT)
            if self._now_ticks is None or self._age(self._now_ticks) >= NOW_MS:
                await self._send_now()
            if urgent or await self._send_records(URGENT, len(ORDER)):
                await asyncio.sleep_ms(0)  # no wait inside while the window has room: the others want a turn
            else:
                await self._sleep(IDLE_MS)

    async def _send_now(self):
        self._now_ticks = self._clock.ticks_ms()
        fields = dict(self._now())
        fields["version"] = messages.VERSION
        fields["t_s"] = self._clock.now_s()
        fields["t_ok"] = int(self._clock.ok)
        await self._client.publish(self._up(topics.NOW), cbor.encode(messages.pack(messages.NOW, fields)))

    async def _send_records(self, row, end):
        """Send one batch of these rows, the most urgent. False when there is none to send now."""
        while row < end:
            stream, part, pace_ms = ORDER[row]
            row += 1
            flow = self._flows[stream]
            flow.check()
            after = getattr(flow, part)(self._outbox.next_seq(stream))
            if after is None or self._paced(row - 1, pace_ms):
                continue
            batch = self._outbox.batch(stream, after)
            if batch is None:
                continue
            await self._client.publish(self._up(stream), batch[0], 1)
            flow.sent(after, batch[1])
            self._next_ticks[row - 1] = self._clock.ticks_ms()
            return True
        return False

    def _paced(self, row, pace_ms):
        last = self._next_ticks[row]
        return last is not None and 0 <= self._age(last) < pace_ms  # negative: days ago, the ticks wrapped

    # ---- down ---------------------------------------------------------------------------------

    def _message(self, packet):
        """Called by the client for each message; False leaves it unacknowledged."""
        leaf, payload = packet.topic.split("/")[-1], packet.payload
        foreign = leaf not in topics.DOWN or packet.topic != topics.down(*self._own, leaf)
        if payload is None or foreign:
            self._count("oversized" if payload is None else "foreign topic")
            return True
        if leaf == topics.CMD:
            return self._command(packet)
        schema, take = (
            (messages.WELCOME, self._welcome) if leaf == topics.WELCOME else (messages.MARK, self._marks)
        )
        try:
            body, _approved = envelope.unseal(self._key, leaf, self._own[1], payload)
            take(messages.unpack(schema, body))
            self._heard()
        except messages.MessageError as error:
            self._count(leaf + ": " + error.args[0])
        return True

    def _command(self, packet):
        if self._left or len(self._deferred) >= MAX_DEFERRED:
            self._left = True
            self._count("too many commands before the clock was set")
            return False
        if self._clock.ok:
            self._obey(packet)
            return True
        self._deferred.append(packet)
        return False

    def _obey(self, packet):
        if self._gate.receive(packet.payload):
            self._heard()

    def _obey_deferred(self):
        """Now, not later: a command of a higher id may be next in the same read."""
        for packet in self._deferred:
            self._obey(packet)
            self._owed.append(packet.pid)
        self._deferred = []

    def _welcome(self, body):
        if self._nonce is None or body["nonce"] != self._nonce:
            raise messages.MessageError("stale nonce")
        way_ms = self._age(self._hello_ticks)
        if not 0 <= way_ms <= WELCOME_MAX_MS:
            raise messages.MessageError("late")
        if body["t_ms"] < T_MIN_MS:
            raise messages.MessageError("impossible time")
        self._marks(body)
        self._nonce = None
        self._set_clock(body["t_ms"], way_ms)
        self._obey_deferred()
        for stream, flow in self._flows.items():
            stored = max(flow.stored, self._outbox.held_from(stream) - 1)
            flow.start(stored, self._outbox.next_seq(stream))
        self._now_ticks = None
        self.state = "up"
        self._wake.set()

    def _marks(self, body):
        if body["epoch"] != self._outbox.epoch:
            raise messages.MessageError("foreign epoch")
        for number, seq in body["marks"].items():
            stream = topics.STREAMS.get(number)
            if stream is None or not isinstance(seq, int) or isinstance(seq, bool):
                continue  # a stream of a later version
            if self._outbox.mark(stream, seq):
                self._flows[stream].progress(seq)
            else:
                self._count("mark of a number never sent")
        self._wake.set()

    def _set_clock(self, t_ms, way_ms):
        """The station's time now is between t_ms and t_ms plus the way there and back."""
        step_ms = t_ms - self._clock.now_ms()
        off = step_ms > CLOCK_MS or step_ms + way_ms < -CLOCK_MS
        if off or not self._clock.ok:
            step_ms += way_ms // 2
            self._clock.set_ms(t_ms + way_ms // 2)
            if off:
                self._on_clock(step_ms)
