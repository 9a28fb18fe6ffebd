"""TCP fault proxy: stands between a terminal and the broker and misbehaves on command.

    net = NetProxy("127.0.0.1", broker_port); terminal connects to net.port
    net.black_hole()    bytes vanish both ways, connections stay; new ones are accepted and swallowed too
    net.restore()       everything passes again (what was swallowed is gone: those connections are reset)

Runs an asyncio loop in its own thread; the verbs may be called from any thread and return when they are done.
"""

import asyncio
import contextlib
import socket
import struct
import threading

CHUNK = 65536
PASS, BLACK_HOLE, HALF_OPEN, REFUSE = "pass", "black hole", "half open", "refuse"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER 0: close sends RST


class _Pair:
    """One connection through the proxy. `stale`: bytes were lost, so it must not pass any again."""

    def __init__(self, writer):
        self.writers = [writer]
        self.stale = False

    def close(self, reset):
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            if reset and sock is not None:
                with contextlib.suppress(OSError):  # the other side was faster
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                writer.transport.abort()
            else:
                writer.close()


class NetProxy:
    """`port` on loopback. Counters: `accepted`, `passed` (bytes, both ways)."""

    def __init__(self, target_host, target_port):
        self._target = (target_host, target_port)
        self._mode = PASS
        self._delay_s = 0.0
        self._budget = None  # bytes left before the cut
        self._pairs = set()
        self._tasks = set()
        self._server = None
        self.accepted = self.passed = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="net-proxy", daemon=True)
        self._thread.start()
        self.port = self._do(self._listen(0))

    # ---- verbs

    def restore(self):
        """Pass everything; connections that lost bytes are reset."""
        self._do(self._set(PASS, delay_s=0.0))

    def delay(self, seconds):
        """Hold each chunk this long, each way; the order stays."""
        self._do(self._set(PASS, delay_s=seconds))

    def black_hole(self):
        self._do(self._set(BLACK_HOLE))

    def half_open(self):
        """New connections are accepted and never answered; those that stand are reset."""
        self._do(self._set(HALF_OPEN, reset=True))

    def refuse(self):
        """New connections are refused; those that stand are reset."""
        self._do(self._set(REFUSE, reset=True))

    def reset(self):
        """RST to every connection; new ones pass."""
        self._do(self._set(self._mode, reset=True))

    def cut_after(self, count):
        """Reset the connection that carries byte `count` from now, counted both ways; later ones pass."""
        self._do(self._set(PASS, budget=count))

    def close(self):
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ---- on the loop

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    async def _listen(self, port):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        return self._server.sockets[0].getsockname()[1]

    async def _set(self, mode, delay_s=None, budget=None, reset=False):
        self._mode, self._budget = mode, budget
        if delay_s is not None:
            self._delay_s = delay_s
        for pair in list(self._pairs):
            if reset or (pair.stale and mode == PASS):
                pair.close(reset=True)
        if mode == REFUSE and self._server:
            self._server.close()
            self._server = None
        elif mode != REFUSE and self._server is None:
            await self._listen(self.port)

    async def _shut(self):
        if self._server:
            self._server.close()
        for pair in list(self._pairs):
            pair.close(reset=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        self.accepted += 1
        pair = _Pair(writer)
        self._pairs.add(pair)
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._serve(pair, reader, writer)
        except OSError:  # the target or the client is gone: the other half ends with it
            pair.close(reset=True)
        finally:
            pair.close(reset=False)
            self._pairs.discard(pair)
            self._tasks.discard(task)

    async def _serve(self, pair, reader, writer):
        if self._mode != PASS:
            pair.stale = True
            while await reader.read(CHUNK):
                continue
            return
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        pair.writers.append(far_writer)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(pair, reader, far_writer))
            both.create_task(self._pump(pair, far_reader, writer))

    async def _pump(self, pair, reader, writer):
        try:
            while data := await reader.read(CHUNK):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                pair.stale = pair.stale or self._mode != PASS
                if not pair.stale and not await self._forward(data, writer):
                    pair.close(reset=True)
        except ConnectionError:  # either side reset it: both halves end
            pair.close(reset=True)
        writer.close()

    async def _forward(self, data, writer) -> bool:
        """Pass `data`; False when the cut falls into it."""
        cut = self._budget is not None and len(data) >= self._budget
        if self._budget is not None:
            data = data[: self._budget]
            self._budget = None if cut else self._budget - len(data)
        self.passed += len(data)
        writer.write(data)
        await writer.drain()
        return not cut
