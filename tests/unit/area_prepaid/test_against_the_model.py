"""Random households: what the ledger says remains is what the model's table adds up to, to the 10^-7 yuan."""

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from firmware.area import ledger_state
from firmware.area.tariffs import Tariff
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH
from tests.unit.area_prepaid.house import DAY_CODES, DAY_S, FLAT, HOURS, START_S, TIERS, House, config

GARBAGE_WH = 100_000_000  # more than any household uses in a history
REPEATED = REASON_NO["order_already_applied"], REASON_NO["order_number_old"]

later = st.sampled_from([30 * 60, DAY_S - 10 * 3600, 9 * DAY_S, 13 * DAY_S + 777])  # after the start
YEARLY = (9001, 7003, 5283, 2999), 12, (150_000, 400_000), (500, 3001)
VERSIONS = (
    lambda at_s: (FLAT,),
    lambda at_s: (HOURS,),
    lambda at_s: (TIERS,),
    lambda at_s: (Tariff(0, DAY_CODES, *YEARLY),),
    lambda at_s: (FLAT, TIERS._replace(from_s=START_S + at_s)),
    lambda at_s: (TIERS, TIERS._replace(from_s=START_S + at_s, prices_yuan_e4=(9999, 1))),
    lambda at_s: (
        TIERS,
        Tariff(START_S + at_s, DAY_CODES, *YEARLY),
        HOURS._replace(from_s=START_S + 4 * 10**6),
    ),
)
yuan_e4 = st.integers(1, 5_000_000)
seconds = st.one_of(st.integers(60, 3 * 3600), st.integers(3600, 40 * 3600))
OPS = st.one_of(
    st.tuples(st.just("live"), seconds, st.integers(0, 9000)),
    st.tuples(st.just("live"), seconds, st.integers(0, 9000)),
    st.tuples(st.just("read"), st.booleans()),
    st.tuples(st.just("read"), st.booleans()),
    st.tuples(st.just("buy"), yuan_e4, st.booleans()),
    st.tuples(st.just("repeat"), st.integers(0, 20), yuan_e4),
    st.tuples(st.just("garbage"), st.booleans()),
    st.tuples(st.just("old"), st.integers(0, 5)),
    st.tuples(st.just("replace"), seconds, st.booleans()),
)


class History:
    def __init__(self, house):
        self.house = house
        self.seen = []
        self.garbage_told = 0

    def live(self, for_s, power_w):
        self.house.live(for_s, power_w)

    def read(self, freezes):
        self.garbage_told = 0
        self.house.live(1, 0)  # no two answers come in the same second
        self.house.read(freezes)
        self.seen.append(self.house.point)

    def buy(self, value, refresh):
        self.house.buy(value, refresh)

    def repeat(self, back, value):
        number = self.house.number - back
        if number > 0:
            for flag in (APPEND, REFRESH):
                assert self.house.order(flag, value, number) in REPEATED

    def garbage(self, high):
        """One wrong answer, never four that agree."""
        if self.garbage_told < 3 and self.house.point:
            self.garbage_told += 1
            shown = self.house.shown()
            high = high or sum(shown) < GARBAGE_WH  # half of little is no garbage
            wrong = (shown[0] + GARBAGE_WH, *shown[1:]) if high else tuple(wh // 2 for wh in shown)
            self.house.tell(wrong, self.house.t_s)

    def old(self, back):
        if back < len(self.seen) and self.seen[-1 - back][0] <= self.house.point[0]:
            t_s, shown = self.seen[-1 - back]
            self.house.tell(shown, t_s)

    def replace(self, for_s, told):
        """Another meter; the change is told at once, or after the concentrator found it."""
        house = self.house
        if house.shown()[0] > 9 * GARBAGE_WH:
            return  # a register that rolls over on its meter's last day: the change is refused
        self.read(True)
        house.live(for_s, 3000)
        high = sum(house.shown()) < GARBAGE_WH // 2
        change = house.replace((200_000_000 if high else 40, 30, 20, 10), told)
        self.seen = []
        house.live(for_s // 2 + 1, 2000)
        if not told:
            house.find_broken()
            house.check()
            assert house.change(*change) == 0
        assert house.change(*change) != 0, "told twice"
        self.read(True)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(VERSIONS),
    later,
    st.booleans(),
    st.sampled_from([0, 3 * DAY_S]),
    st.booleans(),
    st.lists(OPS, min_size=10, max_size=60),
)
def test_the_balance_is_that_of_the_table(versions, at_s, by_rate, wait_s, near_the_roll, ops):
    told = config(versions(at_s), by_rate=int(by_rate), wait_s=wait_s)
    start = (999_990_000 if near_the_roll and by_rate else 50_000_000, 20_000_000, 30_000_000, 40_000_000)
    house = House(told, start)
    history = History(house)
    for name, *values in [*ops[:2], ("buy", 3_000_000, False), *ops[2:]]:
        getattr(history, name)(*values)
        house.check()
    event(f"meter changed {any(name == 'replace' for name, *_ in ops)}")


@settings(max_examples=100)
@given(st.booleans(), st.booleans(), st.lists(OPS, min_size=10, max_size=60))
def test_energy_is_charged_exactly_once(by_rate, near_the_roll, ops):
    """A balance in Wh: bought less remaining is what all registers have moved since the first order."""
    start = (999_990_000 if near_the_roll and by_rate else 50_000_000, 20_000_000, 30_000_000, 40_000_000)
    house = House(config((), by_rate=int(by_rate)), start)
    history = History(house)
    history.read(True)
    assert house.order(APPEND, 10**9, fee=0) == 0
    house.number = 1
    used_wh, before = 0, house.shown()
    for name, *values in ops:
        if name == "buy" or (name == "repeat" and house.number == 0):
            continue
        if name == "replace":
            if house.shown()[0] > 9 * GARBAGE_WH:
                continue
            history.read(True)
            house.live(values[0], 3000)
            used_wh += moved(before, house.shown())
            before = (40, 30, 20, 10)
            house.replace(before, told=True)
            history.seen = []
        else:
            getattr(history, name)(*values)
    history.read(True)
    used_wh += moved(before, house.shown())
    assert ledger_state.remaining(house.state) == 10**9 - used_wh


def moved(before, after):
    return sum((b - a) % 10**9 for a, b in zip(before, after, strict=True))
