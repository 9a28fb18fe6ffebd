"""Reader of meters with IEC 62056-21 (modes A, B, C and programming mode) and of P1 telegrams.

read(request):
    "1-0:1.8.0*255"  an address of the readout, in full or reduced: {request: value, request/1: second group}
    ""               the whole readout: {address as it stands: value, ...}
    "R5:1.8.0(1)"    a command of programming mode (R1 R2 R5 R6): {address as it stands, and as asked: value}
Values and keys as in protocols.lines.iec62056_21_data: (int, power of ten) in Wh, W, V ..., or text.
A readout takes seconds to minutes, so one serves all requests of a round (see `readout`): a profile lists
each address as a read of its own, and the meter is read once. A request asked again reads anew.

write("W5:0.9.1", b"120000") puts a value; control("E2", {"data": "address(value)"}) executes. Neither is
repeated: after Refused("mute") its effect is unknown.

address: the device address of the request, "" when only one meter hears; of telegrams the identification or
number that must stand in them. options:
    baud      300: speed of the port at first, to which it returns
    mode      "": as the meter's identification says; "A", "B", "C" for meters that say otherwise
    fixed     True: the line cannot change its speed, so stay
    parity    True: the port does 8N1 only, put even parity into the characters
    password  text; None: send none. level "P1" or "P2" is the command that carries it
    telegram  True: do not ask, listen for DSMR P1 or mode D; not with parity
"""

from protocols.lines import iec62056_21, iec62056_21_data, p1
from protocols.lines.iec62056_21 import ACKED, BREAK, DENIED, PROGRAMMING, READOUT, Frame, encode, match
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask
from protocols.meters.readers.readout import Readout, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask

WAIT_MS = 2000  # a meter answers within 1.5 s
TELEGRAM_MS = 12000  # DSMR 4 sends every 10 s
OPTIONS = {
    "baud": int,
    "mode": ("", "A", "B", "C"),
    "fixed": bool,
    "parity": bool,
    "password": str,
    "level": ("P1", "P2"),
    "telegram": bool,
}
CONTROLS = {"E2": {"data": "0.0.0(0)"}}  # control -> {field: such a value}
REPEATS = 2  # of a broken block, asked for by NAK
LISTENS = 3  # the first telegram may have begun before us


def _nobody(_frame) -> str:
    return "wrong_function"


class Reader:
    FRAMER = iec62056_21.Framer

    def __init__(self, address, options) -> None:
        self._address = address
        self._baud = self._speed = options.get("baud", iec62056_21.SPEEDS[0])
        self._mode, self._fixed = options.get("mode", ""), options.get("fixed", False)
        self._password, self._level = options.get("password"), options.get("level", "P1")
        self._parity, self._telegram = options.get("parity", False), options.get("telegram", False)
        if self._parity and self._telegram:
            raise ValueError("parity is taken out of answers, not of telegrams")
        if self._telegram:
            self.FRAMER = p1.Framer
        elif self._parity:
            self.FRAMER = iec62056_21.EvenFramer
        self._readout = Readout()
        self._open = False  # the meter is in programming mode
        self._lost = False  # and did not answer
        self._twice = False  # it was asked to repeat: another answer may be on the way
        self._denied = ""  # how it refused the password: not tried again before `close`, for meters lock

    def read(self, request) -> "Generator[Ask, Any, dict]":
        if request[:1] == "R" and request[2:3] == ":":
            return (yield from self._item(request[:2], request[3:]))
        if self._readout.due(request):
            yield from self._listen() if self._telegram else self._read_out()
        return self._readout.take(request)

    def write(self, request, data) -> "Generator[Ask, Any, None]":
        yield from self._order(request[:2], request[3:].encode() + b"(" + data + b")")

    def control(self, name, fields) -> "Generator[Ask, Any, None]":
        yield from self._order(name, fields["data"].encode())

    def close(self) -> "Generator[Ask, Any, None]":
        """Ends programming mode and goes back to the first speed."""
        self._readout.forget()
        self._denied = ""
        yield from self._end()

    # ---- exchanges

    def _ask(self, request, judge=None, baud=0, wait_ms=WAIT_MS):
        """What to ask to say `request` (a Frame)."""
        data = encode(*request)
        data = iec62056_21.add_parity(data) if self._parity else data
        return ask(data, judge or (lambda frame: match(request, frame)), baud, wait_ms)

    def _switch(self, baud) -> int:
        """The speed to ask for, 0 when it is already that."""
        change = 0 if self._fixed or baud == self._speed else baud
        self._speed = change or self._speed
        return change

    def _end(self):
        broken, self._open, self._lost = self._open, False, False
        baud = self._switch(self._baud)
        if broken:
            yield self._ask(Frame("command", BREAK, b""), _nobody, baud, 1)
        elif baud:
            yield ask(b"", _nobody, baud, 1)

    def _sign_on(self):
        """(identification, mode, Bd, data that came with it or None)."""
        yield from self._end()
        request = Frame("request", "", self._address.encode())
        names = []

        def judge(frame) -> str:
            if frame.kind == "ident":
                names.append(frame)
                return "" if self._kind(frame)[0] != "A" else "wrong_function"  # its data is on the way
            return match(ACKED, frame) if names else match(request, frame)

        frame = yield self._ask(request, judge)
        if not names:
            raise Refused("mute")
        data = frame.data if frame is not None and frame.kind == "data" else None
        return (names[-1],) + self._kind(names[-1]) + (data,)

    def _kind(self, frame) -> tuple:
        mode, baud = iec62056_21.speed(frame.head)
        return self._mode or mode, baud

    def _read_out(self):
        yield from self._settle()
        name, mode, baud, data = yield from self._sign_on()
        if mode == "C":
            option = self._option(name, READOUT)
            data = yield from self._blocks(self._ask(option, baud=self._switch(baud)))
        elif mode == "B":
            first = ask(b"", lambda frame: match(ACKED, frame), self._switch(baud), WAIT_MS)
            data = yield from self._blocks(first)
        elif data is None:
            data = yield from self._blocks(self._ask(DENIED))
        self._readout.put(iec62056_21_data.values(data))

    def _option(self, name, mode) -> Frame:
        stay = self._fixed or iec62056_21.speed(name.head)[0] != "C"
        return Frame("option", "0" + ("0" if stay else name.head[3]) + mode, b"")

    def _blocks(self, first):
        """The data of an answer in one block or in parts."""
        out = before = b""
        left, repeated = REPEATS, False
        frame = yield first
        while True:
            if frame is None:
                if not left:
                    self._lost = True
                    raise Refused("mute")
                left, repeated = left - 1, True
                self._twice = True
                frame = yield self._ask(DENIED)
                continue
            if frame.kind in ("nak", "command"):
                self._lost = frame.head == BREAK
                raise Refused("refused", _told(frame))
            # A meter that did not hear our ACK repeats the part which we have.
            if not repeated or frame.data != before:
                out, before = out + frame.data, frame.data
            if len(out) > iec62056_21.MAX_BLOCK:
                raise Refused("too_long")
            if frame.kind == "data":
                return out
            repeated = False
            frame = yield self._ask(ACKED, self._next(before))

    def _next(self, before):
        """Judges the part that follows: of one asked for again and late the repeat comes now."""
        return lambda frame: "late" if self._twice and frame.data == before else match(ACKED, frame)

    def _settle(self):
        """Lets the answer to a NAK go by: without an address it would pass for that of the next command."""
        if self._twice:
            self._twice = False
            yield ask(b"", _nobody, 0, WAIT_MS)

    def _listen(self):
        found = []

        def judge(telegram) -> str:
            try:
                values = p1.values(telegram)
            except Refused as error:
                return error.reason
            if self._address and self._address not in telegram.ident and self._address not in values.values():
                return "foreign"
            found.append(values)
            return ""

        for _ in range(LISTENS):
            yield ask(b"", judge, 0, TELEGRAM_MS)
            if found:
                return self._readout.put(found[-1])
        raise Refused("mute")

    # ---- programming mode

    def _program(self):
        if self._telegram:
            raise Refused("unsupported", "telegrams are only heard")
        if self._denied:
            raise Refused("not_associated", self._denied)
        yield from self._settle()
        if self._open and not self._lost:
            return
        name, mode, baud, _data = yield from self._sign_on()
        if mode != "C":
            raise Refused("unsupported", "no programming in mode " + mode)
        frame = yield self._ask(self._option(name, PROGRAMMING), baud=self._switch(baud))
        if frame is None:
            raise Refused("mute")
        if frame.head != "P0":
            raise Refused("not_associated", frame.head or "readout in place of P0")
        self._open = True
        if self._password is None:
            return
        password = Frame("command", self._level, ("(%s)" % self._password).encode())
        frame = yield self._ask(password)
        if frame is None or frame.kind != "ack":
            self._lost, self._denied = True, _told(frame)
            raise Refused("mute" if frame is None else "not_associated", self._denied)

    def _item(self, verb, asked):
        yield from self._program()
        command = Frame("command", verb, asked.encode())
        data = yield from self._blocks(self._ask(command))
        if data[:3] == b"(ER":
            raise Refused("refused", _told(Frame("data", "", data)))
        address = asked.partition("(")[0]
        found = iec62056_21_data.values(address.encode() + data if data[:1] == b"(" else data)
        found.update(spelled(found, address))
        return found

    def _order(self, verb, data):
        """W or E: acknowledged, or Refused."""
        yield from self._program()
        self._readout.forget()
        frame = yield self._ask(Frame("command", verb, data))
        if frame is None or frame.kind != "ack":
            self._lost = frame is None or frame.head == BREAK
            raise Refused("mute" if frame is None else "refused", _told(frame))


def _told(frame) -> str:
    """What the meter said instead: 'ERR12', 'B0', 'NAK', '' for nothing."""
    if frame is None:
        return ""
    return frame.head or iec62056_21.latin(frame.data).strip("()\r\n") or "NAK"
