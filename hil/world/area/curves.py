"""What households draw and roofs give, by quarter of an hour. Pure: same seed, home and day, same curve.

A quarter (slot) is the grain of the area: inside it power is constant but for relays.
"""

from collections import namedtuple
from functools import lru_cache

from hil.world.factory import hash_of

SLOT_S = 900
SLOTS = 96
DAY_S = 86400
SATURDAY = 5

# work, rest: draw at each local hour 0..23 in 1/1000 of the peak, Monday to Friday and at the weekend;
# swing_e3: how far a quarter may be off; tan_e3: reactive/active x 1000; peak_w: lowest and highest
Kind = namedtuple("Kind", "name phases swing_e3 tan_e3 peak_w work rest")

_NIGHT = (0,) * 24
KINDS = {
    kind.name: kind
    for kind in (
        Kind("resident", 1, 450, 250, (900, 3600),
             (180, 150, 140, 130, 130, 160, 300, 420, 330, 260, 250, 330,
              420, 300, 250, 260, 320, 480, 760, 960, 1000, 880, 560, 300),
             (220, 180, 150, 140, 140, 150, 220, 350, 470, 520, 540, 620,
              660, 540, 480, 470, 520, 640, 840, 1000, 990, 880, 620, 380)),
        Kind("shop", 1, 200, 330, (1500, 5000),
             (120, 110, 110, 110, 110, 120, 180, 380, 720, 880, 950, 980,
              960, 930, 920, 930, 960, 1000, 980, 930, 800, 500, 200, 130),
             (120, 110, 110, 110, 110, 120, 180, 360, 680, 860, 960, 1000,
              990, 970, 960, 970, 990, 1000, 980, 940, 840, 560, 220, 130)),
        Kind("workshop", 3, 150, 620, (6000, 18000),
             (40, 40, 40, 40, 40, 50, 90, 480, 860, 960, 1000, 940,
              420, 760, 960, 980, 940, 700, 260, 120, 60, 50, 40, 40),
             (40, 40, 40, 40, 40, 40, 50, 90, 160, 200, 200, 180,
              90, 120, 160, 160, 120, 80, 50, 40, 40, 40, 40, 40)),
        Kind("street light", 1, 10, 480, (800, 1600),
             (1000, 1000, 1000, 1000, 1000, 1000, 300, *_NIGHT[7:18], 600, 1000, 1000, 1000, 1000, 1000),
             (1000, 1000, 1000, 1000, 1000, 1000, 300, *_NIGHT[7:18], 600, 1000, 1000, 1000, 1000, 1000)),
    )
}  # fmt: skip
DAY_SWING_E3 = 200  # of a home's level from day to day
EV_W = 7000  # charges in the evening
EV_SLOTS = range(76, 88)  # 19:00 to 22:00
_PLACES = 1_000_000  # hash places of the curves of homes begin here, those of roofs behind them


def between(seed, place, knot, low, high) -> int:
    """Evenly spread over low..high, both included."""
    return low + hash_of(seed, place, knot) % (high - low + 1)


def load_w(seed, no, kind, peak_w, day) -> list:
    """W of each quarter of local day `day` (days since 1970)."""
    curve = kind.rest if (day + 3) % 7 >= SATURDAY else kind.work  # day 0 was a Thursday
    place = _PLACES + no
    level = peak_w * (1000 + between(seed, place, -1 - day, -DAY_SWING_E3, DAY_SWING_E3))
    out = []
    for hour in range(24):
        bits = hash_of(seed, place, day * 24 + hour)
        now, then = curve[hour], curve[(hour + 1) % 24]
        for quarter in range(4):
            off = ((bits >> 16 * quarter & 0xFFFF) * 2 * kind.swing_e3 >> 16) - kind.swing_e3
            shape = now * (4 - quarter) + then * quarter
            out.append(level * shape * (1000 + off) // 4_000_000_000)
    return out


@lru_cache(maxsize=16)
def sun_e3(seed, day) -> list:
    """What the sun gives in each quarter, 0..1000, over the whole area alike: noon's height and clouds."""
    clear = between(seed, _PLACES - 1, day, 300, 1000)
    out = []
    for slot in range(SLOTS):
        up = max(0, (slot - 24) * (72 - slot))  # 06:00 to 18:00, 576 at noon
        cloud = between(seed, _PLACES - 2, day * SLOTS + slot, clear * 7 // 10, clear)
        out.append(up * cloud // 576)
    return out
