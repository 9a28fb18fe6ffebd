"""One meter on the line: reads identifiers as canonical points, whole blocks where the meter knows them."""

from protocols.lines import dlt645

FOLLOW_UP_MAX = 16  # pieces of one answer
BACKOFF_AFTER = 3  # unanswered exchanges in a row before the meter counts as dead
BACKOFF_MAX_MS = 30000
NO_SUCH_DATA = "no_such_data"  # of dlt645.ERRORS: the one refusal that stays true


class Meter:
    """`address`: 12 digits as printed on the meter. `failures`: unanswered exchanges in a row."""

    def __init__(self, bus, address, profile, clock):
        self._bus = bus
        self._profile = profile
        self._clock = clock
        self.address = address
        self.failures = 0
        self._refused = set()  # identifiers this meter said it does not have: never asked again
        self._slow = self._single = 0  # next of what is read in turn, next of the singles in place of it
        self._rest_from = 0
        self._rest_ms = 0

    def resting(self):
        """True while a dead meter is left alone, so that it does not cost the living ones their time."""
        rested_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._rest_from)
        return self._rest_ms > 0 and rested_ms < self._rest_ms

    def next_slow(self):
        """The next identifier of what is read in turn, None when the meter has none of it.

        A block that was refused comes as its singles, so that no turn takes longer than another.
        """
        slow = self._profile.slow
        for _ in slow:
            di = slow[self._slow % len(slow)]
            singles = self._profile.singles.get(di, ()) if di in self._refused else (di,)
            while self._single < len(singles):
                self._single += 1
                if singles[self._single - 1] not in self._refused:
                    return singles[self._single - 1]
            self._slow, self._single = self._slow + 1, 0
        return None

    async def read(self, priority, di):
        """Return {point number: canonical value, None where the meter fills "absent"}; None when it is mute.

        An identifier the meter refuses gives an empty dict.
        """
        if di not in self._refused:
            answer = await self.read_one(priority, di)
            if answer is None or di not in self._refused:
                return answer
        out = {}
        for single in self._profile.singles.get(di, ()):
            if single in self._refused:
                continue
            answer = await self.read_one(priority, single)
            if answer is None:
                return None
            out.update(answer)
        return out

    async def read_one(self, priority, di):
        """As `read`, without the singles of a refused block."""
        data = await self.read_raw(priority, di)
        return data if data is None else self._profile.decode(di, data)

    async def read_raw(self, priority, di):
        """The data behind the identifier, follow-up frames joined; b"" when refused, None when mute.

        A refusal carries no identifier, so a late one of another request looks the same: it counts when the
        meter says it twice. What control lives by is asked again all the same.
        """
        for _ in range(2):
            data, errors = await self._read_whole(priority, di)
            if not errors:
                return data
        if NO_SUCH_DATA in errors and di not in self._profile.fast:
            self._refused.add(di)
        return b""

    async def _read_whole(self, priority, di):
        """(data, error names)."""
        reply = await self._ask(priority, dlt645.read(self.address, di))
        out = bytearray()
        for seq in range(1, FOLLOW_UP_MAX + 1):
            if reply is None:
                return None, ()
            _di, data, more, errors = dlt645.reply_data(reply)
            if errors:
                return b"", errors
            out.extend(data)
            if not more:
                return bytes(out), ()
            reply = await self._ask(priority, dlt645.read_next(self.address, di, seq))
        return None, ()

    async def _ask(self, priority, frame):
        reply = await self._bus.exchange(priority, frame)
        if reply is not None:
            self.failures = 0
            self._rest_ms = 0
            return reply
        self.failures += 1
        if self.failures >= BACKOFF_AFTER:
            self._rest_from = self._clock.ticks_ms()
            self._rest_ms = min(BACKOFF_MAX_MS, max(1000, 2 * self._rest_ms))
        return None
