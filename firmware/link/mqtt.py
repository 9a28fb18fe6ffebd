"""MQTT 3.1.1 client on MicroPython's asyncio: one connection, QoS 0 and 1; to reconnect is the session's.

Facts it is built on:
- One write() a packet: several small ones meet Nagle and cost 44 ms a message.
- asyncio's Stream.write() hands the bytes to the kernel at once or copies the rest, so one buffer serves all
  packets; but a write() while another task drains loses bytes, hence the lock round write and drain.
- An inbound QoS 1 message is acknowledged after its handler has finished: a command must be journalled before
  the broker forgets it.
- Every wait ends: each reply has its own time limit, and `_watch` ends the link when the peer falls silent.
A PUBLISH without PUBACK is not repeated on the next connection (4.4 wants it): the outbox sends its records
again by their sequence numbers, which also covers a broker that lost its memory.
"""

import asyncio

from firmware.link import packets

WATCH_MS = 500


class LinkError(Exception):
    """The link is unusable; args[0] is a short reason for counters and logs."""


def defaults() -> dict:
    """Of a client's config; made anew for each, not held twice."""
    return {
        "user": None,
        "password": None,
        "keepalive_s": 30,  # the broker drops us after 1.5 times this
        "connect_ms": 15000,  # TCP
        "reply_ms": 10000,  # CONNACK, SUBACK, PINGRESP, room in the socket
        "ack_ms": 20000,  # PUBACK of the oldest message in flight
        "window": 8,  # messages in flight
        "packet_bytes": 2560,  # largest inbound: envelope.MAX_SEALED, topic, head
        "send_bytes": 2048,  # buffer for outbound packets; a larger one (live state) is made for the moment
        "read_bytes": 256,
    }


class Client:
    """`connect`: async (host, port) -> (reader, writer). `config`: host, port, client_id, changed `defaults`.

    `on_message(packet)` is called for each PUBLISH (payload None: it was too large); if it returns False the
    caller acknowledges later. `on_down()` is called once when the link has failed; `check()` raises why.
    `tx`: the buffer of outbound packets; who publishes, in one task, may build the payload in it.
    """

    def __init__(self, connect, clock, config):
        self._connect = connect
        self._clock = clock
        self._config = defaults()
        self._config.update(config)
        self._parser = packets.Parser(self._config["packet_bytes"])
        self.tx = memoryview(bytearray(self._config["send_bytes"]))
        self._rx = memoryview(bytearray(self._config["read_bytes"]))
        self._room = asyncio.Event()
        self._answered = asyncio.Event()
        self.on_message = self.on_down = None
        self.bytes = 0  # sent and received since somebody set it to 0
        self._reset()

    def _reset(self):
        self._lock = asyncio.Lock()  # the old one may have died in a cancelled task's hands
        self._reader = self._writer = None
        self._tasks = ()
        self._inflight = []  # [packet id, ticks] oldest first
        self._pid = 0
        self._awaited = None  # (kind, pid) of the one reply waited for
        self._answer = b""
        self._ping_ticks = None
        self._failed = None  # the exception that ended the link

    # ---- link ---------------------------------------------------------------------------------

    async def open(self):
        """Connect and return True when the broker kept our session. LinkError with the reason."""
        await self.close()
        self._reset()
        config = self._config
        self._parser.reset()
        try:
            self._reader, self._writer = await asyncio.wait_for_ms(
                self._connect(config["host"], config["port"]), config["connect_ms"]
            )
        except asyncio.TimeoutError:
            raise LinkError("connect timeout") from None
        except OSError as error:
            raise LinkError("connect " + str(error.errno)) from None
        self._heard = self._sent = self._clock.ticks_ms()
        self._tasks = (asyncio.create_task(self._read()), asyncio.create_task(self._watch()))
        hello = packets.connect(
            config["client_id"], config["user"], config["password"], config["keepalive_s"]
        )
        present, code = await self._ask(hello, packets.CONNACK, 0)
        if code:
            raise LinkError("broker refused " + str(code))
        return present == 1

    async def close(self):
        """End the link, politely when it still works. Never raises; safe to call twice."""
        writer, tasks, polite = self._writer, self._tasks, self._failed is None
        self._reset()
        self._failed = LinkError("closed")
        for task in tasks:
            task.cancel()
        if writer is None:
            return
        try:
            if polite and not writer.out_buf:
                writer.write(packets.BYE)
        except OSError:
            pass  # the peer went first: nobody to say goodbye to
        await asyncio.sleep_ms(0)  # let the cancelled reader leave the poll set before its socket goes
        writer.close()
        await writer.wait_closed()  # lint: no-endless-wait: closes the socket, waits for nothing

    def check(self):
        """Raise what ended the link, if it has ended."""
        if self._failed is not None:
            raise self._failed

    def _fail(self, error):
        if self._failed is None:
            self._failed = error
            self._room.set()
            self._answered.set()
            if self.on_down is not None:
                self.on_down()

    # ---- out ----------------------------------------------------------------------------------

    async def subscribe(self, topic, qos):
        self.check()
        pid = self._next_pid()
        codes = await self._ask(packets.subscribe(pid, topic, qos), packets.SUBACK, pid)
        if codes[0] > qos:
            raise LinkError("subscription refused")

    async def publish(self, topic, payload, qos=0):
        """Send one message; `topic` is encoded. QoS 1 waits for room in the window, not for the PUBACK."""
        self.check()
        pid = 0
        if qos:
            while len(self._inflight) >= self._config["window"]:
                self._room.clear()
                await self._room.wait()  # ends: _watch fails the link when no PUBACK comes
                self.check()
            pid = self._next_pid()
            self._inflight.append((pid, self._clock.ticks_ms()))
        size = packets.publish_size(topic, payload, qos)
        async with self._lock:
            buf = self.tx if size <= len(self.tx) else memoryview(bytearray(size))
            packets.publish_into(buf, topic, payload, qos, pid)
            await self._put(buf[:size])

    async def acknowledge(self, pid):
        """Tell the broker that an inbound message is safe here; pid 0 needs no telling."""
        if pid:
            await self._send(packets.puback(pid))

    def in_flight(self) -> int:
        return len(self._inflight)

    def _next_pid(self):
        taken = [row[0] for row in self._inflight]
        while True:
            self._pid = self._pid % 65535 + 1
            if self._pid not in taken:
                return self._pid

    async def _send(self, data):
        async with self._lock:
            await self._put(data)

    async def _put(self, data):
        self.check()
        try:
            self._writer.write(data)
            self.bytes += len(data)
            if self._writer.out_buf:
                await asyncio.wait_for_ms(self._writer.drain(), self._config["reply_ms"])
        except asyncio.TimeoutError:
            self._fail(LinkError("write timeout"))
        except OSError as error:
            self._fail(LinkError("write " + str(error.errno)))
        self.check()
        self._sent = self._clock.ticks_ms()

    async def _ask(self, data, kind, pid):
        """Send a request and return the payload of its one reply."""
        self._awaited, self._answer = (kind, pid), b""
        self._answered.clear()
        await self._send(data)
        try:
            await asyncio.wait_for_ms(self._answered.wait(), self._config["reply_ms"])
        except asyncio.TimeoutError:
            self._fail(LinkError("no reply"))
        self.check()
        return self._answer

    # ---- in -----------------------------------------------------------------------------------

    async def _read(self):
        try:
            while True:
                n = await self._reader.readinto(self._rx)  # lint: no-endless-wait: _watch and close() end it
                if n == 0:
                    raise LinkError("closed by peer")
                if n is None:
                    continue  # the socket woke for nothing
                self._heard = self._clock.ticks_ms()
                self.bytes += n
                for packet in self._parser.feed(self._rx[:n]):
                    await self._take(packet)
        except packets.PacketError as error:
            self._fail(LinkError("packet: " + error.args[0]))
        except OSError as error:
            self._fail(LinkError("read " + str(error.errno)))
        except Exception as error:  # LinkError, or a fault of a handler: the session's task raises it
            self._fail(error)

    async def _take(self, packet):
        kind = packet.kind
        if kind == packets.PUBACK:
            self._ack(packet.pid)
        elif kind == packets.PUBLISH:
            if self.on_message(packet) is not False:
                await self.acknowledge(packet.pid)
        elif self._awaited == (kind, packet.pid):
            self._awaited, self._answer = None, packet.payload
            self._answered.set()
        elif kind == packets.PINGRESP:
            self._ping_ticks = None
        else:
            raise LinkError("unexpected packet " + str(kind))

    def _ack(self, pid):
        for at, row in enumerate(self._inflight):
            if row[0] == pid:
                self._inflight.pop(at)
                self._room.set()
                return

    async def _watch(self):
        """Keepalive, and the end of waiting: a ping or message that nobody answers ends the link."""
        diff, config = self._clock.ticks_diff, self._config
        idle_ms = config["keepalive_s"] * 500  # half: one ping may be lost before the broker hangs up
        while self._failed is None:
            await asyncio.sleep_ms(WATCH_MS)
            now = self._clock.ticks_ms()
            if self._inflight and diff(now, self._inflight[0][1]) > config["ack_ms"]:
                self._fail(LinkError("no PUBACK"))
            elif self._ping_ticks is not None:
                if diff(now, self._ping_ticks) > config["reply_ms"]:
                    self._fail(LinkError("no PINGRESP"))
            elif diff(now, self._heard) >= idle_ms or diff(now, self._sent) >= idle_ms:
                self._ping_ticks = now
                try:
                    await self._send(packets.PING)
                except LinkError as error:
                    self._fail(error)
