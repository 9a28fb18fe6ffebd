"""One meter on the line: its Reader driven over the bus, what it refused, and its rest when it is dead."""

import asyncio

from firmware.metering.bus import MUTE, SHARE_MS
from protocols.lines.refused import Refused

BACKOFF_AFTER = 3  # unanswered exchanges in a row before the meter counts as dead
BACKOFF_MAX_MS = 30000
# Details of "refused" that stay true: what the meter does not have. Whatever else it says may change.
FINAL = "no_such_data illegal_function illegal_data_address object_undefined"
LOST = "mute wrong_sequence too_long"  # reasons that are no answer
TURN_MS = 20


class Meter:
    """`address` as the Reader takes it. `failures`: unanswered exchanges in a row. `faults`: reads that
    Reader or profile could not make. `heard`: whether anything came in the last read. `serial`, `baud`: see
    Bus.
    """

    def __init__(self, bus, address, profile, clock, reader):
        self._bus = bus
        self._profile = profile
        self._clock = clock
        self.address = address
        self.reader = reader
        self.serial, self.baud = tuple(profile.serial[1:4]), 0
        self.failures = self.faults = 0
        self.heard = False
        self._busy = False  # a Reader keeps a session: one read at a time
        self._refused = set()  # reads this meter said it does not have: never asked again
        self._slow = self._single = 0  # next of what is read in turn, next of the singles in place of it
        self._rest_from = 0
        self._rest_ms = 0

    def resting(self):
        """True while a dead meter is left alone, so that it does not cost the living ones their time."""
        rested_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._rest_from)
        return self._rest_ms > 0 and rested_ms < self._rest_ms

    def next_slow(self):
        """The next of what is read in turn, None when the meter has none of it.

        A block that was refused comes as its singles, so that no turn takes longer than another.
        """
        slow = self._profile.slow
        for _ in slow:
            read = slow[self._slow % len(slow)]
            singles = self._profile.singles(read) if read in self._refused else (read,)
            while self._single < len(singles):
                self._single += 1
                if singles[self._single - 1] not in self._refused:
                    return singles[self._single - 1]
            self._slow, self._single = self._slow + 1, 0
        return None

    async def read(self, priority, read):
        """Return {point number: canonical value, None where the meter fills "absent"}; None when it is mute.

        `read` is one of the profile's. One that the meter refuses gives an empty dict.
        """
        if read not in self._refused:
            answer = await self.read_one(priority, read)
            if answer is None or read not in self._refused:
                return answer
        out = {}
        for single in self._profile.singles(read):
            if single in self._refused:
                continue
            answer = await self.read_one(priority, single)
            if answer is None:
                return None
            out.update(answer)
        return out

    async def read_one(self, priority, read):
        """As `read`, without the singles of a refused block."""
        answer = await self.read_raw(priority, read)
        return answer if answer is None else self._profile.decode(read, answer)

    async def read_raw(self, priority, read):
        """What the Reader makes of the answer; b"" when there is nothing to use, None when the meter is mute.

        What control lives by is asked again all the same when it was refused.
        """
        while self._busy:
            await asyncio.sleep_ms(TURN_MS)
        self._busy, self.heard = True, False
        try:
            return await self._drive(priority, self.reader.read(self._profile.request(read)))
        except Refused as refused:
            if refused.reason in LOST:
                return None
            if read not in self._profile.fast and _is_final(refused):
                self._refused.add(read)
            return b""
        except Exception:  # outside data that a Reader did not expect, no memory, a full bus
            self.faults += 1
            return b""
        finally:
            self._busy = False

    async def _drive(self, priority, steps):
        """Do what the Reader's generator asks for, until it returns."""
        frame, start = None, self._clock.ticks_ms()
        while True:
            try:
                ask = steps.send(frame)
            except StopIteration as end:
                return end.value
            spent_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            over = spent_ms > SHARE_MS and self._bus.shared(self.address)
            frame = None if over else await self._bus.exchange(priority, ask, self)
            self.heard = self.heard or self._bus.trouble.get(self.address) != MUTE
            if frame is not None:
                self.failures = self._rest_ms = 0
            elif ask.data:
                self._fail()

    def _fail(self):
        self.failures += 1
        if self.failures >= BACKOFF_AFTER:
            self._rest_from = self._clock.ticks_ms()
            self._rest_ms = min(BACKOFF_MAX_MS, max(1000, 2 * self._rest_ms))


def _is_final(refused):
    return any([word and word in FINAL for word in refused.detail.split(",")])
