"""Rules that compare energies over time: stop, fall, deviation, reverse, groups."""

from tests.unit.metering.watch_rig import NO, Rig, steps

# ---- meter stop


def test_a_meter_that_stands_while_power_flows_has_stopped():
    rig = Rig().run(100)
    rig.follow = False
    rig.run(860)  # the register may have moved up to 28 s before
    assert rig.events == []
    rig.run(50)
    [(_, begun)] = rig.told("meter_stop")
    assert begun["value"] >= 320  # Wh that 1.32 kW are in the quarter of an hour
    rig.run(600)
    rig.follow = True
    rig.run(60)
    assert steps(rig, "meter_stop") == [0, 1]


def test_a_meter_stands_rightly_while_less_than_a_tenth_of_a_kwh_flows():
    rig = Rig().run(10)
    rig.follow = False
    rig.run(3550, n8=100, n9=34, n10=33, n11=33)  # 10 W: 0.1 kWh take ten hours
    assert rig.told("meter_stop") == []
    rig.run(33_000)
    assert len(rig.told("meter_stop")) == 1


def test_a_gap_starts_the_standing_anew_and_ends_no_stop():
    rig = Rig().run(100)
    rig.follow = False
    rig.run(700).run(10, n8=None).run(700, n8=13200)
    assert rig.told("meter_stop") == []
    rig.run(300).run(100, n320=None).run(100, n8=None)
    assert steps(rig, "meter_stop") == [0]


def test_current_for_long_without_energy_is_a_stop_too():
    rig = Rig(rules={1: [[NO["meter_stop_current"], 50, 0, 3600]]}).run(10)
    rig.follow = False
    rig.run(3590, n8=0, n9=0, n10=0, n11=0)
    assert rig.told("meter_stop_current") == []
    rig.run(20)
    assert steps(rig, "meter_stop_current") == [0]
    rig.follow = True
    rig.run(40, n8=13200)
    assert steps(rig, "meter_stop_current") == [0, 1]


# ---- registers


def test_a_register_that_falls_is_told_once():
    rig = Rig().run(10, n320=5_000_000).run(10, n320=4_999_990)
    assert rig.told("register_decrease") == [], "one least digit"
    rig.run(10, n320=4_999_970)
    [(_, fields)] = rig.told("register_decrease")
    assert (fields["before"], fields["value"]) == (4_999_990, 4_999_970)
    rig.run(100)
    assert len(rig.told("register_decrease")) == 1


def test_a_register_that_rolls_over_has_not_fallen():
    rig = Rig().run(10, n320=999_999_990).run(10, n320=120)
    assert rig.told("register_decrease") == []


def test_after_a_meter_change_nothing_is_compared():
    rig = Rig().run(10, n320=5_000_000, n3840=7, n48=0)
    rig.watch.exclude(1, 60)
    rig.run(70, n320=100, n3840=9, n48=16)
    rig.run(100)
    assert rig.events == []


def test_a_register_that_runs_ahead_deviates_and_then_flies_away():
    rig = Rig().run(10)
    rig.follow = False
    start = 10_000_000
    for second in range(0, 1900, 2):
        rig.run(2, n320=start + second * 1000 // 3600)  # 1.0 kW told, 1.32 kVA by voltage and current
    assert rig.events == []
    for second in range(0, 1900, 2):
        rig.run(2, n320=start + 600 + second * 4000 // 3600)
    assert steps(rig, "energy_deviation") == [0]
    assert rig.told("meter_fly_away") == []
    assert 2900 <= rig.told("energy_deviation")[0][1]["value"] <= 3050
    for second in range(0, 1900, 2):
        rig.run(2, n320=start + 3000 + second * 8000 // 3600)
    assert steps(rig, "meter_fly_away") == [0]
    for second in range(0, 1900, 2):
        rig.run(2, n320=start + 9000 + second * 1300 // 3600)
    assert steps(rig, "meter_fly_away") == steps(rig, "energy_deviation") == [0, 1]


def test_a_register_that_falls_ends_no_deviation():
    rig = Rig().run(10)
    rig.follow = False
    for second in range(0, 1900, 2):
        rig.run(2, n320=10_000_000 + second * 4000 // 3600)
    assert steps(rig, "energy_deviation") == [0]
    rig.run(1000, n320=5_000_000)
    assert steps(rig, "energy_deviation") == [0]


def test_a_gap_in_the_window_makes_no_deviation():
    rig = Rig().run(10)
    rig.follow = False
    for n in range(8):
        rig.run(400, n320=10_000_000 + n * 5000, n4=2000).run(70, n4=None)
    assert rig.events == []


def test_energy_backwards_beyond_a_hundredth_is_reverse():
    rig = Rig(rules={1: [[NO["reverse_energy"], 10, 10, 3600], [NO["energy_deviation"], 0, 0, -1]]})
    rig.run(20, n384=0)
    rig.run(3600, n384=10)
    assert rig.told("reverse_energy") == []
    rig.run(3600, n384=400)
    [(_, fields)] = rig.told("reverse_energy")
    assert 290 <= fields["value"] <= 300
    rig.run(3700)
    assert steps(rig, "reverse_energy") == [0, 1]


# ---- groups


def test_two_groups_that_should_measure_the_same_are_compared_over_their_window():
    rig = Rig(rules={1: [[NO["group_difference"], 20, 15, 3600]]})
    none = (None, None)
    rig.points.sums = (none,) * 6 + ((0, 1_000_000), (0, 2_000_000))
    rig.run(10)
    rig.points.sums = (none,) * 6 + ((0, 1_098_000), (0, 2_100_000))
    rig.run(3610)
    assert rig.events == [], "2.0 % are not beyond 2 %"
    rig.points.sums = (none,) * 6 + ((0, 1_195_800), (0, 2_200_000))
    rig.run(3610)
    [(_, fields)] = rig.told("group_difference")
    assert fields["value"] == 22
    assert "metering_point" not in fields
    rig.points.sums = (none,) * 6 + ((0, 1_195_800), (0, 2_000_000))
    rig.run(3610)
    assert steps(rig, "group_difference") == [0], "a total that falls is another meter"
    rig.points.sums = (none,) * 6 + (none, (0, 2_300_000))
    rig.run(3610)
    assert steps(rig, "group_difference") == [0], "without reading there is no end"
    rig.points.sums = (none,) * 6 + ((0, 1_595_800), (0, 2_400_000))
    rig.run(3610)
    assert steps(rig, "group_difference") == [0, 1]


def test_terminals_without_the_two_groups_compare_nothing():
    rig = Rig()
    for sums in ((), ((1, 2),), ((None, None),) * 8):
        rig.points.sums = sums
        rig.run(200)
    assert rig.events == []
