"""Whatever clock and power do: a label is told once in good quality, a day has at most its minutes."""

import tempfile
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.metering.tally import SUSPECT
from protocols.meters.statistics import BY_ALIAS
from protocols.uplink.messages import BILLING, CURVE, DAILY, MONTHLY, STATS
from tests.unit.metering.recorder_bench import DAY_S, Bench, utc

MINUTES, POWER_ON = BY_ALIAS["voltage_a_assessed_min"][0], BY_ALIAS["power_on_min"][0]
GOOD = {1: 2200, 8: 1000, 320: 77}
START_S = utc(2028, 2, 28, 23, 30)
STEPS_S = (-32 * DAY_S, -DAY_S, -3600, -90, -5, 5, 90, 3600, DAY_S, 32 * DAY_S, 400 * DAY_S)

actions = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 90)),
        st.tuples(st.just("seconds"), st.integers(1, 150)),
        st.tuples(st.just("step"), st.sampled_from(STEPS_S)),
        st.tuples(st.just("lost"), st.sampled_from(STEPS_S)),
        st.tuples(st.just("midnight"), st.integers(1, 40)),
        st.tuples(st.just("cut"), st.sampled_from((0, 1, 30, 1500, 50_000))),
    ),
    max_size=14,
)


def act(bench, what, n):
    if what == "run":
        for _ in range(n):
            bench.minute({1: GOOD})
    elif what == "seconds":
        bench.run(n, GOOD)
    elif what == "cut":
        bench.clock.advance(60_000 * n)
        bench.boot()
    else:
        t_s = bench.clock.now_s()
        if what == "midnight":
            bench.clock.set_ms((t_s - t_s % DAY_S + DAY_S - n) * 1000)
            bench.run(n + 70, GOOD)
        else:
            bench.clock.set_ms((t_s + n) * 1000)
            bench.clock.ok = what == "step"


def label(kind, body):
    when = body.get("slot_s", body.get("from_s", body.get("day_s")))
    return kind, when, body.get("period"), body.get("metering_point")


@settings(max_examples=150, deadline=None)
@given(actions)
def test_over_any_steps_and_cuts(todo):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, START_S, billing_days=(1 << 31) - 1, billing_hour=0)
        for what, n in todo:
            act(bench, what, n)
        bench.kv.close()
    good, before = Counter(), {}
    for _stream, kind, _t_s, _t_ok, body in bench.out:
        name = label(kind, body)
        assert good[name] == 0, "nothing follows a good record of the same label"
        good[name] += body["quality"] != SUSPECT
        kinds = kind, name[2], name[3]
        if body["quality"] == SUSPECT:
            assert before.get(kinds) != name, "nor a suspect one itself"
        before[kinds] = name
        if kind == STATS and body["period"] == 1:
            assert body["values"].get(MINUTES, 0) <= 1440
            assert body["values"].get(POWER_ON, 0) <= 1440
        assert kind in (CURVE, DAILY, MONTHLY, BILLING, STATS)
