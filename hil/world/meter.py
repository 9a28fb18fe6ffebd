"""The three-phase meter behind current transformers: registers, demand, freezes, clock, status. Pure model.

It integrates the primary flow exactly (watt milliseconds) and shows secondary values as the display does:
floored to one count of 0.01 kWh. Law: no I/O, no floats; time comes in as slices of the factory.
"""

import math
from collections import deque
from datetime import UTC, datetime

from hil.world.factory import Flow

WINDOW_MIN = 15  # demand window, sliding by one minute (DL/T 645-2007 defaults of a State Grid meter)
FREEZES_MAX = 62  # daily freezes kept
SETTLEMENTS_MAX = 12
MWS_PER_COUNT = 10 * 3600 * 1000  # W ms in one count of 0.01 kWh (10 Wh)
OVER_CURRENT_MA = 6000  # Imax of a 1.5(6) A meter

# Tariff of each local hour: 1 sharp, 2 peak, 3 flat, 4 valley.
TARIFFS = (4, 4, 4, 4, 4, 4, 4, 3, 2, 2, 2, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 3, 3, 4)
START_COUNTS = (118_245, 402_310, 365_127, 290_518)  # registers of tariffs 1..4 when the world begins


class Display:
    """What a meter shows of `flow` (None = nothing yet) behind its transformers; one phase or three."""

    multiplier = 1
    flow: Flow | None = None

    def powers_dw(self) -> list:
        """Active power, total then phases, 0.1 W."""
        return self._secondary(self.flow.power_w) if self.flow else [0] * 4

    def reactive_dvar(self) -> list:
        return self._secondary(self.flow.reactive_var) if self.flow else [0] * 4

    def _secondary(self, phases) -> list:
        return [v * 10 // self.multiplier for v in (sum(phases), *phases)]

    def apparent_dva(self) -> list:
        """Total (vector sum) then phases, 0.1 VA."""
        return [
            math.isqrt(p * p + q * q) for p, q in zip(self.powers_dw(), self.reactive_dvar(), strict=True)
        ]

    def power_factors_e3(self) -> list:
        pairs = zip(self.powers_dw(), self.apparent_dva(), strict=True)
        return [min(1000, (1000 * p + s // 2) // s) if s else 1000 for p, s in pairs]

    def volts_dv(self) -> list:
        return list(self.flow.volt_dv) if self.flow else [0] * 3

    def currents_ma(self) -> list:
        return [
            s * 1000 // u if u else 0 for s, u in zip(self.apparent_dva()[1:], self.volts_dv(), strict=True)
        ]

    def frequency_chz(self) -> int:
        return self.flow.frequency_chz if self.flow else 0


class Meter(Display):
    """`address` 12 digits, `multiplier` CT x PT. Attributes that tests set: `clock_offset_s`, `guarantee`."""

    def __init__(self, address="123456789012", multiplier=80, utc_offset_s=28800):
        self.address = address
        self.multiplier = multiplier
        self.utc_offset_s = utc_offset_s
        self.clock_offset_s = 0
        self.time_set_day = None  # broadcast time moves the clock once a day
        self.import_ = [counts * MWS_PER_COUNT * multiplier for counts in START_COUNTS]
        self.reactive = 0
        self.minutes = deque(maxlen=WINDOW_MIN + 1)  # W ms in all at the last full minutes
        self.demand_dw = 0  # last window
        self.max_demand: list[tuple[int, int | None]] = [
            (0, None)
        ] * 5  # total, tariffs 1..4: (0.1 W secondary, local seconds or None)
        self.freezes = deque(maxlen=FREEZES_MAX)  # newest first
        self.settlements = deque(maxlen=SETTLEMENTS_MAX)  # newest first
        self.relay_open = self.pre_trip_alarm = self.guarantee = False
        self.t_ms = 0

    # ---- time

    def local(self) -> datetime:
        """The meter's own clock."""
        return datetime.fromtimestamp(self.t_ms // 1000 + self.utc_offset_s + self.clock_offset_s, UTC)

    def set_local(self, when: datetime):
        self.set_clock_offset(int(when.timestamp()) - self.utc_offset_s - self.t_ms // 1000)

    def set_clock_offset(self, seconds):
        """Move the clock; the demand window starts anew, as its minutes no longer join."""
        self.clock_offset_s = seconds
        self.minutes.clear()

    def take(self, t_ms, dt_ms, flow):
        """Integrate one slice in which `flow` was constant."""
        self.t_ms = t_ms
        self.import_[TARIFFS[self.local().hour] - 1] += sum(flow.power_w) * dt_ms
        self.reactive += sum(flow.reactive_var) * dt_ms
        self.t_ms = t_ms + dt_ms
        self.flow = flow
        local = self.local()
        if self.t_ms % 1000 == 0 and local.second == 0:
            self._minute(local)

    def _minute(self, local):
        self.minutes.append(sum(self.import_))
        if len(self.minutes) > WINDOW_MIN:
            used = self.minutes[-1] - self.minutes[0]
            self.demand_dw = used * 10 // (WINDOW_MIN * 60_000 * self.multiplier)
            at_s = int(local.timestamp())
            for i in (0, self.tariff()):
                if self.demand_dw > self.max_demand[i][0]:
                    self.max_demand[i] = (self.demand_dw, at_s)
        if local.hour == local.minute == 0:
            self.freeze()
            if local.day == 1:
                self.settlements.appendleft(self.snapshot())
                self.max_demand = [(0, None)] * 5

    def tariff(self) -> int:
        return TARIFFS[self.local().hour]

    def freeze(self):
        self.freezes.appendleft(self.snapshot())

    # ---- what it shows, secondary side

    def energy_wh(self) -> list:
        """Forward active energy, total then tariffs 1..4, Wh as displayed (multiples of 10)."""
        return [acc // (MWS_PER_COUNT * self.multiplier) * 10 for acc in (sum(self.import_), *self.import_)]

    def reactive_varh(self) -> int:
        return self.reactive // (MWS_PER_COUNT * self.multiplier) * 10

    def status_words(self) -> list:
        """Words 1..7; of word 3 b4 relay, b6 relay command, b7 alarm, b13 guarantee."""
        word3 = (
            self.relay_open << 4 | self.relay_open << 6 | self.pre_trip_alarm << 7 | self.guarantee << 13
        )  # both of the relay's bits: in this meter the command and the contact cannot differ
        over = [(ma > OVER_CURRENT_MA) << 4 for ma in self.currents_ma()]
        return [0, 0, word3, *over, 0]

    def snapshot(self) -> dict:
        """What a freeze keeps."""
        return {
            "local": self.local(),
            "energy_wh": self.energy_wh(),
            "max_demand": list(self.max_demand),
            "reactive_varh": self.reactive_varh(),
            "powers_dw": self.powers_dw(),
        }

    # ---- over a restart of the simulation

    def dump(self) -> dict:
        """Registers as plain JSON; freezes, demand and clock offset begin anew, as after a long power cut."""
        return {"import": self.import_, "reactive": self.reactive, "relay_open": self.relay_open}

    def load(self, kept):
        """Raises ValueError when `kept` is not what `dump` gave."""
        try:
            registers = [int(v) for v in kept["import"]]
            reactive, relay_open = int(kept["reactive"]), bool(kept["relay_open"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("not a meter state") from error
        if len(registers) != 4 or min(registers) < 0:
            raise ValueError("not a meter state")
        self.import_, self.reactive, self.relay_open = registers, reactive, relay_open
