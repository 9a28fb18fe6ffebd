"""One factory on a feeder: what it draws, what its switches do, what voltage it sees. Pure model.

Law: no clock, no I/O, no floats. Time comes in as UTC milliseconds, randomness is a hash of (seed, place,
second), so the same seed gives the same world however the caller cuts the time into steps.

    switch   closed --coil on, 50 ms--> open --(coil off) closed by hand--> closed
"""

from collections import deque, namedtuple

NOMINAL_DV = 2320  # phase voltage at the head of the feeder, 0.1 V (3 x 220/380 V, tap set high)
DROP_W_PER_DV = 5000  # feeder and transformer impedance: watts that pull the voltage down by 0.1 V
MECHANISM_MS = 50  # shunt release to open contacts
EDGES_MAX = 1000  # edges kept for the benches
DAY_S = 86400

# Section: round that sheds it (0 = the base, never shed), reactive/active x 1000, W at each local hour 0..23.
Section = namedtuple("Section", "round tan_e3 curve_w")
SECTIONS = (
    Section(0, 420, tuple(k * 1000 for k in (
        28, 27, 26, 26, 27, 30, 38, 52, 68, 76, 80, 78, 62, 66, 76, 78, 76, 70, 58, 50, 44, 40, 34, 30))),
    Section(1, 100, tuple(k * 1000 for k in (  # heat-treatment ovens
        12, 12, 12, 12, 12, 14, 20, 30, 38, 42, 42, 40, 30, 34, 42, 42, 40, 36, 26, 20, 16, 14, 12, 12))),
    Section(2, 750, tuple(k * 1000 for k in (  # presses
        2, 2, 2, 2, 2, 2, 6, 24, 46, 56, 58, 54, 20, 34, 56, 58, 54, 44, 24, 14, 8, 4, 2, 2))),
    Section(3, 600, tuple(k * 1000 for k in (  # chillers
        16, 15, 15, 14, 14, 15, 18, 26, 38, 48, 56, 60, 58, 58, 60, 60, 56, 48, 38, 32, 28, 24, 20, 18))),
)  # fmt: skip
ROUNDS = len(SECTIONS) - 1
SET_SHARES_E3 = (0, 180, 220, 250)  # of a load set by hand; the base takes the rest
NEIGHBOURS_W = tuple(k * 1000 for k in (  # other customers of the feeder
    90, 80, 75, 72, 75, 90, 130, 190, 260, 300, 310, 300,
    270, 280, 310, 320, 330, 340, 360, 370, 330, 260, 180, 120))  # fmt: skip
PHASE_A_E3, PHASE_B_E3 = 340, 325  # share of phases A and B; C takes the rest

# Primary side, phases A B C; volt_dv 0.1 V, frequency_chz 0.01 Hz; drawn_w: W a section.
Flow = namedtuple("Flow", "power_w reactive_var volt_dv frequency_chz drawn_w")


def hash_of(seed, place, knot) -> int:
    """splitmix64 of the three: 0 .. 2**64 - 1, the same on every machine."""
    x = (seed * 0x9E3779B97F4A7C15 + place * 0xD1B54A32D192ED03 + knot * 0x8CB92BA72F3D8DD7) & (2**64 - 1)
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return x ^ (x >> 31)


def noise(seed, place, t_s, span, swing) -> int:
    """Smooth noise in -swing..swing whose knots lie `span` seconds apart."""
    knot, inside = divmod(t_s, span)
    a = hash_of(seed, place, knot) % (2 * swing + 1)
    b = hash_of(seed, place, knot + 1) % (2 * swing + 1)
    return (a * (span - inside) + b * inside) // span - swing


def _at(curve, local_s) -> int:
    """Value of an hourly curve, straight lines between the hours."""
    hour, inside = divmod(local_s % DAY_S, 3600)
    return (curve[hour] * (3600 - inside) + curve[(hour + 1) % 24] * inside) // 3600


class Switch:
    """Switch of one round with its shunt coil, auxiliary contact and the customer's hand."""

    def __init__(self):
        self.coil = self.permitted = self.open = False
        self.opens_at_ms = self.closes_at_ms = None

    def next_ms(self):
        due = [t for t in (self.opens_at_ms, self.closes_at_ms) if t is not None]
        return min(due) if due else None


class Factory:
    """`seed` names the world; `t_ms` UTC start; `recloses_after_s` None = the customer never comes."""

    def __init__(self, seed, t_ms, utc_offset_s=28800, recloses_after_s=20):
        self.seed = seed
        self.t_ms = t_ms
        self.utc_offset_s = utc_offset_s
        self.recloses_after_s: int | None = recloses_after_s
        self.load_w: int | None = None  # demand of the whole factory set by hand; None = the day's curve
        self.switches = [Switch() for _ in range(ROUNDS)]
        self.main_open = False  # main switch, opened by the meter's own relay
        self.edges = deque(maxlen=EDGES_MAX)  # (t_ms, round, "coil on"/"coil off"/"open"/"closed")

    # ---- what it draws

    def wanted_w(self) -> tuple:
        """W each section would draw with every switch closed."""
        if self.load_w is not None:
            shed = [self.load_w * share // 1000 for share in SET_SHARES_E3[1:]]
            return (self.load_w - sum(shed), *shed)
        local_s = self.t_ms // 1000 + self.utc_offset_s
        return tuple(
            max(
                0,
                _at(s.curve_w, local_s) * (1000 + self._noise(i, 7, 12) + self._noise(i + 8, 61, 25)) // 1000,
            )
            for i, s in enumerate(SECTIONS)
        )

    def drawn_w(self) -> tuple:
        """W each section draws now."""
        if self.main_open:
            return (0,) * len(SECTIONS)
        closed = (True, *(not s.open for s in self.switches))
        return tuple(w if on else 0 for w, on in zip(self.wanted_w(), closed, strict=True))

    def flow(self) -> Flow:
        drawn = self.drawn_w()
        power = _phases(sum(drawn))
        reactive = _phases(sum(w * s.tan_e3 // 1000 for w, s in zip(drawn, SECTIONS, strict=True)))
        others = _at(NEIGHBOURS_W, self.t_ms // 1000 + self.utc_offset_s)
        volts = tuple(
            NOMINAL_DV - (3 * w + others) // DROP_W_PER_DV + self._noise(20 + i, 11, 4)
            for i, w in enumerate(power)
        )
        return Flow(power, reactive, volts, 5000 + self._noise(30, 5, 3), drawn)

    def _noise(self, place, span, swing):
        return noise(self.seed, place, self.t_ms // 1000, span, swing)

    # ---- time

    def slices(self, to_ms):
        """Advance to `to_ms`; yield (t_ms, dt_ms, Flow) of stretches without a change, at most 1 s long."""
        while self.t_ms < to_ms:
            self._move_switches()
            end = min([to_ms, (self.t_ms // 1000 + 1) * 1000, *self._due()])
            start, flow = self.t_ms, self.flow()
            self.t_ms = end
            yield start, end - start, flow
        self._move_switches()

    def next_ms(self):
        """Time of the next movement of a switch, or None."""
        return min(self._due(), default=None)

    def _due(self):
        return [t for t in (s.next_ms() for s in self.switches) if t is not None]

    def _move_switches(self):
        for i, switch in enumerate(self.switches):
            if switch.opens_at_ms is not None and switch.opens_at_ms <= self.t_ms:
                self._set_open(i, True)
            if switch.closes_at_ms is not None and switch.closes_at_ms <= self.t_ms:
                self.close(i + 1)

    def _set_open(self, i, is_open):
        switch = self.switches[i]
        switch.opens_at_ms = switch.closes_at_ms = None
        if switch.open != is_open:
            switch.open = is_open
            self.edges.append((self.t_ms, i + 1, "open" if is_open else "closed"))
        self._plan_reclose(switch)

    # ---- what others do to it

    def set_outputs(self, trip_mask, permit_mask):
        """Coils and "close permitted" lamps as the terminal drives them, bit 0 = round 1."""
        for i, switch in enumerate(self.switches):
            coil = bool(trip_mask >> i & 1)
            if coil != switch.coil:
                switch.coil = coil
                self.edges.append((self.t_ms, i + 1, "coil on" if coil else "coil off"))
                # A release that is cut off before the mechanism latched lets go again.
                switch.opens_at_ms = self.t_ms + MECHANISM_MS if coil and not switch.open else None
            switch.permitted = bool(permit_mask >> i & 1)
            self._plan_reclose(switch)

    def _plan_reclose(self, switch):
        """The customer walks to the switch when the lamp permits it and gives up when it goes out."""
        may = switch.open and switch.permitted and not switch.coil
        if not may or self.recloses_after_s is None:
            switch.closes_at_ms = None
        elif switch.closes_at_ms is None:
            switch.closes_at_ms = self.t_ms + self.recloses_after_s * 1000

    def set_recloses(self, seconds):
        """How long the customer takes to walk to a permitted switch; None = never goes. Walks begin anew."""
        self.recloses_after_s = seconds
        for switch in self.switches:
            switch.closes_at_ms = None
            self._plan_reclose(switch)

    def close(self, round_no) -> bool:
        """The customer closes the switch by hand; False when the coil still holds it (trip-free)."""
        switch = self.switches[round_no - 1]
        if switch.coil:
            switch.closes_at_ms = None
            return False
        self._set_open(round_no - 1, False)
        return True

    def mask(self, what) -> int:
        """Mask of the switches whose attribute `what` ("open", "coil", "permitted") is set."""
        return sum(getattr(s, what) << i for i, s in enumerate(self.switches))


def part_of(flow, section: int) -> Flow:
    """The share of one section, 0 = the base: what a meter in its feeder sees."""
    drawn_w = flow.drawn_w[section]
    reactive = _phases(drawn_w * SECTIONS[section].tan_e3 // 1000)
    return flow._replace(power_w=_phases(drawn_w), reactive_var=reactive)


def _phases(total) -> tuple:
    a, b = total * PHASE_A_E3 // 1000, total * PHASE_B_E3 // 1000
    return (a, b, total - a - b)
