"""Several summation groups: each decides alone, all are ORed; how a group's energy is believed."""

from firmware.control import core
from protocols.uplink import messages
from protocols.uplink.codes import DOWN_FLOAT, MONTH_ENERGY, PERIOD, PURCHASE
from tests.unit.control.bench import Terminal, down_float, month, on, order, plan, refresh, released

TWO = ((120000, 5000), (200000, 70000))


def test_a_group_has_a_state_only_after_its_first_control():
    terminal = Terminal(groups=TWO)
    terminal.step()
    assert [out.group for out in terminal.out.groups] == [1]
    assert set(core.dump(terminal.state)) == {"control", "g1", "p1", "o1"}
    terminal.do(messages.PURCHASE, order(1, 1000, group=8))
    terminal.step()
    assert [out.group for out in terminal.out.groups] == [1, 8]
    assert set(core.dump(terminal.state)) == {"control", "g1", "p1", "o1", "g8", "p8", "o8"}
    terminal.restart()
    assert [out.group for out in terminal.step().groups] == [1, 8]


def test_refused_first_control_begins_no_group():
    terminal = Terminal(groups=TWO)
    assert terminal.do(messages.RELEASE, released(PERIOD, group=2)) == "nothing_to_release"
    assert [out.group for out in terminal.step().groups] == [1]


def test_each_decides_by_its_own_power_and_all_are_ored():
    terminal = Terminal(groups=TWO)
    terminal.do(messages.PERIOD_PLAN, plan(rounds=0b01))
    terminal.do(messages.PERIOD_PLAN, plan(rounds=0b10, setpoints_w=[250000], group=2))
    terminal.run(130)
    assert terminal.out.tripped == 0b01
    assert terminal.control(PERIOD, 2) == ("monitor", "below_setpoint")
    terminal.turn(no=2, power_w=260000)
    terminal.run(400)
    assert terminal.out.tripped == 0b11
    assert {data["group"] for data in terminal.data("power_control_trip")} == {1, 2}
    assert (terminal.group(1).setpoint_w, terminal.group(2).setpoint_w) == (90000, 250000)
    assert (terminal.group(1).power_w, terminal.group(2).power_w) == (120000, 260000)
    terminal.do(messages.RELEASE, released(PERIOD))
    assert terminal.step().tripped == 0b10


def test_a_round_two_groups_hold_is_open_until_both_let_go():
    terminal = Terminal(groups=TWO)
    for no in (1, 2):
        terminal.do(messages.PERIOD_PLAN, plan(rounds=0b01, group=no))
    terminal.run(130)
    terminal.do(messages.RELEASE, released(PERIOD, group=1))
    terminal.step()
    assert (terminal.out.tripped, terminal.out.permitted) == (1, 0)
    terminal.do(messages.RELEASE, released(PERIOD, group=2))
    terminal.step()
    assert (terminal.out.tripped, terminal.out.permitted) == (0, 1)


def test_priority_is_of_each_group():
    terminal = Terminal(groups=TWO)
    for no in (1, 2):
        terminal.do(messages.PERIOD_PLAN, plan(group=no))
    terminal.do(messages.DOWN_FLOAT, down_float(group=2))
    terminal.step()
    assert (terminal.group(1).control, terminal.group(2).control) == (PERIOD, DOWN_FLOAT)


def test_orders_and_energy_are_of_each_group():
    terminal = Terminal(groups=TWO)
    terminal.step()
    assert terminal.do(messages.PURCHASE, refresh(5, 1000)) == "none"
    assert terminal.do(messages.PURCHASE, refresh(3, 2000, group=2)) == "none"
    terminal.step()
    terminal.turn(no=2, energy_wh=70300)
    terminal.run(1)
    assert (terminal.group(1).remaining_wh, terminal.group(2).remaining_wh) == (1000, 1700)
    assert (terminal.group(1).last_order, terminal.group(2).last_order) == (5, 3)
    assert (terminal.group(1).month_wh, terminal.group(2).month_wh) == (0, 300)


def test_a_group_without_members_reads_nothing_and_trips_nothing():
    terminal = Terminal()
    terminal.do(messages.PERIOD_PLAN, plan(group=8))
    terminal.do(messages.MONTH_ENERGY, month(1, group=8))
    terminal.run(600)
    assert terminal.out.tripped == 0
    assert terminal.control(PERIOD, 8) == ("monitor", "no_reading")
    assert terminal.control(MONTH_ENERGY, 8) == ("monitor", "no_reading")
    assert terminal.group(8).power_w is None


def test_guarantee_is_of_all_groups():
    terminal = Terminal(groups=TWO)
    terminal.do(messages.PURCHASE, refresh(1, 0, rounds=0b01))
    terminal.do(messages.PURCHASE, refresh(1, 0, rounds=0b10, group=2))
    assert terminal.step().tripped == 0b11
    terminal.do(messages.GUARANTEE, on())
    assert terminal.step().tripped == 0
    assert terminal.control(PURCHASE, 2) == ("monitor", "guaranteed")


def test_a_new_meter_is_told_once_with_both_totals():
    terminal = Terminal(groups=TWO)
    terminal.step()
    terminal.do(messages.PURCHASE, refresh(1, 1000, group=2))
    terminal.step()
    for _ in range(3):
        terminal.turn(no=2, energy_wh=12)
        terminal.run(20)
        assert "register_rebased" not in terminal.names()
    terminal.run(200)
    assert terminal.data("register_rebased") == [{"group": 2, "old_wh": 70000, "new_wh": 12}]
    assert terminal.group(2).remaining_wh == 1000


def test_a_power_cut_in_the_middle_keeps_both_groups():
    terminal = Terminal(groups=TWO)
    terminal.step()
    for no in (1, 2):
        terminal.do(messages.PERIOD_PLAN, plan(rounds=no, group=no))
        terminal.do(messages.PURCHASE, refresh(1, 1000 * no, group=no))
    terminal.run(185)
    tripped = terminal.out.tripped
    assert tripped == 0b11
    terminal.restart()
    terminal.run(600, every_s=600)
    assert terminal.out.tripped == tripped
    assert [out.remaining_wh for out in terminal.out.groups] == [1000, 2000]
