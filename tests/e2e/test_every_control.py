"""Every control that is not in a file of its own, by the station's services on the real terminal."""

import time

import pytest

from hil.adapters.world import WorldProcess
from hil.plugin import DEVICE
from protocols.meters.points import BY_ALIAS
from protocols.meters.statistics import BY_ALIAS as STATISTIC
from protocols.meters.statistics import GROUP_CURVES
from protocols.uplink import messages, parameters
from protocols.uplink.codes import (
    APPEND,
    BUSINESS_STOP,
    DOWN_FLOAT,
    FACTORY_REST,
    GUARANTEE_LOST_LINK,
    MONTH_ENERGY,
    PERIOD,
    PURCHASE,
    REFRESH,
    TO_MANY,
)
from station import prepaid
from station.store import schema
from station.store.readings import unpacked
from tests.e2e.rig import LOOP

OFFSET_S = 28800
DAY_S = 86400
LOST_S = 25
YUAN = 10_000  # 10^-4
POWER = BY_ALIAS["power_dw"][0]
GROUP_1_POWER, GROUP_2_POWER = STATISTIC["group_1_power_w"][0], STATISTIC["group_2_power_w"][0]


@pytest.fixture
def sub_meter():
    """Where the world has a second meter."""
    return None


@pytest.fixture
def world(tmp_path, sub_meter):
    running = WorldProcess(tmp_path / "world", sub_meter=sub_meter)
    running.ask(recloses_after_s=None)
    yield running
    running.stop()


def _local_s():
    return int(time.time()) + OFFSET_S


# ---- power controls and their priority


def test_a_down_float_acts_over_a_plan_and_hands_back(rig):
    rig.load(120_000)
    rig.plan(setpoint_kw=200, rounds=(2,), alarm_s=2)
    rig.wait(lambda: _near(rig.now()["power_w"], 120_000), "the load read")
    params = LOOP | {"float_pct": -50, "freeze_s": 300, "duration_s": 1800}
    rig.done(rig.send(messages.DOWN_FLOAT, params))
    alarm = rig.event("power_control_alarm", control=DOWN_FLOAT, rounds=1)
    assert abs(alarm["data"]["setpoint_w"] - 60_000) < 1000, "half of what was drawn"
    rig.holds(0b001)
    rig.event("power_control_trip", control=DOWN_FLOAT, rounds=1)
    rig.wait(lambda: rig.why(PERIOD) == ("idle", "higher_priority"), "the plan waits")
    assert rig.group()["control"] == DOWN_FLOAT
    assert rig.reason(rig.send(messages.DOWN_FLOAT, params)) == "already_active"

    rig.release(DOWN_FLOAT)
    rig.event("power_control_end", control=DOWN_FLOAT, rounds=1)
    rig.holds(0)
    rig.wait(lambda: rig.why(PERIOD) == ("monitor", "below_setpoint"), "the plan watches again")
    assert (rig.group()["control"], rig.group()["setpoint_w"]) == (PERIOD, 200_000)
    rig.load(300_000)
    rig.event("power_control_trip", control=PERIOD, rounds=2)
    rig.holds(0b010)


def test_factory_rest_trips_in_its_window_and_lets_go_when_released(rig):
    began_s = _local_s() - 1800
    rest = LOOP | {
        "setpoint_w": 60_000,
        "start_min": began_s % DAY_S // 60,
        "duration_s": 7200,
        "days": 1 << _weekday(began_s),
    }
    rig.load(120_000)
    other_days = 0b1111111 & ~(rest["days"] | 1 << _weekday(began_s + DAY_S))
    rig.done(rig.send(messages.FACTORY_REST, rest | {"days": other_days}))
    rig.wait(lambda: rig.why(FACTORY_REST) == ("idle", "not_rest_day"), "no rest day")
    rig.done(rig.send(messages.FACTORY_REST, rest))
    rig.event("power_control_trip", control=FACTORY_REST, rounds=1)
    rig.holds(0b001)

    rig.release(FACTORY_REST)
    rig.event("close_permitted", rounds=1)
    rig.holds(0)
    assert rig.reason(rig.send(messages.RELEASE, {"control": FACTORY_REST})) == "nothing_to_release"


def _weekday(local_s):
    """0 Monday: 1970-01-01 was a Thursday."""
    return (local_s // DAY_S + 3) % 7


def test_a_business_stop_takes_over_inside_its_days(rig):
    today = _local_s() // DAY_S
    stop = LOOP | {"setpoint_w": 500_000, "from_day": today + 2, "until_day": today + 9}
    rig.load(120_000)
    rig.plan(setpoint_kw=70, rounds=(1,), alarm_s=2)
    rig.holds(0b001)
    rig.done(rig.send(messages.BUSINESS_STOP, stop))
    rig.wait(lambda: rig.why(BUSINESS_STOP) == ("idle", "before_start"), "the stop to come")
    rig.holds(0b001)

    rig.done(rig.send(messages.BUSINESS_STOP, stop | {"from_day": today}))
    rig.event("power_control_end", control=PERIOD)
    rig.holds(0)
    rig.wait(lambda: rig.why(PERIOD) == ("idle", "higher_priority"), "the plan waits")
    rig.done(
        rig.send(messages.BUSINESS_STOP, stop | {"from_day": today, "setpoint_w": 60_000, "rounds": 0b100})
    )
    rig.event("power_control_trip", control=BUSINESS_STOP, rounds=0b100)
    rig.holds(0b100)


# ---- energy and money


def test_month_energy_trips_above_its_setpoint_and_lets_go_below(rig):
    month = {"float_pct": 0, "alarm_pct": 80, "rounds": 0b001}
    rig.load(2_000_000)
    used_wh = rig.wait(lambda: (rig.group().get("month_wh") or 0) > 3000 and rig.group()["month_wh"], "use")
    rig.done(rig.send(messages.MONTH_ENERGY, month | {"setpoint_wh": 2000}))
    trip = rig.event("energy_control_trip", control=MONTH_ENERGY, rounds=1)
    assert trip["data"]["threshold_wh"] == 2000
    assert trip["data"]["energy_wh"] >= used_wh
    rig.event("energy_control_alarm", control=MONTH_ENERGY)
    rig.holds(0b001)

    rig.done(rig.send(messages.MONTH_ENERGY, month | {"setpoint_wh": 10**9}))
    rig.event("close_permitted", rounds=1)
    rig.holds(0)
    rig.wait(lambda: rig.why(MONTH_ENERGY) == ("monitor", "below_setpoint"), "the reason told")
    assert rig.group()["month_wh"] >= used_wh


def _fee(rig, yuan, flag=APPEND):
    number = rig.ask(prepaid.next_order, DEVICE)
    params = {"order": number, "flag": flag, "value_yuan_e4": yuan * YUAN, "rounds": 1}
    return rig.send(messages.FEE_ORDER, params | {"alarm_yuan_e4": 5 * YUAN, "trip_yuan_e4": 0}), number


def test_an_order_of_money_runs_down_cuts_off_and_is_topped_up(rig):
    assert rig.reason(_fee(rig, 8)[0]) == "no_tariff"
    rig.configure(parameters.TARIFF, prices_yuan_e4=[YUAN])  # one yuan a kWh at any hour
    rig.load(2_000_000)
    sent, number = _fee(rig, 8)
    rig.done(sent)
    rig.event("purchase_applied", order=number, remaining_after_yuan_e4=8 * YUAN)
    alarm = rig.event("energy_control_alarm", control=PURCHASE)
    assert alarm["data"]["threshold_yuan_e4"] == 5 * YUAN
    assert 0 < alarm["data"]["remaining_after_yuan_e4"] <= 5 * YUAN
    trip = rig.event("energy_control_trip", control=PURCHASE, rounds=1, order=number)
    assert trip["data"]["remaining_after_yuan_e4"] <= 0
    rig.holds(0b001)

    rig.load(1000)
    owed = trip["data"]["remaining_after_yuan_e4"]
    sent, second = _fee(rig, 500)
    rig.done(sent)
    applied = rig.event("purchase_applied", order=second)["data"]
    assert applied["remaining_after_yuan_e4"] == applied["remaining_before_yuan_e4"] + 500 * YUAN
    assert applied["remaining_before_yuan_e4"] <= owed
    rig.holds(0)
    rig.wait(lambda: rig.group()["last_order"] == second, "the last order told")
    assert rig.group()["remaining_wh"] is None
    assert rig.group()["remaining_yuan_e4"] > 400 * YUAN

    energy = {"order": second + 1, "value_wh": 10**6, "alarm_wh": 0, "trip_wh": 0, "rounds": 1}
    assert rig.reason(rig.send(messages.PURCHASE, energy | {"flag": APPEND})) == "bad_params"
    rig.done(rig.send(messages.PURCHASE, energy | {"order": second + 2, "flag": REFRESH}))
    rig.wait(lambda: rig.group()["last_order"] == second + 2, "the refreshing order told")
    assert rig.group()["remaining_yuan_e4"] is None
    assert 900_000 < rig.group()["remaining_wh"] <= 10**6


# ---- exclusion, guarantee, direct close


def test_an_excluded_terminal_obeys_only_what_is_addressed_to_it(rig):
    trip = {"rounds": 1, "delay_s": 0, "limit_s": 0}
    reminder = {"on": 1, "hours": 1, "text": "pay"}
    rig.done(rig.send(messages.EXCLUSION, {"on": 1}))
    rig.event("exclusion_on")
    assert rig.reason(rig.send(messages.TRIP, trip, scope=TO_MANY)) == "excluded"
    assert rig.reason(rig.send(messages.REMINDER, reminder, scope=TO_MANY)) == "excluded"
    assert rig.world.truth()["edges"] == []
    rig.wait(lambda: rig.now()["excluded"] == 1, "the exclusion told")
    rig.done(rig.send(messages.TRIP, trip))
    rig.holds(0b001)

    rig.done(rig.send(messages.EXCLUSION, {"on": 0}))
    rig.done(rig.send(messages.TRIP, trip | {"rounds": 2}, scope=TO_MANY))
    rig.holds(0b011)


@pytest.mark.timeout(300)
def test_a_lost_link_guarantees_supply_and_its_return_ends_that(rig):
    rig.load(120_000)
    rig.plan(setpoint_kw=60, rounds=(1,), alarm_s=2)
    rig.event("power_control_trip", rounds=1)
    rig.holds(0b001)
    rig.configure(parameters.GUARANTEE, lost_link_s=LOST_S)
    rig.net.refuse()
    rig.holds(0)
    assert not rig.events("guarantee_on")
    rig.net.restore()
    rig.event("guarantee_on", kind=GUARANTEE_LOST_LINK)
    rig.event("guarantee_off", kind=GUARANTEE_LOST_LINK)
    rig.wait(lambda: len(rig.events("power_control_alarm")) == 2, "control goes on from monitor")
    rig.wait(lambda: len(rig.events("power_control_trip")) == 2, "the second trip")
    rig.assert_whole()


def test_a_direct_close_closes_the_switch(rig):
    rig.done(rig.trip(1, 2))
    assert rig.world.truth()["open"] == 0b011
    row = rig.done(rig.send(messages.PERMIT_CLOSE, {"rounds": 1, "direct": 1}))
    assert row["tripped"] == 0b010
    rig.wait(lambda: rig.world.truth()["open"] == 0b010, "the switch of round 1 closed by the terminal")
    rig.event("switch_close_driven", rounds=1)
    rig.event("switch_closed", rounds=1)


# ---- parameters


def test_parameters_are_refused_with_a_reason_or_kept_over_a_restart(rig, dut):
    section = parameters.METERING
    row, _version = rig.configure(section, "refused", curve_interval_s=61)
    assert rig.reason(row["command"]) == "bad_params"
    row, _version = rig.configure(section, "refused", curve_interval_s=4000)
    assert rig.reason(row["command"]) == "bad_params"
    _row, version = rig.configure(section, curve_interval_s=60)
    rig.wait(lambda: rig.now()["parameters"] == {section: version}, "the version told")
    old = {"section": section, "version": version, "values": {}}
    assert rig.reason(rig.send(messages.PARAMETERS, old)) == "stale_version"

    rig.terminal.kill()
    rig.terminal.start()
    dut.expect(r"boot=2\b", timeout=30)
    rig.event("power_up", boot=2)
    rig.wait(lambda: rig.now()["t_s"] > rig.event("power_up", boot=2)["t_s"], "the live state of this start")
    assert rig.now()["parameters"] == {section: version}
    assert [e["data"]["section"] for e in rig.events("parameters_changed")] == [section]
    assert not rig.events("parameters_lost")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("sub_meter", ["line2"])
def test_a_second_meter_makes_a_point_a_group_and_a_difference(rig, dut, sub_meter):
    rows = [
        [1, 1, 1, rig.world.meter, rig.world.baud, 0, 80, 2200, 5000, 4, 0, 0],
        [2, 1, 2, rig.world.sub_meter, rig.world.baud, 0, 20, 2200, 5000, 4, 0, 0],
    ]
    members = [[1, 1, 1, 0], [1, 2, -1, 0], [2, 2, 1, 0]]
    rig.load(500_000)
    row, _version = rig.configure(parameters.GROUPS, "refused", members=members)
    assert rig.reason(row["command"]) == "bad_params", "there is no point 2 yet"
    rig.configure(parameters.POINTS, points=rows)
    rig.configure(parameters.GROUPS, members=members)
    rig.configure(parameters.METERING, curve_interval_s=60)
    rig.terminal.kill()
    rig.terminal.start()
    dut.expect(r"boot=2\b", timeout=30)

    ovens_w = rig.world.truth()["sections_w"][1]
    rest_w = 500_000 - ovens_w
    read = rig.wait(lambda: _metered(rig), "both meters told")
    assert _near(read[1], 500_000)
    assert _near(read[2], ovens_w)
    rig.wait(lambda: _near(rig.now()["power_w"], rest_w), "main minus sub")
    points = rig.wait(
        lambda: _curves(rig) if {1, 2, GROUP_CURVES} <= set(_curves(rig)) else None, "curves", 120
    )
    assert _near(points[2][POWER] * 20 // 10, ovens_w)
    assert _near(points[GROUP_CURVES][GROUP_1_POWER], rest_w)
    assert not rig.events("parameters_lost")


def _near(value, wanted):
    """Within a percent: both meters round, and their readings are seconds apart."""
    return value is not None and abs(value - wanted) <= wanted // 100


def _metered(rig):
    """{metering point: power_w} as last told, None until all have one."""
    found = {no: power_w for no, power_w, _energy_wh in rig.now().get("metering", ())}
    return found if set(found) == {1, 2} and None not in found.values() else None


def _curves(rig):
    """{metering point: values} of the newest curve of a minute."""
    points = {row["id"]: row["metering_point"] for row in rig.rows(schema.meters)}
    found = sorted(rig.rows(schema.readings), key=lambda row: row["slot_s"])
    return {points[row["meter_id"]]: unpacked(row["points"]) for row in found if row["interval_s"] == 60}
