"""Q/GDW 376.2-2009 / 1376.2-2013 frames between a concentrator and its carrier or radio module.

Wire: 68 L L C R0..R5 [A] AFN DT1 DT2 DATA CS 16. L: bytes of the whole frame, low byte first. CS: sum of C
to the end of DATA, mod 256. Frames of meters stand in DATA: a frame ends where L says, never at a 16.
C: D7 from the module, D6 from the one who starts, D5-0 kind of channel (MODES).
R: what _DOWN and _UP name, low bits first; the last byte is the sequence number, which an answer repeats.
A: there when R says `to_node`: A1 source, A2 a relay for each `level` (down only), A3 destination; each 6
bytes, low byte first.
DT: group DT2 from 0, a bit of DT1 for each of its eight Fn.

Sources: at least two open implementations for every field but these, of which one was found: mode 4, the
`flags` other than EVENT. The editions of 2009 and 2013 agree.
A wrong argument to a builder is our own bug and raises ValueError; what comes from the line never raises.
"""

from binascii import unhexlify
from collections import namedtuple

START, END = 0x68, 0x16
INFO = 4  # where R starts
LEAST = 15  # 68 L L C R(6) AFN DT1 DT2 CS 16
ADDRESS = 6
MAX_FRAME = 2048  # bytes. L could say 65,535; what a module takes it tells in AFN 03 F10

UP, STARTED, MODE = 0x80, 0x40, 0x3F
CENTRAL, DISTRIBUTED, BROADBAND, DUAL, RADIO, ETHERNET = 1, 2, 3, 4, 10, 20
MODES = {
    CENTRAL: "carrier, central routing",
    DISTRIBUTED: "carrier, distributed routing",
    BROADBAND: "broadband carrier",
    DUAL: "broadband carrier and radio",
    RADIO: "micro-power radio",
    ETHERNET: "ethernet",
}
EVENT = 1  # of `flags`: a node has an event to tell
NOBODY = "0" * 12

CONFIRM, CONCURRENT = 0x00, 0xF1
CONFIRMED = (0x01, 0x04, 0x05, 0x06, 0x11, 0x12)  # AFN answered by AFN 00, not by their like
F1, F2 = 0x0001, 0x0002  # as DT

# (name, bits) of R from the lowest bit of R0 on; without a name: reserved
_DOWN = (
    ("bypass", 1),
    ("attached", 1),
    ("to_node", 1),
    ("collision", 1),
    ("level", 4),
    ("channel", 4),
    ("coding", 4),
    ("answer_bytes", 8),
    ("rate", 15),
    ("kilobit", 1),
    ("number", 8),
)
_UP = (
    ("bypass", 1),
    ("", 1),
    ("to_node", 1),
    ("", 1),
    ("level", 4),
    ("channel", 4),
    ("", 4),
    ("phase", 4),
    ("meter_channel", 4),
    ("command_signal", 4),
    ("answer_signal", 4),
    ("flags", 8),
    ("number", 8),
)
# bypass: 1 no routing; attached: nodes behind a node; level: relays between; answer_bytes: expected, 0
# unknown; rate: 0 default, in bit/s or kbit/s; phase: 1-3, 0 unknown; signals: of the last hop, 1 the worst
# to 15, 0 unknown

# info: R as on the wire; addresses: () or (source, relays.., destination), 12 digits each; dt: as on the wire
Frame = namedtuple("Frame", ("control", "info", "addresses", "afn", "dt", "data"))


class Framer:
    """Cuts frames out of a byte stream with noise, split and merged frames.

    `bad`: candidates with wrong checksum, end byte or length of A; `skipped`: bytes of no frame.
    Holds at most one unfinished frame (MAX_FRAME bytes).
    """

    def __init__(self) -> None:
        self.bad = 0
        self.skipped = 0
        self._held = b""

    def feed(self, data) -> list:
        """Return the frames that `data` (any split of the stream) completes."""
        frames = []
        for at in range(0, len(data), MAX_FRAME):
            self._held = self._cut(self._held + bytes(data[at : at + MAX_FRAME]), frames)
        return frames

    def quiet(self) -> list:
        """Nothing came for a while: give up the unfinished frame, return good ones that it hid."""
        frames = []
        while self._held:
            self.skipped += 1
            self._held = self._cut(self._held[1:], frames)
        return frames

    def _cut(self, held, frames) -> bytes:
        """Append complete frames to `frames`; return the unfinished rest."""
        at = 0
        while True:
            start = held.find(b"\x68", at)
            self.skipped += (start if start >= 0 else len(held)) - at
            if start < 0:
                return b""
            size = int.from_bytes(held[start + 1 : start + 3], "little")
            known = start + 3 <= len(held)
            good = not known or LEAST <= size <= MAX_FRAME
            if good and (not known or start + size > len(held)):
                return held[start:]
            frame = _parse(held[start : start + size]) if good else None
            if frame is not None:
                frames.append(frame)
                at = start + size
                continue
            self.bad += good
            self.skipped += 1
            at = start + 1


def _parse(wire):
    """The frame, or None when checksum, end byte or the room for its addresses is wrong."""
    if wire[-1] != END or wire[-2] != sum(wire[3:-2]) & 0xFF:
        return None
    control, info = wire[3], wire[INFO : INFO + 6]
    at = INFO + 6 + ADDRESS * _places(control, info)
    if at + 5 > len(wire):
        return None
    cuts = range(INFO + 6, at, ADDRESS)
    addresses = tuple([address_text(wire[cut : cut + ADDRESS]) for cut in cuts])
    return Frame(control, info, addresses, wire[at], wire[at + 1] | wire[at + 2] << 8, wire[at + 3 : -2])


def _places(control, info) -> int:
    """How many addresses A has."""
    if not info[0] & 4:
        return 0
    return 2 if control & UP else 2 + (info[0] >> 4)


def address_text(data) -> str:
    return "%012X" % int.from_bytes(data, "little")


def address_bytes(text) -> bytes:
    """Up to 12 digits as printed -> 6 bytes, low byte first; ValueError for anything else."""
    if len(text) > 2 * ADDRESS:
        raise ValueError("more than 12 digits")
    return bytes(reversed(unhexlify("0" * (2 * ADDRESS - len(text)) + text)))


# ---- R and DT ---------------------------------------------------------------------------------


def bits(word, widths) -> dict:
    """{name: value} of `widths` (name, bits), from the lowest bit on; what has no name is left out."""
    out = {}
    for name, width in widths:
        if name:
            out[name] = word & (1 << width) - 1
        word >>= width
    return out


def word(values, widths) -> int:
    """The inverse of `bits`; ValueError when a value is missing or too large."""
    out = at = 0
    for name, width in widths:
        value = values.get(name, -1) if name else 0
        if not 0 <= value < 1 << width:
            raise ValueError("%s takes %d bits" % (name, width))
        out |= value << at
        at += width
    return out


def view(frame) -> dict:
    """R of a frame, {name: value}."""
    return bits(int.from_bytes(frame.info, "little"), _UP if frame.control & UP else _DOWN)


def number(frame) -> int:
    return frame.info[5]


def fns(dt) -> tuple:
    """The numbers of the Fn in a DT, mostly one."""
    return tuple([(dt >> 8) * 8 + bit + 1 for bit in range(8) if dt >> bit & 1])


def dt_of(*numbers) -> int:
    """DT of one Fn, 1 to 248, or of several in one group of eight."""
    groups = [(fn - 1) // 8 for fn in numbers]
    if not numbers or min(groups) != max(groups) or not 0 <= groups[0] < 31:
        raise ValueError("Fn are 1 to 248, of one group")
    return groups[0] << 8 | sum({1 << (fn - 1) % 8 for fn in numbers})


# ---- builders ---------------------------------------------------------------------------------


def encode(control, info, addresses, afn, dt, data=b"") -> bytes:
    """The wire form of a Frame; encode(*frame) is the inverse of the framer."""
    if len(info) != 6 or len(addresses) != _places(control, info):
        raise ValueError("R has 6 bytes and says how many addresses there are")
    body = bytes([control]) + info + b"".join([address_bytes(text) for text in addresses])
    body += bytes([afn, dt & 0xFF, dt >> 8]) + data
    size = len(body) + 5
    if size > MAX_FRAME:
        raise ValueError("longer than %d bytes" % MAX_FRAME)
    return bytes([START]) + size.to_bytes(2, "little") + body + bytes([sum(body) & 0xFF, END])


def _info(widths, given, addresses, level) -> bytes:
    values = {name: 0 for name, _width in widths if name}
    values.update(given)
    values.update(to_node=int(addresses != ()), level=level)
    return word(values, widths).to_bytes(6, "little")


def request(afn, fn, data, number, addresses=(), mode=BROADBAND, started=True, **given) -> bytes:
    """From the concentrator. `addresses`: (own, relays.., node) for what concerns a node; `given`: of R.

    `started` False: the answer to what the module started, with its number.
    """
    info = _info(_DOWN, dict(given, number=number), addresses, max(0, len(addresses) - 2))
    return encode(mode | (STARTED if started else 0), info, addresses, afn, dt_of(fn), data)


def answer(afn, fn, data, number, addresses=(), mode=BROADBAND, started=False, level=0, **given) -> bytes:
    """From the module. `addresses`: (node, concentrator) for what comes from a node; `given`: of R."""
    info = _info(_UP, dict(given, number=number), addresses, level)
    return encode(UP | mode | (STARTED if started else 0), info, addresses, afn, dt_of(fn), data)


# ---- judging what arrived ---------------------------------------------------------------------


def match(request, answer) -> str:
    """'' when `answer` answers `request`, else why not: echo, report, foreign, late, wrong_function.

    report: the other side started this by itself. A denial counts for every request, a confirmation only
    where there is no other answer. Both may come without addresses; some modules leave the destination 0.
    """
    if not (answer.control ^ request.control) & UP:
        return "echo"
    if answer.control & STARTED:
        return "report"
    if not _from_there(request.addresses, answer):
        return "foreign"
    if number(answer) != number(request):
        return "late"
    if answer.afn == CONFIRM:
        known = answer.dt == F2 or (answer.dt == F1 and request.afn in CONFIRMED)
        return "" if known else "wrong_function"
    fits = (answer.afn, answer.dt) == (request.afn, request.dt) and request.afn not in CONFIRMED
    return "" if fits else "wrong_function"


def _from_there(asked, answer) -> bool:
    """True when the answer comes from where the request went, and goes back."""
    if not asked or not answer.addresses:
        return asked == answer.addresses or answer.afn == CONFIRM
    return answer.addresses[0] == asked[-1] and answer.addresses[-1] in (asked[0], NOBODY)
