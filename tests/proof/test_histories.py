"""Random years of one customer: every invariant at every moment, whatever happens in between.

Small and always the same in a usual run; `LOADKEEPER_PROOF=long pytest tests/proof/test_histories.py` looks
at other and longer histories each time.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from protocols.uplink import codes, messages
from tests.proof.house import DAY_S, House

LONG = os.environ.get("LOADKEEPER_PROOF") == "long"
ZONES_S = tuple(quarter * 900 for quarter in (-48, -38, -20, 0, 4, 14, 22, 23, 32, 38, 51, 56))
STEPS_S = (1, 1, 2, 5, 29, 60, 60, 61, 120, 600, 1800, 3600, 6 * 3600, DAY_S, 9 * DAY_S, 40 * DAY_S)
MINUTES = st.integers(1, 15)
TALLY = {"histories": 0, "decisions": 0, "days": 0}

rounds = st.integers(1, 3)
groups = st.sampled_from((1, 1, 1, 2))
watts = st.sampled_from((0, 20_000, 50_000, 80_000, 99_999, 100_000, 100_001, 150_000))
percents = st.sampled_from((-79, -20, 0, 20, 79))
loops = st.fixed_dictionaries(
    {
        "rounds": rounds,
        "alarm_s": st.sampled_from(([1], [60], [120, 180], [5, 60, 60])),
        "slide_s": st.sampled_from((1, 5, 60, 300)),
        "safety_w": watts,
        "post_trip_s": st.sampled_from((1, 60, 120, 600)),
        "group": groups,
    }
)
half_hours = st.lists(st.sampled_from((0, 0x55, 0xAA, 0x05, 0x50)), min_size=12, max_size=12)


def with_loop(**own):
    return st.tuples(st.fixed_dictionaries(own), loops).map(lambda two: {**two[0], **two[1]})


period_plans = with_loop(
    codes=half_hours.map(bytes),
    setpoints_w=st.lists(watts, min_size=1, max_size=8),
    float_pct=percents,
    periods=st.sampled_from((255, 1, 2, 6)),
)
factory_rests = with_loop(
    setpoint_w=watts,
    start_min=st.integers(0, 1439),
    duration_s=st.integers(1, 48).map(lambda halves: halves * 1800),
    days=st.integers(1, 127),
)
down_floats = with_loop(
    float_pct=percents,
    freeze_s=st.integers(300, 3600),
    duration_s=st.integers(1, 48).map(lambda halves: halves * 1800),
)


class Histories(RuleBasedStateMachine):
    @initialize(
        count=st.integers(2, 3),
        zone_s=st.sampled_from(ZONES_S),
        before_wrap_ms=st.integers(1, 1 << 29),
        lost_link_s=st.sampled_from((0, 0, 3600, 86400)),
        power_up_s=st.sampled_from((0, 0, 60, 600)),
        hours=st.sampled_from((0, 0, 0, 0x0000FF, 1 << 23)),
    )
    def begin(self, count, zone_s, before_wrap_ms, lost_link_s, power_up_s, hours):
        self.house = House(
            count,
            zone_s,
            before_wrap_ms=before_wrap_ms,
            lost_link_s=lost_link_s,
            power_up_s=power_up_s,
            hours=hours,
        )
        self.began_s = self.house.now.run_s
        self.last = {1: 0, 2: 0}  # order number of each group

    def teardown(self):
        if hasattr(self, "house"):
            TALLY["histories"] += 1
            TALLY["decisions"] += self.house.decisions
            TALLY["days"] += (self.house.now.run_s - self.began_s) // DAY_S

    # ---- time, link, readings, load

    @rule(seconds=st.sampled_from(STEPS_S), heard=st.integers(0, 1))
    def wait(self, seconds, heard):
        self.house.wait(seconds, heard)

    @rule(minutes=MINUTES, heard=st.integers(0, 1))
    def run(self, minutes, heard):
        """As it usually goes: a decision every few seconds."""
        for _ in range(minutes * 6):
            self.house.wait(10, heard)

    @rule(jump_s=st.sampled_from((-400 * DAY_S, -DAY_S, -3600, -61, -1, 1, 61, 3600, DAY_S, 400 * DAY_S)))
    def set_clock(self, jump_s):
        """UTC and local time jump; run_s must not."""
        self.house.clock.set_ms(max(0, self.house.clock.now_ms() + jump_s * 1000))
        self.house.decide()

    @rule(zone_s=st.sampled_from(ZONES_S))
    def move(self, zone_s):
        """Local time jumps alone."""
        self.house.offset_s = zone_s
        self.house.decide()

    @rule(readable=st.booleans())
    def meter(self, readable):
        self.house.readable = readable
        self.house.unsettled = True
        self.house.decide()

    @rule(group=groups, load_w=watts)
    def load(self, group, load_w):
        self.house.load_w[group] = load_w
        self.house.decide()

    # ---- power

    @rule(off_s=st.sampled_from((0, 0, 1, 30, 600, 7200, DAY_S)), ok=st.booleans(), lose=st.booleans())
    def power_cut(self, off_s, ok, lose):
        self.house.restart(off_s, ok, lose_last=lose)

    @rule(off_s=st.sampled_from((0, 600)))
    def guarantee_becomes_unreadable(self, off_s):
        self.house.guarantee_becomes_unreadable(off_s)

    # ---- commands

    @rule(params=period_plans)
    def period_plan(self, params):
        self.house.give(messages.PERIOD_PLAN, params)

    @rule(loop=loops, minutes=MINUTES)
    def overload(self, loop, minutes):
        """A plan that is exceeded the whole day, and time for its alarms and trips."""
        self.house.load_w[loop["group"]] = 160_000
        plan = {"codes": b"\x55" * 12, "setpoints_w": [60_000], "float_pct": 0, "periods": 255, **loop}
        self.house.give(messages.PERIOD_PLAN, plan)
        self.run(minutes, 1)

    @rule(params=factory_rests)
    def factory_rest(self, params):
        self.house.give(messages.FACTORY_REST, params)

    @rule(setpoint_w=watts, loop=loops, first=st.integers(-2, 2), days=st.integers(1, 3))
    def business_stop(self, setpoint_w, loop, first, days):
        from_day = (self.house.clock.now_s() + self.house.offset_s) // DAY_S + first
        own = {"setpoint_w": setpoint_w, "from_day": max(0, from_day), "until_day": max(0, from_day) + days}
        self.house.give(messages.BUSINESS_STOP, {**own, **loop})

    @rule(params=down_floats)
    def down_float(self, params):
        self.house.give(messages.DOWN_FLOAT, params)

    @rule(periods=st.integers(0, 255), scheme=st.integers(0, 2), group=groups)
    def period_enable(self, periods, scheme, group):
        self.house.give(messages.PERIOD_ENABLE, {"periods": periods, "scheme": scheme, "group": group})

    @rule(setpoint_wh=st.sampled_from((1, 50_000, 5_000_000)), mask=rounds, group=groups)
    def month_energy(self, setpoint_wh, mask, group):
        params = {"setpoint_wh": setpoint_wh, "float_pct": 0, "alarm_pct": 80, "rounds": mask, "group": group}
        self.house.give(messages.MONTH_ENERGY, params)

    @rule(
        value_wh=st.sampled_from((1, 1000, 100_000, 10_000_000)),
        trip_wh=st.sampled_from((-5000, 0, 500)),
        flag=st.sampled_from((codes.APPEND, codes.REFRESH)),
        number=st.integers(-3, 1),
        mask=rounds,
        group=groups,
    )
    def purchase(self, value_wh, trip_wh, flag, number, mask, group):
        """Orders in order and, with a number that is not new, again."""
        if self.house.unsettled:
            self.house.settle()
        order = max(1, self.last[group] + number)
        params = {
            "order": order,
            "flag": flag,
            "value_wh": value_wh,
            "alarm_wh": trip_wh + 1000,
            "trip_wh": trip_wh,
            "rounds": mask,
            "group": group,
        }
        if not self.house.give(messages.PURCHASE, params):
            self.last[group] = max(self.last[group], order)

    @rule(control=st.integers(2, 7), group=groups)
    def release(self, control, group):
        self.house.give(messages.RELEASE, {"control": control, "group": group})

    @rule(mask=rounds, delay_s=st.sampled_from((0, 60, 300, 900)), limit_s=st.sampled_from((0, 60, 3600)))
    def trip(self, mask, delay_s, limit_s):
        self.house.give(messages.TRIP, {"rounds": mask, "delay_s": delay_s, "limit_s": limit_s})

    @rule(mask=rounds)
    def permit_close(self, mask):
        self.house.give(messages.PERMIT_CLOSE, {"rounds": mask})

    @rule(on=st.integers(0, 1), duration_s=st.sampled_from((0, 1800, 3600, 86400)))
    def guarantee(self, on, duration_s):
        self.house.give(messages.GUARANTEE, {"on": on, "duration_s": duration_s if on else 0})

    @rule()
    def guarantee_ends(self):
        self.house.give(messages.GUARANTEE, {"on": 0, "duration_s": 0})

    @rule()
    def auto_release(self):
        self.house.give(messages.AUTO_RELEASE, {})

    @rule(on=st.integers(0, 1), scope=st.integers(0, 1))
    def exclusion(self, on, scope):
        self.house.give(messages.EXCLUSION, {"on": on}, scope)

    @rule()
    def settle(self):
        self.house.settle()


PROFILE = settings(
    max_examples=1000 if LONG else 150,
    stateful_step_count=120 if LONG else 50,
    derandomize=not LONG,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.timeout(7200 if LONG else 300)
def test_every_invariant_at_every_moment_of_random_years(record_property):
    run_state_machine_as_test(Histories, settings=PROFILE)
    text = "random years: {histories} histories, {decisions} decisions, {days} days".format(**TALLY)
    print(text)
    record_property("covered", text)
