"""Cuts meters off and lets them go: a line looks after the meters whose switch has to move, one by one.

What goes out is stored before; what became of it only the status word tells (firmware/area/switching.py).
"""

from firmware.area import ledger, switching
from firmware.area.archive import LINES, MOST, PREPAID
from firmware.area.ledger_state import OPEN
from firmware.area.plan_duties import OK, STATUS, VERIFY
from firmware.area.switching import IDLE, LEAVE, LOOK_NOW, NOTHING, PERMIT, SENT, TOLD_OPEN, TRIP
from firmware.collect.crew import Crew
from firmware.collect.prepaid_rows import OPEN_IT, OURS, STATION, changed
from firmware.metering.measures import WORDS
from firmware.store.kv import StoreError
from protocols.meters.dlt645_types import date

WORD, RELAY = WORDS + 2, 55  # status_word_3, relay_state of protocols.meters.points
LOOK_WITHIN_S = 30
PERMITS = ("permit_close", "close")  # a meter without a button of its own has only the second
STEPS = 4  # look, control, look: at once as far as it goes


def word_of(values):
    """Status word 3 of DL/T 645 in what was read, or the like of it; None when it says nothing of a relay."""
    word, relay = values.get(WORD), values.get(RELAY)
    if word is None and relay in (0, 1):
        return 0 if relay else 1 << switching.RELAY_BIT | 1 << switching.TOLD_BIT
    return word


class Switches:
    """`inputs(meter)`: {field: value} that a control needs besides, such as level and password."""

    def __init__(self, rows, terms, collector, clock, tell, inputs):
        self._rows, self._terms, self._collector = rows, terms, collector
        self._clock, self._tell, self._inputs = clock, tell, inputs
        self._due = bytearray(MOST // 8 + 1)
        self._crew = Crew(self.round)

    # ---- what is wanted

    def control(self, meter, action) -> str:
        """Name of the control that does it, "" when the profile has none."""
        profile = self._terms.profile(meter)
        for name in ("trip",) if action == TRIP else PERMITS:
            if profile and name in profile.controls:
                return name
        return ""

    def switchable(self, meter) -> bool:
        return bool(self.control(meter, TRIP) and self.control(meter, PERMIT))

    def want(self, meter):
        meters, marks, now_s = self._collector.archive, self._rows.marks(meter), self._now_s()
        if not meters.line(meter) or not self.switchable(meter):
            return LEAVE
        if marks & STATION == OPEN_IT:
            if self._terms.guaranteed(meter, marks) != 0:
                return PERMIT
            return LEAVE if now_s is None else TRIP
        if marks & STATION:
            return PERMIT
        if not meters.flags(meter) & PREPAID or not self._rows.flags(meter) & OPEN:
            return PERMIT if marks & OURS else LEAVE
        state = self._rows.ledger(meter)
        return ledger.want(state, self._terms.of(meter, state.flags, marks), now_s)

    def _now_s(self):
        return self._clock.now_s() if self._clock.ok else None

    # ---- whose turn it is

    def glance(self, meter):
        """Look after its switch if it has to move."""
        if not self._rows.has(meter):
            return
        state, action = self._step(meter)
        if state.phase != IDLE or action != NOTHING:
            self._due[meter >> 3] |= 1 << (meter & 7)

    def _step(self, meter):
        return switching.step(self._rows.switch(meter), self.want(meter), self._clock.now_s())

    def due(self, line) -> list:
        """Meters of a line whose switches have to move."""
        found = []
        for at, byte in enumerate(self._due):
            for bit in range(8) if byte else ():
                if byte >> bit & 1 and self._collector.archive.line(at * 8 + bit) == line:
                    found.append(at * 8 + bit)
        return found

    def tasks(self):
        return [("switch", self._crew.run)]

    def tick(self):
        """Each second."""
        for line in LINES if any(self._due) else ():
            self._crew.call(line)

    async def round(self, line):
        for meter in self.due(line):
            await self.move(meter)

    async def move(self, meter):
        """As far as it goes now."""
        for _time in range(STEPS):
            before = self._rows.row(meter)
            state, action = self._step(meter)
            self._rows.put(meter, switch=state)
            if action == LOOK_NOW:
                await self._look(meter)
            elif action == NOTHING:
                if state.phase == IDLE:
                    self._due[meter >> 3] &= ~(1 << (meter & 7))
                return
            elif not await self._send(meter, action, before):
                return

    # ---- on the line

    async def _look(self, meter):
        bound = self._rows.bound(meter)
        outcome, values = await self._collector.ask(meter, STATUS, VERIFY, LOOK_WITHIN_S)
        if self._rows.bound(meter) == bound:
            self.saw(meter, word_of(values) if outcome == OK else None)

    def saw(self, meter, word):
        """Its status word, whoever asked for it; None: no answer."""
        state, events = switching.looked(self._rows.switch(meter), word, self._clock.now_s())
        if events and self._rows.marks(meter) & STATION == OPEN_IT:
            events = [
                ("remote_trip" if name == "energy_control_trip" else name, told) for name, told in events
            ]
        self._tell(meter, events)
        marks = self._rows.marks(meter)
        if word is not None and state.phase != SENT and not state.seen & TOLD_OPEN:
            marks &= ~OURS
        self._rows.put(meter, switch=state, marks=marks)
        if events:
            self._keep(meter, self._rows.row(meter))

    async def _send(self, meter, action, before):
        """Once, after it was stored that it goes. Whether there is more to do now."""
        if action == TRIP:
            self._rows.put(meter, marks=self._rows.marks(meter) | OURS)
        if not self._keep(meter, self._rows.row(meter)):
            self._rows.set(meter, before)
            return False
        name, bound = self.control(meter, action), self._rows.bound(meter)
        reason = await self._collector.control(meter, name, self._told(meter, name))
        if reason == "refused" and self._rows.bound(meter) == bound:
            state = switching.refused(self._rows.switch(meter), self._clock.now_s())
            self._keep(meter, changed(self._rows.row(meter), switch=state))
        return True

    def _told(self, meter, name):
        """With the end of its validity in local time, never later than a lost one is waited for."""
        inputs = dict(self._inputs(meter))
        minutes = self._terms.profile(meter).controls[name][2]
        if minutes:
            until_s = self._clock.now_s() + self._terms.offset_s + min(minutes * 60, switching.VALID_S)
            second = until_s % 86400
            inputs["valid_until"] = date(until_s // 86400) + (second // 3600, second // 60 % 60, second % 60)
        return inputs

    def _keep(self, meter, row):
        try:
            self._rows.keep(meter, row)
        except StoreError:
            self._rows.faults += 1
            return False
        return True
