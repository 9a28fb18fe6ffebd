"""A strict simulated meter of DL/T 645-2007: `Server`. Replies and names come from `dlt645_meter`."""

from binascii import hexlify

from protocols.lines import dlt645_admin as admin
from protocols.lines.dlt645 import (
    BROADCAST,
    BROADCAST_TIME,
    ERROR,
    FREEZE,
    FROM_METER,
    READ,
    READ_ADDRESS,
    READ_NEXT,
    Framer,
    _bcd,
    address_bytes,
    address_text,
    di_bytes,
    di_of,
    encode,
    fits_address,
)
from protocols.lines.dlt645_meter import FUNCTIONS, error_reply, reply

PIECE = 195  # bytes of data in one reply: 200 with identifier and sequence
WRITE_LEVEL, CONTROL_LEVEL = 4, 2  # the lowest authority (highest number) that may
CLOCK_STEP_S = 300  # broadcast time moves the clock by no more, and not so near to midnight
INSTANT_FREEZES = 3
EVENTS = ("03", "1D", "1E")
STATUS_3 = "04000503"


class Refusal(Exception):
    """The request gets an error reply; args are names of ERRORS, in function 03 of SECURITY_ERRORS."""


def _digits(data) -> str:
    return hexlify(bytes(reversed(data))).decode()


def _moment(data):
    """ss mm hh DD MM YY -> (y, mo, d, h, mi, s), None when that is no moment."""
    digits = _digits(data)
    if len(digits) != 12 or not digits.isdigit():
        return None
    y, mo, d, h, mi, s = [int(digits[at : at + 2]) for at in range(0, 12, 2)]
    good = 1 <= mo <= 12 and 1 <= d <= 31 and h < 24 and mi < 60 and s < 60
    return (2000 + y, mo, d, h, mi, s) if good else None


def _second(moment) -> int:
    """Of the day."""
    return moment[3] * 3600 + moment[4] * 60 + moment[5]


class Server:
    """One meter. `store`: {request text as in dlt645_admin.request: data}; only what is there can be written.

    `now` is its clock, (y, mo, d, h, mi, s), moved by its owner; `passwords` {level: 6 digits}; `programming`
    whether its key is pressed. `esam` opens what is sealed: open(sealed) -> N1..N8 or None, and
    operate(di, operator, data) -> data, or a Refusal raised. Status word 3 in the store follows the controls.
    """

    FRAMER = Framer
    ACTIONS = {code: "_" + name for code, name in FUNCTIONS.items()}
    TO_ALL = (READ, READ_NEXT, READ_ADDRESS, admin.WRITE_ADDRESS)  # may carry a wildcard address
    SPEEDS = admin.SPEEDS
    # N1 -> (attribute, its value)
    CONTROLS = {
        0x1A: ("relay_open", True),
        0x1B: ("close_permitted", True),
        0x1C: ("relay_open", False),
        0x1D: ("relay_open", True),
        0x1E: ("relay_open", True),
        0x2A: ("alarm", True),
        0x2B: ("alarm", False),
        0x3A: ("guaranteed", True),
        0x3B: ("guaranteed", False),
    }

    def __init__(self, address, store, passwords=None, now=(2026, 11, 22, 10, 30, 0), esam=None) -> None:
        self.address, self.store, self.now, self.esam = address, store, now, esam
        self.passwords = passwords or {CONTROL_LEVEL: "000000", WRITE_LEVEL: "111111"}
        self.relay_open = self.close_permitted = self.alarm = self.guaranteed = self.programming = False
        self.baud, self.output = 2400, 0
        self.freezes = []  # patterns asked for, MMDDhhmm, 99 = every
        self._set_on = None  # day of the last broadcast time
        self._pieces = {}  # identifier -> pieces of its answer
        self._framer = self.FRAMER()

    def feed(self, data) -> bytes:
        """All reply bytes to what arrived."""
        return b"".join([self._answer(frame) for frame in self._framer.feed(data)])

    def _answer(self, frame) -> bytes:
        if frame.control & FROM_METER or not self._mine(frame):
            return b""
        try:
            if frame.control not in self.ACTIONS:
                raise Refusal("other")
            reply = getattr(self, self.ACTIONS[frame.control])(frame)
        except Refusal as refusal:
            reply = self._refused(frame.control, refusal.args)
        return b"" if frame.address == BROADCAST and frame.control not in self.TO_ALL else reply

    def _refused(self, control, names) -> bytes:
        if self.ACTIONS.get(control) != "_security":
            return error_reply(self.address, control, *names)
        word = sum([1 << admin.SECURITY_ERRORS.index(name) for name in names])
        return encode(self.address, control | FROM_METER | ERROR, word.to_bytes(2, "little"))

    def _mine(self, frame) -> bool:
        if frame.address == BROADCAST:
            return frame.control in (BROADCAST_TIME, FREEZE)
        if frame.address == self.address:
            return True
        return frame.control in self.TO_ALL and fits_address(frame.address, self.address)

    def _reply(self, frame, **parts) -> bytes:
        return reply(self.address, frame.control, **parts)

    # ---- reads

    def _read(self, frame) -> bytes:
        data = self.store.get(admin.request_text(frame.data))
        if data is None:
            raise Refusal("no_such_data")
        pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)] or [b""]
        di = di_of(frame)
        self._pieces = {di: pieces}
        return self._reply(frame, di=di, data=pieces[0], more=len(pieces) > 1)

    def _read_next(self, frame) -> bytes:
        di = di_of(frame)
        pieces = self._pieces.get(di, ())
        seq = frame.data[4] if len(frame.data) == 5 else 0
        if not 0 < seq < len(pieces):
            raise Refusal("no_such_data")
        return self._reply(frame, di=di, data=pieces[seq], more=seq + 1 < len(pieces), seq=seq)

    def _read_address(self, frame) -> bytes:
        self._size(frame, 0)
        return self._reply(frame, data=address_bytes(self.address))

    # ---- writes

    def _size(self, frame, *sizes) -> None:
        if len(frame.data) not in sizes:
            raise Refusal("other")

    def _authorise(self, words, lowest) -> None:
        """PA P0 P1 P2: the password of that level, and the level high enough."""
        if words[0] > lowest or self.passwords.get(words[0]) != _digits(words[1:]):
            raise Refusal("password")

    def _write(self, frame) -> bytes:
        if len(frame.data) < 13:
            raise Refusal("other")
        self._store(_digits(frame.data[:4]).upper(), frame.data[4:8], frame.data[12:])
        return self._reply(frame)

    def _store(self, key, words, data) -> None:
        self._authorise(words, WRITE_LEVEL)
        if key not in self.store:
            raise Refusal("no_such_data")
        if len(self.store[key]) != len(data):
            raise Refusal("other")
        self.store[key] = data

    def _write_address(self, frame) -> bytes:
        """Without its key a meter is silent, or all on the line would take the address."""
        if not self.programming or len(frame.data) != 6 or not _digits(frame.data).isdigit():
            return b""
        self.address = address_text(frame.data)
        return self._reply(frame)

    def _set_speed(self, frame) -> bytes:
        self._size(frame, 1)
        for i, baud in enumerate(self.SPEEDS):
            if frame.data[0] == 2 << i:
                self.baud = baud
                return self._reply(frame, data=frame.data)
        raise Refusal("speed")

    def _set_password(self, frame) -> bytes:
        self._size(frame, 12)
        if frame.data[:4] != di_bytes(0x04000C01 + frame.data[8]):
            raise Refusal("no_such_data")
        self._new_password(frame.data[4:8], frame.data[8:])
        return self._reply(frame, data=frame.data[8:])

    def _new_password(self, words, new) -> None:
        if new[0] > 9 or not _digits(new[1:]).isdigit():
            raise Refusal("other")
        self._authorise(words, new[0])
        self.passwords[new[0]] = _digits(new[1:])

    # ---- clearing

    def _clear_demand(self, frame) -> bytes:
        self._size(frame, 8)
        return self._clear(frame, WRITE_LEVEL, "01")

    def _clear_meter(self, frame) -> bytes:
        self._size(frame, 8)
        return self._clear(frame, CONTROL_LEVEL, "00", "01", "05", "06", *EVENTS)

    def _clear_events(self, frame) -> bytes:
        """DI FFFFFFFF: all; with FF last: the records of one kind."""
        self._size(frame, 12)
        di = _digits(frame.data[8:]).upper()
        if di == "F" * 8:
            return self._clear(frame, CONTROL_LEVEL, *EVENTS)
        if di[:2] not in EVENTS or di[6:] != "FF":
            raise Refusal("no_such_data")
        return self._clear(frame, CONTROL_LEVEL, di[:6])

    def _clear(self, frame, lowest, *prefixes) -> bytes:
        self._authorise(frame.data[:4], lowest)
        for key, data in self.store.items():
            if any([key.startswith(prefix) for prefix in prefixes]):
                self.store[key] = bytes(len(data))
        return self._reply(frame)

    # ---- control

    def _control(self, frame) -> bytes:
        """PA=98: N1.. are opened by the ESAM, no password counts."""
        self._size(frame, 16, 8 + admin.SEALED_SIZE)
        words = frame.data[8:]
        if frame.data[0] == admin.SEALED:
            words = self.esam.open(words) if self.esam else None
            if words is None:
                raise Refusal("password")
        else:
            self._authorise(frame.data[:4], CONTROL_LEVEL)
        valid_until = _moment(words[2:])
        if valid_until is None or valid_until < self.now:
            raise Refusal("other")  # too late: the replay guard
        self._act(words[0])
        return self._reply(frame)

    def _act(self, n1) -> None:
        if n1 not in self.CONTROLS:
            raise Refusal("other")
        name, value = self.CONTROLS[n1]
        if name == "relay_open":
            if value and self.guaranteed:
                raise Refusal("other")
            self.close_permitted = False
        setattr(self, name, value)
        if STATUS_3 in self.store:
            bits = (self.relay_open, 4), (self.relay_open, 6), (self.alarm, 7), (self.guaranteed, 13)
            word = int.from_bytes(self.store[STATUS_3], "little") & ~0x20D0
            self.store[STATUS_3] = (word | sum([on << bit for on, bit in bits])).to_bytes(2, "little")

    def _output(self, frame) -> bytes:
        if frame.data not in (b"\0", b"\1", b"\2"):
            raise Refusal("other")
        self.output = frame.data[0]
        return self._reply(frame, data=frame.data)

    def _security(self, frame) -> bytes:
        if len(frame.data) < 8:
            raise Refusal("other")
        if self.esam is None:
            raise Refusal("identity")
        di = int.from_bytes(frame.data[:4], "little")
        return self._reply(frame, di=di, data=self.esam.operate(di, _digits(frame.data[4:8]), frame.data[8:]))

    # ---- clock and freezes

    def _broadcast_time(self, frame) -> bytes:
        """Moves the clock once a day, a little, never near midnight: a freeze could be lost."""
        told, today = _moment(frame.data), self.now[:3]
        if told is not None and told[:3] == today != self._set_on:
            near = CLOCK_STEP_S <= _second(self.now) <= 86400 - CLOCK_STEP_S
            if near and abs(_second(told) - _second(self.now)) <= CLOCK_STEP_S:
                self.now, self._set_on = told, today
        return b""

    def _freeze(self, frame) -> bytes:
        """mm hh DD MM; behind a 99 (every) only 99 may stand."""
        self._size(frame, 4)
        pattern = _digits(frame.data)
        if not pattern.isdigit():
            raise Refusal("other")
        fields = [int(pattern[at : at + 2]) for at in range(0, 8, 2)]
        given = [field != 99 for field in fields]
        good = [f == 99 or low <= f <= high for f, low, high in zip(fields, (1, 1, 0, 0), (12, 31, 23, 59))]
        if given != sorted(given) or not all(good):
            raise Refusal("other")
        self.freezes.append(pattern)
        if not any(given):
            self._freeze_now()
        return self._reply(frame)

    def _freeze_now(self) -> None:
        """Instant freezes 0501: time, and the energy block if this meter has it."""
        for kind, data in (("00", _bcd(*reversed(self.now[:5]))), ("01", self.store.get("0001FF00"))):
            for n in range(INSTANT_FREEZES, 0, -1):
                older = self.store.get("0501%s%02X" % (kind, n - 1)) if n > 1 else data
                if older is not None:
                    self.store["0501%s%02X" % (kind, n)] = older
