"""The meter's side of IEC 62056-21, modes A, B and C."""

from protocols.lines import iec62056_21
from protocols.lines.iec62056_21 import ACKED, BREAK, PROGRAMMING, READOUT, Framer, encode, latin

IDLE, NAMED, PROGRAM = range(3)  # waits for a request; for an option; for commands
MAX_VALUE = 129  # characters of a value in programming mode, and its bracket
_ERROR = b"(ERROR)"


def lines(store) -> bytes:
    return b"".join([("%s(%s)\r\n" % (address, store[address])).encode() for address in store])


class Server:
    """A meter as strict as a real one. `store`: {address: text between its first ( and last )}.

    address   device address of the request; "" and 0 before the digits count as nothing
    head      maker and speed: of Z = 0..6 mode C, A..F mode B, anything else mode A
    password  opens programming by P1 or P2, after the seed that P0 offers; None: it is open without
    block     bytes of a part, of whole lines, when the readout goes out in parts; 0: it goes out whole
    speed     Bd at which the meter hears and speaks now
    executed  [data of each E command that was accepted]
    `feed` returns what the meter says to `data`. What it sends after it changed its speed in mode B comes
    with the next `feed`, also feed(b""). R1 R2 R5 R6 read, W1 W2 W5 write what is in the store, E2 executes.
    """

    def __init__(self, address="", store=None, head="ISk5", ident="\\2MT382-1000", password=None) -> None:
        self.address, self.store = address, {} if store is None else store
        self.head, self.ident, self.password = head, ident, password
        self.block = 0
        self.speed = iec62056_21.SPEEDS[0]
        self.executed = []
        self._framer = Framer()
        self._state = IDLE
        self._open = False  # commands are allowed
        self._parts = []  # blocks not yet asked for
        self._said = b""  # repeated on NAK
        self._later = b""

    def feed(self, data: bytes) -> bytes:
        out, self._later = self._later, b""
        for at in range(len(data)):  # by one: what a character means depends on the answer to those before
            for frame in self._frames(data[at : at + 1]):
                out += self._say(self._answer(frame))
        return out

    def _frames(self, byte) -> list:
        """A master waits for the answer to its ACK or NAK; nobody tells a meter of the silence between."""
        alone = byte in (b"\6", b"\x15") and not self._framer.options
        return self._framer.feed(byte) + (self._framer.quiet() if alone else [])

    def _say(self, answer) -> bytes:
        self._said = answer or self._said
        return answer

    def _answer(self, frame) -> bytes:
        return getattr(self, "_on_" + frame.kind, _nothing)(frame)

    def _rest(self) -> bytes:
        self._state, self._open, self._parts = IDLE, False, []
        self.speed, self._framer.options = iec62056_21.SPEEDS[0], False
        return b""

    def _on_request(self, frame) -> bytes:
        self._rest()
        asked = frame.data.lstrip(b"0")
        if asked and asked != self.address.encode().lstrip(b"0"):
            return b""
        name = encode("ident", self.head, self.ident.encode())
        mode, speed = iec62056_21.speed(self.head)
        if mode == "A":
            return name + self._readout()
        if mode == "B":
            self.speed, self._later = speed, self._readout()
            return name
        self._state, self._framer.options = NAMED, True
        return name

    def _on_option(self, frame) -> bytes:
        """Anything but the offered speed, or the first one, and readout or programming is not taken up."""
        procedure, speed, mode = frame.head
        self._framer.options = False
        if self._state != NAMED or procedure != "0" or speed not in ("0", self.head[3]):
            return self._rest()
        self.speed = iec62056_21.SPEEDS[int(speed)]
        if mode == READOUT:
            self._state = IDLE
            return self._readout()
        if mode != PROGRAMMING:
            return self._rest()
        self._state, self._open = PROGRAM, self.password is None
        return encode("command", "P0", b"(%s)" % self.address.encode())

    def _readout(self) -> bytes:
        return self._blocks(lines(self.store) + b"!\r\n")

    def _blocks(self, data) -> bytes:
        if not self.block:
            return encode("data", "", data)
        pieces = [b""]
        for line in data.split(b"\n"):
            if pieces[-1] and len(pieces[-1]) + len(line) >= self.block:
                pieces.append(b"")
            pieces[-1] += line + b"\n"
        pieces[-1] = pieces[-1][:-1]
        self._parts = [encode("part", "", piece) for piece in pieces[:-1]] + [encode("data", "", pieces[-1])]
        return self._parts.pop(0)

    def _on_ack(self, _frame) -> bytes:
        return self._parts.pop(0) if self._parts else b""

    def _on_nak(self, _frame) -> bytes:
        return self._said

    def _on_command(self, frame) -> bytes:
        if self._state != PROGRAM:
            return b""
        if frame.head == BREAK:
            return self._rest()
        if frame.head[0] == "P":
            return self._enter(frame)
        if not self._open:
            return encode("command", BREAK) + self._rest()
        if frame.head == "E2":
            self.executed.append(frame.data)
            return encode(*ACKED)
        return self._access(frame)

    def _access(self, frame) -> bytes:
        """Read or write one address; the value in brackets of a read is a count and means nothing here."""
        address, _, rest = latin(frame.data).partition("(")
        if address not in self.store or rest[-1:] != ")" or "(" in rest or ")" in rest[:-1]:
            return encode("data", "", _ERROR)
        if frame.head in ("W1", "W2", "W5") and len(rest) <= MAX_VALUE:
            self.store[address] = rest[:-1]
            return encode(*ACKED)
        if frame.head not in ("R1", "R2", "R5", "R6"):
            return encode("data", "", _ERROR)
        answer = ("%s(%s)" % (address, self.store[address])).encode()
        return self._blocks(answer) if frame.head == "R6" else encode("data", "", answer)

    def _enter(self, frame) -> bytes:
        if frame.head not in ("P1", "P2") or self.password is None:
            return encode("data", "", _ERROR)
        if frame.data != ("(%s)" % self.password).encode():
            return encode("command", BREAK) + self._rest()
        self._open = True
        return encode(*ACKED)


def _nothing(_frame) -> bytes:
    return b""
