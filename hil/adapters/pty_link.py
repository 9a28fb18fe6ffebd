"""Two raw PTYs joined by a pump thread: each end has a path, for pyserial and for a process."""

import os
import select
import threading

from hil.line485 import raw_pty

CHUNK = 4096


class PtyLink:
    """`near`, `far`: paths. `log`: the first LOG_MAX bytes from far to near (what a console said)."""

    LOG_MAX = 1 << 20

    def __init__(self):
        self._pairs = [raw_pty(), raw_pty()]
        # The slaves stay open here: the last close of one would give the pump EIO.
        self.near, self.far = (os.ttyname(slave) for _master, slave in self._pairs)
        self.log = bytearray()
        self._wake_read, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._pump, name="pty-link", daemon=True)
        self._thread.start()

    def _pump(self):
        near, far = (master for master, _slave in self._pairs)
        other = {near: far, far: near}
        while True:
            ready = select.select([near, far, self._wake_read], [], [])[0]
            if self._wake_read in ready:
                return
            for source in ready:
                data = os.read(source, CHUNK)
                if source == far and len(self.log) < self.LOG_MAX:
                    self.log += data
                self._write(other[source], data)

    def _write(self, target, data):
        """All of it: a console must not lose lines to a slow reader. Ends early when the link closes."""
        while data:
            ready = select.select([self._wake_read], [target], [])
            if ready[0]:
                return
            data = data[os.write(target, data) :]

    def close(self):
        os.write(self._wake, b"x")
        self._thread.join()
        for fd in (*self._pairs[0], *self._pairs[1], self._wake_read, self._wake):
            os.close(fd)
