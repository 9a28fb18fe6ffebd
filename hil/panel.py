"""Terminal block of the relays, auxiliary contacts and lamps: a text line on a PTY, one message a line.

terminal -> world  `O <trip> <alarm> <permit>`  three hex masks, bit 0 = round 1; on change and once a second
world -> terminal  `I <open>`                   hex mask of switches whose auxiliary contact reports open;
                                                on change and as the answer to each O
"""

import asyncio
import os
from collections import namedtuple

from hil.line485 import raw_pty, read_ready

LINE_MAX = 64  # longer is noise

Outputs = namedtuple("Outputs", "trip alarm permit")


class PanelParser:
    """Bytes in, Outputs out; `bad` counts lines that say nothing."""

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
            outputs = None if self._too_long else parse(bytes(self._line))
            self._line.clear()
            self._too_long = False
            if outputs is None:
                self.bad += 1
            else:
                out.append(outputs)
        return out


def parse(line) -> Outputs | None:
    """One line without its end, None when it is not an O message."""
    words = line.split()
    if len(words) != 4 or words[0] != b"O":
        return None
    masks = []
    for word in words[1:]:
        if not 1 <= len(word) <= 4 or word.strip(b"0123456789abcdefABCDEF"):
            return None
        masks.append(int(word, 16))
    return Outputs(*masks)


class Panel:
    """The PTY of the block. `on_outputs(Outputs)` is called for each message; `path` is for the terminal."""

    def __init__(self, on_outputs):
        self._parser = PanelParser()
        self._on_outputs = on_outputs
        self._master, self._slave = raw_pty()
        self.path = os.ttyname(self._slave)
        self.outputs = Outputs(0, 0, 0)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    @property
    def bad(self):
        return self._parser.bad

    def _readable(self):
        for outputs in self._parser.feed(read_ready(self._master)):
            self.outputs = outputs
            self._on_outputs(outputs)

    def show(self, open_mask):
        """Report the auxiliary contacts; lost when nobody reads, the next O asks again."""
        try:
            os.write(self._master, b"I %x\n" % open_mask)
        except BlockingIOError:
            return

    def close(self):
        asyncio.get_running_loop().remove_reader(self._master)
        for fd in (self._master, self._slave):
            os.close(fd)
