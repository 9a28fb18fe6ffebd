"""The low-voltage network: poles on branches, currents, losses and voltages of one state of all homes. Pure.

Every pole hangs on the section of line before it. What the poles behind draw flows through that section, so
voltage falls with load and distance, on each phase by itself, and copper loses I^2 R, the neutral included.
Currents are taken at 220 V: no energy but the loss depends on the error.

    transformer --section-- pole 1 --section-- pole 2 ...      one branch
"""

from array import array
from collections import namedtuple

RATED_V = 220
UV_PER_DV = 100_000
SHORT_CIRCUIT_UV = RATED_V * 40_000  # 4 % of the voltage falls in the transformer at its rated current
# S11 transformers: rated kVA -> iron loss W, copper loss at full load W
TRANSFORMERS = {
    30: (100, 600), 50: (130, 870), 80: (180, 1250), 100: (200, 1500), 160: (280, 2200), 200: (340, 2600),
    315: (480, 3650), 400: (570, 4300), 500: (680, 5150), 630: (810, 6200), 800: (980, 7500),
    1000: (1150, 10300), 1250: (1360, 12000), 1600: (1640, 14500), 2000: (1940, 17400), 2500: (2290, 20200),
}  # fmt: skip

# power_w: W that homes draw on phases A B C; iron_mw, copper_mw: losses; drop_dv: 0.1 V below the
# head of the feeder at 3 * pole + phase; head_dv: the same of the transformer's terminals
State = namedtuple("State", "power_w iron_mw copper_mw drop_dv head_dv")


class Grid:
    """`branches` [[mOhm of the section before each pole], ...]; poles are numbered through all branches."""

    def __init__(self, branches, kva):
        self.kva = kva
        self.iron_w, full_w = TRANSFORMERS[kva]
        self.rated_ma = kva * 1_000_000 // (3 * RATED_V)
        self.winding_uohm = full_w * 10**12 // (3 * self.rated_ma**2)
        self._branches = []
        first = 0
        for sections in branches:
            self._branches.append([(first + i, mohm) for i, mohm in enumerate(sections)])
            first += len(sections)
        self.poles = first

    def state(self, drawn_w) -> State:
        """`drawn_w`: W at 3 * pole + phase, negative where fed in."""
        drop = array("h", bytes(6 * self.poles))
        total, copper_nw = [0, 0, 0], 0
        flows = []
        for branch in self._branches:
            flows.append(_currents(branch, drawn_w, total))
            copper_nw += sum(mohm * _square(ma) for (_pole, mohm), ma in zip(branch, flows[-1], strict=True))
        all_ma = [_ma(w) for w in total]
        head_uv = [SHORT_CIRCUIT_UV * ma // self.rated_ma for ma in all_ma]
        for branch, currents in zip(self._branches, flows, strict=True):
            _drops(branch, currents, head_uv, drop)
        copper_nw += self.winding_uohm * sum(ma * ma for ma in all_ma) // 1000
        head_dv = tuple(uv // UV_PER_DV for uv in head_uv)
        return State(tuple(total), self.iron_w * 1000, copper_nw // 10**6, drop, head_dv)


def _ma(watts) -> int:
    return watts * 1000 // RATED_V


def _square(currents) -> int:
    """Sum of squares in three phases and the neutral, which carries what they do not cancel, mA^2."""
    a, b, c = currents
    return 2 * (a * a + b * b + c * c) - a * b - b * c - c * a


def _currents(branch, drawn_w, total) -> list:
    """mA on the phases of each section; adds the branch's W to `total`."""
    a = b = c = 0
    out = []
    for pole, _mohm in reversed(branch):
        a += drawn_w[3 * pole]
        b += drawn_w[3 * pole + 1]
        c += drawn_w[3 * pole + 2]
        out.append((_ma(a), _ma(b), _ma(c)))
    for phase, watts in enumerate((a, b, c)):
        total[phase] += watts
    return out[::-1]


def _drops(branch, currents, head_uv, drop):
    for phase in range(3):
        uv = head_uv[phase]
        for (pole, mohm), ma in zip(branch, currents, strict=True):
            uv += mohm * ma[phase]
            drop[3 * pole + phase] = uv // UV_PER_DV
