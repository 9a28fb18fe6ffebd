"""Relays, auxiliary contacts and lamps of the unix board: lines of text on the panel PTY.

out  `O <trip> <alarm> <permit>\\n`   on each change and once a second
in   `I <open>\\n`                    hex masks, bit 0 = round 1
"""

PERIOD_MS = 1000
STALE_MS = 3000  # contacts not heard for so long are unreadable
MAX_LINE = 16
MAX_MASK = 0xFFFF


def parse(line):
    """Return the open mask of one line, or None when it is not one."""
    if len(line) < 3 or line[:2] != b"I ":
        return None
    mask = 0
    for c in line[2:].lower():
        digit = b"0123456789abcdef".find(bytes((c,)))
        if digit < 0:
            return None
        mask = mask << 4 | digit
    return mask if mask <= MAX_MASK else None


class Panel:
    """`drive` and `show` write at once; `run` is the task that repeats the outputs and reads the contacts."""

    def __init__(self, port, clock):
        self._port, self._clock = port, clock
        self._out = [0, 0, 0]  # trip, alarm, permit
        self._line = bytearray()
        self._open = None
        self._heard = 0
        self.bad = 0  # lines that were not understood

    def _send(self):
        self._port.write(b"O %x %x %x\n" % tuple(self._out))

    def drive(self, trip_mask):
        if trip_mask != self._out[0]:
            self._out[0] = trip_mask
            self._send()

    def show(self, alarm_mask, permit_mask):
        if [alarm_mask, permit_mask] != self._out[1:]:
            self._out[1:] = [alarm_mask, permit_mask]
            self._send()

    def tripped(self) -> int:
        """The outputs as they stand, round 1 in bit 0."""
        return self._out[0]

    def open(self):
        """Mask of switches whose auxiliary contact shows open; None when nothing was heard for STALE_MS."""
        if self._open is not None and self._clock.ticks_diff(self._clock.ticks_ms(), self._heard) > STALE_MS:
            self._open = None  # forgotten for good: ticks wrap, an old mark could look fresh again
        return self._open

    def feed(self, data):
        """Take bytes off the line; noise is counted in `bad` and never kept longer than MAX_LINE."""
        for c in data:
            if c != 10:
                if len(self._line) <= MAX_LINE:
                    self._line.append(c)
                continue
            mask = parse(bytes(self._line))
            self._line[:] = b""
            if mask is None:
                self.bad += 1
            else:
                self._open, self._heard = mask, self._clock.ticks_ms()

    async def run(self):
        """Forever: outputs once a second, contacts as they come."""
        clock = self._clock
        while True:
            self._send()
            sent = clock.ticks_ms()
            left = PERIOD_MS
            while left > 0:
                self.feed(await self._port.read(left))
                left = PERIOD_MS - clock.ticks_diff(clock.ticks_ms(), sent)
            self.open()
