"""Current-power-down-float: measures, sets its own setpoint, tells the power once, ends by itself."""

from protocols.uplink import messages
from protocols.uplink.codes import DOWN_FLOAT
from tests.unit.control.bench import OFF, Terminal, down_float, on, released


def with_float(power_w: int | None = 200000, **changes):
    terminal = Terminal(power_w=power_w)
    terminal.step()
    assert terminal.do(messages.DOWN_FLOAT, down_float(**changes)) == "none"
    terminal.step()
    return terminal


def test_the_vector_of_the_document():
    terminal = with_float()
    assert terminal.control(DOWN_FLOAT) == ("measuring", "measuring")
    terminal.run(299)
    assert terminal.group().setpoint_w is None
    terminal.run(1)
    assert terminal.group().setpoint_w == 160000
    assert terminal.out.alarm == 0b01
    terminal.run(299, power_w=150000)
    assert "group_power_frozen" not in terminal.names()
    terminal.run(1)
    assert terminal.data("group_power_frozen") == [{"control": DOWN_FLOAT, "group": 1, "power_w": 150000}]
    terminal.run(1199, power_w=200000)
    assert terminal.out.tripped == 0b11
    terminal.run(1)
    assert (terminal.out.tripped, terminal.out.permitted) == (0, 0b11)
    assert terminal.control(DOWN_FLOAT) is None
    assert terminal.names().count("group_power_frozen") == 1
    assert terminal.data("power_control_end") == [{"control": DOWN_FLOAT, "group": 1, "rounds": 0b11}]


def test_setpoint_is_of_the_average_by_amount():
    terminal = with_float(power_w=-100000, slide_s=10)
    terminal.run(4)
    terminal.run(6, power_w=-300000)
    # 5 readings of 100 kW, 6 of 300 kW
    assert terminal.group().setpoint_w == 2300000 // 11 * 80 // 100


def test_setpoint_and_end_survive_restarts():
    terminal = with_float()
    terminal.run(400)
    terminal.restart()
    terminal.run(600, every_s=600)
    assert terminal.group().setpoint_w == 160000
    assert len(terminal.data("group_power_frozen")) == 1
    terminal.restart()
    terminal.run(799)
    assert terminal.control(DOWN_FLOAT) is not None
    terminal.run(1)
    assert terminal.control(DOWN_FLOAT) is None


def test_gap_in_the_readings_begins_the_measuring_again():
    terminal = with_float()
    terminal.run(200)
    terminal.run(1, power_w=None)
    terminal.run(300, power_w=100000)
    assert terminal.control(DOWN_FLOAT) == ("measuring", "measuring")
    terminal.run(1)
    assert terminal.group().setpoint_w == 80000


def test_power_cut_begins_the_measuring_again():
    terminal = with_float()
    terminal.run(200)
    terminal.restart()
    terminal.run(120, every_s=120, power_w=100000)
    terminal.run(299)
    assert terminal.group().setpoint_w is None
    terminal.run(1)
    assert terminal.group().setpoint_w == 80000


def test_without_any_reading_it_trips_nothing_and_still_tells_and_ends():
    terminal = with_float(power_w=None)
    terminal.run(1799)
    assert terminal.control(DOWN_FLOAT) == ("measuring", "measuring")
    assert "group_power_frozen" not in terminal.names()
    terminal.run(1)
    assert terminal.data("group_power_frozen") == [{"control": DOWN_FLOAT, "group": 1}]
    assert terminal.control(DOWN_FLOAT) is None
    assert terminal.out.tripped == 0


def test_power_is_told_with_the_next_reading_when_there_is_none():
    terminal = with_float()
    terminal.run(700, power_w=None)
    assert "group_power_frozen" not in terminal.names()
    terminal.run(1, power_w=70000)
    assert terminal.data("group_power_frozen")[0]["power_w"] == 70000


def test_no_load_makes_no_setpoint():
    terminal = with_float(power_w=0, slide_s=10)
    terminal.run(11, power_w=0)
    assert terminal.control(DOWN_FLOAT) == ("idle", "no_setpoint")
    assert terminal.run(600, power_w=200000).alarm == 0


def test_it_needs_no_clock():
    terminal = Terminal(power_w=200000, local_s=None)
    terminal.do(messages.DOWN_FLOAT, down_float())
    terminal.step()
    terminal.run(300)
    assert terminal.out.alarm == 0b01
    assert terminal.run(120).tripped == 0b01


def test_second_one_is_refused_while_the_first_runs():
    terminal = with_float()
    terminal.run(400)
    before = terminal.state
    assert terminal.do(messages.DOWN_FLOAT, down_float()) == "already_active"
    assert terminal.state is before
    terminal.run(1400)
    assert terminal.do(messages.DOWN_FLOAT, down_float()) == "none"


def test_second_one_starts_it_again_where_the_setting_says_so():
    terminal = with_float().configure({"float_restart": 1})
    terminal.run(500)
    assert terminal.out.tripped == 0b01
    terminal.turn(power_w=100000)
    assert terminal.do(messages.DOWN_FLOAT, down_float()) == "none"
    terminal.step()
    assert terminal.out.tripped == 0
    assert terminal.control(DOWN_FLOAT) == ("measuring", "measuring")
    terminal.run(1799)
    assert terminal.group().setpoint_w == 80000
    terminal.run(1)
    assert terminal.control(DOWN_FLOAT) is None


def test_release_ends_it():
    terminal = with_float()
    terminal.run(500)
    assert terminal.do(messages.RELEASE, released(DOWN_FLOAT)) == "none"
    assert terminal.step().tripped == 0
    assert terminal.control(DOWN_FLOAT) is None
    assert terminal.do(messages.RELEASE, released(DOWN_FLOAT)) == "nothing_to_release"


def test_its_time_runs_on_while_guaranteed():
    terminal = with_float()
    terminal.run(400)
    terminal.do(messages.GUARANTEE, on())
    terminal.run(600)
    assert terminal.out.tripped == 0
    assert terminal.control(DOWN_FLOAT) == ("monitor", "guaranteed")
    terminal.do(messages.GUARANTEE, OFF)
    terminal.step()
    assert terminal.out.alarm == 0b01, "from monitor, with the setpoint it had"
    terminal.do(messages.GUARANTEE, on())
    terminal.run(799)
    assert terminal.control(DOWN_FLOAT) is not None
    terminal.run(1)
    assert terminal.control(DOWN_FLOAT) is None
    assert terminal.data("power_control_end") == [{"control": DOWN_FLOAT, "group": 1, "rounds": 0}]


def test_counter_that_steps_back_takes_its_time_along():
    terminal = with_float()
    terminal.run(400)
    terminal.turn(run_s=10)
    terminal.step()
    terminal.run(1399)
    assert terminal.control(DOWN_FLOAT) is not None
    terminal.run(1)
    assert terminal.control(DOWN_FLOAT) is None
