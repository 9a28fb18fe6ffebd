"""DL/T 645-2007 slave: requests in, replies out, for one meter model, with the codecs of `protocols`.

Law: no I/O and no waiting; the line adds turn-around and wire time. What a meter must not answer (foreign
address, broadcast, replies of others, noise) gives b"". hil.world.registers says what it has.
"""

import time
from datetime import UTC, datetime

from hil.world import registers
from protocols.lines import dlt645, dlt645_meter
from protocols.meters.dlt645_write import FieldError

PIECE = 200 - 5  # DL/T 645-2007: data of a read reply at most 200 bytes, identifier and sequence included
QUIET_S = 0.5  # longest pause inside a frame
PASSWORDS = {2: b"\x00\x00\x00", 4: b"\x11\x11\x11"}  # level -> P0 P1 P2
CONTROL_LEVEL, WRITE_LEVEL = 2, 4  # the lowest authority (highest number) that may
BROADCAST_MAX_S = 300  # broadcast time moves a clock that is off by more than nothing and at most this
MIDNIGHT_GUARD_S = 300


class Refused(Exception):
    """The request gets an error reply; args are names of dlt645.ERRORS."""


class Responder:
    """Counters: `answered`, `refused`, `ignored`; noise: `framer`. `piece`: most data bytes of a reply."""

    def __init__(self, meter):
        self.meter = meter
        self.piece = PIECE
        self.framer = dlt645.Framer()
        self.answered = self.refused = self.ignored = 0
        self._heard_at = 0.0
        self._pieces = {}  # identifier -> pieces of the last long answer
        self._functions = {
            dlt645.READ: self._read,
            dlt645.READ_NEXT: self._read_next,
            dlt645.READ_ADDRESS: self._read_address,
            dlt645.WRITE: self._write,
            dlt645.FREEZE: self._freeze,
            dlt645.CONTROL: self._control,
        }

    def requests(self, data) -> list:
        """Frames that `data` completes; a pause gives up the unfinished one, as in a meter's receiver."""
        now = time.monotonic()
        late = self.framer.quiet() if now - self._heard_at > QUIET_S else []
        self._heard_at = now
        return late + self.framer.feed(data)

    def answer(self, frame) -> bytes:
        """Do what `frame` asks; the reply, or b"" when the line stays silent."""
        if frame.control & dlt645.FROM_METER or not self._mine(frame):
            self.ignored += 1
            return b""
        if frame.address == dlt645.BROADCAST:
            self._broadcast(frame)
            return b""
        try:
            reply = self._functions.get(frame.control, _unknown)(frame)
        except Refused as error:
            self.refused += 1
            return dlt645_meter.error_reply(self.meter.address, frame.control, *error.args)
        self.answered += 1
        return reply

    def _mine(self, frame) -> bool:
        """Own address, broadcast, or for reads a wildcard that fits."""
        if frame.address in (self.meter.address, dlt645.BROADCAST):
            return True
        may = frame.control in (dlt645.READ, dlt645.READ_NEXT, dlt645.READ_ADDRESS)
        return may and dlt645.fits_address(frame.address, self.meter.address)

    def _reply(self, frame, **parts) -> bytes:
        return dlt645_meter.reply(self.meter.address, frame.control, **parts)

    # ---- reads

    def _read(self, frame):
        if len(frame.data) != 4:
            raise Refused("other")
        di = dlt645.di_of(frame)
        data = registers.value_of(self.meter, di)
        if data is None:
            raise Refused("no_such_data")
        pieces = [data[at : at + self.piece] for at in range(0, len(data), self.piece)]
        self._pieces = {di: pieces}
        return self._reply(frame, di=di, data=pieces[0], more=len(pieces) > 1)

    def _read_next(self, frame):
        di = dlt645.di_of(frame)
        pieces = self._pieces.get(di, ())
        seq = frame.data[4] if len(frame.data) == 5 else 0
        if not 0 < seq < len(pieces):
            raise Refused("no_such_data")
        return self._reply(frame, di=di, data=pieces[seq], more=seq + 1 < len(pieces), seq=seq)

    def _read_address(self, frame):
        if frame.data:
            raise Refused("other")
        return self._reply(frame, data=bytes.fromhex(self.meter.address)[::-1])

    # ---- writes

    def _write(self, frame):
        if len(frame.data) <= 12:
            raise Refused("other")
        self._authorise(frame.data[4:8], WRITE_LEVEL)
        try:
            taken = registers.write(self.meter, dlt645.di_of(frame), frame.data[12:])
        except FieldError:
            raise Refused("other") from None
        if not taken:
            raise Refused("no_such_data")
        return self._reply(frame)

    def _authorise(self, words, lowest_level):
        """PA P0 P1 P2: the password of that level, and the level high enough (0 is the highest)."""
        level = words[0]
        if level > lowest_level or PASSWORDS.get(level) != words[1:]:
            raise Refused("password")

    def _control(self, frame):
        if len(frame.data) != 16:
            raise Refused("other")
        self._authorise(frame.data[:4], CONTROL_LEVEL)
        valid_until = _moment(frame.data[10:16])
        if valid_until is None or valid_until < self.meter.local():
            raise Refused("other")  # too late: the replay guard
        if not self._act(frame.data[8]):
            raise Refused("other")
        return self._reply(frame)

    def _act(self, n1) -> bool:
        """One control of N1; False when the meter does not know it or must not do it now."""
        meter = self.meter
        if n1 == dlt645.TRIP and meter.guarantee:
            return False
        changes = {
            dlt645.TRIP: ("relay_open", True),
            dlt645.PERMIT_CLOSE: ("relay_open", False),  # its main switch is motor driven: no hand is needed
            dlt645.CLOSE: ("relay_open", False),
            dlt645.ALARM: ("pre_trip_alarm", True),
            dlt645.ALARM_OFF: ("pre_trip_alarm", False),
            dlt645.GUARANTEE_ON: ("guarantee", True),
            dlt645.GUARANTEE_OFF: ("guarantee", False),
        }
        if n1 not in changes:
            return False
        setattr(meter, *changes[n1])
        return True

    def _freeze(self, frame):
        """Only "now" (99 99 99 99): timed freezes would need a programme this meter does not have."""
        if frame.data != b"\x99\x99\x99\x99":
            raise Refused("other")
        self.meter.freeze()
        return self._reply(frame)

    # ---- broadcast: never answered

    def _broadcast(self, frame):
        if frame.control == dlt645.FREEZE and frame.data == b"\x99\x99\x99\x99":
            self.meter.freeze()
        elif frame.control == dlt645.BROADCAST_TIME:
            self._broadcast_time(_moment(frame.data))
        else:
            self.ignored += 1

    def _broadcast_time(self, told):
        """Moves the clock once a day, by at most 5 min, never near midnight: a freeze could be lost."""
        meter, local = self.meter, self.meter.local()
        second = local.hour * 3600 + local.minute * 60 + local.second
        near_midnight = second < MIDNIGHT_GUARD_S or second > 86400 - MIDNIGHT_GUARD_S
        if told is None or near_midnight or meter.time_set_day == local.date():
            return
        if abs((told - local).total_seconds()) <= BROADCAST_MAX_S:
            meter.set_local(told)
            meter.time_set_day = local.date()


def _unknown(_frame):
    raise Refused("other")


def _moment(data) -> datetime | None:
    """ss mm hh DD MM YY in BCD, None when that is no moment."""
    if len(data) != 6 or any(b >> 4 > 9 or b & 15 > 9 for b in data):
        return None
    s, mi, h, d, mo, y = ((b >> 4) * 10 + (b & 15) for b in data)
    try:
        return datetime(2000 + y, mo, d, h, mi, s, tzinfo=UTC)
    except ValueError:
        return None
