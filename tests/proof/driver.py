"""Model and core side by side: one order, one second at a time, and whatever they do not agree on.

The core is driven through its public names only (`fresh configure apply step dump load`). A `Pair` is never
changed in place, so that one history can be continued in many ways.
"""

from functools import cache
from typing import Any, NamedTuple

from firmware.control import core
from protocols.uplink import codes, messages, parameters
from tests.proof import model, orders
from tests.proof.model import Energy, Entry, Power, World
from tests.proof.orders import Order

# A Sunday, 10:00 local time, east of Greenwich.
DAY = 20611  # 2026-06-07
OFFSET_S = 8 * 3600
LOCAL_S = DAY * 86400 + 10 * 3600
RUN_S = 1000
LOAD_W = 100_000
TOTAL_WH = 7_000_000

ALARM_S = (1, 2)
BELOW, UNSAFE, OVER, MEASURED, OUTSIDE, ABSENT = "below", "unsafe", "over", "measured", "outside", "absent"
# Standing -> setpoint, float of the down-float, safety setpoint.
SETPOINTS = {
    BELOW: (200_000, 20, 10_000),
    UNSAFE: (50_000, -20, 150_000),
    OVER: (50_000, -20, 10_000),
    MEASURED: (50_000, -20, 10_000),
    OUTSIDE: (50_000, -20, 10_000),
}
DOWN_FLOAT_S = 1800
CONTROL = parameters.read(parameters.CONTROL, {})
GUARANTEE = parameters.read(parameters.GUARANTEE, {})


class Disagreement(AssertionError):
    """The core and the model say different things; the message holds the history that leads there."""


class Pair(NamedTuple):
    state: Any  # of the core
    world: World
    now_s: int = 0
    used_wh: int = 0
    orders: int = 0
    commands: int = 0
    control: dict | None = None  # settings that are not the default
    history: tuple = ()  # (history before, what was done)


class Count:
    """What was covered."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.states: set[int] = set()
        self.steps = 0
        self.commands = 0

    def step(self, world: World) -> None:
        """Two worlds are one state when they differ in nothing but how long a lamp still burns."""
        self.steps += 1
        self.states.add(hash(world._replace(lamps=tuple(left_s > 0 for left_s in world.lamps))))


COUNT = Count()


def start(rounds: int, control: dict | None = None) -> Pair:
    state = core.configure(core.fresh(rounds), *settings(control))
    own = {name: value for name, value in settings(control)[0].items() if name in World._fields}
    return step(Pair(state, World(rounds, **own), control=control, history=((), f"fresh({rounds})")), 0)


def settings(control: dict | None = None, guarantee: dict | None = None) -> tuple[dict, dict]:
    """Parameters with defaults, but for the fields named."""
    return {**CONTROL, **(control or {})}, {**GUARANTEE, **(guarantee or {})}


def sample(pair: Pair, power_w: int | None = LOAD_W, heard: int = 1) -> Any:
    return core.Sample(
        LOCAL_S - OFFSET_S + pair.now_s,
        LOCAL_S + pair.now_s,
        RUN_S + pair.now_s,
        ((power_w, TOTAL_WH + pair.used_wh),),
        None,
        heard,
    )


def done(pair: Pair, what: object) -> tuple:
    return (pair.history, what)


def told(history: tuple) -> str:
    lines = []
    while history:
        history, what = history
        lines.append(str(what))
    return "\n  ".join(reversed(lines))


def step(
    pair: Pair,
    seconds: int = 1,
    used_wh: int = 0,
    power_w: int | None = LOAD_W,
    heard: int = 1,
    only: tuple[str, ...] = (),
) -> Pair:
    """`seconds` later both decide; Disagreement where they differ (in the facts named in `only`)."""
    what = ("seconds later", seconds, "used_wh", used_wh, "power_w", power_w, "heard", heard)
    pair = pair._replace(now_s=pair.now_s + seconds, used_wh=pair.used_wh + used_wh, history=done(pair, what))
    state, outputs, _events = core.step(pair.state, sample(pair, power_w, heard))
    world, expected = model.tick(pair.world, power_w, used_wh, seconds)
    COUNT.step(world)
    wrong = [text for fact, text in differences(expected, outputs) if not only or fact in only]
    if wrong:
        raise Disagreement("; ".join(wrong) + "\nafter\n  " + told(pair.history))
    return pair._replace(state=state, world=world)


NO_ROW = {None, (codes.IDLE, model.REASON_NO["not_enabled"])}


def differences(expected: model.Expected, outputs: Any) -> list[tuple[str, str]]:
    """(fact, text) of what the outputs have other than expected."""
    groups = {row.group: row for row in outputs.groups}
    guaranteed = expected.guarantee != codes.GUARANTEE_OFF
    facts = (
        ("tripped", expected.tripped, outputs.tripped),
        ("alarm", expected.alarm, outputs.alarm & ~expected.alarm_free),
        ("permitted", expected.permitted, outputs.permitted),
        ("guarantee", expected.guarantee, outputs.guarantee),
        ("close", 0, outputs.close),
        ("control", expected.control, expected.control if guaranteed else groups[1].control),
        ("setpoint", expected.setpoint_w, expected.setpoint_w if guaranteed else groups[1].setpoint_w),
    )
    out = [
        (fact, f"{fact}: {wanted} expected, {got} put out") for fact, wanted, got in facts if wanted != got
    ]
    said = {row[0]: (row[1], row[2]) for row in outputs.controls}
    for control in sorted({*expected.rows, *said}):
        allowed = expected.rows.get(control, NO_ROW)
        if said.get(control) not in allowed:
            text = f"row of control {control}: one of {allowed} expected, {said.get(control)} put out"
            out.append(("row", text))
    return out


def command(pair: Pair, asked: Order) -> Pair:
    """Give both the order; Disagreement where the answer is not one that the model allows."""
    kind, params = wire(pair, asked)
    pair = pair._replace(commands=pair.commands + 1, history=done(pair, (asked, kind, params)))
    state, reason, _events = core.apply(
        pair.state, kind, params, sample(pair), pair.commands, 1 if asked.to_many else 0
    )
    world, allowed = orders.order(pair.world, asked)
    COUNT.commands += 1
    if reason not in allowed:
        text = f"answer: one of {sorted(allowed)} expected, {reason} given"
        raise Disagreement(text + "\nafter\n  " + told(pair.history))
    if reason:
        return pair
    number = pair.orders + (kind == messages.PURCHASE)
    return pair._replace(state=state, world=world, orders=number)


def give(pair: Pair, asked: Order, only: tuple[str, ...] = ()) -> Pair:
    """An order and the step right after it, as the shell does."""
    return step(command(pair, asked), 0, only=only)


# ---- the same order, for the core ---------------------------------------------------------------


def wire(pair: Pair, asked: Order) -> tuple[int, dict]:
    """Command kind and params."""
    if asked.kind == "enable":
        assert asked.power is not None
        return ENABLE[asked.control](pair, asked.power)
    if asked.kind == "energy":
        assert asked.energy is not None
        return energy_wire(pair, asked.control, asked.energy)
    if asked.kind == "trip":
        assert asked.entry is not None
        delay_s = asked.entry.left_s if asked.entry.phase == codes.ALARM else 0
        return messages.TRIP, {"rounds": asked.entry.rounds, "delay_s": delay_s, "limit_s": 0}
    return {
        "release": (messages.RELEASE, {"control": asked.control}),
        "permit": (messages.PERMIT_CLOSE, {"rounds": asked.rounds}),
        "guarantee": (messages.GUARANTEE, {"on": int(asked.on), "duration_s": 0}),
        "exclusion": (messages.EXCLUSION, {"on": int(asked.on)}),
        "auto_release": (messages.AUTO_RELEASE, {}),
    }[asked.kind]


def loop_params(power: Power, slide_s: int = 1) -> dict:
    return {
        "rounds": power.rounds,
        "alarm_s": list(power.alarm_s),
        "slide_s": slide_s,
        "safety_w": power.safety_w,
        "post_trip_s": power.post_s,
    }


def period_wire(_pair: Pair, power: Power) -> tuple[int, dict]:
    codes_48 = bytearray(12)
    for at in (4, 5, 6, 7) if power.inside else (10, 11):  # 08:00 to 16:00, 20:00 to 24:00
        codes_48[at] = 0x55
    own = {"codes": bytes(codes_48), "setpoints_w": [power.setpoint_w], "float_pct": 0, "periods": 255}
    return messages.PERIOD_PLAN, {**own, **loop_params(power)}


def factory_rest_wire(_pair: Pair, power: Power) -> tuple[int, dict]:
    days = 0b1000000 if power.inside else 0b0000001  # Sunday or Monday
    own = {"setpoint_w": power.setpoint_w, "start_min": 480, "duration_s": 28800, "days": days}
    return messages.FACTORY_REST, {**own, **loop_params(power)}


def business_stop_wire(_pair: Pair, power: Power) -> tuple[int, dict]:
    first = DAY if power.inside else DAY + 3
    own = {"setpoint_w": power.setpoint_w, "from_day": first, "until_day": first + 1}
    return messages.BUSINESS_STOP, {**own, **loop_params(power)}


def down_float_wire(_pair: Pair, power: Power) -> tuple[int, dict]:
    own = {"float_pct": power.float_pct, "freeze_s": 300, "duration_s": DOWN_FLOAT_S}
    return messages.DOWN_FLOAT, {**own, **loop_params(power, power.measure_s)}


ENABLE = {
    codes.PERIOD: period_wire,
    codes.FACTORY_REST: factory_rest_wire,
    codes.BUSINESS_STOP: business_stop_wire,
    codes.DOWN_FLOAT: down_float_wire,
}


def energy_wire(pair: Pair, control: int, energy: Energy) -> tuple[int, dict]:
    if control == codes.MONTH_ENERGY:
        setpoint_wh = pair.used_wh + energy.left_wh
        alarm_pct = 100 * (setpoint_wh - energy.alarm_wh) // setpoint_wh
        return messages.MONTH_ENERGY, {
            "setpoint_wh": setpoint_wh,
            "float_pct": 0,
            "alarm_pct": alarm_pct,
            "rounds": energy.rounds,
        }
    trip_wh = 500
    return messages.PURCHASE, {
        "order": pair.orders + 1,
        "flag": codes.REFRESH,
        "value_wh": trip_wh + energy.left_wh,
        "alarm_wh": trip_wh + energy.alarm_wh,
        "trip_wh": trip_wh,
        "rounds": energy.rounds,
    }


def enable(control: int, standing: str, rounds: int, alarm_s: tuple[int, ...] = ALARM_S) -> Order:
    """Order a power control that will stand so."""
    setpoint_w, float_pct, safety_w = SETPOINTS[standing]
    measured = control == codes.DOWN_FLOAT
    power = Power(
        standing != OUTSIDE or measured,
        None if measured else setpoint_w,
        safety_w,
        rounds,
        alarm_s,
        1,
        measure_s=3600 if standing == MEASURED else 1 if measured else 0,
        float_pct=float_pct if measured else 0,
    )
    return Order("enable", control, power)


def trip(rounds: int, delay_s: int = 0) -> Order:
    return Order("trip", entry=Entry(rounds, codes.ALARM, delay_s))


def end_down_float(pair: Pair) -> Pair:
    """Wait until its time is over."""
    at = model.PRIORITY.index(codes.DOWN_FLOAT)
    power = pair.world.power
    ended = power[at]._replace(inside=False)
    world = pair.world._replace(power=(*power[:at], ended, *power[at + 1 :]))
    return step(pair._replace(world=world), DOWN_FLOAT_S + 1)


# ---- a journal that cannot be read --------------------------------------------------------------


@cache
def guarantee_place() -> tuple:
    """Where the guarantee stands in a dump: the first piece that its command changes, outermost key first."""
    off = start(2)
    return place(core.dump(off.state), core.dump(give(off, Order("guarantee")).state))


def place(one: Any, other: Any) -> tuple:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return ()
    keys = [key for key in other if one.get(key) != other[key]]
    changed = [key for key in keys if "guarantee" in str(key)] or keys
    return (changed[0], *place(one.get(changed[0]), other[changed[0]])) if changed else ()


def spoil_guarantee(entries: dict) -> dict:
    """What is found on flash when nobody can tell any more whether the customer is guaranteed."""
    return spoilt(entries, guarantee_place())


def spoilt(entries: dict, path: tuple) -> dict:
    first, *deeper = path
    return {**entries, first: spoilt(entries[first], tuple(deeper)) if deeper else None}
