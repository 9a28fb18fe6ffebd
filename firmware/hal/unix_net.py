"""TCP to the broker: resolve once, connect with a limit, no Nagle."""

import asyncio
import errno
import select
import socket

CONNECT_MS = 10_000
RESOLVE_AFTER = 3  # failed connects: the name may have moved
TCP, NODELAY = 6, 1  # IPPROTO_TCP, TCP_NODELAY: not named in the port


class Net:
    """Keeps the last address: the port's getaddrinfo stops the loop while it waits for a name server."""

    def __init__(self):
        self._where = None
        self._address: tuple = ()  # a row of getaddrinfo
        self._failed = 0

    def _resolve(self, host, port):
        if self._where != (host, port) or self._failed >= RESOLVE_AFTER:
            self._where = None
            try:
                self._address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
            except OSError:  # its errno is a text here
                raise OSError(errno.EHOSTUNREACH) from None
            self._where, self._failed = (host, port), 0
        return self._address

    async def connect(self, host, port):
        """Return (reader, writer); OSError when refused, unknown or not connected within CONNECT_MS."""
        family, kind, _proto, _name, address = self._resolve(host, port)
        s = socket.socket(family, kind)
        try:
            await self._open(s, address)
        except BaseException:  # cancelled too: an open socket must not be left to the collector
            s.close()
            self._failed += 1
            raise
        self._failed = 0
        stream = asyncio.StreamWriter(s)
        return stream, stream

    async def _open(self, s, address):
        s.setblocking(False)
        s.setsockopt(TCP, NODELAY, 1)
        try:
            s.connect(address)
        except OSError as e:
            if e.errno != errno.EINPROGRESS:
                raise
        try:
            await asyncio.wait_for_ms(self._writable(s), CONNECT_MS)
        except asyncio.TimeoutError:
            raise OSError(errno.ETIMEDOUT) from None
        poll = select.poll()
        poll.register(s, select.POLLOUT)
        for _s, flags in poll.poll(0):
            if flags & (select.POLLERR | select.POLLHUP):
                s.recv(1)  # raises the error of the connect
                raise OSError(errno.ECONNRESET)

    async def _writable(self, s):
        """drain() of an empty stream does not wait, so poll: a connect is rare and short."""
        poll = select.poll()
        poll.register(s, select.POLLOUT)
        while not poll.poll(0):
            await asyncio.sleep_ms(5)
