"""A meter of the area: registers of four tariffs, demand, freezes and curves by its own clock. Pure.

Its owner gives it energy in stretches that never cross `next_s`; everything is exact in mW s and shown in Wh.
It quacks like hil.world.meter.Meter, so that hil.world.registers shows both.
"""

from array import array
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from hil.world.area.curves import DAY_S, SLOT_S
from hil.world.factory import Flow
from hil.world.meter import FREEZES_MAX, SETTLEMENTS_MAX, TARIFFS, Display

MWS_PER_WH = 3_600_000
SHOWN_MAX_WH = 10**9  # 999999.99 kWh and over again
CURVE_RECORDS = 960  # ten days of quarters
_ROW = 4  # numbers of a record: local seconds, UTC, import and export in Wh
YEAR_2000, CENTURY_S = 946_684_800, 36_525 * DAY_S
FLIES_X = 40  # a meter that flies counts so many times what flows
OVER_CURRENT_MA = 60_000


class Counter(Display):
    """`display` gives what flows now (factory.Flow); `relay` is whose contacts it moves, None without one.

    What goes wrong with it, set by its owner: `stopped`, `flying`, `clock_offset_s`. On the line: `mute`,
    `late_ms`, `delay_ms`.
    """

    def __init__(self, address, protocol, t_s, utc_offset_s, start_wh, curve_min=15, multiplier=1):
        self.address, self.protocol = address, protocol
        self.t_s = t_s
        self.utc_offset_s = utc_offset_s
        self.multiplier = multiplier
        self.clock_offset_s = 0
        self.curve_s = curve_min * 60
        start = start_wh * multiplier * MWS_PER_WH
        self.import_ = [start // 10, start * 3 // 10, start * 3 // 10, start * 3 // 10]
        self.export = [0] * 4
        self.tan_e3 = 0
        self.stopped = self.flying = False
        self.mute = False
        self.late_ms, self.delay_ms = 0, 50
        self.alarm = self.guaranteed = False
        self.relay = None
        self.display: Callable[[], Flow | None] = lambda: None
        self.clock_set: Callable[[int], None] = lambda _seconds: None  # told of every change of its offset
        self._flow = None
        self.demand_dw = 0
        self._quarter = None  # (local seconds, import) of the last full quarter
        self.max_demand: list[tuple[int, int | None]] = [(0, None)] * 5
        self.freezes = deque(maxlen=FREEZES_MAX)  # newest first
        self.settlements = deque(maxlen=SETTLEMENTS_MAX)
        self._curve = array("q")

    @property
    def flow(self) -> Flow | None:
        """Looked at once after each `look`: showing one value asks for it dozens of times."""
        if self._flow is None:
            self._flow = self.display()
        return self._flow

    def look(self):
        self._flow = None

    # ---- clock

    @property
    def local_s(self) -> int:
        """Its year has two digits: after 2099 comes 2000."""
        return (self.t_s + self.utc_offset_s + self.clock_offset_s - YEAR_2000) % CENTURY_S + YEAR_2000

    def local(self) -> datetime:
        return datetime.fromtimestamp(self.local_s, UTC)

    def set_local(self, when: datetime):
        """Midnights that are jumped over freeze nothing, and the demand window starts anew."""
        self.set_clock_offset(int(when.timestamp()) - self.utc_offset_s - self.t_s)

    def set_clock_offset(self, seconds):
        self.clock_set(seconds)
        self.clock_offset_s = seconds
        self._quarter = None

    @property
    def now(self) -> tuple:
        return self.local().timetuple()[:6]

    @now.setter
    def now(self, moment):
        self.set_local(datetime(*moment, tzinfo=UTC))

    def next_s(self) -> int:
        """UTC of the next quarter of its own clock: tariffs, freezes and records change only there."""
        return self.t_s + SLOT_S - self.local_s % SLOT_S

    # ---- counting

    def take(self, to_s, power_mw):
        """Count what flowed until `to_s` <= next_s()."""
        mws = 0 if self.stopped else power_mw * (to_s - self.t_s) * (FLIES_X if self.flying else 1)
        tariff = TARIFFS[self.local_s % DAY_S // 3600] - 1
        if mws >= 0:
            self.import_[tariff] += mws
        else:
            self.export[tariff] -= mws
        self.t_s = to_s
        if self.local_s % SLOT_S == 0:
            self._full_quarter()

    def fall(self, wh):
        """The register of the flat tariff loses `wh`, as after a fault of its memory."""
        self.import_[2] -= wh * MWS_PER_WH * self.multiplier

    def _full_quarter(self):
        local_s, used = self.local_s, sum(self.import_)
        if self._quarter and self._quarter[0] == local_s - SLOT_S:
            self._demand((used - self._quarter[1]) * 10 // (SLOT_S * 1000 * self.multiplier))
        self._quarter = (local_s, used)
        if local_s % self.curve_s == 0:
            self._curve.extend((local_s, self.t_s, self._shown(self.import_), self._shown(self.export)))
            del self._curve[: -_ROW * CURVE_RECORDS]
        if local_s % DAY_S == 0:
            self.freeze()
            if self.local().day == 1:
                self.settlements.appendleft(self.snapshot())
                self.max_demand = [(0, None)] * 5

    def _demand(self, dw):
        self.demand_dw = max(0, dw)
        ended = TARIFFS[(self.local_s - 1) % DAY_S // 3600]
        for i in (0, ended):
            if self.demand_dw > self.max_demand[i][0]:
                self.max_demand[i] = (self.demand_dw, self.local_s)

    def freeze(self):
        self.freezes.appendleft(self.snapshot())

    # ---- what it shows

    def _shown(self, registers) -> int:
        return sum(registers) // (MWS_PER_WH * self.multiplier) % SHOWN_MAX_WH

    def energy_wh(self) -> list:
        """Import, total then tariffs 1..4, secondary side."""
        return [self._shown(self.import_), *(self._shown([tariff]) for tariff in self.import_)]

    def export_wh(self) -> list:
        return [self._shown(self.export), *(self._shown([tariff]) for tariff in self.export)]

    def reactive_varh(self) -> int:
        return self._shown(self.import_) * self.tan_e3 // 1000

    def snapshot(self) -> dict:
        return {
            "local": self.local(),
            "energy_wh": self.energy_wh(),
            "export_wh": self.export_wh(),
            "max_demand": list(self.max_demand),
            "reactive_varh": self.reactive_varh(),
            "powers_dw": [self.demand_dw],  # of the quarter that ended: the grid is not asked at midnight
        }

    def curve(self) -> list:
        """[(local seconds, UTC, import Wh, export Wh), ...], oldest first."""
        return [tuple(self._curve[at : at + _ROW]) for at in range(0, len(self._curve), _ROW)]

    def status_words(self) -> list:
        """As hil.world.meter; while closing is permitted b6 says closed and b4 still open."""
        opened = self.relay_open
        command = opened and not self.close_permitted
        word3 = opened << 4 | command << 6 | self.alarm << 7 | self.guaranteed << 13
        over = [(ma > OVER_CURRENT_MA) << 4 for ma in self.currents_ma()]
        return [0, 0, word3, *[*over, 0, 0][:3], 0]

    # ---- relay: whose it is does it

    @property
    def relay_open(self) -> bool:
        return self.relay is not None and self.relay.open

    @relay_open.setter
    def relay_open(self, wanted):
        if self.relay:
            self.relay.switch(wanted)

    @property
    def close_permitted(self) -> bool:
        return self.relay is not None and self.relay.permitted

    @close_permitted.setter
    def close_permitted(self, wanted):
        if self.relay:
            self.relay.permit(wanted)
