"""Terminal block: relays, contacts, lamps, buzzer, inputs, keys. A text line on a PTY, one message a line.

terminal -> world  `O <trip> <alarm> <permit>`  three hex masks, bit 0 = round 1; on change and once a second
                   `C <mask>`                   one pulse on the closing coils of these rounds
                   `B <0|1>`                    buzzer; on change and, while it sounds, once a second
world -> terminal  `I <open>`                   hex mask of switches whose auxiliary contact reports open;
                                                on change and as the answer to each O
                   `S <mask>`                   hex mask of the status inputs, likewise
                   `P <channel> <level> <ms>`   edge of a pulse input, and the block's milliseconds at it
                   `K <u|d|o|b>`                key pressed: up, down, ok, back
                   `A <no>=<value> ...`         AC sample: points of protocols.meters.points, secondary side
                   `F <0|1>`                    the mains fail, the board lives on its reserve; they are back
"""

import asyncio
import os
import time
from collections import namedtuple

from hil.line485 import raw_pty, read_ready

LINE_MAX = 64  # longer is noise
KEYS = {"up": "u", "down": "d", "ok": "o", "back": "b"}

Outputs = namedtuple("Outputs", "trip alarm permit")
Close = namedtuple("Close", "rounds")
Buzzer = namedtuple("Buzzer", "on")


class PanelParser:
    """Bytes in, messages out; `bad` counts lines that say nothing."""

    def __init__(self):
        self.bad = 0
        self._line = bytearray()
        self._too_long = False

    def feed(self, data) -> list:
        out = []
        for byte in data:
            if byte != 0x0A:
                self._too_long = self._too_long or len(self._line) >= LINE_MAX
                if not self._too_long:
                    self._line.append(byte)
                continue
            message = None if self._too_long else parse(bytes(self._line))
            self._line.clear()
            self._too_long = False
            if message is None:
                self.bad += 1
            else:
                out.append(message)
        return out


def parse(line):
    """Outputs, Close or Buzzer of one line without its end; None when it is none of them."""
    words = line.split()
    if not words or words[0] not in (b"O", b"C", b"B"):
        return None
    if words[0] == b"B":
        return Buzzer(words[1] == b"1") if len(words) == 2 and words[1] in (b"0", b"1") else None
    masks = []
    for word in words[1:]:
        if not 1 <= len(word) <= 4 or word.strip(b"0123456789abcdefABCDEF"):
            return None
        masks.append(int(word, 16))
    kind = Outputs if words[0] == b"O" else Close
    return kind(*masks) if len(masks) == len(kind._fields) else None


class Panel:
    """The PTY of the block; `path` is for the terminal.

    `on_outputs(Outputs)` and `on_close(mask)` are called for each message, `sounding` is the buzzer.
    """

    def __init__(self, on_outputs, on_close=lambda mask: None):
        self._parser = PanelParser()
        self._on_outputs, self._on_close = on_outputs, on_close
        self._master, self._slave = raw_pty()
        self.path = os.ttyname(self._slave)
        self.outputs = Outputs(0, 0, 0)
        self.sounding = False
        self.lost = 0  # lines nobody read
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    @property
    def bad(self):
        return self._parser.bad

    def _readable(self):
        for message in self._parser.feed(read_ready(self._master)):
            if isinstance(message, Outputs):
                self.outputs = message
                self._on_outputs(message)
            elif isinstance(message, Close):
                self._on_close(message.rounds)
            else:
                self.sounding = message.on

    def _say(self, line):
        """Lost, whole, when nobody reads: the next O asks again for what stands."""
        try:
            os.write(self._master, line)
        except BlockingIOError:
            self.lost += 1

    def show(self, open_mask):
        """Report the auxiliary contacts."""
        self._say(b"I %x\n" % open_mask)

    def inputs(self, mask):
        """Report the status inputs."""
        self._say(b"S %x\n" % mask)

    def edge(self, channel, level):
        self._say(b"P %d %d %d\n" % (channel, level, time.monotonic_ns() // 10**6 % 2**30))

    def key(self, name):
        """`name` of KEYS."""
        self._say(b"K %s\n" % KEYS[name].encode())

    def sample(self, values):
        """{point number: secondary value} of the AC sampling."""
        self._say(b"A " + b" ".join(b"%d=%d" % row for row in sorted(values.items())) + b"\n")

    def mains(self, on):
        """Whether the board is fed by the mains or by its reserve."""
        self._say(b"F %d\n" % (not on))

    def close(self):
        asyncio.get_running_loop().remove_reader(self._master)
        for fd in (self._master, self._slave):
            os.close(fd)
