"""Orders of money: priced exactly, never lost by rounding, one sequence of numbers for both units."""

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.uplink import messages
from protocols.uplink.codes import PURCHASE, REFRESH
from tests.unit.control.bench import Terminal, fee_order, order, refresh, released

FEE, ENERGY = messages.FEE_ORDER, messages.PURCHASE


def with_fee(left=10000, price_e4=5000, **changes):
    terminal = Terminal(price_e4=price_e4)
    terminal.step()
    assert terminal.do(FEE, fee_order(1, left, **changes)) == "none"
    terminal.step()
    return terminal


def use(terminal, wh, seconds=1):
    terminal.turn(energy_wh=terminal.energy_wh() + wh)
    return terminal.run(seconds)


def left(terminal):
    return terminal.group().remaining_yuan_e4


def test_energy_is_paid_at_the_price_of_the_moment():
    terminal = with_fee()
    use(terminal, 1000)
    assert left(terminal) == 5000
    terminal.turn(price_e4=8000)
    use(terminal, 500)
    assert left(terminal) == 1000
    assert terminal.group().remaining_wh is None


def test_what_is_below_the_unit_is_kept_and_falls_due():
    terminal = with_fee(10, price_e4=1)
    use(terminal, 999)
    assert left(terminal) == 10
    use(terminal, 1)
    assert left(terminal) == 9
    terminal.restart()
    use(terminal, 999)
    terminal.restart()
    use(terminal, 1)
    assert left(terminal) == 8


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 20000)), max_size=40))
def test_no_sum_of_small_uses_loses_anything(uses):
    terminal = with_fee(10**6)
    owed_e7 = 0
    for wh, price_e4 in uses:
        terminal.turn(price_e4=price_e4)
        use(terminal, wh)
        owed_e7 += wh * price_e4
    assert left(terminal) == 10**6 - owed_e7 // 1000
    assert terminal.state.groups[0].account.rest == owed_e7 % 1000


def test_append_keeps_what_is_owed_below_the_unit_and_refresh_replaces_all():
    terminal = with_fee(10, price_e4=1)
    use(terminal, 600)
    assert terminal.do(FEE, fee_order(2, 5)) == "none"
    use(terminal, 400)
    assert left(terminal) == 14
    use(terminal, 600)
    assert terminal.do(FEE, fee_order(3, 100, REFRESH)) == "none"
    use(terminal, 999)
    assert left(terminal) == 100


def test_alarm_and_trip_tell_their_figures_in_money():
    terminal = with_fee(1000, alarm_yuan_e4=500, trip_yuan_e4=-100)
    use(terminal, 100)
    assert terminal.data("energy_control_alarm") == [
        {
            "control": PURCHASE,
            "group": 1,
            "rounds": 0b11,
            "threshold_yuan_e4": 500,
            "remaining_after_yuan_e4": 500,
        }
    ]
    assert use(terminal, 119).tripped == 0
    assert use(terminal, 1).tripped == 0b01
    assert terminal.data("energy_control_trip") == [
        {
            "control": PURCHASE,
            "group": 1,
            "rounds": 0b01,
            "threshold_yuan_e4": -100,
            "remaining_after_yuan_e4": -100,
            "order": 1,
            "power_before_w": 120000,
        }
    ]
    terminal.do(FEE, fee_order(2, 1000))
    assert terminal.step().tripped == 0


def test_event_of_the_order_is_in_its_unit():
    terminal = with_fee(10000)
    terminal.do(FEE, fee_order(2, 500))
    assert terminal.data("purchase_applied")[1] == {
        "group": 1,
        "order": 2,
        "rounds": 0b11,
        "remaining_before_yuan_e4": 10000,
        "remaining_after_yuan_e4": 10500,
    }


def test_the_last_known_price_counts_while_none_is_known():
    terminal = with_fee()
    terminal.turn(price_e4=None, local_s=None)
    terminal.restart()
    use(terminal, 1000)
    assert left(terminal) == 5000
    assert terminal.do(FEE, fee_order(2, 5)) == "none"
    assert terminal.do(FEE, fee_order(1, 5, group=2)) == "none", "one tariff for all groups"


def test_order_of_money_without_any_price_is_refused():
    terminal = Terminal()
    terminal.step()
    before = terminal.state
    assert terminal.do(FEE, fee_order(1, 5)) == "no_tariff"
    assert terminal.state is before
    assert terminal.do(ENERGY, order(1, 5)) == "none", "its number was not used"


def test_price_of_zero_is_a_price():
    terminal = with_fee(price_e4=0)
    use(terminal, 1000)
    assert left(terminal) == 10000


def test_numbers_rise_over_both_units():
    terminal = with_fee()
    assert terminal.do(ENERGY, refresh(1, 5)) == "order_already_applied"
    assert terminal.do(ENERGY, refresh(9, 5)) == "none"
    assert terminal.do(FEE, fee_order(8, 5, REFRESH)) == "order_number_old"
    assert terminal.do(FEE, fee_order(9, 5, REFRESH)) == "order_already_applied"
    assert terminal.group().last_order == 1
    terminal.step()
    assert terminal.group().last_order == 9


def test_another_unit_takes_a_refresh_and_no_append():
    terminal = with_fee()
    assert terminal.do(ENERGY, order(2, 5)) == "bad_params"
    assert terminal.do(ENERGY, refresh(2, 700)) == "none"
    terminal.step()
    assert (terminal.group().remaining_wh, left(terminal)) == (700, None)
    applied = terminal.data("purchase_applied")[1]
    assert (applied["remaining_before_yuan_e4"], applied["remaining_after_wh"]) == (10000, 700)
    use(terminal, 100)
    assert terminal.group().remaining_wh == 600
    assert terminal.do(FEE, fee_order(3, 5)) == "bad_params"


def test_refund_must_leave_more_than_the_trip_threshold():
    terminal = with_fee(1000)
    assert terminal.do(FEE, fee_order(2, -1000)) == "bad_params"
    assert terminal.do(FEE, fee_order(2, -999)) == "none"


def test_remaining_never_falls_below_its_bound():
    terminal = with_fee(-(10**12), trip_yuan_e4=-(10**12), alarm_yuan_e4=-(10**12), flag=REFRESH)
    use(terminal, 5)
    assert left(terminal) == -(10**12)


def test_released_money_goes_on_or_stands_as_set():
    for counts, expected in ((1, 9500), (0, 10000)):
        terminal = with_fee().configure({"count_released": counts})
        assert terminal.do(messages.RELEASE, released(PURCHASE)) == "none"
        use(terminal, 100)
        assert left(terminal) == expected
        terminal.do(FEE, fee_order(2, 0))
        use(terminal, 100)
        assert left(terminal) == expected - 500, "what was used meanwhile is not taken later"
