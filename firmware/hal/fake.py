"""The board in memory, for both runtimes: time stands still until a test, or a waiting read, moves it on."""

import asyncio
import os

EDGES_MAX = 256
WRAP = 1 << 30  # ticks of real boards wrap here (12.4 days); the unix port's never do
FACTS = {
    "name": "fake",
    "product": "terminal",
    "rounds": 3,
    "heap_bytes": 196608,
    "flash_bytes": 1048576,
    "direct_close": True,
    "inputs": 4,
    "ports": {"line": {"kind": "rs485"}, "panel": {"kind": "text"}},
}
IDENTITY = {
    "device": "T0000001",
    "shard": "00",
    "keys": {"operator": b"o" * 32, "approver": b"a" * 32},
    "broker": {"host": "127.0.0.1", "port": 1883, "user": "T0000001", "password": ""},
    "multiplier": 80,
    "utc_offset_s": 28800,
    "meter": {"address": "123456789012", "baud": 9600},
}


class Clock:
    """Starts `before_wrap_ms` before the ticks wrap, so that every test that runs on crosses it."""

    def __init__(self, t_ms=1_800_000_000_000, before_wrap_ms=5000):
        self.ok = False
        self._utc_ms = t_ms
        self._ticks = WRAP - before_wrap_ms

    def advance(self, ms):
        """Let time pass."""
        self._ticks = (self._ticks + ms) % WRAP
        self._utc_ms += ms

    def ticks_ms(self) -> int:
        return self._ticks

    def ticks_diff(self, a, b) -> int:
        """a - b in ms, right for spans below WRAP / 2."""
        return (a - b + WRAP // 2) % WRAP - WRAP // 2

    def now_ms(self) -> int:
        return self._utc_ms

    def now_s(self) -> int:
        return self._utc_ms // 1000

    def set_ms(self, t_ms) -> int:
        """Set UTC; return the step in ms."""
        step_ms = t_ms - self._utc_ms
        self._utc_ms = t_ms
        self.ok = True
        return step_ms


class Port:
    """`sent` holds what was written; `deliver` gives input; `answer(data) -> bytes` replies to a write."""

    def __init__(self, clock, answer=None):
        self._clock, self.answer = clock, answer
        self._due = []  # (ticks, data)
        self.sent = []
        self.lines = []  # (bits/s, format) that were set
        self.lost = False
        self.discards = 0

    def deliver(self, data, after_ms=0):
        self._due.append((self._clock.ticks_ms() + after_ms, bytes(data)))

    def configure(self, baud, form):
        self.lines.append((baud, form))

    def write(self, data) -> int:
        if self.lost:
            self.discards += len(data)
            return 0
        self.sent.append(bytes(data))
        reply = self.answer(bytes(data)) if self.answer else None
        if reply:
            self.deliver(reply)
        return len(data)

    async def read(self, timeout_ms) -> bytes:
        """The next delivery, or b"" at the timeout; either way the clock moves on by the time waited."""
        await asyncio.sleep(0)
        if self._due and not self.lost:
            wait_ms = max(0, self._clock.ticks_diff(self._due[0][0], self._clock.ticks_ms()))
            if wait_ms <= timeout_ms:
                self._clock.advance(wait_ms)
                return self._due.pop(0)[1]
        self._clock.advance(timeout_ms)
        return b""

    def drop_input(self):
        now = self._clock.ticks_ms()
        self._due = [d for d in self._due if self._clock.ticks_diff(d[0], now) > 0]


class Relays:
    """`contacts` is what `open()` answers; a test sets it. `drives`, `closes`: every mask driven."""

    def __init__(self):
        self.drives, self.closes = [], []
        self.contacts: int | None = None
        self._mask = 0

    def drive(self, trip_mask):
        self._mask = trip_mask
        self.drives.append(trip_mask)

    def tripped(self) -> int:
        return self._mask

    def open(self):
        return self.contacts

    def close(self, mask):
        """One pulse on the closing coils of these rounds."""
        self.closes.append(mask)


class Lamps:
    def __init__(self):
        self.shown = (0, 0)
        self.sounding = False

    def show(self, alarm_mask, permit_mask):
        self.shown = (alarm_mask, permit_mask)

    def sound(self, on):
        self.sounding = bool(on)


class Inputs:
    """`mask` is what `levels()` answers, None = unreadable; `edge` and `pulses` are what a line would do."""

    def __init__(self, clock):
        self._clock = clock
        self._edges = []
        self.mask: int | None = None
        self.lost = 0  # edges nobody took in time

    def edge(self, channel, level):
        """Channel 1.. goes to `level` now."""
        if len(self._edges) < EDGES_MAX:
            self._edges.append((channel, level, self._clock.ticks_ms()))
        else:
            self.lost += 1

    def pulses(self, channel, count, width_ms=80):
        """`count` whole pulses; time moves on."""
        for _ in range(count):
            self.edge(channel, 1)
            self._clock.advance(width_ms)
            self.edge(channel, 0)
            self._clock.advance(width_ms)

    def edges(self) -> list:
        edges, self._edges = self._edges, []
        return edges

    def levels(self):
        return self.mask


class Display:
    """A display of that size; `shown` is a copy of the last buffer, `shows` how many there were."""

    def __init__(self, width=160, height=160):
        self.width, self.height = width, height
        self.shown = b""
        self.shows = 0

    def show(self, buffer):
        self.shown = bytes(buffer)
        self.shows += 1


class Flash:
    """A plain folder in place of the flash."""

    def __init__(self, path):
        self._path = path
        self.lost = False

    def mount(self) -> str:
        return self._path

    def free(self) -> int:
        stat = os.statvfs(self._path)
        return stat[0] * stat[3]


class Board:
    """`connect` is given by the test: a coroutine function (host, port) -> (reader, writer)."""

    def __init__(self, flash_path, connect=None, facts=FACTS, identity=IDENTITY):
        self.facts, self.identity = facts, identity
        self.clock = Clock()
        self.relays, self.lamps = Relays(), Lamps()
        self.inputs = Inputs(self.clock)
        self.display: Display | None = None
        self.pressed = []  # what `keys` gives next
        self.sampled: dict | None = None  # what `ac` answers
        self.failing = False  # what `power_failing` answers
        self.absent = ["console"]  # ports this board has not
        self.flash = Flash(flash_path)
        self.connect = connect or self._refuse
        self.tasks = ()
        self.feeds = 0
        self._ports = {}
        self._drawn = 0

    async def _refuse(self, host, port):
        raise OSError(111)  # ECONNREFUSED

    def serial(self, name):
        if name in self.absent:
            return None
        if name not in self._ports:
            self._ports[name] = Port(self.clock)
        return self._ports[name]

    def keys(self) -> list:
        pressed, self.pressed = self.pressed, []
        return pressed

    def ac(self):
        return self.sampled

    def power_failing(self):
        return self.failing

    def random(self, n) -> bytes:
        """Bytes that differ from call to call and are the same in every run."""
        self._drawn += 1
        return bytes((self._drawn * 7 + i) & 255 for i in range(n))

    def feed(self):
        self.feeds += 1
