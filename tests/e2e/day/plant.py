"""The customer of the long day: loads, switches, registers. Pure, for both runtimes; it is the truth.

A load stands still for a minute and follows its hour and a ripple, so that anybody can add it up again. Times
are UTC seconds, power W and energy W s on the primary side, masks have round 1 in bit 0.

    switch   closed --coil--> open --permitted for WALK_S--> closed by the customer
"""

OFFSET_S = 28800
MULTIPLIER = 160
ROUNDS = 3
WALK_S = 20
# kW of each local hour: the base, then what rounds 1, 2, 3 shed
LOADS_KW = (
    (40, 40, 38, 38, 40, 45, 60, 80, 110, 120, 124, 118, 90, 104, 120, 124, 122, 110, 90, 80, 70, 60, 50, 44),
    (16, 16, 16, 16, 16, 20, 30, 40, 52, 56, 58, 54, 40, 48, 56, 58, 54, 48, 36, 30, 24, 20, 18, 16),
    (4, 4, 4, 4, 4, 6, 14, 30, 54, 62, 64, 60, 24, 44, 62, 66, 62, 50, 30, 18, 10, 6, 4, 4),
    (20, 20, 18, 18, 20, 22, 28, 36, 46, 54, 60, 64, 62, 60, 64, 66, 60, 52, 44, 38, 32, 28, 24, 22),
)
RATES = "333333332222111122222111"  # of each local hour; 1 is the dearest
# Local minutes with a sagging feeder: below 93 % of 220 V.
SAG_FROM, SAG_UNTIL, SAG_DV, RATED_DV = 190, 220, 2010, 2200


def load_w(section, local_min):
    """What a section draws in that local minute when its switch is closed; section 0 has none."""
    kw = LOADS_KW[section][local_min // 60 % 24]
    return kw * (1000 + (local_min * 37 + section * 11) % 41 - 20)


def voltage_dv(local_min):
    """The same in all phases."""
    if SAG_FROM <= local_min % 1440 < SAG_UNTIL:
        return SAG_DV
    return 2260 + local_min % 7


class Plant:
    """`told(line)` is called at each movement of a switch."""

    def __init__(self, t_s, told):
        self.t_s = t_s
        self.energy_ws = [0] * 4  # of rate 1..4
        self.open = self.coil = self.permitted = 0
        self._closes_s = [0] * ROUNDS  # when the customer will have walked there; 0 he does not
        self._told = told

    # ---- over a power cut of the terminal

    def dump(self):
        return [self.t_s, self.open, list(self.energy_ws)]

    def load(self, kept):
        self.t_s, self.open, self.energy_ws = kept

    # ---- what the terminal does

    def drive(self, mask, t_s):
        self.advance(t_s)
        self.coil = mask
        self._move(self.open | mask, t_s)
        self._walk(t_s)

    def permit(self, mask, t_s):
        self.advance(t_s)
        self.permitted = mask
        self._walk(t_s)

    def close(self, mask, t_s):
        """A pulse on closing coils."""
        self.advance(t_s)
        self._move(self.open & ~(mask & ~self.coil), t_s)

    # ---- time

    def power_w(self):
        minute = (self.t_s + OFFSET_S) // 60
        power = load_w(0, minute)
        for i in range(ROUNDS):
            if not self.open >> i & 1:
                power += load_w(i + 1, minute)
        return power

    def advance(self, to_s):
        while self.t_s < to_s:
            due = [at for at in self._closes_s if at]
            end = min(to_s, (self.t_s // 60 + 1) * 60, min(due or [to_s]))
            rate = int(RATES[(self.t_s + OFFSET_S) // 3600 % 24]) - 1
            self.energy_ws[rate] += self.power_w() * (end - self.t_s)
            self.t_s = end
            for i in range(ROUNDS):
                if self._closes_s[i] and self._closes_s[i] <= end:
                    self._closes_s[i] = 0
                    self._move(self.open & ~(1 << i), end)

    def _walk(self, t_s):
        may = self.open & self.permitted & ~self.coil
        for i in range(ROUNDS):
            if not may >> i & 1:
                self._closes_s[i] = 0
            elif not self._closes_s[i]:
                self._closes_s[i] = t_s + WALK_S

    def _move(self, mask, t_s):
        if mask != self.open:
            self.open = mask
            self._told(f"switch t_s={t_s} open={mask}")
