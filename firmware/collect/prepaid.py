"""The prepaid meters of an area: each has a ledger here and is cut off and let go by it.

    seen         registers -> ledger (firmware/area/ledger.py), status word -> switch
    apply        METER_ORDER, METER_SWITCH, METER_GUARANTEE
    tick         writes a page of what is due on flash, glances at some meters
    tasks        what is to be read again, and the switches of each line

Nothing here needs the station: it goes on without a link for as long as meters answer. Without a trusted
clock nothing is charged but freezes, and nobody is cut off. What is stored when: prepaid_rows.
"""

import asyncio

from firmware.area import archive, ledger
from firmware.area.ledger import READ
from firmware.area.ledger_state import BASED, FEE, OPEN, OUT, SIZE, WARNED, Reading, remaining, unit, unpack
from firmware.area.plan_duties import CURVE_POINT, DAY_FREEZE, MONTH_FREEZE, OK, ON_DEMAND
from firmware.area.tariffs import DAY_S
from firmware.collect.prepaid_rows import DOUBT, PAGE, PAGE_ROWS, Rows, check_of
from firmware.collect.prepaid_switch import Switches, word_of
from firmware.collect.prepaid_terms import Terms
from firmware.control.records import evolve
from firmware.metering.measures import IMPORT
from firmware.overlay import Overlay
from firmware.store.kv import StoreError
from firmware.store.pages import Pages
from protocols.uplink import area, topics

FOLDER = "/prepaid"
GLANCES = 8  # meters a tick: a blocked hour that ends is seen within two minutes
ERRANDS = 16  # readings that wait to be made again; one that finds no place comes with the next reading
AGAIN_S = 60
NEWS = (  # after which a balance is told, though its day is not over
    "purchase_applied",
    "energy_control_alarm",
    "energy_control_trip",
    "remote_trip",
    "close_permitted",
    "switch_opened",
    "switch_closed",
)
NEWS_MOST = 64  # meters; of more the end of the day tells
TELL_S = 6 * 3600  # of the local day: a balance whose freeze has not come by then is told without it
HOUR_S = 3600


def _no_inputs(_meter):
    return {}


def reading_of(values):
    """Reading of what a meter showed, or None when it is no energy."""
    rates = [values.get(IMPORT + rate) for rate in range(1, 5)]
    if IMPORT not in values and None in rates:
        return None
    return Reading(values.get(IMPORT), None if None in rates else tuple(rates))


class Prepaid:
    """The room. `inputs(meter)`: what a control needs besides its time, such as {"password", "operator"}.
    `unreadable`: the archive cannot be read, so who has a balance is not known."""

    def __init__(self, board, kv, root, add, tell, settings, collector, inputs=_no_inputs, unreadable=False):
        self._clock, self._add, self._say = board.clock, add, tell
        self._collector = collector
        offset_s = board.identity["utc_offset_s"]
        self._terms = Terms(settings, collector.archive, collector.profiles, offset_s)
        self._offset_s = offset_s
        self._rows = Rows(kv, Pages(root + FOLDER, PAGE))
        self._switches = Switches(self._rows, self._terms, collector, board.clock, self._tell, inputs)
        self.error = ""
        self._errands = []  # (meter, read or 0, midnight_s or 0)
        self._hour = self._local_s() // HOUR_S
        self._turn = 0
        self._news = []  # meters whose balance is told before the day ends
        if not unreadable:
            self.rows_changed()

    @property
    def faults(self) -> int:
        """Writes that the flash refused."""
        return self._rows.faults

    def _local_s(self):
        return self._clock.now_s() + self._offset_s

    def _tell(self, meter, events):
        for name, told in events:
            self._say(name, dict(told, metering_point=meter))
            if name in NEWS and meter not in self._news and len(self._news) < NEWS_MOST:
                self._news.append(meter)

    # ---- commands, and what other rooms do to the archive

    def apply(self, kind, params, _command_id, _scope=0):
        return self._order(lambda orders: orders.apply(kind, params))

    def _order(self, does):
        switches = self._switches
        with Overlay():
            from firmware.collect.prepaid_orders import Orders

            orders = Orders(
                self._rows,
                self._terms,
                self._collector.archive,
                self._clock,
                switches.switchable,
                self._tell,
                switches.glance,
            )
            found = does(orders)
        self.error = orders.error
        return found

    def replaced(self, meter, old_wh, new_wh):
        """(reason, entries, commit) of a METER_REPLACED, for its own commit; `rows_changed` after it."""
        return self._order(lambda orders: orders.replaced(meter, old_wh, new_wh))

    def rows_changed(self):
        """The archive has other rows: balances follow their meters, what is told of them says who is gone."""
        self._doubt()
        try:
            gone = self._rows.rebind(self._collector.archive)
        except StoreError:
            self._rows.faults += 1
            self._rows.hurry = True
            return
        for meter, row in gone:
            self._tell(meter, [("balance_dropped", balance_of(row))])

    def _doubt(self):
        """Rows that were lost with the flash are in doubt; whose they were says the first archive."""
        pages, self._rows.damaged = self._rows.damaged, []
        for page in pages:
            for meter in range(page * PAGE_ROWS + 1, (page + 1) * PAGE_ROWS + 1):
                row = self._collector.archive.get(meter)
                if row and row.flags & archive.PREPAID and not self._rows.bound(meter):
                    self._rows.put(meter, marks=DOUBT, bound=check_of(row))
                    self._tell(meter, [("balance_lost", {})])
                    self._rows.hurry = True

    # ---- readings

    def seen(self, meter, read, values, t_s, duty, slot_s):
        """What a duty read. `t_s`: UTC second of the answer; of a freeze its midnight is slot_s, local."""
        if not duty or not self._collector.archive.line(meter):
            return
        word = word_of(values)
        if word is not None and self._rows.bound(meter):
            self._switches.saw(meter, word)
        reading = reading_of(values)
        if reading is not None and self._is_charged(meter):
            if read == DAY_FREEZE:
                self._midnight(meter, reading, slot_s - self._offset_s)
            elif self._clock.ok and self._is_now(read, t_s, slot_s):
                self._settle(meter, reading, t_s, read)
        self._switches.glance(meter)

    def _is_now(self, read, t_s, slot_s):
        """Frozen registers of other times would look like a register that falls."""
        late_s = t_s + self._offset_s - slot_s
        return read != MONTH_FREEZE and (read != CURVE_POINT or 0 <= late_s < 900)

    def _is_charged(self, meter):
        """Use of a meter that is not prepaid is not kept for the day it becomes one."""
        if self._collector.archive.flags(meter) & archive.PREPAID:
            return True
        if self._rows.flags(meter) & BASED:
            state = self._rows.ledger(meter)
            self._rows.put(meter, ledger=evolve(state, flags=state.flags & ~BASED))
        return False

    def _before(self, meter):
        state = self._rows.ledger(meter)
        return state, self._terms.of(meter, state.flags, self._rows.marks(meter))

    def _settle(self, meter, reading, t_s, read):
        before, config = self._before(meter)
        state, actions, events = ledger.settle(before, config, reading, t_s)
        self._take(meter, before, state, events)
        self._run_errands(meter, actions, read)

    def _midnight(self, meter, reading, midnight_s):
        before, config = self._before(meter)
        state, day, actions, events = ledger.day_end(before, config, reading, midnight_s)
        self._take(meter, before, state, events)
        self._run_errands(meter, actions, 0)
        self._reconcile(meter, day)

    def _take(self, meter, before, state, events):
        """Thresholds are stored at once, the registers a ledger begins at too or, of many, within a minute or
        two; the rest with the hour."""
        self._tell(meter, events)
        bound = check_of(self._collector.archive.get(meter))
        self._rows.put(meter, ledger=state, bound=bound)
        news = before.flags ^ state.flags
        if news & (WARNED | OUT) or (news & BASED and self._rows.roomy):
            self._keep(meter)
        elif news & BASED:
            self._rows.hurry = True

    def _keep(self, meter):
        try:
            self._rows.keep(meter, self._rows.row(meter))
        except StoreError:
            self._rows.faults += 1
            self._rows.hurry = True

    # ---- readings that are made again

    def _run_errands(self, meter, actions, read):
        for what, at_s in actions:
            errand = (meter, read, 0) if what == READ and read else (meter, 0, at_s)
            if errand not in self._errands and len(self._errands) < ERRANDS:
                self._errands.append(errand)

    def tasks(self):
        return [("prepaid", self.run)] + self._switches.tasks()

    async def run(self):
        while True:
            await self.errand()
            await asyncio.sleep_ms(1000)  # pyright: ignore[reportAttributeAccessIssue]

    async def errand(self):
        """Make one reading that a ledger asked for."""
        if not self._errands:
            return
        meter, read, midnight_s = self._errands.pop(0)
        bound = self._rows.bound(meter)
        if read:
            outcome, values = await self._collector.ask(meter, read, ON_DEMAND, AGAIN_S)
        else:
            outcome, values = await self._collector.freeze(meter, midnight_s)
        reading = reading_of(values) if outcome == OK else None
        if reading is None or self._rows.bound(meter) != bound or not self._is_charged(meter):
            return
        if read and self._clock.ok:
            self._settle(meter, reading, self._clock.now_s(), read)
        elif not read:
            self._settle(meter, reading, midnight_s, 0)
        self._switches.glance(meter)

    # ---- each second

    def tick(self):
        self._switches.tick()
        if self._rows.saving:
            self._rows.step()
        elif self._rows.hurry or self._local_s() // HOUR_S != self._hour:
            self._hour = self._local_s() // HOUR_S
            self._rows.begin()
        if self._news and self._clock.ok and self._announce(self._news[0]):
            self._news.pop(0)
        for _time in range(GLANCES):
            self._turn = self._turn % archive.MOST + 1
            if self._collector.archive.line(self._turn) and self._rows.has(self._turn):
                self._switches.glance(self._turn)
                self._late(self._turn)

    def _late(self, meter):
        """Tell a balance whose midnight freeze did not come."""
        day, second = divmod(self._local_s(), DAY_S)
        if self._clock.ok and second >= TELL_S and self._rows.day(meter) < day - 1:
            self._reconcile(meter, self._shown(meter, day - 1))

    def _shown(self, meter, day):
        """As the row of ledger.day_end, without a look at the registers."""
        state = self._rows.ledger(meter)
        return day, remaining(state), state.tier_wh, sum(state.registers_wh), None

    def _announce(self, meter):
        """Tell a balance of the running day; its last record of a day counts. False: there was no place."""
        shown = self._shown(meter, self._local_s() // DAY_S)
        return shown[1] is None or self._add_ledger(meter, shown)

    def _reconcile(self, meter, shown):
        """A LEDGER record once a meter and day; one told just before a power cut may be told again."""
        if shown[1] is not None and shown[0] > self._rows.day(meter) and self._add_ledger(meter, shown):
            self._rows.put(meter, day=shown[0])

    def _add_ledger(self, meter, shown):
        day, left, tier_wh, charged_wh, differs_wh = shown
        state = self._rows.ledger(meter)
        body = {
            "meter": meter,
            "day_s": (day + 1) * DAY_S - self._offset_s,
            "fee": 1 if state.flags & FEE else 0,
            "remaining": left,
            "tier_wh": tier_wh,
            "charged_wh": charged_wh,
            "differs_wh": differs_wh,
            "order": state.order,
            "cut": int(self._rows.is_cut(meter)),
        }
        return self._add(topics.DA, area.LEDGER, self._clock.now_s(), int(self._clock.ok), body)

    def close(self):
        self._rows.close()

    # ---- live state

    def now(self) -> dict:
        """{"cut", "low"} of NOW_AREA."""
        cut = low = 0
        for meter, _row in self._collector.archive.rows():
            cut += self._rows.is_cut(meter)
            flags = self._rows.flags(meter)
            low += flags & OPEN > 0 and flags & WARNED > 0
        return {"cut": cut, "low": low}


def balance_of(row) -> dict:
    """Fields of an event that says what a row held."""
    state = unpack(row[:SIZE])
    told = {"order": state.order}
    if remaining(state) is not None:
        told["remaining_before" + unit(state)] = remaining(state)
    return told
