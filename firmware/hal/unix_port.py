"""A serial port on a PTY. Only 8N1 and no pace: Linux PTYs ignore speed and drop parity."""

import asyncio
import select
import termios

CHUNK = 256  # of one read; the longest meter frame is 216 bytes
VTIME, VMIN = 5, 6  # Linux places in the cc list; the port has no names for them


def _raw(f):
    """Raw, and reads that return what is there: with VMIN=1 a read of n stops the loop until n came."""
    fd = f.fileno()
    termios.setraw(fd)
    attr = termios.tcgetattr(fd)
    attr[6][VTIME] = 0
    attr[6][VMIN] = 0
    termios.tcsetattr(fd, termios.TCSANOW, attr)


class Port:
    """Nothing here stops the loop. `lost` stays set for good: the path of a PTY may later be another's."""

    def __init__(self, path):
        self._f = open(path, "r+b", buffering=0)
        _raw(self._f)
        self._poll = select.poll()
        self._poll.register(self._f, select.POLLIN | select.POLLOUT)
        self._reader = asyncio.StreamReader(self._f)
        self.lost = False
        self.discards = 0  # bytes not written because nobody reads the other end

    def _flags(self):
        for _f, flags in self._poll.poll(0):
            return flags
        return 0

    def write(self, data) -> int:
        """Write at once and return len(data), or 0 when the other end is gone or reads nothing.

        Without room a write would stop the loop, relays and all. Measured: the kernel takes POLLOUT away
        while more than one frame still fits.
        """
        if self.lost or not self._flags() & select.POLLOUT:
            self.discards += len(data)
            return 0
        try:
            return self._f.write(data)
        except OSError:
            self.lost = True
            return 0

    async def read(self, timeout_ms) -> bytes:
        """Return what came, at most CHUNK bytes, or b"" after timeout_ms (a lost port waits it out too)."""
        if self.lost:
            await asyncio.sleep_ms(timeout_ms)
            return b""
        try:
            data = await asyncio.wait_for_ms(self._reader.read(CHUNK), timeout_ms)
        except asyncio.TimeoutError:
            return b""
        except OSError:
            data = b""
        if not data and self._flags() & (select.POLLHUP | select.POLLERR):
            self.lost = True
        return data

    def drop_input(self):
        """Throw away what came so far: a late answer to an older request."""
        try:
            while self._flags() & select.POLLIN and self._f.read(CHUNK):
                pass
        except OSError:
            self.lost = True
