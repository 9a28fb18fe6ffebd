"""Purchase orders are applied once, energy is deducted exactly, thresholds act at their value."""

import pytest

from protocols.uplink import messages
from protocols.uplink.codes import PURCHASE
from tests.unit.control.bench import OFF, Terminal, on, order, refresh, released, with_order

TOP_WH = 10**12


def use(terminal, wh, steps=1):
    terminal.turn(energy_wh=terminal.energy_wh() + wh)
    return terminal.run(steps)


def test_append_adds_and_refresh_replaces():
    terminal = with_order(1000)
    assert terminal.do(messages.PURCHASE, order(2, 500)) == "none"
    assert terminal.step().groups[0].remaining_wh == 1500
    assert terminal.do(messages.PURCHASE, refresh(3, 800)) == "none"
    assert terminal.step().groups[0].remaining_wh == 800


def test_repeat_has_no_effect_even_after_newer_orders():
    terminal = with_order(1000)
    terminal.do(messages.PURCHASE, order(2, 500))
    told = len(terminal.told)
    assert terminal.do(messages.PURCHASE, order(1, 1000)) == "order_already_applied"
    assert terminal.do(messages.PURCHASE, order(2, 500)) == "order_already_applied"
    assert len(terminal.told) == told
    assert terminal.step().groups[0].remaining_wh == 1500


def test_older_unknown_number_is_refused():
    terminal = with_order()
    terminal.do(messages.PURCHASE, order(9, 500))
    assert terminal.do(messages.PURCHASE, order(8, 500)) == "order_number_old"


def test_numbers_beyond_the_64_kept_are_refused_as_old():
    terminal = with_order(0)
    for number in range(2, 80):
        assert terminal.do(messages.PURCHASE, order(number, 10)) == "none"
    terminal.restart()
    assert terminal.do(messages.PURCHASE, order(16, 10)) == "order_already_applied"
    assert terminal.do(messages.PURCHASE, order(15, 10)) == "order_number_old"
    assert terminal.step().groups[0].remaining_wh == 780
    assert terminal.out.groups[0].last_order == 79


def test_alarm_at_the_threshold_once_a_crossing():
    terminal = with_order(301)
    assert terminal.out.alarm == 0
    assert terminal.control(PURCHASE) == ("monitor", "above_threshold")
    use(terminal, 1)
    assert terminal.out.alarm == 0b11
    assert terminal.control(PURCHASE) == ("alarm", "none")
    use(terminal, 100, 10)
    assert terminal.names().count("energy_control_alarm") == 1
    terminal.do(messages.PURCHASE, order(2, 1000))
    assert terminal.step().alarm == 0
    use(terminal, 900)
    assert terminal.names().count("energy_control_alarm") == 2


def test_trip_at_the_threshold_one_round_a_minute():
    terminal = with_order(100)
    assert use(terminal, 99).tripped == 0
    assert use(terminal, 1).tripped == 0b01
    assert terminal.out.alarm == 0b10
    assert terminal.control(PURCHASE) == ("tripped", "none")
    assert terminal.run(59).tripped == 0b01
    assert terminal.run(1).tripped == 0b11
    assert terminal.control(PURCHASE) == ("tripped", "all_rounds_tripped")
    assert [data["rounds"] for data in terminal.data("energy_control_trip")] == [0b01, 0b10]


def test_long_jump_trips_one_round_only():
    terminal = with_order(100)
    use(terminal, 100)
    assert terminal.run(86400 * 2, every_s=86400).tripped == 0b11
    terminal = with_order(100, rounds=0b11)
    use(terminal, 100)
    assert terminal.run(86400, every_s=86400).tripped == 0b11
    assert len(terminal.data("energy_control_trip")) == 2


def test_top_up_lets_go_and_permits_to_close():
    terminal = with_order(100)
    use(terminal, 100)
    terminal.do(messages.PURCHASE, order(2, 200))
    assert terminal.step().tripped == 0
    assert terminal.out.permitted == 0b01
    assert terminal.control(PURCHASE) == ("alarm", "none")


def test_credit_below_zero():
    terminal = with_order(100, trip_wh=-500, alarm_wh=0)
    assert use(terminal, 599).tripped == 0
    assert use(terminal, 1).tripped == 0b01
    assert terminal.out.groups[0].remaining_wh == -500


def test_energy_counts_while_released():
    terminal = with_order(100)
    use(terminal, 100)
    assert terminal.do(messages.RELEASE, released(PURCHASE)) == "none"
    assert terminal.step().tripped == 0
    assert terminal.control(PURCHASE) == ("idle", "not_enabled")
    assert use(terminal, 50).groups[0].remaining_wh == -50
    assert terminal.out.tripped == 0


def test_energy_counts_while_the_meter_is_silent_and_remaining_stands():
    terminal = with_order(1000)
    terminal.run(100, energy_wh=None)
    assert terminal.out.groups[0].remaining_wh == 1000
    assert terminal.control(PURCHASE) == ("monitor", "no_reading")
    terminal.run(1, energy_wh=5400)
    assert terminal.out.groups[0].remaining_wh == 600


def test_order_before_the_first_reading_counts_from_that_reading():
    terminal = Terminal(energy_wh=None)
    terminal.step()
    terminal.do(messages.PURCHASE, order(1, 1000))
    assert terminal.step().groups[0].remaining_wh == 1000
    terminal.run(1, energy_wh=70000)
    terminal.run(1, energy_wh=70100)
    assert terminal.out.groups[0].remaining_wh == 900


def readings(terminal, *totals_wh):
    """One reading of the meter every 20 s; in between the samples repeat it."""
    for energy_wh in totals_wh:
        terminal.run(20, energy_wh=energy_wh)


def test_falling_total_is_ignored_three_times():
    terminal = with_order(1000)
    readings(terminal, 10, 20, 30, 5100)
    assert terminal.out.groups[0].remaining_wh == 900


def test_one_bad_reading_repeated_by_the_samples_is_one_reading():
    terminal = with_order(1000)
    terminal.run(19, energy_wh=10)
    assert terminal.state.groups[0].count.strays == 1
    assert terminal.state.groups[0].count.base_wh == 5000


def test_fourth_falling_total_is_a_new_meter():
    terminal = with_order(1000)
    readings(terminal, 10, 20, 30, 40)
    assert terminal.out.groups[0].remaining_wh == 1000
    readings(terminal, 140)
    assert terminal.out.groups[0].remaining_wh == 900


def test_falls_must_be_in_a_row():
    terminal = with_order(1000)
    for _ in range(5):
        readings(terminal, 10, 10, 10, 5000)
    readings(terminal, 5001)
    assert terminal.out.groups[0].remaining_wh == 999


def test_total_that_comes_back_after_a_rebase_trips_nobody():
    terminal = with_order(1000)
    readings(terminal, *[0] * 10)
    assert terminal.state.groups[0].count.base_wh == 0
    readings(terminal, 5100)
    assert terminal.out.groups[0].remaining_wh == 900
    assert terminal.out.tripped == 0


def test_old_total_is_forgotten_when_the_new_meter_has_proved_itself():
    terminal = with_order(10000)
    readings(terminal, 0, 0, 0, 0)
    terminal.run(1000, energy_wh=100)
    terminal.run(1, energy_wh=6000)
    assert terminal.out.groups[0].remaining_wh == 4000


def steps_and_polls(terminal, seconds, energy_wh):
    """Twice a second, as the tick and the poller call."""
    terminal.turn(energy_wh=energy_wh)
    for _ in range(seconds):
        terminal.run(1)
        terminal.step()


def test_old_total_may_come_back_for_a_quarter_of_an_hour_however_often_it_is_asked():
    terminal = Terminal(energy_wh=80000000)
    terminal.step()
    terminal.do(messages.PURCHASE, refresh(1, 1000000))
    steps_and_polls(terminal, 900, 800)
    assert terminal.state.groups[0].count.base_wh == 800
    steps_and_polls(terminal, 1, 80000900)
    assert terminal.out.groups[0].remaining_wh == 1000000 - 900


HIGH_WH = 800000000


def test_one_high_reading_takes_no_money_and_trips_nobody():
    terminal = with_order(1000)
    readings(terminal, HIGH_WH, HIGH_WH, HIGH_WH)
    assert (terminal.out.groups[0].remaining_wh, terminal.out.tripped) == (1000, 0)
    readings(terminal, 5100)
    assert terminal.out.groups[0].remaining_wh == 900
    readings(terminal, HIGH_WH, HIGH_WH, HIGH_WH, 5200)
    assert terminal.out.groups[0].remaining_wh == 800


def test_fourth_total_higher_than_anybody_can_use_is_a_new_meter():
    terminal = with_order(1000)
    readings(terminal, *[HIGH_WH] * 4)
    assert (terminal.out.groups[0].remaining_wh, terminal.state.groups[0].count.base_wh) == (1000, HIGH_WH)
    readings(terminal, HIGH_WH + 100)
    assert terminal.out.groups[0].remaining_wh == 900


def test_unlikely_rise_that_stays_is_deducted_in_full():
    terminal = with_order(1000000)
    readings(terminal, *[505000] * 3)
    assert terminal.out.groups[0].remaining_wh == 1000000
    readings(terminal, 505000)
    assert terminal.out.groups[0].remaining_wh == 500000


def test_energy_used_in_a_power_cut_is_deducted_at_once():
    terminal = with_order(20000000)
    terminal.restart()
    terminal.run(8 * 3600, every_s=8 * 3600, power_w=None, energy_wh=5000 + 8000000)
    assert terminal.out.groups[0].remaining_wh == 12000000


def test_total_that_stood_for_a_month_leaves_no_room_for_a_high_reading():
    terminal = with_order(1000)
    terminal.run(30 * 86400, every_s=600)
    readings(terminal, 500000000)
    assert (terminal.out.groups[0].remaining_wh, terminal.out.tripped) == (1000, 0)


def test_refund_must_leave_more_than_the_trip_threshold():
    terminal = with_order(1000)
    assert terminal.do(messages.PURCHASE, order(2, -1000)) == "bad_params"
    assert terminal.do(messages.PURCHASE, order(2, -999)) == "none"
    assert terminal.step().groups[0].remaining_wh == 1


def test_sum_out_of_bounds_is_refused():
    terminal = with_order(TOP_WH)
    assert terminal.do(messages.PURCHASE, order(2, 1)) == "bad_params"
    assert terminal.step().groups[0].remaining_wh == TOP_WH
    assert terminal.out.groups[0].last_order == 1


def test_remaining_never_falls_below_its_bound():
    terminal = with_order(-TOP_WH, trip_wh=-TOP_WH, alarm_wh=-TOP_WH)
    assert use(terminal, 5).groups[0].remaining_wh == -TOP_WH


def test_order_is_taken_under_guarantee_and_trips_only_after_it():
    terminal = with_order(1000)
    terminal.do(messages.GUARANTEE, on())
    assert terminal.do(messages.PURCHASE, refresh(2, 0)) == "none"
    assert terminal.run(10).tripped == 0
    assert terminal.out.groups[0].remaining_wh == 0
    assert terminal.control(PURCHASE) == ("monitor", "guaranteed")
    terminal.do(messages.GUARANTEE, OFF)
    assert terminal.step().tripped == 0b01


def test_event_holds_both_sides_of_the_order():
    terminal = with_order(1000)
    terminal.do(messages.PURCHASE, order(2, 500))
    assert terminal.data("purchase_applied")[1] == {
        "order": 2,
        "group": 1,
        "remaining_before_wh": 1000,
        "remaining_after_wh": 1500,
        "rounds": 0b11,
    }


@pytest.mark.parametrize("steps", [1, 30])
def test_new_order_for_other_rounds_lets_the_others_go(steps):
    terminal = with_order(0)
    terminal.run(steps)
    assert terminal.out.tripped == 0b01
    terminal.do(messages.PURCHASE, refresh(2, 0, rounds=0b10))
    terminal.run(60)
    assert terminal.out.tripped == 0b10
