"""Remote trip is executed only as read back; under guarantee it is refused with the reason."""

from protocols.uplink.codes import REASONS


def test_trip_is_executed_with_the_measured_state(rig):
    rig.world.ask(recloses_after_s=None)
    row = rig.done(rig.trip(2))
    assert (row["tripped"], row["open"]) == (0b010, 0b010)
    truth = rig.world.truth()
    assert (truth["tripped"], truth["open"]) == (0b010, 0b010)

    permit = rig.done(rig.permit(2))
    assert permit["tripped"] == 0
    rig.event("close_permitted", rounds=0b010)
    assert rig.world.truth()["open"] == 0b010
    rig.world.ask(close=2)
    rig.event("switch_closed", rounds=0b010)


def test_guarantee_refuses_and_releases(rig):
    rig.world.ask(recloses_after_s=None)
    rig.done(rig.trip(1))
    rig.guarantee(on=True)
    rig.wait(lambda: rig.world.truth()["tripped"] == 0, "guarantee lets go")
    row = rig.done(rig.trip(1), "refused")
    assert REASONS[row["reason"]] == "guaranteed"
    assert rig.world.truth()["tripped"] == 0
    rig.guarantee(on=False)
    rig.done(rig.trip(1))
    assert rig.world.truth()["tripped"] == 1


def test_a_command_past_its_deadline_is_not_executed(rig):
    rig.net.black_hole()
    sent = rig.trip(1, within_s=3)
    rig.wait(lambda: rig.command(sent)["state"] in ("expired", "unknown"), "the deadline over")
    rig.net.restore()
    rig.wait(lambda: rig.command(sent)["state"] == "expired", "the device's word", 90)
    assert rig.world.truth()["edges"] == []
