"""A serial port on a tty. A PTY is 8N1 and has no pace: Linux ignores its speed and drops its parity."""

import asyncio
import errno
import select
import termios

CHUNK = 256  # of one read; the longest meter frame is 216 bytes
VTIME, VMIN = 5, 6  # Linux places in the cc list; the port has no names for them
CSIZE, CSTOPB, PARENB, PARODD = 0o60, 0o100, 0o400, 0o1000  # nor for these bits of c_cflag
SPEEDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400)  # B300 = 7 and on; B1800 = 10 lies between


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

    def configure(self, baud, form):
        """Speed in bits/s and a format such as "8E1" from the next byte on; what it cannot do stays."""
        fd = self._f.fileno()
        attr = termios.tcgetattr(fd)
        bits = attr[2] & ~(CSIZE | CSTOPB | PARENB | PARODD) | (int(form[0]) - 5) << 4
        attr[2] = bits | (0, PARENB, PARENB | PARODD)["NEO".find(form[1])] | (int(form[2]) - 1) * CSTOPB
        if baud in SPEEDS:
            at = 7 + SPEEDS.index(baud)
            attr[4] = attr[5] = at + (at > 9)
        elif baud in (57600, 115200):
            attr[4] = attr[5] = 0o10001 + (baud > 57600)
        try:
            termios.tcsetattr(fd, termios.TCSANOW, attr)
        except OSError as error:
            # Nothing of it could be done: a PTY set by whoever ran before has all but the parity already.
            if error.errno != errno.EINVAL:
                raise

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
            try:
                data = await asyncio.wait_for_ms(self._reader.read(CHUNK), timeout_ms)
            except asyncio.TimeoutError:
                data = self._lying()  # the loop may have stood longer than the time that is over
        except OSError:
            data = b""
        if not data and self._flags() & (select.POLLHUP | select.POLLERR):
            self.lost = True
        return data

    def _lying(self):
        """What came so far, without waiting."""
        return self._f.read(CHUNK) if self._flags() & select.POLLIN else b""

    def drop_input(self):
        """Throw away what came so far: a late answer to an older request."""
        try:
            while self._lying():
                pass
        except OSError:
            self.lost = True
