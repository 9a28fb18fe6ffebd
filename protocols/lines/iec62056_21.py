"""IEC 62056-21 messages (once IEC 61107): bytes in, frames out. No I/O, no clock; CPython and MicroPython.

kind      wire (7E1, 300 Bd at first)      head, data of the Frame
request   / ? ADDRESS ! CR LF              "", address
ident     / XXX Z IDENT CR LF              "XXXZ": maker and speed; the rest
option    ACK V Z Y CR LF                  "VZY": procedure, speed, mode; b""
command   SOH C D [STX DATA] ETX BCC       "CD": R5, W1, P0, B0 ...; DATA
data      STX DATA ETX BCC                 "", DATA
part      STX DATA EOT BCC                 "", DATA: the next block comes when this one is acknowledged
ack nak   ACK, NAK                         "", b""
BCC is the xor, in 7 bits, of what stands after the first SOH or STX up to and with ETX or EOT.

A wrong argument to `encode` is our own bug and raises ValueError; what comes from the line never raises.
What DATA means is in iec62056_21_data; telegrams that are pushed without STX (mode D, DSMR P1) are in p1.
"""

from collections import namedtuple

SOH, STX, ETX, EOT, ACK, NAK, LF, CR = 0x01, 0x02, 0x03, 0x04, 0x06, 0x15, 0x0A, 0x0D
SLASH = 0x2F
MAX_LINE = 96  # bytes of a request or identification; the standard needs 40
MAX_BLOCK = 16384  # bytes of a readout with a year of monthly values, twice

SPEEDS = (300, 600, 1200, 2400, 4800, 9600, 19200)  # Bd of Z = 0..6, modes C and E
MODE_B = "ABCDEF"  # Z of mode B: SPEEDS[1:]
READOUT, PROGRAMMING = "0", "1"  # Y of an option
BREAK = "B0"

Frame = namedtuple("Frame", ("kind", "head", "data"))

ACKED, DENIED = Frame("ack", "", b""), Frame("nak", "", b"")

# What may stand in a block, the most frequent first
_CLEAN = b"0123456789.*()-:\r\n" + bytes(range(0x20, 0x100)) + b"\t"

# What may answer what; an error and a break may answer any command.
_ANSWERS = {
    "request": ("ident",),
    "option": ("data", "part", "command"),
    "P": ("ack", "nak", "data", "command"),
    "W": ("ack", "nak", "data", "command"),
    "E": ("ack", "nak", "data", "command"),
    "R": ("data", "part", "nak", "command"),
    "ack": ("data", "part"),
    "nak": ("data", "part", "command"),
}


def bcc(data) -> int:
    """The check character of `data`, which begins with SOH or STX."""
    check = 0
    for at in range(1, len(data), 64):  # long enough for few rounds, short enough for quick numbers
        check ^= int.from_bytes(data[at : at + 64], "little")
    for bits in (256, 128, 64, 32, 16, 8):  # the upper half onto the lower
        check ^= check >> bits
    return check & 0x7F


def speed(head) -> tuple:
    """Of the head of an identification: ("C" | "B" | "A", Bd)."""
    z = head[3:4]
    if z in MODE_B:
        return "B", SPEEDS[1 + MODE_B.find(z)]
    if "0" <= z <= "6":
        return "C", SPEEDS[int(z)]
    return "A", SPEEDS[0]


def add_parity(data) -> bytes:
    """7E1 through a port that only does 8N1: bit 7 makes the number of ones even."""
    return bytes([_EVEN[b & 0x7F] for b in data])


def strip_parity(data) -> bytes:
    """The reverse; a character with odd parity becomes 00, which stands in no message."""
    return bytes([b & 0x7F if _EVEN[b & 0x7F] == b else 0 for b in data])


def _even(byte) -> int:
    ones = byte ^ byte >> 4
    ones ^= ones >> 2
    return byte | ((ones ^ ones >> 1) & 1) << 7


_EVEN = bytes([_even(byte) for byte in range(128)])


class Framer:
    """Cuts frames out of a byte stream with noise, split and merged frames.

    `bad`: blocks with a wrong check character; `skipped`: bytes of no frame. Holds at most one unfinished
    message. `options`: an ACK may begin an option, as a meter that has told its name expects.
    A lone ACK or NAK has no check character: it is one when silence follows it and nothing was skipped since
    the silence or the good frame before it.
    """

    def __init__(self, options=False) -> None:
        self.bad = 0
        self.skipped = 0
        self.options = options
        self._held = b""
        self._doubt = False

    def feed(self, data) -> list:
        """Return the frames that `data` (any split of the stream) completes."""
        frames = []
        for at in range(0, len(data), MAX_BLOCK):
            self._held = self._cut(self._held + bytes(data[at : at + MAX_BLOCK]), frames, False)
        return frames

    def quiet(self) -> list:
        """The line fell silent for 1.5 s: give up the unfinished message, return good ones that it hid."""
        frames = []
        self._held = self._cut(self._held, frames, True)
        self._doubt = False
        return frames

    def _cut(self, held, frames, last) -> bytes:
        """Append complete frames to `frames`; return the unfinished rest, none when this is the `last`."""
        at, end = 0, -1
        while at < len(held):
            if end < at:
                end = _terminator(held, at)
            frame, size = self._at(held, at, end, last)
            if frame is not None:
                frames.append(frame)
                self._doubt = False
                at += size
            elif size == 0 and not last:
                break
            else:
                self._doubt = True
                self.skipped += 1
                at += 1
        return held[at:]

    def _at(self, held, at, end, last) -> tuple:
        """(frame, size) of what starts at `at`; (None, 0) more is needed to tell; (None, -1) nothing does."""
        byte = held[at]
        if byte == SLASH:
            return _line(held, at)
        if byte in (SOH, STX):
            return self._block(held, at, end)
        if byte == ACK and self.options:
            option = held[at + 1 : at + 6]
            if _begins_option(option) and (len(option) == 5 or not last):
                return (Frame("option", latin(option[:3]), b""), 6) if len(option) == 5 else (None, 0)
        if byte in (ACK, NAK) and not self._doubt and at + 1 == len(held):
            return ((ACKED if byte == ACK else DENIED), 1) if last else (None, 0)
        return None, -1

    def _block(self, held, at, end) -> tuple:
        """A command, data or part whose ETX or EOT, if it came already, stands at `end`."""
        stx = at if held[at] == STX else held.find(b"\2", at, end)
        if held[at] == SOH and stx != at + 3 and (stx >= 0 or end > at + 3):
            return None, -1
        again = stx >= 0 and held.find(b"\2", stx + 1, end) >= 0
        if again or held.find(b"\1", at + 1, end) >= 0 or end - at > MAX_BLOCK:
            return None, -1
        if end + 1 >= len(held):
            return None, 0
        frame = _parse(held, at, stx, end) if bcc(held[at : end + 1]) == held[end + 1] & 0x7F else None
        self.bad += frame is None
        return frame, -1 if frame is None else end + 2 - at


class EvenFramer(Framer):
    """For 7E1 through a port that only does 8N1."""

    def feed(self, data) -> list:
        return Framer.feed(self, strip_parity(data))


def _terminator(held, at) -> int:
    """Where the next ETX or EOT stands; the length when none does."""
    etx = held.find(b"\3", at)
    end = etx if etx >= 0 else len(held)
    eot = held.find(b"\4", at, end)
    return eot if eot >= 0 else end


def latin(data) -> str:
    """ISO 8859-1, which MicroPython does not decode; it is UTF-8 as long as each byte is a character."""
    try:
        text = data.decode()
    except UnicodeError:
        text = ""
    return text if len(text) == len(data) else "".join([chr(b) for b in data])


def clean(data) -> bool:
    """Whether the bytes may stand in a block: no control characters but line ends and tabulators."""
    return not data.strip(_CLEAN)


def _parse(held, at, stx, end):
    """The block with a good check character, or None when it looks like none."""
    data = held[stx + 1 : end] if stx >= 0 else b""
    if not clean(data):
        return None
    if held[at] == STX:
        return Frame("data" if held[end] == ETX else "part", "", data)
    head = latin(held[at + 1 : at + 3])
    return Frame("command", head, data) if _is_command(head) and held[end] == ETX else None


def _is_command(head) -> bool:
    return len(head) == 2 and head[0] in "PWREB" and "0" <= head[1] <= "9"


def _begins_option(data) -> bool:
    """Whether V Z Y CR LF may begin so."""
    end = data[3:]
    return end == b"\r\n"[: len(end)] and not [b for b in data[:3] if not 0x30 <= b <= 0x5A]


def _line(held, at) -> tuple:
    """A request or an identification, as `Framer._at`."""
    stop = min(len(held), at + MAX_LINE)
    end = at + 1
    while end < stop and 0x20 <= held[end] <= 0x7E:
        end += 1
    if end + 1 >= stop:
        return None, 0 if stop < at + MAX_LINE and held[end:stop] in (b"", b"\r") else -1
    text = held[at + 1 : end]
    if held[end : end + 2] != b"\r\n":
        return None, -1
    if text[:1] == b"?" and text[-1:] == b"!":
        return Frame("request", "", text[1:-1]), end + 2 - at
    if len(text) < 4 or not latin(text[:3]).isalpha():
        return None, -1
    return Frame("ident", latin(text[:4]), text[4:]), end + 2 - at


# ---- the master's and the meter's words -------------------------------------------------------


def encode(kind, head="", data=b"") -> bytes:
    """The wire form of a Frame (no parity bits); ValueError when it cannot be one."""
    wire = _encode(kind, head.encode(), bytes(data))
    frames = Framer(True)
    if frames.feed(wire) + frames.quiet() != [Frame(kind, head, bytes(data))]:
        raise ValueError("no %s is made of %r and %r" % (kind, head, data))
    return wire


def _encode(kind, head, data) -> bytes:
    if kind == "request":
        return b"/?" + data + b"!\r\n"
    if kind == "ident":
        return b"/" + head + data + b"\r\n"
    if kind == "option":
        return b"\6" + head + b"\r\n"
    if kind in ("ack", "nak"):
        return b"\6" if kind == "ack" else b"\x15"
    block = b"\2" + data + (b"\4" if kind == "part" else b"\3")
    if kind == "command":
        block = b"\1" + head + (b"\3" if head == b"B0" else block)
    return block + bytes([bcc(block)])


def match(request, answer) -> str:
    """'' when `answer` answers `request` (Frames), else why not: echo, wrong_function, late.

    A reply to R that names another address answers an earlier R. NAK, error and break are answers too.
    """
    same = answer == request and answer.kind not in ("ack", "nak")
    if same or answer.kind in ("request", "option"):
        return "echo"
    name = request.head[:1] if request.kind == "command" else request.kind
    if answer.kind not in _ANSWERS.get(name, ()):
        return "wrong_function"
    if answer.kind == "command":
        return "" if answer.head in ("P0", BREAK) else "echo"
    asked, named = _named(request.data), _named(answer.data)
    return "late" if name == "R" and answer.kind == "data" and named and named != asked else ""


def _named(data) -> bytes:
    """The address before the first bracket, without what 1-0:1.8.0*255 has more than 1.8.0."""
    return data.split(b"(")[0].split(b":")[-1].split(b"*255")[0].strip()
