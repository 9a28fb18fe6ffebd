"""Terminal block of the unix board: lines of text on the panel PTY. Masks are hex, bit 0 = round or input 1.

out  `O <trip> <alarm> <permit>`   relays and lamps, on each change and once a second
     `C <mask>`                    one pulse on closing coils
     `B <0|1>`                     buzzer, on each change and, while it sounds, once a second
in   `I <open>`                    auxiliary contacts
     `S <mask>`                    status inputs
     `P <channel> <level> [<ms>]`  edge of a pulse input 1..16, and the block's own milliseconds at it
     `K <u|d|o|b>`                 key pressed: up down ok back
     `A <no>=<value> ...`          AC sampling: point numbers of protocols.meters.points, secondary side
     `F <0|1>`                     the mains fail and a reserve feeds the board; they are back

The milliseconds stand in for the time stamp a board's interrupt takes: two edges that wait in one read are
still as far apart as they were.
"""

PERIOD_MS = 1000
STALE_MS = 3000  # contacts, inputs and samples not heard for so long are unreadable
MAX_LINE = 640  # an AC line of 40 points
MAX_MASK = 0xFFFF
EDGES_MAX, KEYS_MAX = 256, 16  # wait to be taken; more are counted as lost
LATE_MS = 5000  # an edge that seems older, or to come, sets the block's clock anew,
HEAD_MS = 200  # and is taken as so old, since those behind it in the same read are younger
CONTACTS, STATUS, SAMPLE = 0, 1, 2  # places of what goes stale


def mask_of(word):
    """Value of 1..4 hex digits, None for anything else."""
    mask = 0
    for c in word.lower():
        digit = b"0123456789abcdef".find(bytes((c,)))
        if digit < 0:
            return None
        mask = mask << 4 | digit
    return mask if word and mask <= MAX_MASK else None


def sample_of(words):
    """{point number: value} of `no=value` words; ValueError for anything else."""
    sample = {}
    for word in words:
        no, value = word.split(b"=")
        sample[int(no)] = int(value)
    return sample


class Panel:
    """Relays, lamps, inputs and keys. Verbs write at once; `run` is the task that repeats and reads."""

    def __init__(self, port, clock):
        self._port, self._clock = port, clock
        self._out = [0, 0, 0]  # trip, alarm, permit
        self._sounding = 0
        self._line = bytearray()
        self._heard = [None, 0, None, 0, None, 0]  # value and ticks of contacts, status inputs, AC sample
        self._edges, self._keys = [], []
        self._failing = False
        self._stamp = None  # ticks - the block's milliseconds
        self.bad = 0  # lines that were not understood
        self.lost = 0  # edges nobody took in time: pulses are missing
        port.drop_input()  # pulses from before the power came are not ours

    def _send(self):
        self._port.write(b"O %x %x %x\n" % tuple(self._out))

    # ---- out

    def drive(self, trip_mask):
        if trip_mask != self._out[0]:
            self._out[0] = trip_mask
            self._send()

    def show(self, alarm_mask, permit_mask):
        if [alarm_mask, permit_mask] != self._out[1:]:
            self._out[1:] = [alarm_mask, permit_mask]
            self._send()

    def close(self, mask):
        """One pulse on the closing coils of these rounds; lost when the line has no room, as no pulse is."""
        self._port.write(b"C %x\n" % mask)

    def sound(self, on):
        on = 1 if on else 0
        if on != self._sounding:
            self._sounding = on
            self._port.write(b"B %d\n" % on)

    def tripped(self) -> int:
        """The outputs as they stand, round 1 in bit 0."""
        return self._out[0]

    # ---- in

    def _fresh(self, what):
        """What was heard last, None when that is STALE_MS ago."""
        heard = self._heard
        at = what * 2
        if heard[at] is not None and self._clock.ticks_diff(self._clock.ticks_ms(), heard[at + 1]) > STALE_MS:
            heard[at] = None  # forgotten for good: ticks wrap, an old mark could look fresh again
        return heard[at]

    def open(self):
        """Mask of switches whose auxiliary contact shows open; None when nothing was heard for STALE_MS."""
        return self._fresh(CONTACTS)

    def levels(self):
        """Mask of status inputs that are closed, None when unreadable."""
        return self._fresh(STATUS)

    def ac(self):
        """{point number: secondary value} of the last AC sample, None when there is no fresh one."""
        return self._fresh(SAMPLE)

    def power_failing(self):
        """As the block said last: silence is no failure, for a block without mains may be silent too."""
        return self._failing

    def edges(self) -> list:
        """[(channel, level, ticks_ms)] since the last call."""
        edges, self._edges = self._edges, []
        return edges

    def keys(self) -> list:
        """Names of the keys pressed since the last call."""
        keys, self._keys = self._keys, []
        return keys

    def feed(self, data):
        """Take bytes off the line; noise is counted in `bad` and never kept longer than MAX_LINE."""
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            piece = data[start : end if end >= 0 else len(data)]
            if len(self._line) + len(piece) <= MAX_LINE:
                self._line.extend(piece)
            else:
                self._line[:] = b"?"  # too long to be a message, whatever follows
            if end < 0:
                return
            start = end + 1
            words = bytes(self._line).split()
            self._line[:] = b""
            if not self._take(words):
                self.bad += 1

    def _take(self, words):
        """Whether these words were a message."""
        kind = words[0] if words else b""
        try:
            if kind in (b"I", b"S") and len(words) == 2:
                return self._keep(CONTACTS if kind == b"I" else STATUS, mask_of(words[1]))
            if kind == b"A" and len(words) > 1:
                return self._keep(SAMPLE, sample_of(words[1:]))
            if kind == b"P" and len(words) in (3, 4):
                return self._edge(int(words[1]), int(words[2]), int(words[3]) if len(words) == 4 else None)
        except ValueError:
            return False
        if kind == b"F" and words[1:] in ([b"0"], [b"1"]):
            self._failing = words[1] == b"1"
            return True
        if kind == b"K" and len(words) == 2 and len(words[1]) == 1 and words[1] in b"udob":
            if len(self._keys) < KEYS_MAX:
                self._keys.append(("up", "down", "ok", "back")[b"udob".find(words[1])])
            return True
        return False

    def _keep(self, what, value):
        if value is None:
            return False
        self._heard[what * 2 : what * 2 + 2] = [value, self._clock.ticks_ms()]
        return True

    def _edge(self, channel, level, block_ms):
        if not 1 <= channel <= 16 or level not in (0, 1):
            return False
        now = self._clock.ticks_ms()
        if block_ms is not None:
            late_ms = -1 if self._stamp is None else now - self._stamp - block_ms
            if not 0 <= late_ms <= LATE_MS:
                self._stamp, late_ms = now - block_ms - HEAD_MS, HEAD_MS
            now -= late_ms
        if len(self._edges) < EDGES_MAX:
            self._edges.append((channel, level, now))
        else:
            self.lost += 1
        return True

    async def run(self):
        """Forever: outputs once a second, inputs as they come."""
        clock = self._clock
        while True:
            self._send()
            if self._sounding:
                self._port.write(b"B 1\n")
            sent = clock.ticks_ms()
            left = PERIOD_MS
            while left > 0:
                self.feed(await self._port.read(left))
                left = PERIOD_MS - clock.ticks_diff(clock.ticks_ms(), sent)
            for what in (CONTACTS, STATUS, SAMPLE):
                self._fresh(what)
