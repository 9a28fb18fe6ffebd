"""A Bus for hundreds of meters: what is learned of each is the planner's, so that nothing of them stays here.

Whoever drives it does one thing at a time. Between frames a line rests 3.5 characters: then all have let go.
"""

from firmware.metering.bus import BYTE_BITS, CLASH, CLASHES, Bus

FORMAT = "8E1"  # of bytes that go as they are, when no meter was asked before
RAW_GAP_MS = 300  # silence that ends an answer of unknown form
RAW_MOST = 1024  # bytes of such an answer
RAW_LONG_MS = 10000  # and from its first byte the longest it may take


class Wire(Bus):
    """`rest(event, ms)` waits for the time or the event. `alone`: one device answers for all, and takes its
    time. `trouble_now`: 0, MUTE, GARBLED or CLASH of the last exchange; `took_ms` from the end of its request
    to the first byte of the answer; `talks` exchanges begun.
    """

    def __init__(self, port, clock, baud, rest, alone=False):
        super().__init__(port, clock, baud)
        self._rest, self._alone = rest, alone
        self._ended = clock.ticks_ms()
        self._gap_ms = BYTE_BITS * 3500 // baud + 1
        self.trouble_now = self.took_ms = self.talks = 0

    @property
    def gone(self):
        """The port is lost."""
        return self._port.lost

    def shared(self, address):
        return not self._alone

    def _note_trouble(self, address, trouble):
        self.trouble_now = CLASH if self._clashes_of(address) >= CLASHES else trouble
        return self.trouble_now == CLASH

    async def _await_reply(self, ask, meter, first_ms):
        reply, took_ms = await super()._await_reply(ask, meter, first_ms)
        if reply is not None:
            wire_ms = self._wire_ms(len(ask.data), meter.baud or self._baud)
            self.took_ms = max(0, took_ms - wire_ms)
        return reply, took_ms

    async def talk(self, ask, meter):
        """The frame that answers what a Reader asks, None when none came. OSError when the port is gone."""
        self.took_ms = 0
        await self._let_go()
        self.talks += 1
        try:
            return await self._talk(ask, meter)
        except Exception:  # perhaps of framer or judge: what comes after has neither
            self._framer = self._asker = self._answered = None
            raise
        finally:
            self._ended = self._clock.ticks_ms()
            self._turn_ms.clear()

    async def _let_go(self):
        rested_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._ended)
        if 0 <= rested_ms < self._gap_ms:
            await self._rest(None, self._gap_ms - rested_ms)

    async def raw(self, data, wait_ms, baud=0):
        """(all that came as an answer, ms from the end of `data` to its first byte); wait_ms 0: nobody
        answers."""
        await self._let_go()
        self._framer = self._asker = self._answered = None
        form = self._format[1] if self._format else FORMAT
        baud = baud or self._baud
        if self._format != (baud, form):
            self._port.configure(baud, form)
            self._format = baud, form
        self._port.drop_input()
        self._port.write(data)
        wire_ms = self._wire_ms(len(data), baud)
        try:
            if wait_ms:
                return await self._raw_answer(wire_ms, wait_ms)
            await self._rest(None, wire_ms)
            return b"", 0
        finally:
            self._ended = self._clock.ticks_ms()

    async def _raw_answer(self, wire_ms, wait_ms):
        start, took_ms = self._clock.ticks_ms(), 0
        out = await self._port.read(wire_ms + wait_ms)
        if out:
            took_ms = max(0, self._clock.ticks_diff(self._clock.ticks_ms(), start) - wire_ms)
        more, out = out, bytearray(out)
        while more and len(out) < RAW_MOST:
            if self._clock.ticks_diff(self._clock.ticks_ms(), start) > wire_ms + wait_ms + RAW_LONG_MS:
                break
            more = await self._port.read(RAW_GAP_MS)
            out.extend(more)
        return bytes(out[:RAW_MOST]), took_ms
