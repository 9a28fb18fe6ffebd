"""The closed loop of power control, one law a test."""

from protocols.uplink import messages
from protocols.uplink.codes import PERIOD
from tests.unit.control.bench import plan, with_plan


def test_first_reading_over_the_setpoint_warns_round_1():
    terminal = with_plan()
    assert terminal.out.alarm == 0b01
    assert terminal.out.tripped == 0
    assert terminal.control(PERIOD) == ("alarm", "none")


def test_trip_comes_with_the_end_of_the_alarm_and_not_a_second_before():
    terminal = with_plan()
    assert terminal.run(119).tripped == 0
    assert terminal.run(1).tripped == 0b01


def test_limit_is_reached_at_the_setpoint_itself():
    assert with_plan(power_w=90000).out.alarm == 0b01
    assert with_plan(power_w=89999).out.alarm == 0


def test_safety_setpoint_is_reached_at_itself():
    assert with_plan(power_w=100000, safety_w=100000).out.alarm == 0b01
    assert with_plan(power_w=99999, safety_w=100000).out.alarm == 0


def test_feeding_back_counts_by_its_amount():
    assert with_plan(power_w=-120000).out.alarm == 0b01


def test_short_peak_at_a_tick_warns_nobody():
    terminal = with_plan(power_w=50000)
    terminal.run(59)
    terminal.run(1, power_w=200000)
    assert terminal.out.alarm == 0


def test_peak_at_every_tick_trips_nobody_while_the_average_is_below():
    terminal = with_plan(power_w=50000)
    for _minute in range(10):
        terminal.run(59, power_w=50000)
        terminal.run(1, power_w=200000)
    assert "power_control_alarm" not in terminal.names()


def test_load_that_has_just_fallen_is_not_tripped_for_its_past():
    terminal = with_plan()
    terminal.run(119)
    terminal.run(1, power_w=89000)
    assert terminal.out.tripped == 0
    assert terminal.control(PERIOD) == ("monitor", "below_setpoint")


def test_alarm_shorter_than_the_slide_is_judged_again_before_the_trip():
    terminal = with_plan(slide_s=600, alarm_s=[60])
    terminal.run(30)
    terminal.run(30, power_w=60000)
    assert terminal.out.tripped == 0
    assert terminal.out.alarm == 0


def test_post_trip_record_has_the_power_before_and_after():
    terminal = with_plan()
    terminal.run(120)
    terminal.run(120, power_w=95000)
    assert terminal.data("power_control_trip") == [
        {
            "control": PERIOD,
            "group": 1,
            "rounds": 0b01,
            "ago_s": 120,
            "power_before_w": 120000,
            "power_after_w": 95000,
            "setpoint_w": 90000,
        }
    ]


def test_post_trip_record_without_a_reading_leaves_the_power_after_out():
    terminal = with_plan()
    terminal.run(120)
    terminal.run(120, power_w=None)
    assert "power_after_w" not in terminal.data("power_control_trip")[0]


def test_further_rounds_take_the_last_alarm_time():
    terminal = with_plan(alarm_s=[10], slide_s=1, post_trip_s=1)
    terminal.run(10)
    assert terminal.out.tripped == 0b01
    terminal.run(11)
    assert terminal.out.tripped == 0b11


def test_all_rounds_tripped_ends_alarms_and_says_so():
    terminal = with_plan(alarm_s=[10], slide_s=1, post_trip_s=1)
    terminal.run(600)
    assert terminal.out.tripped == 0b11
    assert terminal.names().count("power_control_alarm") == 2
    assert terminal.control(PERIOD) == ("tripped", "all_rounds_tripped")


def test_tripped_round_stays_when_the_load_falls():
    terminal = with_plan()
    terminal.run(120)
    assert terminal.run(1000, power_w=10000).tripped == 0b01


def test_lost_reading_drops_the_alarm_and_keeps_what_is_tripped():
    terminal = with_plan()
    terminal.run(120)
    terminal.run(121)
    assert terminal.out.alarm == 0b10
    terminal.run(1, power_w=None)
    assert (terminal.out.alarm, terminal.out.tripped) == (0, 0b01)
    assert terminal.control(PERIOD) == ("monitor", "no_reading")
    terminal.run(1000)
    assert terminal.out.tripped == 0b01


def test_alarm_runs_in_full_after_readings_return():
    terminal = with_plan()
    terminal.run(110)
    terminal.run(1, power_w=None)
    terminal.run(1, power_w=120000)
    assert terminal.out.alarm == 0b01
    assert terminal.run(119).tripped == 0
    assert terminal.run(1).tripped == 0b01


def test_jump_forward_in_an_alarm_warns_again_instead_of_tripping_unheard():
    terminal = with_plan()
    terminal.run(7200, every_s=7200)
    assert terminal.out.tripped == 0
    assert terminal.run(120).tripped == 0b01


def test_counter_that_steps_back_keeps_the_time_already_run():
    terminal = with_plan()
    terminal.run(100)
    terminal.turn(run_s=6)
    terminal.run(1)  # at 7: how long it was from 1100 to there cannot be known
    assert terminal.run(19).tripped == 0
    assert terminal.run(1).tripped == 0b01


def test_lower_setpoint_by_a_new_plan_keeps_tripped_rounds():
    terminal = with_plan()
    terminal.run(130)
    assert terminal.do(messages.PERIOD_PLAN, plan(setpoints_w=[60000])) == "none"
    terminal.step()
    assert terminal.out.tripped == 0b01
    assert terminal.names().count("power_control_trip") == 1
    assert terminal.out.alarm == 0b10


def test_new_plan_lets_go_of_rounds_it_does_not_name():
    terminal = with_plan()
    terminal.run(130)
    terminal.do(messages.PERIOD_PLAN, plan(rounds=0b10))
    assert terminal.step().tripped == 0
    assert terminal.out.permitted == 0b01
