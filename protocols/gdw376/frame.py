"""Q/GDW 376.1-2009 / 1376.1-2013 frames between station and terminal: bytes in, frames out. No I/O, no clock.

Wire: FE* 68 L L 68 C A1 A1 A2 A2 A3 AFN SEQ DATA.. CS 16. Each L: (bytes from C to before CS) << 2 | version,
low byte first; version 2 is 376.1, 1 the national standard before it. CS: sum of C to before CS, mod 256.
C: D7 up, D6 from the one who starts, D5 down FCB, up ACD (events wait), D4 FCV, D3-0 function.
A1: region, 4 BCD digits; A2: terminal, 1-65535, FFFF all; A3: D0 group address, D7-1 station number.
SEQ: D7 a time tag follows, D6 first, D5 last frame of a message, D4 confirm, D3-0 number.
DATA ends in additions: down PW (16) with some AFN, up EC (2) if ACD, both ways Tp (6) if SEQ D7.

A wrong argument to a builder is our own bug and raises ValueError; what comes from the line never raises but
in `split`, which raises Refused.
"""

from binascii import hexlify, unhexlify
from collections import namedtuple

from protocols.gdw376 import formats
from protocols.lines import framing
from protocols.lines.refused import Refused

START, END = 0x68, 0x16
HEADER = 6  # 68 L L 68
LEAST = 8  # C A1 A1 A2 A2 A3 AFN SEQ
MAX_LENGTH = 0x3FFF
MAX_FRAME = HEADER + MAX_LENGTH + 2

UP, STARTED, ACD = 0x80, 0x40, 0x20
# functions of who starts, of who answers
RESET, NO_REPLY, LINK_TEST, CLASS_1, CLASS_2 = 1, 4, 9, 10, 11
OK, DATA, NOTHING, LINK_STATE = 0, 8, 9, 11
TAGGED, FIRST, LAST, CONFIRM = 0x80, 0x40, 0x20, 0x10
SINGLE = FIRST | LAST
WITH_PASSWORD = (0x01, 0x04, 0x05, 0x06, 0x0F, 0x10)
ALL_TERMINALS = 0xFFFF

AFN = {
    0x00: "confirm",
    0x01: "reset",
    0x02: "link",
    0x03: "relay_station",
    0x04: "set_parameters",
    0x05: "control",
    0x06: "authenticate",
    0x08: "cascade",
    0x09: "terminal_info",
    0x0A: "get_parameters",
    0x0B: "task_data",
    0x0C: "class_1",
    0x0D: "class_2",
    0x0E: "class_3",
    0x0F: "file",
    0x10: "forward",
}

# region: 4 digits; a3 and seq as on the wire; data with its additions
Frame = namedtuple("Frame", ("control", "region", "terminal", "a3", "afn", "seq", "data", "version"))
# each or None; pw: 16 bytes, ec: counters (important, ordinary), tp: (PFC, "22T10:30:15", minutes of delay)
Additions = namedtuple("Additions", ("pw", "ec", "tp"))
NOTHING_ADDED = Additions(None, None, None)


class Framer(framing.Framer):
    """`bad`: candidates with a wrong checksum or end byte; `skipped` does not count FE."""

    IDLE = b"\xfe"
    MOST = MAX_FRAME

    def _size(self, held, start) -> int:
        head = held[start : start + HEADER]
        length = head[1:3]
        if head[3:5] != length[: max(0, len(head) - 3)] or head[5:] not in (b"", b"\x68"):
            return framing.NONE
        if length and length[0] & 3 not in (1, 2):
            return framing.NONE
        if len(head) < HEADER:
            return framing.UNKNOWN
        size = int.from_bytes(length, "little") >> 2
        return HEADER + size + 2 if size >= LEAST else framing.NONE

    def _parse(self, held, start, size) -> "Frame | None":
        body = held[start + HEADER : start + size - 2]
        if held[start + size - 1] != END or held[start + size - 2] != sum(body) & 0xFF:
            return None
        region = hexlify(bytes((body[2], body[1]))).decode().upper()
        terminal = body[3] | body[4] << 8
        version = held[start + 1] & 3
        return Frame(body[0], region, terminal, body[5], body[6], body[7], body[8:], version)


# ---- builders ---------------------------------------------------------------------------------


def encode(control, region, terminal, a3, afn, seq, data=b"", version=2) -> bytes:
    """The wire form of a Frame; encode(*frame) is the inverse of the framer."""
    digits = unhexlify(region)
    if len(digits) != 2 or not 0 <= terminal <= 0xFFFF:
        raise ValueError("region has 4 digits, a terminal 16 bits")
    body = bytes([control, digits[1], digits[0], terminal & 0xFF, terminal >> 8, a3, afn, seq]) + data
    if len(body) > MAX_LENGTH or version not in (1, 2):
        raise ValueError("more than %d bytes, or version not 1 or 2" % MAX_LENGTH)
    length = (len(body) << 2 | version).to_bytes(2, "little")
    head = bytes([START]) + length + length + bytes([START])
    return head + body + bytes([sum(body) & 0xFF, END])


def request_control(afn) -> int:
    """C of what a station starts, FCB not used."""
    if afn == 0x01:
        return STARTED | RESET
    return STARTED | (CLASS_1 if afn in (0x04, 0x05, 0x06, 0x0F) else CLASS_2)


def add(data, additions) -> bytes:
    """`data` with its additions in their order."""
    pw, ec, tp = additions
    if pw is not None and len(pw) != 16:
        raise ValueError("PW has 16 bytes")
    out = bytes(data) + (pw or b"") + (bytes(ec) if ec else b"")
    if tp:
        out += bytes([tp[0]]) + formats.encode("16", tp[1]) + bytes([tp[2]])
    return out


# ---- judging what arrived ---------------------------------------------------------------------


def split(frame) -> tuple:
    """(data without additions, Additions); raises Refused."""
    up = frame.control & UP
    has_pw = not up and frame.control & STARTED and frame.afn in WITH_PASSWORD
    sizes = (16 if has_pw else 0, 2 if up and frame.control & ACD else 0, 6 if frame.seq & TAGGED else 0)
    end = len(frame.data) - sum(sizes)
    if end < 0:
        raise Refused("truncated", "%d bytes of additions" % sum(sizes))
    pw, ec, tp = _cut(frame.data[end:], sizes)
    tag = (tp[0], formats.decode("16", tp[1:5]), tp[5]) if tp else None
    return frame.data[:end], Additions(pw or None, (ec[0], ec[1]) if ec else None, tag)


def _cut(data, sizes) -> list:
    out = []
    for size in sizes:
        out.append(data[:size])
        data = data[size:]
    return out


def match(request, answer) -> str:
    """'' when `answer` answers `request`, else why not: echo, foreign, unasked, wrong_function, late.

    unasked: the other side started this one itself (login, heartbeat, report). A task (AFN 0B) is answered
    with class 1 or 2. Only the first frame of a message must carry the number of the request.
    """
    if not (answer.control ^ request.control) & UP:
        return "echo"
    everyone = request.a3 & 1
    if not everyone and (answer.region, answer.terminal) != (request.region, request.terminal):
        return "foreign"
    if answer.control & STARTED:
        return "unasked"
    if answer.afn not in (0, request.afn) and not (request.afn == 0x0B and answer.afn in (0x0C, 0x0D)):
        return "wrong_function"
    if answer.seq & FIRST and (answer.seq ^ request.seq) & 15:
        return "late"
    return ""
