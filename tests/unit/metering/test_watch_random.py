"""Random streams of samples: nothing raises, what ends has begun, and no more is open than there can be."""

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.meters.rules import RULES
from tests.unit.metering.watch_rig import QUIET, Rig

NUMBERS = st.sampled_from([*sorted(QUIET), 56, 320, 321, 322, 323, 324, 3200, 3204, 3213])
VALUES = st.one_of(
    st.none(),
    st.sampled_from([0, 1, -1, 5, 4, 1319, 1715, 2200, 3000, 6100, 66_000, 999_999_990, "text"]),
    st.integers(-(1 << 40), 1 << 40),
    st.integers(-100, 7000),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 130), st.dictionaries(NUMBERS, VALUES, max_size=6)),
        st.tuples(st.just("clock"), st.integers(-(1 << 41), 1 << 41), st.none()),
        st.tuples(st.just("silent"), st.integers(0, 200), st.none()),
        st.tuples(st.just("exclude"), st.integers(0, 2), st.integers(0, 100)),
        st.tuples(st.just("points"), st.integers(1, 2), st.none()),
        st.tuples(st.just("rule"), st.sampled_from(sorted(RULES)), st.integers(-1, 100)),
        st.tuples(st.just("groups"), st.integers(0, 1 << 40), st.integers(0, 1 << 40)),
    ),
    max_size=14,
)  # fmt: skip
RATINGS = st.sampled_from([(2200, 5000, 4, 3300), (1000, 1500, 3, 450), (0, 0, 4, 0)])
LIMIT = sum({"phase": 3, "moment": 0}.get(rule.by, 1) for rule in RULES.values())


def play(rig, steps):
    for verb, first, second in steps:
        if verb == "run":
            rig.run(first, **{f"n{no}": value for no, value in second.items()})
        elif verb == "clock":
            rig.clock.set_ms(abs(rig.clock.now_ms() + first))
        elif verb == "silent":
            rig.points.points[0].silent_s = first
        elif verb == "exclude":
            rig.watch.exclude(first, second)
        elif verb == "points":
            del rig.points.points[first:]
        elif verb == "rule":
            rule = RULES[first]
            rig.settings.change(6, {1: [[first, rule.threshold, rule.recovery, second]]})
        else:
            none = (None, None)
            rig.points.sums = (none,) * 6 + ((0, first), (0, second))


@settings(max_examples=150, deadline=None)
@given(STEPS, RATINGS, st.sampled_from([0, 100_000]))
def test_any_stream_of_samples(steps, rated, contract_w):
    rig = Rig(count=2, rated=rated, contract_w=contract_w)
    play(rig, steps)
    opened = set()
    for name, fields in rig.events:
        key = fields["kind"], fields.get("metering_point"), fields.get("phase")
        assert all(isinstance(value, int) for value in fields.values())
        if RULES[fields["kind"]].by == "moment":
            assert "ended" not in fields
        elif fields.get("ended") or name == "meter_read_recovered":
            assert key in opened
            assert fields["lasted_s"] >= 0
            opened.remove(key)
        else:
            assert key not in opened
            opened.add(key)
    assert all(len(seen[1]) <= LIMIT for seen in rig.watch._seen.values())
    told = [since & 1 for seen in rig.watch._seen.values() for since in seen[1].values()]
    assert sum(told) == len(opened), "what is open was told"
