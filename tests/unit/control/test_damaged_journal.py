"""What is read out of the journal is checked part by part: damage in one costs no other, none can raise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.control import core
from firmware.control.records import TIMERS, evolve
from protocols import cbor
from protocols.uplink import messages
from tests.unit.control.bench import (
    Terminal,
    down_float,
    fee_order,
    month,
    on,
    plan,
    refresh,
    rest,
    stop,
)
from tests.unit.control.outside import anything


def used_state():
    """A state in which every part holds something."""
    terminal = Terminal(price_e4=5000, groups=((120000, 5000), (90000, 800)))
    terminal.step()
    terminal.do(messages.PERIOD_PLAN, plan())
    terminal.do(messages.FACTORY_REST, rest())
    terminal.do(messages.BUSINESS_STOP, stop(1, 2))
    terminal.do(messages.MONTH_ENERGY, month(500))
    terminal.do(messages.PURCHASE, refresh(7, 1000))
    terminal.do(messages.DOWN_FLOAT, down_float(group=2))
    terminal.do(messages.FEE_ORDER, fee_order(9, 100, group=2))
    terminal.do(messages.TRIP, {"rounds": 2, "delay_s": 0, "limit_s": 600})
    terminal.run(125)
    terminal.do(messages.GUARANTEE, on(600))
    terminal.do(messages.GUARANTEE, {"on": 0, "duration_s": 0})
    terminal.do(messages.EXCLUSION, {"on": 1})
    terminal.do(messages.TRIP, {"rounds": 2, "delay_s": 0, "limit_s": 600})
    terminal.turn(energy_wh=5450)
    terminal.turn(no=2, energy_wh=801)
    terminal.run(125)
    terminal.step()
    return evolve(terminal.state, up_s=None)


USED = used_state()
# (key, part, index in the part or None for all of it) of the dump -> what of the state it may cost
PARTS = {
    ("control", "run_s"): {"run_s", "guarantee"},  # a guarantee from the future is in doubt
    ("control", "known_s"): {"known_s"},
    ("control", "guarantee"): {"guarantee"},
    ("control", "excluded"): {"excluded"},
    ("control", "remote"): {"remote"},
    ("control", "lamps"): {"tripped", "permits"},
    ("control", "version"): {"guarantee"},
    ("g1", 0): {"1.loop"},
    ("g1", 1): {"1.float"},
    ("g1", 2): {"1.count"},
    ("g1", 3): {"1.account"},
    ("g1", 4): {"1.bought"},
    ("g1", 5): {"1.label", "1.month_wh", "1.month"},
    ("p1", 0): {"1.plans", "1.float"},
    ("p1", 1): {"1.plans"},
    ("p1", 2): {"1.plans", "1.loop"},
    ("p1", 3): {"1.plans"},
    ("p1", 4): {"1.plans"},
    ("o1", 0): {"1.orders"},
    ("o1", 1): {"1.terms"},
    ("g2", 0): {"2.loop"},
    ("g2", 1): {"2.float", "2.plans", "2.loop"},  # when the down-float began is not known: it is over
    ("g2", 2): {"2.count"},
    ("g2", 3): {"2.account"},
    ("g2", 4): {"2.bought"},
    ("g2", 5): {"2.label", "2.month_wh", "2.month"},
    ("p2", 0): {"2.plans", "2.float", "2.loop"},
    ("p2", 1): {"2.plans"},
    ("p2", 2): {"2.plans"},
    ("p2", 3): {"2.plans"},
    ("p2", 4): {"2.plans"},
    ("o2", 0): {"2.orders"},
    ("o2", 1): {"2.terms"},
}  # and run_s may cost the time that timers have run


def test_every_part_of_the_dump_is_known_here():
    dumped = core.dump(USED)
    parts = {
        (key, part)
        for key, value in dumped.items()
        for part in (value if key == "control" else range(len(value)))
    }
    assert parts == set(PARTS)
    assert set(dumped) < set(core.KEYS.split())
    one, two = USED.groups[:2]
    assert one.loop.tripped
    assert one.count.base_wh == 5450
    assert (one.account.left, two.account.fee, two.account.rest) == (550, 1, 0)
    assert one.month.alarmed
    assert two.float.setpoint_w is None
    assert two.loop.count
    assert USED.remote
    assert USED.excluded
    assert core.load(cbor.decode(cbor.encode(dumped)), 2) == USED


def facts(state):
    """{name of PARTS: value} without the instants: a run_s that is wrong but looks right restarts timers."""
    out = {}
    for name, value in state._asdict().items():
        if name == "groups":
            for no, group in enumerate(value, 1):
                for field, part in (group._asdict() if group else {}).items():
                    out[f"{no}.{field}"] = untimed(part)
        elif name not in TIMERS:
            out[name] = untimed(value)
    return out


def untimed(value):
    if hasattr(value, "_fields"):
        return {name: untimed(item) for name, item in value._asdict().items() if name not in TIMERS}
    return [untimed(item) for item in value] if isinstance(value, tuple) else value


def plain(value):
    return cbor.decode(cbor.encode(value))


@settings(max_examples=600, deadline=None)
@given(where=st.sampled_from(sorted(PARTS, key=str)), data=st.data())
def test_damage_in_one_part_costs_no_other(where, data):
    dumped = plain(core.dump(USED))
    key, part = where
    holder = dumped[key]
    if isinstance(holder[part], list) and holder[part] and data.draw(st.booleans()):
        holder[part][data.draw(st.integers(0, len(holder[part]) - 1))] = data.draw(anything)
    elif isinstance(holder[part], dict) and holder[part] and data.draw(st.booleans()):
        holder[part][data.draw(st.sampled_from(sorted(holder[part])))] = data.draw(anything)
    elif key == "control" and data.draw(st.booleans()):
        del holder[part]
    else:
        holder[part] = data.draw(anything)
    loaded = core.load(dumped, 2)
    check_costs(loaded, PARTS[where])
    if where != ("control", "run_s"):
        assert loaded.run_s == USED.run_s


@settings(max_examples=300, deadline=None)
@given(key=st.sampled_from(core.KEYS.split()), data=st.data())
def test_damage_of_a_whole_key_costs_no_other(key, data):
    dumped = plain(core.dump(USED))
    dumped[key] = data.draw(anything)
    loaded = core.load(dumped, 2)
    cost = {name for where in PARTS if where[0] == key for name in PARTS[where]}
    check_costs(loaded, cost | {f"{key[1:]}.{field}" for field in USED.groups[0]._fields})


def check_costs(loaded, cost):
    before = facts(USED)
    for name, value in facts(loaded).items():
        if name not in cost:
            assert value == before[name], name
    now = Terminal(run_s=USED.run_s + 1, groups=((120000, 5450), (90000, 801))).now
    state, out, events = core.step(loaded, now)
    cbor.encode(core.dump(state))
    if loaded.guarantee != USED.guarantee and loaded.guarantee.mode:
        assert out.tripped == 0
    assert isinstance(events, list)


@pytest.mark.parametrize(
    "part",
    [
        None,
        [],
        [0],
        [2, 0, 0, 0, 0],
        [3, 0, 0, 0, 0],
        ["0", 0, 0, 0, 0],
        [0, 0],
        [0, 0, 0],
        [0, 10**9, 0, 0, 0],
        [1, 0, 86401, 1, 0],
        [0, 0, 0, 6, 0],
        [0, 0, 0, 0, 10**9],
        0,
        "",
        {},
    ],
)
def test_damaged_guarantee_is_unreadable(part):
    dumped = core.dump(USED)
    dumped["control"]["guarantee"] = part
    loaded = core.load(dumped, 2)
    assert loaded.guarantee.mode == 2
    assert core.step(loaded, Terminal().now)[1].tripped == 0


@pytest.mark.parametrize("control", [{}, [], 5, "x", b"", {"version": 1}, {"version": None}, None])
def test_unreadable_store_counts_as_guaranteed_and_keeps_the_balance(control):
    loaded = core.load({**core.dump(USED), "control": control}, 2)
    assert loaded.guarantee.mode == 2
    assert loaded.groups[0].account == USED.groups[0].account
    assert core.load({"control": control, "g3": 0}, 2).guarantee.mode == 2


@pytest.mark.parametrize("version", [None, 0, 1, 3, "2"])
def test_another_version_counts_as_guaranteed(version):
    dumped = core.dump(USED)
    dumped["control"]["version"] = version
    assert core.load(dumped, 2).guarantee.mode == 2


def test_nothing_stored_is_a_fresh_device():
    assert core.load({}, 4) == core.fresh(4)
    assert core.load({key: None for key in core.KEYS.split()}, 4) == core.fresh(4)


def test_fields_added_by_a_later_version_do_not_cost_the_balance():
    dumped = plain(core.dump(USED))
    control = dumped["control"]
    control["guarantee"].append("later")
    control["lamps"].append("later")
    control["remote"] = [[*entry, "later"] for entry in control["remote"]]
    control["later"] = [1]
    for key, value in dumped.items():
        if key[0] == "g":
            value[:] = [[*part, "later"] if isinstance(part, list) else part for part in value]
        if key[0] in "gpo":
            value.append("later")
    for no in "12":
        dumped["o" + no][1].append("later")
    assert core.load(dumped, 2) == USED


def test_instant_of_the_future_starts_to_run_now():
    dumped = core.dump(USED)
    dumped["control"]["remote"][0][2] = USED.run_s + 10**6
    assert core.load(dumped, 2).remote[0].since_s == USED.run_s


def test_lost_counter_keeps_the_timers_running():
    dumped = core.dump(USED)
    del dumped["control"]["run_s"]
    terminal = Terminal(run_s=50, power_w=None)
    terminal.state = core.load(dumped, 2)
    assert terminal.state.run_s >= USED.groups[0].count.read_s
    assert terminal.step().tripped & 0b10
    assert terminal.run(600).tripped & 0b10 == 0
