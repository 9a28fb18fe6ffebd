"""Parameters and stored values come from outside: every one is checked, none can raise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.control import core
from firmware.control.records import TIMERS
from protocols import cbor
from protocols.uplink import messages
from protocols.uplink.codes import REASONS
from tests.unit.control.bench import Terminal, on, order, plan, refresh

TRIP = {"rounds": 1, "delay_s": 0, "limit_s": 0}
GOOD = {
    messages.TRIP: TRIP,
    messages.PERMIT_CLOSE: {"rounds": 1},
    messages.PERIOD_PLAN: plan(),
    messages.PURCHASE: order(1, 1000),
    messages.GUARANTEE: on(60),
}
OUT_OF_RANGE = {
    messages.TRIP: {"delay_s": (-1, 901), "limit_s": (-1, 604801)},
    messages.PERIOD_PLAN: {
        "codes": (bytes(11), bytes(13), b"\x03" + bytes(11), b"\xc0" + bytes(11), list(bytes(12))),
        "setpoints_w": ([], [1] * 9, [-1], [10**9 + 1], [None], ["1"], [True], 5, {}),
        "float_pct": (-80, 80),
        "periods": (0, 256),
        "alarm_s": ([], [0], [3601], [1] * 9, [[1]]),
        "slide_s": (0, 3601),
        "safety_w": (-1, 10**9 + 1),
        "post_trip_s": (0, 601),
    },
    messages.PURCHASE: {
        "order": (0, -1, 1 << 32),
        "flag": (0, 0x56, 0xAB),
        "value_wh": (10**12 + 1, -(10**12) - 1),
        "alarm_wh": (-1, 10**12 + 1),
        "trip_wh": (301, -(10**12) - 1),
    },
    messages.GUARANTEE: {"on": (-1, 2), "duration_s": (-1, 86401)},
}
BAD = [
    (kind, {**GOOD[kind], field: value})
    for kind, fields in OUT_OF_RANGE.items()
    for field, values in fields.items()
    for value in values
]
ODD = (None, True, 1.5, "1", b"1", [], {}, 1 << 70, -(1 << 70))


def name_of(kind, params, rounds=2):
    state = core.fresh(rounds)
    after, reason, events = core.apply(state, kind, params, Terminal().now, 1)
    if reason:
        assert after is state
        assert events == []
    return REASONS[reason]


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_good_parameters_are_taken(kind):
    assert name_of(kind, GOOD[kind]) in ("none", "nothing_to_permit")


@pytest.mark.parametrize(("kind", "params"), BAD)
def test_parameter_out_of_its_range_is_refused(kind, params):
    assert name_of(kind, params) == "bad_params"


@pytest.mark.parametrize("kind", sorted(GOOD))
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_wrong_type_in_any_field_is_refused(kind, odd):
    for field in GOOD[kind]:
        assert name_of(kind, {**GOOD[kind], field: odd}) in ("bad_params", "no_such_round"), field


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_missing_field_is_refused(kind):
    for field in GOOD[kind]:
        assert name_of(kind, {key: GOOD[kind][key] for key in GOOD[kind] if key != field}) == "bad_params"


@pytest.mark.parametrize("kind", [1, 2, 3, 5])
@pytest.mark.parametrize("rounds", [0, 0b100, 0b101, 1 << 31])
def test_rounds_the_terminal_does_not_have(kind, rounds):
    assert name_of(kind, {**GOOD[kind], "rounds": rounds}) == "no_such_round"


@pytest.mark.parametrize("kind", [0, 8, -1, None, "1", True, [1]])
def test_unknown_kind(kind):
    assert name_of(kind, {}) == "unknown_kind"


def test_unknown_fields_are_ignored_for_newer_stations():
    assert name_of(messages.TRIP, {**TRIP, "later": 1}) == "none"


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.binary(max_size=13)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(kind=st.sampled_from(sorted(messages.COMMANDS)), data=st.data())
def test_no_parameters_raise(kind, data):
    fields = [field for _key, field, _type, _need in messages.rows(messages.COMMANDS[kind])]
    params = data.draw(anything | st.fixed_dictionaries({field: anything for field in fields}))
    assert name_of(kind, params)


def used_state():
    """A state in which every part holds something."""
    terminal = Terminal()
    terminal.step()
    terminal.do(messages.PERIOD_PLAN, plan())
    terminal.do(messages.PURCHASE, refresh(7, 1000))
    terminal.do(messages.TRIP, {"rounds": 2, "delay_s": 0, "limit_s": 600})
    terminal.run(125)
    terminal.do(messages.GUARANTEE, on(600))
    terminal.do(messages.GUARANTEE, {"on": 0, "duration_s": 0})
    terminal.do(messages.TRIP, {"rounds": 2, "delay_s": 0, "limit_s": 600})
    terminal.run(125)
    return terminal.state


USED = used_state()
OWNER = {  # part of the dump -> fields of the state it may cost
    "run_s": {"run_s", "guarantee"},  # a guarantee from the future is in doubt
    "guarantee": {"guarantee"},
    "remote": {"remote"},
    "plan": {"plan", "loop"},
    "loop": {"loop"},
    "orders": {"purchase"},
    "purchase": {"purchase"},
    "account": {"account"},
    "lamps": {"tripped", "permits"},
}  # and run_s may cost the time that timers have run


def test_every_part_of_the_dump_is_known_here():
    assert set(core.dump(USED)) == {"version", *OWNER}
    assert USED.loop.tripped
    assert USED.remote
    assert core.load(cbor.decode(cbor.encode(core.dump(USED))), 2) == USED


def untimed(value):
    """Without the instants: a run_s that is wrong but looks right can make timers start again."""
    if hasattr(value, "_fields"):
        return {name: untimed(item) for name, item in value._asdict().items() if name not in TIMERS}
    return [untimed(item) for item in value] if isinstance(value, tuple) else value


@settings(max_examples=400)
@given(part=st.sampled_from(sorted(OWNER)), data=st.data())
def test_damage_in_one_part_costs_no_other(part, data):
    dumped = core.dump(USED)
    if isinstance(dumped[part], list) and data.draw(st.booleans()):
        dumped[part][data.draw(st.integers(0, len(dumped[part]) - 1))] = data.draw(anything)
    elif data.draw(st.booleans()):
        dumped[part] = data.draw(anything)
    else:
        del dumped[part]
    loaded = core.load(dumped, 2)
    for field in USED._fields:
        if field not in OWNER[part]:
            assert untimed(getattr(loaded, field)) == untimed(getattr(USED, field))
    now = Terminal(run_s=USED.run_s + 1).now
    state, out, events = core.step(loaded, now)
    cbor.encode(core.dump(state))
    if part != "run_s":
        assert loaded.run_s == USED.run_s
    if loaded.guarantee != USED.guarantee and loaded.guarantee.mode:
        assert out.tripped == 0
    assert isinstance(events, list)


@pytest.mark.parametrize(
    "part",
    [None, [], [0], [2, 0, 0], [3, 0, 0], ["0", 0, 0], [0, 0], [0, 10**9, 0], [1, 0, 86401], 0, "", {}],
)
def test_damaged_guarantee_is_unreadable(part):
    loaded = core.load({**core.dump(USED), "guarantee": part}, 2)
    assert loaded.guarantee.mode == 2
    assert core.step(loaded, Terminal().now)[1].tripped == 0


@pytest.mark.parametrize("dumped", [{}, [], 5, "x", b"", {"version": 2}, {"version": None}])
def test_unreadable_store_counts_as_guaranteed(dumped):
    assert core.load(dumped, 2).guarantee.mode == 2


def test_nothing_stored_is_a_fresh_device():
    assert core.load(None, 4) == core.fresh(4)


def test_fields_added_by_a_later_version_do_not_cost_the_balance():
    dumped = core.dump(USED)
    for part, values in dumped.items():
        if isinstance(values, list) and part not in ("remote", "orders"):
            dumped[part] = [*values, "later"]
    dumped["remote"] = [[*entry, "later"] for entry in dumped["remote"]]
    assert core.load({**dumped, "later": [1]}, 2) == USED


def test_dump_of_an_earlier_version_costs_neither_the_balance_nor_the_trip():
    dumped = core.dump(USED)
    for part in ("account", "loop"):
        dumped[part].pop()
    loaded = core.load(dumped, 2)
    assert (loaded.account.remaining_wh, loaded.account.base_wh) == (1000, 5000)
    assert loaded.loop.tripped == USED.loop.tripped


def test_instant_of_the_future_starts_to_run_now():
    dumped = core.dump(USED)
    dumped["remote"][0][2] = USED.run_s + 10**6
    assert core.load(dumped, 2).remote[0].since_s == USED.run_s


def test_lost_counter_keeps_the_timers_running():
    dumped = core.dump(USED)
    del dumped["run_s"]
    terminal = Terminal(run_s=50, power_w=None)
    terminal.state = core.load(dumped, 2)
    assert terminal.state.run_s >= max(USED.account.read_s, USED.loop.known_s)
    assert terminal.step().tripped & 0b10
    assert terminal.run(600).tripped & 0b10 == 0
