"""What happens on the long day, and what a terminal must tell of it by docs and contract.

Minutes count from the local midnight that begins the day. It is the last of a month; the story begins ten
minutes before it and ends ten minutes after it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from protocols.uplink import messages, parameters
from protocols.uplink.codes import APPEND, PERIOD, PURCHASE
from station import controls, plans, prepaid
from tests.e2e.day import plant
from tests.e2e.day.truth import Truth
from tests.e2e.rig import ROUNDS, Rig

BEGIN_MIN, END_MIN = -10, 1450
OFF_AT, OFF_MIN = 632, 25  # the outage; the curve's slot of 10:45 falls into it
CUT_AT, JOIN_AT = 900, 1080
BACKLOG_BYTES = 4000  # hello, welcome and some of three hours
SAG_MIN = plant.SAG_UNTIL - plant.SAG_FROM
BILLING_HOUR = 6
FIRST_WH, FIRST_ALARM_WH, TOP_UP_WH = 300_000, 150_000, 6_000_000
ALARM_S, SLIDE_S = 120, 60
OVEN, PRESS, CHILLER = 1, 2, 4  # masks of rounds 1, 2, 3


def midnight_s() -> int:
    """UTC second of the local midnight that begins the last day of the last month that is over."""
    local = datetime.fromtimestamp(time.time() + plant.OFFSET_S - 60 * (END_MIN - 1440), UTC)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((first - timedelta(days=1)).timestamp()) - plant.OFFSET_S


def month_day(midnight: int) -> int:
    return datetime.fromtimestamp(midnight + plant.OFFSET_S, UTC).day


def month_s(midnight: int) -> int:
    """UTC second in which the day's month began."""
    return midnight - (month_day(midnight) - 1) * 86400


# ---- what people do


class Step(NamedTuple):
    at_min: int
    what: str
    do: Callable[[Rig, int], Any] | None  # (rig, midnight) -> number of the command, or None


def _set(rig: Rig, midnight: int) -> int:
    values = {"billing_days": 1 << (month_day(midnight) - 1), "billing_hour": BILLING_HOUR}
    wire = parameters.write(parameters.METERING, values)
    params = {"section": parameters.METERING, "version": 1, "values": wire}
    return rig.done(rig.send(messages.PARAMETERS, params))["command"]


def _buy(value_wh: int, alarm_wh: int):
    def buy(rig: Rig, _midnight: int) -> int:
        number = rig.ask(prepaid.next_order, "T0000001")
        params = prepaid.build(number, APPEND, value_wh // 1000, alarm_wh // 1000, 0, [2], ROUNDS)
        return rig.done(rig.send(messages.PURCHASE, params))["command"]

    return buy


def _plan(rig: Rig, _midnight: int) -> int:
    periods = [(16, 24, 230), (32, 35, 255)]  # 08:00-12:00, 16:00-17:30
    params = plans.build(periods, [1, 2], [ALARM_S], SLIDE_S, 50, have=ROUNDS)
    return rig.done(rig.send(messages.PERIOD_PLAN, params))["command"]


def _guarantee(rig: Rig, _midnight: int) -> int:
    return rig.done(rig.send(messages.GUARANTEE, controls.guarantee(True, 2)))["command"]


def _trip_guaranteed(rig: Rig, _midnight: int) -> int:
    return rig.done(rig.send(messages.TRIP, controls.trip([3], 60, 1, ROUNDS)), "refused")["command"]


def _trip(rig: Rig, _midnight: int) -> int:
    number = rig.send(messages.TRIP, controls.trip([3], 60, 1, ROUNDS))
    rig.wait(lambda: rig.command(number)["state"] in ("received", "executed"), "the trip is received")
    return number


def _join(rig: Rig, _midnight: int) -> None:
    """The first connection dies again in the middle of the backlog: what it carried comes twice."""
    rig.net.restore()
    rig.net.cut_after(BACKLOG_BYTES)


def _release(rig: Rig, _midnight: int) -> int:
    return rig.done(rig.send(messages.RELEASE, {"control": PERIOD}))["command"]


OFF, CUT, JOIN, END = "outage", "link cut", "link restored", "end"
STEPS = [
    Step(-8, "billing day set", _set),
    Step(30, "order bought", _buy(FIRST_WH, FIRST_ALARM_WH)),
    Step(300, "order topped up", _buy(TOP_UP_WH, FIRST_ALARM_WH)),
    Step(450, "period plan", _plan),
    Step(OFF_AT, OFF, None),
    Step(790, "guarantee for an hour", _guarantee),
    Step(800, "trip while guaranteed", _trip_guaranteed),
    Step(CUT_AT, CUT, lambda rig, _midnight: rig.net.refuse()),
    Step(JOIN_AT, JOIN, _join),
    Step(1140, "remote trip of round 3", _trip),
    Step(1260, "period plan released", _release),
]


# ---- what the terminal must tell


class Told(NamedTuple):
    """An event between first_s and last_s (UTC), with these fields among its own."""

    name: str
    first_s: int
    last_s: int
    fields: dict[str, int]


def events(midnight: int, truth: Truth, began_s: dict[str, int]) -> list[Told]:
    """All of the day in order. `began_s`: {what: virtual second the step began}."""
    minute = 60
    begin_s = midnight + BEGIN_MIN * minute
    bought_s = began_s["order bought"]
    warned_s = truth.when_used(bought_s, FIRST_WH - FIRST_ALARM_WH)
    spent_s = truth.when_used(bought_s, FIRST_WH)
    on_s = midnight + 790 * minute
    period = {"control": PERIOD, "group": 1}
    money = {"control": PURCHASE, "group": 1, "rounds": PRESS}
    out: list[Told] = []

    def tell(name: str, at_s: int, within_s: int = 60, **fields: int) -> None:
        out.append(Told(name, at_s, at_s + within_s, fields))

    def step(at_min: int, name: str, **fields: int) -> None:
        tell(name, midnight + at_min * minute, **fields)

    def tripped(at_min: int, rounds: int, setpoint_w: int) -> None:
        """The load rises over the setpoint at that minute: a slide may pass before its average has."""
        at_s = midnight + at_min * minute
        facts = {**period, "rounds": rounds, "setpoint_w": setpoint_w}
        tell("power_control_alarm", at_s, SLIDE_S + 60, alarm_s=ALARM_S, **facts)
        tell("power_control_trip", at_s + ALARM_S, SLIDE_S + 60, **facts)
        tell("switch_opened", at_s + ALARM_S, SLIDE_S + 60, rounds=rounds)

    def let_go(at_min: int, rounds: int) -> None:
        step(at_min, "close_permitted", rounds=rounds)
        tell("switch_closed", midnight + at_min * minute + plant.WALK_S, rounds=rounds)

    tell("initialised", begin_s, boot=1)
    tell("power_up", begin_s, boot=1)
    step(-8, "parameters_changed", section=parameters.METERING, version=1)
    step(30, "purchase_applied", order=1, group=1, remaining_after_wh=FIRST_WH)
    tell("energy_control_alarm", warned_s - 60, 120, threshold_wh=FIRST_ALARM_WH, **money)
    tell("energy_control_trip", spent_s - 60, 120, threshold_wh=0, order=1, **money)
    tell("switch_opened", spent_s - 60, 120, rounds=PRESS)
    step(300, "purchase_applied", order=2, group=1)
    let_go(300, PRESS)
    step(450, "plan_set", control=PERIOD, group=1)
    tripped(480, OVEN, 230_000)
    tripped(540, PRESS, 230_000)
    step(OFF_AT + OFF_MIN, "power_up", boot=2)
    step(720, "power_control_end", rounds=OVEN | PRESS, **period)
    let_go(720, OVEN | PRESS)
    tell("guarantee_on", on_s)
    tell("guarantee_off", on_s + 3600)
    tripped(960, OVEN, 255_000)
    step(1050, "power_control_end", rounds=OVEN, **period)
    let_go(1050, OVEN)
    step(1140, "remote_trip_alarm", rounds=CHILLER, alarm_s=60)
    step(1141, "remote_trip", rounds=CHILLER)
    step(1141, "switch_opened", rounds=CHILLER)
    let_go(1171, CHILLER)
    step(1260, "control_released", control=PERIOD, group=1)  # outside its windows: no round to let go
    return out
