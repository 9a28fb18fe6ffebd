"""A transformer area: its homes, the grid between them, the gate meter that sees it all, and the truth. Pure.

Law: no clock, no I/O, no floats; the same seed and the same commands at the same times give the same area
however time is cut. Nothing is computed before it is asked: a home's meter runs on alone, from its own curve;
voltages and the gate need a state of the grid, one a quarter of an hour, kept as long as meters keep theirs.
"""

import heapq
from collections import namedtuple
from functools import partial

from hil.world.area.counter import CURVE_RECORDS, MWS_PER_WH, Counter
from hil.world.area.curves import DAY_S, SLOT_S, between
from hil.world.area.grid import TRANSFORMERS, Grid
from hil.world.area.home import DAYS_KEPT
from hil.world.area.population import populate
from hil.world.factory import Flow, noise

HEAD_DV = 2360  # phase voltage of the transformer without load
GATE_ADDRESS, GATE_MULTIPLIER = "330900000001", 60
GATE_TAN_E3 = 300
GATE_START_WH = 100_000
DIVERSITY_E3 = 700  # of the sum of peaks, at which the transformer is chosen
WALK_S = (30, 600)  # how long a householder takes to the button
_STRAY_DROP_DV = (10, 60)  # another area's line
# hash places of noise
_VOLT, _SLOW, _FREQUENCY, _OWN, _WALK = 900, 910, 920, 10_000, 920_000

# mW s of a local day. gate == used - fed_in + stolen + iron + copper. used, fed_in: through the meters of the
# homes fed here; stolen: past them; the gate meter stands before the transformer, but
# shows volts and amperes of its low side.
Day = namedtuple("Day", "gate used fed_in stolen iron copper")


class Area:
    """`seed`; `t_s` UTC now, registers run since `history_days` midnights before the last one.

    `faults`: {name of population.FAULTS or EQUIPMENT: how many}; `kva` of the transformer, None = one that
    fits; `walk_s` seconds to the button, None = each householder's own; `module`: so many meters
    stand behind the carrier module. ValueError when it cannot be built.
    """

    def __init__(
        self,
        seed,
        t_s,
        meters=60,
        lines=2,
        faults=None,
        history_days=3,
        kva=None,
        utc_offset_s=28800,
        walk_s=None,
        module=0,
    ):
        self.seed, self.utc_offset_s, self.walk_s = seed, utc_offset_s, walk_s
        self.lines = lines
        today_s = t_s - (t_s + utc_offset_s) % DAY_S
        self.start_s = today_s - history_days * DAY_S
        self.t_s = self.start_s
        self.homes, branches = populate(
            seed, meters, lines, self.start_s, today_s, utc_offset_s, faults, module
        )
        self.grid = Grid(branches, kva or _fitting(self.homes))
        self._fed = [home for home in self.homes if home.fed_here]
        self._states, self._began = {}, {}  # slot -> State; _began: before contacts moved inside the slot
        self._closings = []  # (UTC, number of the home)
        self.gate = Counter(
            GATE_ADDRESS, "dlt645-2007", self.start_s, utc_offset_s, GATE_START_WH, multiplier=GATE_MULTIPLIER
        )
        self.gate.tan_e3, self.gate.display = GATE_TAN_E3, lambda: self.gate_flow(self.t_s)
        self._losses = {}  # local day -> [gate, iron, copper] mW s
        for home in self.homes:
            home.counter.display = partial(self._flow, home)
            if home.counter.protocol == "dlt645-2007":
                home.counter.relay = Relay(self, home)
        self.advance(t_s)

    # ---- time

    def advance(self, to_s):
        """Let time pass; householders reach their buttons on the way."""
        while self._closings and self._closings[0][0] <= to_s:
            at_s, no = heapq.heappop(self._closings)
            home = self.homes[no]
            if home.closes_at_s == at_s:
                self.t_s = max(self.t_s, at_s)
                self.switch(home, False)
        self.t_s = max(self.t_s, to_s)

    def seen(self, home):
        """The home's present meter, brought to this moment."""
        home.advance(self.t_s)
        return home.counter

    def gate_now(self) -> Counter:
        gate = self.gate
        gate.look()
        while gate.t_s < self.t_s:
            start = gate.t_s
            state = self._state(start)
            end = min(self.t_s, start + SLOT_S - self._slot(start)[1], gate.next_s())
            power_mw = sum(state.power_w) * 1000 + state.iron_mw + state.copper_mw
            gate.take(end, power_mw)
            self._book(start, (end - start), power_mw, state)
        return gate

    def _book(self, start, dt_s, power_mw, state):
        day = (start + self.utc_offset_s) // DAY_S
        if day not in self._losses:
            self._losses.pop(day - DAYS_KEPT, None)
            self._losses[day] = [0, 0, 0]
        for i, mw in enumerate((power_mw, state.iron_mw, state.copper_mw)):
            self._losses[day][i] += mw * dt_s

    # ---- contacts

    def switch(self, home, is_open):
        """Contacts move now."""
        home.permitted, home.closes_at_s = False, None
        if home.open == is_open:
            return
        self.gate_now()
        home.advance(self.t_s)
        home.open = is_open
        home.edges.append((self.t_s, is_open))
        home.counter.look()
        slot, inside = self._slot(self.t_s)
        moved = self._states.pop(slot, None)
        if moved and inside:
            self._began.setdefault(slot, moved)

    def permit(self, home, permitted):
        """The householder may close, and walks to the button; a command to open takes the permission away."""
        if home.open and permitted and not home.permitted:
            walk_s = self.walk_s or between(self.seed, _WALK + home.no, self.t_s, *WALK_S)
            home.closes_at_s = self.t_s + walk_s
            heapq.heappush(self._closings, (home.closes_at_s, home.no))
        home.permitted = home.open and permitted
        if not home.permitted:
            home.closes_at_s = None

    # ---- what flows

    def _slot(self, t_s) -> tuple:
        """(quarter, seconds inside), local: loads change with it, and offsets need not be whole quarters."""
        return divmod(t_s + self.utc_offset_s, SLOT_S)

    def _then(self, t_s):
        """The state of an earlier moment; as a quarter begins, what contacts do inside it is to come."""
        slot, inside = self._slot(t_s)
        began = self._began.get(slot)
        return began if began and not inside else self._state(t_s)

    def _state(self, t_s):
        slot, _inside = self._slot(t_s)
        if slot not in self._states:
            drawn_w = [0] * (3 * self.grid.poles)
            for home in self._fed:
                home.place(drawn_w, home.drawn_w(t_s))
            self._states[slot] = self.grid.state(drawn_w)
            for kept in (self._states, self._began):
                kept.pop(slot - CURVE_RECORDS - 1, None)
        return self._states[slot]

    def power_w(self) -> tuple:
        """W that homes draw now on phases A B C, without losses."""
        return self._state(self.t_s).power_w

    def loading_e3(self) -> int:
        """Apparent power of the gate in 1/1000 of the transformer's rating."""
        self.gate_now()
        return self.gate.apparent_dva()[0] * GATE_MULTIPLIER // (10 * self.grid.kva)

    def volts_dv(self, home, t_s=None) -> tuple:
        """0.1 V at the home's own terminals, one phase or three; now or at an earlier moment."""
        t_s = self.t_s if t_s is None else t_s
        own = noise(self.seed, _OWN + home.no, t_s, 13, 1)
        phases = range(3) if home.phase == 4 else (home.phase - 1,)
        if not home.fed_here:
            far = between(self.seed, _OWN - 1, home.no, *_STRAY_DROP_DV)
            return tuple(self._head_dv(3 + phase, t_s) - far + own for phase in phases)
        drop = self._then(t_s).drop_dv
        return tuple(self._head_dv(phase, t_s) - drop[3 * home.pole + phase] + own for phase in phases)

    def _head_dv(self, phase, t_s) -> int:
        """Behind the feeder; phases 3..5 are those of another area."""
        slow = noise(self.seed, _SLOW + phase // 3, t_s, 3600, 15)
        return HEAD_DV + slow + noise(self.seed, _VOLT + phase, t_s, 61, 15)

    def _frequency(self, t_s) -> int:
        return 5000 + noise(self.seed, _FREQUENCY, t_s, 5, 3)

    def flow_of(self, home, t_s) -> Flow:
        """What the home's meter sees, now or at an earlier moment."""
        power = home.phases_w(home.shown_w(t_s))
        reactive = tuple(w * home.kind.tan_e3 // 1000 for w in power)
        return Flow(power, reactive, self.volts_dv(home, t_s), self._frequency(t_s), ())

    def _flow(self, home) -> Flow:
        return self.flow_of(home, home.t_s)

    def gate_flow(self, t_s) -> Flow:
        state = self._then(t_s)
        loss_w = (state.iron_mw + state.copper_mw) // 3000
        power = tuple(w + loss_w for w in state.power_w)
        volts = tuple(self._head_dv(phase, t_s) - dv for phase, dv in enumerate(state.head_dv))
        reactive = tuple(w * GATE_TAN_E3 // 1000 for w in power)
        return Flow(power, reactive, volts, self._frequency(t_s), ())

    # ---- truth

    def day(self, day) -> Day:
        """Of local day `day` (days since 1970), as far as it has passed."""
        self.gate_now()
        sums = [0, 0, 0]
        for home in self._fed:
            home.advance(self.t_s)
            for i, mws in enumerate(home.ledger.get(day, (0, 0, 0))):
                sums[i] += mws
        gate, iron, copper = self._losses.get(day, (0, 0, 0))
        used, fed_in, stolen = sums
        return Day(gate, used, fed_in, stolen, iron, copper)

    def stolen_wh(self, home, day) -> int:
        home.advance(self.t_s)
        return home.ledger.get(day, (0, 0, 0))[2] // MWS_PER_WH


class Relay:
    """The contacts in a meter, moved by its controls."""

    def __init__(self, area, home):
        self._area, self._home = area, home

    @property
    def open(self) -> bool:
        return self._home.open

    @property
    def permitted(self) -> bool:
        return self._home.permitted

    def switch(self, is_open):
        self._area.switch(self._home, is_open)

    def permit(self, permitted):
        self._area.permit(self._home, permitted)


def _fitting(homes) -> int:
    """The smallest transformer that carries them."""
    need_va = sum(home.peak_w for home in homes if home.fed_here) * DIVERSITY_E3 // 950
    return next((kva for kva in TRANSFORMERS if kva * 1000 >= need_va), max(TRANSFORMERS))
