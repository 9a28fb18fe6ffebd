"""Orders count once, and who is cut off: named laws of the prepaid ledger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.area import ledger, ledger_orders
from firmware.area.ledger import READ
from firmware.area.ledger_state import NEW, remaining
from firmware.area.switching import LEAVE, PERMIT, TRIP
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH
from tests.unit.area_prepaid.house import (
    DAY_S,
    KWH,
    MIDNIGHT_S,
    OFFSET_S,
    ROLL_WH,
    House,
    config,
    opened,
    out_of_credit,
    wanted,
)

# ---- orders


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([APPEND, REFRESH]), st.integers(1, 9999))))
def test_an_order_is_applied_exactly_once(orders):
    """Whatever comes again and in whatever order, across restarts: each number that counts, counts once."""
    house = House(config())
    left, highest, applied = None, 0, set()
    for number, flag, value in orders:
        reason = house.order(flag, value, number)
        if number > highest:
            assert reason == 0
            left = value + (left or 0 if flag == APPEND else 0)
            highest = number
            applied.add(number)
        else:
            near = number in applied and number >= highest - 8
            assert reason == REASON_NO["order_already_applied" if near else "order_number_old"]
        assert remaining(house.state) == left


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((2, 0x54, 10, 1), "bad_params"),
        ((2, APPEND, 10, 2), "bad_params"),
        ((2, APPEND, True, 1), "bad_params"),
        ((0, APPEND, 10, 1), "bad_params"),
        ((1 << 32, APPEND, 10, 1), "bad_params"),
        ((2, APPEND, 10**12 + 1, 1), "bad_params"),
        ((2, APPEND, 10**12, 1), "bad_params"),  # together it is too much
        ((2, APPEND, 10, 0), "bad_params"),  # Wh onto money
        ((2, APPEND, -10_100_000, 1), "bad_params"),  # the refund would cut its customer off
    ],
)
def test_an_order_that_is_not_in_order_changes_nothing(order, reason):
    house = opened()
    before = house.state
    found = ledger_orders.order(before, house.config, ledger_orders.Order(*order))
    assert found == (REASON_NO[reason], before, [])


def test_an_order_of_money_needs_a_tariff():
    order = ledger_orders.Order(1, APPEND, 10, 1)
    assert ledger_orders.order(NEW, config(()), order)[0] == REASON_NO["no_tariff"]


def test_a_refund_above_the_trip_threshold_is_one():
    house = opened()
    assert house.order(APPEND, -10_099_999) == 0
    assert remaining(house.state) == -99_999


# ---- who is cut off


def test_out_of_credit_is_cut_off_and_topped_up_is_let_go():
    house = out_of_credit()
    assert wanted(house) == TRIP
    house.buy(10**6)
    assert wanted(house) == PERMIT


def test_exactly_at_the_trip_threshold_is_cut_off():
    house = opened(5000 * 3, trip=-100_000)  # 5000 for each kWh
    for kwh, what in ((22.99, PERMIT), (0.01, TRIP)):
        house.true_wh[0] += round(kwh * KWH)
        house.t_s += 3 * 3600
        house.read()
        assert wanted(house) == what
    assert remaining(house.state) == -100_000


@pytest.mark.parametrize("guaranteed", [1, None])
def test_a_guaranteed_meter_is_never_cut(guaranteed):
    """None: the flag cannot be read."""
    assert wanted(out_of_credit(guaranteed=guaranteed)) == PERMIT


def test_what_the_station_switched_is_left_to_the_station():
    assert wanted(out_of_credit(held=1)) == LEAVE
    assert wanted(opened(held=1)) == LEAVE


def test_a_meter_without_an_order_is_left_alone():
    house = House(config())
    house.read()
    house.live(40 * 3600, 9000)
    house.read()
    assert wanted(house) == LEAVE
    assert remaining(house.state) is None


@given(st.integers(0, (1 << 24) - 1), st.integers(0, DAY_S * 3 - 1), st.sets(st.integers(0, 2)))
def test_no_cut_off_in_blocked_hours_or_on_holidays(hours, second, days):
    first_day = (MIDNIGHT_S + OFFSET_S) // DAY_S
    holidays = tuple(first_day + day for day in days)
    house = SPENT
    told_config = house.config._replace(blocked_hours=hours, holidays=holidays)
    free = not hours & 1 << second % DAY_S // 3600 and second // DAY_S not in days
    assert ledger.want(house.state, told_config, MIDNIGHT_S + second) == (TRIP if free else LEAVE)


SPENT = out_of_credit()


def test_without_a_trusted_clock_nobody_is_cut_off():
    assert ledger.want(SPENT.state, SPENT.config, None) == LEAVE


def test_doubt_never_cuts():
    house = out_of_credit()
    for _time in range(3):
        house.t_s += 2
        assert house.tell((0, 0, 0, 0), house.t_s) == ((READ, house.t_s),)
        assert wanted(house) == LEAVE
    house.read()
    assert wanted(house) == TRIP


@given(st.lists(st.integers(0, 4), min_size=4, max_size=4), st.integers(0, 40 * DAY_S))
def test_one_wrong_reading_never_cuts(which, later_s):
    """Nor takes money, however far the registers are off and however long nobody read."""
    house = opened(10**9)
    base = house.shown()
    house.t_s += later_s
    wrong = tuple(
        [0, wh // 2, wh + 10**8, ROLL_WH - 1, wh][kind] for kind, wh in zip(which, base, strict=True)
    )
    house.tell(wrong, house.t_s)
    assert remaining(house.state) == 10**9
