"""The one task that talks on a line of the area: orders first, then what the planner says is next.

Laws: one exchange at a time; controls go before VERIFY, VERIFY before urgent bytes, these before all else,
and all of them between any two exchanges of a longer read. An order that nobody waits for any more, or whose
time is over, is never begun. What a Reader, a profile or a port does wrong costs its own job, never the line.
"""

import asyncio

from firmware.area.archive import MODULE
from firmware.area.plan_duties import DAY_S, EMPTY, GARBLED, MUTE, OK, REFUSED, VERIFY
from firmware.collect import reads
from firmware.collect.slots import reader_of
from firmware.metering.bus import MARGIN_MS
from firmware.metering.bus import MUTE as SILENT
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask as frame_of

CONTROL, URGENT, LATER = 0, 1, 2
ALONE_MS = 2000  # so long a line that was given away is kept for its broadcast
FAULT_MS = 1000
NUMBERED = ("modbus", "dlms", "mbus")  # links whose addresses are numbers
FREEZE_TRIES = 3  # labels looked at to find the day


class Talker:
    """A meter while it is asked: what a Bus wants to know of it."""

    def __init__(self, address, profile, reader, serial=None):
        self.address, self.profile, self.reader = address, profile, reader
        self.serial, self.baud = serial or tuple(profile.serial[1:4]), 0


class _Order:
    def __init__(self, level, work, until):
        self.level, self.work, self.until = level, work, until
        self.ended = asyncio.Event()
        self.result = None


class Line:
    """`collector` is asked for time, archive, profiles and planner. `faults`: what was caught."""

    def __init__(self, collector, number, wire, clock, rest):
        self._collector, self.number, self.wire = collector, number, wire
        self._clock, self._rest = clock, rest
        self._orders = []
        self._wake = asyncio.Event()
        self._talker = None  # of the meter asked last: a Reader may keep a session from one read to the next
        self._met = 0
        self._yielded = False  # the last turn was an order that can wait
        self._said = None  # set by who has the line alone
        self._frame = b""
        self._lending = None
        self.faults = 0

    # ---- asked by others

    def wake(self):
        self._wake.set()

    async def order(self, level, work, within_ms):
        """What the coroutine function `work` returns; None when its time was over before its turn came."""
        order = _Order(level, work, (self._clock.ticks_ms(), within_ms))
        at = len(self._orders)
        while at and self._orders[at - 1].level > level:
            at -= 1
        self._orders.insert(at, order)
        self.wake()
        try:
            await order.ended.wait()
        finally:
            if order in self._orders:
                self._orders.remove(order)
        return order.result

    async def alone(self, within_ms):
        """Whether the line is ours now: it waits for `broadcast`, ALONE_MS at most."""
        given = asyncio.Event()
        self._lending = asyncio.create_task(self._lend(given, within_ms))
        await given.wait()
        return self._said is not None

    async def _lend(self, given, within_ms):
        await self.order(URGENT, lambda: self._give(given), within_ms)
        given.set()

    async def _give(self, given):
        self._said, self._frame = asyncio.Event(), b""
        given.set()
        try:
            await self._rest(self._said, ALONE_MS)
            if self._frame:
                await self.wire.raw(self._frame, 0)
        finally:
            self._said = None

    async def broadcast(self, data, within_ms):
        """Whether it was sent; `alone` may go before."""
        if self._said:
            self._frame = data
            self._said.set()
            while self._said:
                await self._rest(None, 10)
            return True
        return await self.order(URGENT, lambda: self.wire.raw(data, 0), within_ms) is not None

    # ---- the task

    async def run(self):
        while True:
            try:
                await self._turn()
            except Exception:  # no memory, a flash that refuses, a room that fails
                self.faults += 1
                await self._rest(None, FAULT_MS)

    async def _turn(self):
        await self._hurry()
        if self._orders and not self._yielded:
            self._yielded = True
            return await self._obey()
        self._yielded = False
        collector = self._collector
        job = collector.next(self.number)
        if job:
            return await self._do(job)
        if not self._orders:
            self._wake.clear()
            await self._rest(self._wake, max(1, collector.wait_ms(self.number)))

    async def _hurry(self):
        """What goes between any two exchanges."""
        while True:
            if self._orders and self._orders[0].level == CONTROL:
                await self._obey()
            elif self._collector.verifies(self.number):
                job = self._collector.next(self.number)
                if not job or job.duty or job.priority != VERIFY:
                    return
                await self._do(job, False)
            elif self._orders and self._orders[0].level == URGENT:
                await self._obey()
            else:
                return

    async def _obey(self):
        order = self._orders.pop(0)
        began, within_ms = order.until
        try:
            if 0 <= self._clock.ticks_diff(self._clock.ticks_ms(), began) <= within_ms:
                order.result = await order.work()
        except Exception:
            self.faults += 1
        finally:
            order.ended.set()

    # ---- a job of the planner

    async def _do(self, job, outer=True):
        took, past = [0], self._collector.is_past(job)
        try:
            outcome, values = await self._read(job, took, outer, past)
        except Refused as refused:
            outcome, values = self._why(refused), {}
        except Exception:
            self.faults += 1
            outcome, values = MUTE if self.wire.gone else GARBLED, {}
            self._met = 0
            await self._rest(None, 0)
        self._collector.came(job, outcome, values, took[0], past)

    def _why(self, refused):
        if refused.reason == "mute":
            return MUTE if self.wire.trouble_now in (0, SILENT) else GARBLED
        return REFUSED if refused.reason in ("refused", "unsupported") else GARBLED

    async def _read(self, job, took, outer, past):
        talker = self.talker(job.meter)
        if talker is None:  # its profile or module may still come
            await self._rest(None, 0)
            return EMPTY, {}
        read, singly = self._collector.meant(job)
        day = reads.frozen_day(read, job.slot_s)
        if day:
            return await self._frozen(job.meter, talker, day, took, outer)
        points = reads.points_of(talker.profile, read, self._collector.points)
        if past:
            return await self._recorded(job, talker, points, took, outer)
        return await self._points(job.meter, talker, points, singly, took, outer)

    async def _points(self, meter, talker, points, singly, took, outer):
        """A block that is refused ends it: the planner asks again in singles."""
        values, profile = {}, talker.profile
        for index in reads.requests(profile, points, singly):
            try:
                answer = await self._request(meter, talker, profile.request(index), took, outer)
            except Refused as refused:
                if self._why(refused) != REFUSED or (profile.singles(index) and not singly):
                    raise
                continue
            found = profile.decode(index, answer)
            if not found:
                return GARBLED, {}
            values.update(found)
        await self._rest(None, 0)
        return (OK if values else REFUSED), values

    async def _recorded(self, job, talker, points, took, outer):
        """Present values are none of an earlier slot: its record, if the meter keeps any."""
        from firmware.collect import loads

        profile, values = talker.profile, {}
        indices = reads.requests(profile, points)
        request = indices and loads.request(profile, indices, job.slot_s)
        try:
            if request:
                answer = await self._request(job.meter, talker, request, took, outer)
                values = loads.values(profile, indices, job.slot_s, answer)
        except Refused as refused:
            if self._why(refused) != REFUSED:
                raise
        await self._rest(None, 0)
        return (OK if values else EMPTY), values

    async def _frozen(self, meter, talker, day, took, outer):
        """Its registers as the local day began: the label tells which of its freezes that is."""
        profile, back = talker.profile, max(1, (self._collector.today() or day) - day + 1)
        if not profile.freeze:
            await self._rest(None, 0)
            return REFUSED, {}
        for _ in range(FREEZE_TRIES):
            asked = [reads.frozen_back(profile.link, profile.request(each), back) for each in profile.freeze]
            label, label_day = await self._label(meter, talker, asked[0], took, outer)
            if label_day == day:
                again = asked[1] != asked[0]
                answer = await self._request(meter, talker, asked[1], took, outer) if again else label
                values = profile.decode(profile.freeze[1], answer)
                return (OK if values else GARBLED), values
            # A meter without power makes none, and has none for as many days as it was not there yet.
            before, back = back, back - 1 if label_day is None else back + label_day - day
            if back < 1 or back == before:
                break
        return EMPTY, {}

    async def _label(self, meter, talker, request, took, outer):
        """(answer, local day that began at its label); None where the meter shows none."""
        if not request:
            return None, None
        try:
            answer = await self._request(meter, talker, request, took, outer)
        except Refused as refused:
            if self._why(refused) == REFUSED:
                return None, None
            raise
        label_s = talker.profile.freeze_s(answer)
        return answer, label_s // DAY_S if label_s is not None and label_s % DAY_S == 0 else None

    async def _request(self, meter, talker, request, took, outer):
        if outer and took[0]:
            await self._hurry()
            talker = self.talker(meter) or talker
        answer = await self.drive(meter, talker, talker.reader.read(request))
        took[0] = max(took[0], self.wire.took_ms, 1)
        return answer

    async def drive(self, meter, talker, steps):
        """Do what the Reader's generator asks for, until it returns. Refused as the Reader says."""
        frame = None
        while True:
            try:
                ask = steps.send(frame)
            except StopIteration as end:
                return end.value
            if not ask.wait_ms:
                wait_ms = self._collector.timeout_ms(meter) - MARGIN_MS
                ask = frame_of(ask.data, ask.judge, ask.baud, wait_ms)
            frame = await self.wire.talk(ask, talker)

    async def attempt(self, meter, profile, index):
        """As the collector's."""
        talker = self.talker(meter, profile)
        if talker is None:
            return None, False
        try:
            answer = await self.drive(meter, talker, talker.reader.read(profile.request(index)))
            return profile.decode(index, answer), True
        except Refused as refused:
            return (None, False) if self._why(refused) == MUTE else ({}, True)
        except Exception:
            self.faults += 1
            return {}, not self.wire.gone

    def talker(self, meter, profile=None):
        """By its own profile, or this one; None while that, or the module it is behind, is not there."""
        row, profile = self._collector.archive.get(meter), profile or self._collector.profile(meter)
        if not row or not profile:
            return None
        address = "".join(["%02X" % byte for byte in reversed(row.address)])
        if profile.link in NUMBERED:
            address = str(int(address))
        known = self._talker
        if known and (self._met, known.address) == (meter, address) and known.profile is profile:
            return known
        reader = self._reader(meter, profile, address)
        if not reader:
            return None
        serial = self._collector.module.serial if self.number == MODULE else None
        self._met, self._talker = meter, Talker(address, profile, reader, serial)
        return self._talker

    def _reader(self, meter, profile, address):
        if self.number == MODULE:
            module = self._collector.module
            return module and module.reader(meter, profile)
        return reader_of(profile.link)(address, dict(profile.options))
