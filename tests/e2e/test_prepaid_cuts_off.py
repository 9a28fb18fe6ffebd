"""An order is used up: alarm, cutoff, top-up, permit. The same order number changes nothing."""

from protocols.uplink import messages
from protocols.uplink.codes import REASONS
from station.store import db


def test_used_up_order_alarms_trips_and_a_top_up_permits(rig):
    rig.world.ask(recloses_after_s=None)
    rig.load(2_000_000)
    row, number = rig.buy(value_kwh=8, alarm_kwh=5, trip_kwh=0)
    assert row["remaining_wh"] == 8000
    rig.event("purchase_applied", order=number)
    rig.event("energy_control_alarm")
    trip = rig.event("energy_control_trip", rounds=1)
    assert trip["data"]["remaining_after_wh"] <= 0
    rig.wait(lambda: rig.world.truth()["open"] & 1, "the switch is open")

    rig.load(1000)
    _row, second = rig.buy(value_kwh=500, alarm_kwh=5)
    rig.event("close_permitted", rounds=1)
    rig.wait(lambda: rig.world.truth()["tripped"] == 0, "relay let go")
    assert second == number + 1

    rig.wait(lambda: rig.now()["last_order"] == second, "the last order told")
    before, told_s = rig.now()["remaining_wh"], rig.now()["t_s"]
    again = _same_order_again(rig, second)
    assert REASONS[again["reason"]] == "order_already_applied"
    rig.wait(lambda: rig.now()["t_s"] > told_s, "the next live state")
    assert rig.now()["remaining_wh"] <= before, "nothing was added"
    assert len(rig.events("purchase_applied")) == 2


def _same_order_again(rig, number):
    """Past the station's own check, as a second station or a restored backup could send it."""
    from hil.plugin import DEVICE
    from station.store import commands

    params = {"order": number, "flag": 0x55, "value_wh": 500_000, "alarm_wh": 5000, "trip_wh": 0, "rounds": 1}
    with db.writing(rig.engine) as c:
        sent = commands.create(c, DEVICE, messages.PURCHASE, params, "test", db.now_s() + 300)
    return rig.done(sent, "refused")
