"""RS-485 line simulator: PTYs and callbacks joined by one wire on which every byte takes its time.

A PTY neither paces nor checks parity, so the wire time (11 bits a byte: 8E1) is made here. Each byte reaches
all other ports when its stop bit ends; two talkers at once garble each other. Slave PTYs are opened raw 8N1
and kept open, or the last close would give EIO. Runs on the asyncio loop of its creator: no thread, no
polling; one timer waits for the next byte's end.

    port.write / PTY --queue--> [turn-around] --wire, 11 bits / baud--> drop, flip --> other ports
"""

import asyncio
import heapq
import os
import pty
import random
import time
import tty
from collections import deque, namedtuple

BITS = 11
QUEUE_MAX = 4096  # bytes waiting on one port; more are lost and counted, as in a UART without flow control
LOG_MAX = 2000
LOG_GAP_S = 0.020  # bytes of one talker closer than this belong to one burst of the log
BABBLE_S = 0.050  # how far ahead a babbling slave fills the wire

Burst = namedtuple("Burst", "t_ms port data")  # t_ms CLOCK_MONOTONIC of the first start bit
Byte = namedtuple("Byte", "end order start port value")


class Faults:
    """Switches of the line; all off by default. Probabilities are per byte, 0..1."""

    def __init__(self):
        self.mute = False  # what slaves say never reaches the wire
        self.drop = 0.0
        self.flip = 0.0  # one bit of the byte flips
        self.late_reply_ms = 0
        self.duplicate = False  # every reply of a slave is sent twice
        self.babble = False  # a slave never stops talking
        self.echo = False  # talkers hear themselves


class Port:
    """One participant. `hear(data)` is called with what it receives; a PTY port has `path` instead."""

    def __init__(self, line, name, hear, turnaround_ms):
        self.line, self.name, self.hear = line, name, hear
        self.turnaround_ms = turnaround_ms  # 0 = the master; a slave waits so long after what it heard last
        self.path = ""
        self.queued = 0
        self.free_at = self.heard_at = self.burst_from = self.log_end = 0.0

    def write(self, data):
        """Put bytes on the wire, after the turn-around when this is a slave."""
        faults, slave = self.line.faults, self.turnaround_ms > 0
        if slave and faults.mute:
            return
        self.line.send(self, data)
        if slave and faults.duplicate:
            self.line.send(self, data)


class Line:
    """`baud` bits/s; `seed` of the noise. Counters: `lost` (queue full), `flipped`, `dropped`, `collided`."""

    def __init__(self, baud, seed=1):
        self.byte_s = BITS / baud
        self.faults = Faults()
        self.log = deque(maxlen=LOG_MAX)
        self.lost = self.flipped = self.dropped = self.collided = 0
        self._loop = asyncio.get_running_loop()
        self._random = random.Random(seed)
        self._ports = []
        self._fds = []
        self._wire = []
        self._order = 0
        self._timer: asyncio.TimerHandle | None = None

    # ---- participants

    def attach(self, name, hear, turnaround_ms=0) -> Port:
        port = Port(self, name, hear, turnaround_ms)
        self._ports.append(port)
        return port

    def attach_pty(self, name, turnaround_ms=0) -> Port:
        """A port another process can open: `port.path`."""
        master, slave = raw_pty()
        self._fds += [master, slave]
        port = self.attach(name, lambda data: self._to_pty(master, data), turnaround_ms)
        port.path = os.ttyname(slave)
        self._loop.add_reader(master, lambda: port.write(read_ready(master)))
        return port

    def _to_pty(self, master, data):
        try:
            self.lost += len(data) - os.write(master, data)
        except BlockingIOError:  # nobody reads: a UART would overrun as well
            self.lost += len(data)

    def close(self):
        if self._timer:
            self._timer.cancel()
        for master in self._fds[::2]:
            self._loop.remove_reader(master)
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        self._ports.clear()

    # ---- the wire

    def send(self, port, data):
        """Queue bytes of `port` behind what it already sends."""
        room = QUEUE_MAX - port.queued
        self.lost += max(0, len(data) - room)
        late_s = self.faults.late_reply_ms / 1000 if port.turnaround_ms else 0.0
        ready = port.heard_at + port.turnaround_ms / 1000 + late_s if port.turnaround_ms else 0.0
        start = max(time.monotonic(), port.free_at, ready)
        if start > port.free_at or not port.queued:
            port.burst_from = start
        for value in data[:room]:
            self._order += 1
            heapq.heappush(self._wire, Byte(start + self.byte_s, self._order, start, port, value))
            start += self.byte_s
        port.queued += len(data[:room])
        port.free_at = start
        self._arm()

    def set_babble(self, port, on):
        """A slave that never stops: random bytes fill the wire until switched off."""
        started = on and not self.faults.babble
        self.faults.babble = on
        if started:
            self._babble(port)

    def _babble(self, port):
        if self.faults.babble and port in self._ports:
            self.send(port, self._random.randbytes(max(1, int(BABBLE_S / self.byte_s))))
            self._loop.call_later(BABBLE_S, self._babble, port)

    def _arm(self):
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._wire:
            delay = max(0.0, self._wire[0].end - time.monotonic())
            self._timer = self._loop.call_later(delay, self._deliver)

    def _deliver(self):
        self._timer = None
        now = time.monotonic()
        while self._wire and self._wire[0].end <= now:
            byte = heapq.heappop(self._wire)
            byte.port.queued -= 1
            self._note(byte)
            value = self._spoil(byte)
            if value is not None:
                self._hand_out(byte, value)
        self._arm()

    def _hand_out(self, byte, value):
        for port in list(self._ports):
            if port is not byte.port or self.faults.echo:
                port.heard_at = byte.end
                port.hear(bytes([value]))

    def _spoil(self, byte):
        """The value that arrives, None when the byte is lost."""
        value = byte.value
        if any(
            p is not byte.port and p.burst_from < byte.end and p.free_at > byte.start for p in self._ports
        ):
            self.collided += 1
            value ^= self._random.randrange(1, 256)
        if self._random.random() < self.faults.drop:
            self.dropped += 1
            return None
        if self._random.random() < self.faults.flip:
            self.flipped += 1
            value ^= 1 << self._random.randrange(8)
        return value

    def _note(self, byte):
        last = self.log[-1] if self.log else None
        if last and last.port == byte.port.name and byte.start < byte.port.log_end + LOG_GAP_S:
            last.data.append(byte.value)
        else:
            self.log.append(Burst(int(byte.start * 1000), byte.port.name, bytearray([byte.value])))
        byte.port.log_end = byte.end


def raw_pty() -> tuple:
    """(master, slave) descriptors, raw, the master not blocking."""
    master, slave = pty.openpty()
    for fd in (master, slave):
        tty.setraw(fd)
    os.set_blocking(master, False)
    return master, slave


def read_ready(fd) -> bytes:
    """What waits in a non-blocking descriptor; b"" when the other end flushed it meanwhile."""
    try:
        return os.read(fd, 4096)
    except BlockingIOError:
        return b""
