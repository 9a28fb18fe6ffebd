"""Overload: alarm, trip after the round's alarm time, the load really falls, the station learns all of it."""

from protocols.uplink.codes import PERIOD, REASONS


def test_overload_is_alarmed_tripped_and_told(rig):
    rig.world.ask(recloses_after_s=None)
    rig.load(120_000)
    rig.plan(setpoint_kw=200, alarm_s=3)
    rig.load(230_000)
    alarm = rig.event("power_control_alarm", rounds=1)
    assert alarm["data"]["setpoint_w"] == 200_000
    tripped = rig.wait(lambda: (t := rig.world.truth())["tripped"] & 1 and t, "relay 1 driven")
    trip = rig.event("power_control_trip", rounds=1)
    assert trip["data"]["power_before_w"] >= 200_000
    assert trip["data"]["power_after_w"] < trip["data"]["power_before_w"] - 10_000
    assert rig.world.truth()["power_w"] < tripped["wanted_w"]
    # The round's alarm time passed between the lamp and the relay, as the world saw them.
    assert trip["t_s"] - alarm["t_s"] >= 3
    rig.wait(lambda: rig.now()["open"] == 1, "the contact reported")

    rig.release_plan()
    rig.event("close_permitted", rounds=1)
    assert rig.wait(lambda: rig.world.truth()["tripped"] == 0, "relay let go") is True
    assert rig.world.truth()["open"] == 1, "nobody closes but the customer"
    rig.world.ask(close=1)
    rig.event("switch_closed", rounds=1)


def test_below_the_safety_setpoint_nothing_trips(rig):
    rig.load(120_000)
    rig.wait(lambda: (rig.now()["power_w"] or 0) > 100_000, "the high load read")
    rig.plan(setpoint_kw=60, safety_kw=60, alarm_s=1)
    rig.event("power_control_alarm")  # the same loop does act above it
    rig.release_plan()
    rig.load(55_000)
    rig.wait(lambda: (rig.now()["power_w"] or 10**9) < 60_000, "the low load read")
    low_s = rig.now()["t_s"]
    rig.plan(setpoint_kw=60, safety_kw=60, alarm_s=1)
    why = rig.wait(lambda: _reason(rig) == "below_safety_setpoint", "the reason shown")
    assert why
    assert not [event for event in rig.events("power_control_alarm") if event["t_s"] >= low_s]


def _reason(rig):
    """Why period control acts or does not; "" while it is not told."""
    told = [REASONS[reason] for control, _phase, reason, _group in rig.now()["controls"] if control == PERIOD]
    return told[0] if told else ""
