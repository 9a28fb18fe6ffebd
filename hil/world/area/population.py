"""Who lives in an area and what is wrong there, drawn from a seed. Pure."""

from collections import namedtuple
from datetime import UTC, datetime

from hil.world.area.counter import Counter
from hil.world.area.curves import DAY_S, KINDS, between
from hil.world.area.home import Home
from hil.world.factory import hash_of
from protocols.uplink.archive_rows import MODULE

# How many of each in an area of 60; more and fewer meters have them in proportion
FAULTS = {
    "thieves": 2,  # take a share past the meter from a day on
    "strays": 1,  # stand in this archive, but another transformer feeds them
    "misfiled": 1,  # fed here, but on the lines and in the archive of another area
    "unfiled": 1,  # fed here and on the line, in no archive
    "dead": 1,  # never answer
    "wrong_clocks": 3,  # the first stands in 2099
    "stopped": 1,
    "flying": 1,
    "falling": 1,
    "replaced": 1,  # in the night after the first day
}
EQUIPMENT = {"pv": 6, "ev": 4, "dlt97": 5, "modbus": 2}
PER = 60
_COUNTS = FAULTS | EQUIPMENT
CLOCKS_S = (-420, 2400, -10800, 86400)  # of wrong clocks behind the first
YEAR_2099 = int(datetime(2099, 6, 1, tzinfo=UTC).timestamp())
HOMES_PER_POLE, POLES_PER_BRANCH = 5, 6
SECTION_MOHM = (10, 24)
PHASES_E2 = (45, 75)  # of 100 single-phase homes those up to here are on A, on A or B
PREPAID_E2 = 35
_THREE_PHASE_EVERY, _SHOP_EVERY, _LIGHT_EVERY = 12, 9, 30  # one home of so many
_PLACE = 500_000  # hash places of what is drawn here

# homes of the area; branches of hil.world.area.grid
Population = namedtuple("Population", "homes branches")


def counts_for(meters, given=None) -> dict:
    """{name: how many} of FAULTS and EQUIPMENT; `given` stands where it says something."""
    unknown = set(given or ()) - set(_COUNTS)
    if unknown:
        raise ValueError("no such fault: " + " ".join(sorted(unknown)))
    return {name: n * meters // PER for name, n in _COUNTS.items()} | (given or {})


def populate(seed, meters, lines, start_s, today_s, utc_offset_s, faults=None, module=0) -> Population:
    """`meters` on the lines, `module` of them behind the carrier module; registers run from `start_s`, faults
    begin around `today_s` (a local midnight).

    ValueError when there are more faults, or meters behind the module, than homes that could have them.
    """
    counts = counts_for(meters, faults)
    maker = _Maker(seed, start_s, today_s, utc_offset_s)
    homes = [maker.home(no) for no in range(meters + counts["misfiled"])]
    free = sorted(homes, key=lambda home: hash_of(seed, _PLACE + 1, home.no))
    for name, make in _MAKES.items():
        for n in range(counts[name]):
            home = next((h for h in free if _SUITS.get(name, _is_resident)(h)), None)
            if home is None:
                raise ValueError(f"no home is left for {name}")
            free.remove(home)
            make(maker, home, n)
    served = [home for home in homes if home.on_line]
    for i, home in enumerate(served):
        home.line = i % lines + 1
    if module > len(served):
        raise ValueError("no home is left for the module")
    for home in sorted(served, key=lambda home: hash_of(seed, _PLACE + 2, home.no))[:module]:
        home.line = MODULE
    for home in served:
        maker.finish(home)
    return Population(homes, maker.branches(len(homes)))


def _is_resident(home) -> bool:
    return home.kind.name == "resident"


_SUITS = {"modbus": lambda home: home.phase == 4}


class _Maker:
    def __init__(self, seed, start_s, today_s, utc_offset_s):
        self.seed, self.start_s, self.today_s = seed, start_s, today_s
        self.utc_offset_s = utc_offset_s
        self.today = (today_s + utc_offset_s) // DAY_S

    def draw(self, no, what, low, high) -> int:
        return between(self.seed, _PLACE + no, what, low, high)

    def home(self, no) -> Home:
        kind = self._kind(no)
        phase = 4 if kind.phases == 3 else 1 + sum(self.draw(no, 2, 0, 99) >= limit for limit in PHASES_E2)
        peak_w = self.draw(no, 3, *kind.peak_w)
        home = Home(self.seed, no, kind.name, phase, no // HOMES_PER_POLE, peak_w, self.counter(no))
        home.key_user = kind.phases == 3
        return home

    def _kind(self, no):
        for name, every in (
            ("street light", _LIGHT_EVERY),
            ("workshop", _THREE_PHASE_EVERY),
            ("shop", _SHOP_EVERY),
        ):
            if no % every == every - 2:
                return KINDS[name]
        return KINDS["resident"]

    def counter(self, no, generation=0) -> Counter:
        address = f"33{generation:02d}{self.seed % 10_000:04d}{no + 1:04d}"
        start_wh = 0 if generation else self.draw(no, 4, 800_000, 20_000_000)
        curve_min = (15, 30, 60)[self.draw(no, 5, 0, 2)]
        return Counter(address, "dlt645-2007", self.start_s, self.utc_offset_s, start_wh, curve_min)

    def finish(self, home):
        """What depends on the rest: the delay of every counter, prepaid of those whose meter has a relay."""
        for counter in home.counters:
            counter.delay_ms = self.draw(home.no, 6, 20, 90)
            counter.tan_e3 = home.kind.tan_e3
        plain = home.counter.protocol == "dlt645-2007" and not home.pv_w and home.filed_here
        home.prepaid = plain and _is_resident(home) and self.draw(home.no, 7, 0, 99) < PREPAID_E2

    def branches(self, homes) -> list:
        poles = (homes + HOMES_PER_POLE - 1) // HOMES_PER_POLE
        mohm = [self.draw(pole, 8, *SECTION_MOHM) for pole in range(poles)]
        return [mohm[at : at + POLES_PER_BRANCH] for at in range(0, poles, POLES_PER_BRANCH)]

    # ---- faults and equipment, each of home and its number among its kind

    def _at(self, home, low_h, high_h) -> int:
        """UTC of a moment so many hours after midnight of the first day."""
        return self.today_s + self.draw(home.no, 9, low_h * 3600, high_h * 3600)

    def thief(self, home, _n):
        home.stolen_e3 = self.draw(home.no, 10, 300, 900)
        home.thief_day = self.today + self.draw(home.no, 11, -1, 1)
        home.peak_w = max(home.peak_w, 2500)

    def stray(self, home, _n):
        home.fed_here = False

    def misfiled(self, home, _n):
        home.on_line = home.filed_here = False

    def unfiled(self, home, _n):
        home.filed_here = False

    def dead(self, home, _n):
        home.counter.mute = True

    def wrong_clock(self, home, n):
        off_s = YEAR_2099 - self.today_s if n == 0 else CLOCKS_S[(n - 1) % len(CLOCKS_S)]
        home.counter.clock_offset_s = off_s

    def stopped(self, home, _n):
        home.events = [(self._at(home, 6, 20), "stop", True)]

    def flying(self, home, _n):
        home.events = [(self._at(home, 6, 20), "fly", True)]

    def falling(self, home, _n):
        home.events = [(self._at(home, 6, 20), "fall", self.draw(home.no, 12, 5_000, 90_000))]

    def replaced(self, home, _n):
        new = self.counter(home.no, 1)
        new.mute = True
        home.counters.append(new)
        home.events = [(self._at(home, 26, 28), "replace", new)]

    def pv(self, home, _n):
        home.pv_w = self.draw(home.no, 13, 3000, 8000)

    def ev(self, home, _n):
        home.ev_day = self.today + 1

    def dlt97(self, home, _n):
        home.counter.protocol = "dlt645-1997"

    def modbus(self, home, n):
        home.counter.protocol = "modbus"
        home.counter.address = f"{n + 1:012d}"


_MAKES = {
    "modbus": _Maker.modbus,
    "thieves": _Maker.thief,
    "strays": _Maker.stray,
    "misfiled": _Maker.misfiled,
    "unfiled": _Maker.unfiled,
    "dead": _Maker.dead,
    "wrong_clocks": _Maker.wrong_clock,
    "stopped": _Maker.stopped,
    "flying": _Maker.flying,
    "falling": _Maker.falling,
    "replaced": _Maker.replaced,
    "pv": _Maker.pv,
    "ev": _Maker.ev,
    "dlt97": _Maker.dlt97,
}
