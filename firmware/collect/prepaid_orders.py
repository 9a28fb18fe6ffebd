"""Commands to a prepaid meter: order, switch, guarantee; and that it was replaced. Pure until commit. A visit
(firmware/overlay.py).

Each returns (reason number, {kv key: value}, commit()) as firmware/commands.py says: the row of the meter is
part of the gate's commit, so a power cut leaves all of a command or nothing.
"""

from firmware.area import archive, ledger_orders, switching
from firmware.area.ledger_state import BASED, FEE, OPEN
from firmware.collect.prepaid_rows import (
    DOUBT,
    GUARANTEED,
    LEAVE,
    OPEN_IT,
    PERMIT_IT,
    STATION,
    changed,
    check_of,
)
from firmware.control.checks import within
from firmware.store.kv import StoreError
from protocols.uplink import area
from protocols.uplink.codes import APPEND, REASON_NO


def _refused(reason):
    return REASON_NO[reason], {}, None


def _nothing():
    pass


class Orders:
    """`terms`: prepaid_terms.Terms; `switchable(meter)`: its profile has the controls; `tell(meter, events)`;
    `glance(meter)`: its switch may have to move now."""

    def __init__(self, rows, terms, meters, clock, switchable, tell, glance):
        self._rows, self._terms, self._meters, self._clock = rows, terms, meters, clock
        self._switchable, self._tell, self._glance = switchable, tell, glance
        self.error = ""

    def apply(self, kind, params):
        self.error = ""
        row = self._meters.get(params["meter"])
        if row is None or row.address != params["address"]:
            return self._bad("another meter stands in this row")
        does = {
            area.METER_ORDER: self._order,
            area.METER_SWITCH: self._switch,
            area.METER_GUARANTEE: self._guarantee,
        }[kind]
        try:
            return does(params["meter"], row, params)
        except StoreError as e:  # no place for its row: the flash has refused for long
            self.error = e.args[0]
            return _refused("storage_failed")

    def _bad(self, error):
        self.error = error
        return _refused("bad_params")

    def _change(self, meter, events, **parts):
        """(0, entries, commit) of a row with these parts."""
        new = changed(self._rows.row(meter), bound=check_of(self._meters.get(meter)), **parts)

        def commit():
            self._rows.kept(meter, new)
            self._tell(meter, events)
            self._glance(meter)

        return 0, self._rows.entry(meter, new), commit

    # ---- orders

    def _order(self, meter, row, params):
        if not row.flags & archive.PREPAID:
            return self._bad("not a prepaid meter")
        marks, flag, fee = self._rows.marks(meter), params["flag"], params["fee"]
        if marks & DOUBT and flag == APPEND:
            return self._bad("its balance was lost: refresh it")
        state = self._rows.ledger(meter)
        config = self._terms.of(meter, FEE if fee else 0, marks)
        order = ledger_orders.Order(params["order"], flag, params["value"], fee)
        reason, state, events = ledger_orders.order(state, config, order)
        if reason:
            return reason, {}, None
        day = self._rows.day(meter) or self._yesterday()
        return self._change(meter, events, ledger=state, marks=marks & ~DOUBT, day=day)

    def _yesterday(self):
        return (self._clock.now_s() + self._terms.offset_s) // 86400 - 1

    # ---- switch and guarantee

    def _switch(self, meter, _row, params):
        want, marks = params["want"], self._rows.marks(meter)
        if not within(want, LEAVE, PERMIT_IT):
            return self._bad("want is not 0, 1 or 2")
        if want and not self._switchable(meter):
            return self._bad("its profile has no such control")
        guaranteed = self._terms.guaranteed(meter, marks)
        if want == OPEN_IT and guaranteed != 0:
            return _refused("guaranteed" if guaranteed else "guarantee_unreadable")
        return self._change(meter, [], marks=marks & ~STATION | want)

    def _guarantee(self, meter, row, params):
        on, marks = params["on"], self._rows.marks(meter)
        if not within(on, 0, 1):
            return self._bad("on is not 0 or 1")
        if on:
            marks = marks | GUARANTEED
            if marks & STATION == OPEN_IT:  # what the station had cut is let go, and stays so
                marks = marks & ~STATION | PERMIT_IT
        elif row.flags & archive.GUARANTEED:
            self.error = "the archive guarantees it"
            return _refused("guaranteed")
        else:
            marks &= ~GUARANTEED
        return self._change(meter, [("guarantee_on" if on else "guarantee_off", {})], marks=marks)

    # ---- another meter in the same row

    def replaced(self, meter, old_wh, new_wh):
        """The ledger goes on with the new meter, its switch is not known.

        The caller puts the new address into the row, calls commit, then says that rows have changed.
        """
        self.error = ""
        state = self._rows.ledger(meter)
        events = []
        if state.flags & OPEN and state.flags & BASED:
            config = self._terms.of(meter, state.flags, self._rows.marks(meter))
            reason, state, events = ledger_orders.change(state, config, old_wh, new_wh, self._clock.now_s())
            if reason:
                self.error = "old_wh does not follow its registers"
                return reason, {}, None
        elif not any(self._rows.row(meter)):
            return 0, {}, _nothing
        new = changed(self._rows.row(meter), ledger=state, switch=switching.NEW, bound=0)

        def commit():
            self._rows.kept(meter, new)
            self._tell(meter, events)

        return 0, self._rows.entry(meter, new), commit
