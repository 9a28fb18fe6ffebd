"""A household, its meter and what reads it; beside the ledger the model keeps its table."""

from typing import Any

from firmware.area import ledger, ledger_orders, ledger_state
from firmware.area.ledger_state import Config, Reading, pack, unpack
from firmware.area.tariffs import Tariff
from protocols.uplink.codes import APPEND, EVENT_CODE, EVENT_FIELD_NO, REFRESH
from tests.unit.area_prepaid import model

DAY_S = 86400
OFFSET_S = 8 * 3600
KWH = 1000
START_S = 1_798_000_000 // DAY_S * DAY_S - OFFSET_S + 10 * 3600  # a December morning: the year ends soon
MIDNIGHT_S = START_S + 14 * 3600
ROLL_WH = 10**9
AGAIN_S = 2  # until a doubtful meter is read again

NOT_YET_NUMBERED = ("charge_interpolated",)  # of the events that this room makes
DAY_CODES = b"\x44" * 7 + b"\x34\x33\x13\x11\x21\x22\x32" + b"\x33" * 4 + b"\x22\x12\x11\x22\x33\x43"
FLAT = Tariff(0, b"\x33" * 24, (5000,), 0, (), ())
HOURS = Tariff(0, DAY_CODES, (10573, 8112, 5283, 3007), 0, (), ())
TIERS = Tariff(0, DAY_CODES, (9001, 7003, 5283, 2999), 1, (31_000, 62_000), (500, 3001))


def config(tariffs=(HOURS,), **changes):
    values = dict(
        tariffs=tuple(tariffs),
        warn=500_000,
        trip=-100_000,
        blocked_hours=0,
        holidays=(),
        guaranteed=0,
        held=0,
        multiplier=1,
        by_rate=1,
        roll_wh=ROLL_WH,
        wait_s=3 * DAY_S,
        offset_s=OFFSET_S,
    )
    return Config(**{**values, **changes})


def numbered(events):
    """What goes up has a number in the contract."""
    for name, data in events:
        assert name in EVENT_CODE or name in NOT_YET_NUMBERED, name
        assert all(field in EVENT_FIELD_NO for field in data), data


class House:
    """`step`: registers move in that many Wh. All that the ledger is told, it is told packed and unpacked."""

    def __init__(self, told, registers_wh=(1000, 2000, 3000, 4000), t_s=START_S):
        self.config = told
        self.t_s = t_s
        self.true_wh = list(registers_wh)
        self.freezes = {}
        self.state = ledger_state.NEW
        self.events = []
        self.rows = []
        self.point: Any = None  # (time, what is charged up to it), as the model believes
        self.sure = True  # the tariff registers are charged since `point`
        self.broken = 0, 0  # sums before and after a break that nobody told
        self.number = 0

    # ---- the meter

    def shown(self):
        return tuple(wh // 10 * 10 % ROLL_WH for wh in self.true_wh)

    def live(self, seconds, power_w):
        """Load for so long; the meter freezes itself at each midnight."""
        end_s = self.t_s + seconds
        while self.t_s < end_s:
            midnight_s = ((self.t_s + OFFSET_S) // DAY_S + 1) * DAY_S - OFFSET_S
            until_s = min(end_s, midnight_s, self.t_s - self.t_s % 3600 + 3600)
            self.true_wh[self.t_s // 3600 % 4] += power_w * (until_s - self.t_s) // 3600
            self.t_s = until_s
            if until_s == midnight_s:
                self.freezes[midnight_s] = self.shown()

    # ---- the concentrator

    def tell(self, shown, t_s):
        """One answer of the meter; what the ledger asks for then."""
        reading = Reading(sum(shown) % ROLL_WH, shown if self.config.by_rate else None)
        state, actions, events = ledger.settle(self.state, self.config, reading, t_s)
        self.keep(state, events)
        return actions

    def keep(self, state, events):
        packed = pack(state)
        assert len(packed) <= 48
        assert unpack(packed) == state, "state_survives_packing"
        self.state = unpack(packed)
        numbered(events)
        self.events += events

    def read(self, freezes=True):
        """Read the meter as it stands now, and again while the ledger asks for it."""
        actions = self.tell(self.shown(), self.t_s)
        for _time in range(8):
            for what, at_s in actions:
                if what == ledger.FREEZE and freezes:
                    self.freeze(at_s)
            if not actions:
                break
            self.t_s += AGAIN_S
            actions = self.tell(self.shown(), self.t_s)
        self.believe(self.shown(), self.t_s)

    def freeze(self, midnight_s):
        for _time in range(5):
            if not self.tell(self.freezes[midnight_s], midnight_s):
                break
        self.believe(self.freezes[midnight_s], midnight_s)

    def find_broken(self):
        """Read another meter than the ledger thinks: in the end it goes on with that."""
        from_s, old = self.point
        for _time in range(4):
            self.t_s += AGAIN_S
            self.tell(self.shown(), self.t_s)
        self.broken = sum(old), sum(self.shown())
        self.rows.append(model.Use(from_s, self.t_s, (0, 0, 0, 0), True))  # days pass, also for the tiers
        self.point = self.t_s, self.shown()

    def order(self, flag, value, number=None, fee=1):
        """Its reason; the model's table has the order when it is a good one."""
        order = ledger_orders.Order(self.number + 1 if number is None else number, flag, value, fee)
        reason, state, events = ledger_orders.order(self.state, self.config, order)
        self.keep(state, events)
        return reason

    def buy(self, value, refresh=False):
        assert self.order(REFRESH if refresh else APPEND, value) == 0
        self.number += 1
        self.rows.append(model.Order(refresh, value))

    def replace(self, new_wh, told):
        """Another meter is put on; `told` at once. Returns (old total, new total, time)."""
        old_wh, t_s = sum(self.shown()), self.t_s
        self.true_wh = list(new_wh)
        change = old_wh, sum(self.shown()), t_s
        if told:
            assert self.change(*change) == 0
        return change

    def change(self, old_wh, new_wh, t_s):
        reason, state, events = ledger_orders.change(self.state, self.config, old_wh, new_wh, t_s)
        self.keep(state, events)
        if reason == 0:
            self.model_change(old_wh, new_wh, t_s)
        return reason

    # ---- the model's part: readings that are true are believed

    def believe(self, shown, t_s):
        if self.point is None:
            self.point = t_s, shown
            return
        from_s, before = self.point
        opened = self.config.tariffs and any(isinstance(row, model.Order) for row in self.rows)
        waits = opened and model.awaited(self.config.tariffs, from_s, t_s, self.config.wait_s)
        if t_s <= from_s or waits:
            return
        used = [sum(shown) - sum(before), 0, 0, 0]
        if self.sure:
            used = [(now - then) % ROLL_WH for now, then in zip(shown, before, strict=True)]
        by_rate = bool(self.config.by_rate) and self.sure
        if not by_rate:
            used = [sum(used), 0, 0, 0]
        self.rows.append(model.Use(from_s, t_s, tuple(used), not by_rate))
        self.point, self.sure = (t_s, shown), True

    def model_change(self, old_wh, new_wh, t_s):
        from_s, before = self.point
        if t_s > from_s:  # the registers of the new meter are not told apart
            self.rows.append(model.Use(from_s, t_s, (old_wh - sum(before), 0, 0, 0), True))
            self.point, self.sure = (t_s, (new_wh, 0, 0, 0)), False
        else:
            last, first = self.broken
            lacks_wh = old_wh - last + first - new_wh
            self.rows.append(model.Use(from_s - 1, from_s, (lacks_wh, 0, 0, 0), True))

    def check(self):
        expected = model.balance(self.config.tariffs, self.rows)
        found = ledger_state.remaining(self.state)
        assert found == expected, f"remaining {found}, expected {expected}"


# ---- households to begin with


def opened(value=10_000_000, **changes):
    """A house with that much credit, read once."""
    house = House(config((FLAT,), **changes))
    house.read()
    house.buy(value)
    house.events.clear()
    return house


def out_of_credit(**changes):
    house = opened(1000, trip=0, **changes)
    house.live(3600, 3000)
    house.read()
    assert ledger_state.remaining(house.state) < 0
    return house


def told(house):
    return [name for name, _data in house.events]


def wanted(house, t_s=None):
    return ledger.want(house.state, house.config, house.t_s if t_s is None else t_s)
