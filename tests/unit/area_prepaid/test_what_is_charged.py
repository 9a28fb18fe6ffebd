"""What is charged, when, and what is told of it: named laws of the prepaid ledger and its tariffs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.area import ledger, ledger_orders, ledger_state, tariffs
from firmware.area.ledger import FREEZE, READ
from firmware.area.ledger_state import NEW, Reading, pack, remaining, unpack
from firmware.area.switching import PERMIT
from protocols.uplink.codes import REASON_NO
from tests.unit.area_prepaid.house import (
    DAY_CODES,
    DAY_S,
    FLAT,
    HOURS,
    KWH,
    MIDNIGHT_S,
    OFFSET_S,
    ROLL_WH,
    START_S,
    TIERS,
    House,
    config,
    opened,
    told,
    wanted,
)


def test_an_overdraft_is_a_trip_threshold_below_zero():
    house = opened(0, trip=-50_000)
    house.live(3600, 5000)
    house.read()
    assert (remaining(house.state), wanted(house)) == (-25_000, PERMIT)


def test_thresholds_are_told_once_a_crossing():
    house = opened(600_000, warn=500_000, trip=0)
    for power_w, events in ((4000, 0), (1000, 1), (4000, 0), (9000, 0), (9000, 0), (9000, 1), (9000, 0)):
        house.live(4 * 3600, power_w)
        house.read()
        assert told(house) == ["energy_control_alarm"] * events
        house.events.clear()
    house.buy(10**6)
    assert told(house) == ["purchase_applied"]
    house.buy(300_000, refresh=True)
    assert told(house)[1:] == ["purchase_applied", "energy_control_alarm"]


def test_a_price_change_at_midnight_waits_for_the_freeze():
    house = House(config((FLAT, HOURS._replace(from_s=MIDNIGHT_S)), by_rate=0))
    house.read()
    house.buy(10**7)
    house.live(20 * 3600, 1000)
    assert house.tell(house.shown(), house.t_s) == ((FREEZE, MIDNIGHT_S),)
    assert remaining(house.state) == 10**7
    house.read()
    assert remaining(house.state) == 10**7 - 14 * 5000 - 6 * 3007
    assert told(house) == ["purchase_applied"]


def test_without_the_freeze_it_is_split_by_time_and_told():
    house = House(config((FLAT, HOURS._replace(from_s=MIDNIGHT_S)), by_rate=0, wait_s=DAY_S))
    house.read()
    house.buy(10**7)
    house.live(14 * 3600 + DAY_S, 1000)
    house.read(freezes=False)
    assert told(house) == ["purchase_applied", "charge_interpolated"]
    assert remaining(house.state) == 10**7 - 14 * 5000 - 24 * 3007


def test_tiers_begin_anew_with_the_month_and_are_shortened_for_who_begins_within_it():
    """9 of 31 days are left: the first tier ends at 9 kWh, the second at 18."""
    house = House(config((TIERS._replace(prices_yuan_e4=(0,)),)))
    house.read()
    house.buy(10**7)
    for kwh, adds in ((9, 0), (9, 9 * 500), (1, 3001)):
        left = remaining(house.state)
        house.live(3600, kwh * KWH)
        house.read()
        assert left - remaining(house.state) == adds
    house.live(8 * DAY_S + 11 * 3600, 0)  # to midnight, the first of January
    house.read()
    left = remaining(house.state)
    house.live(4 * 3600, 8000)
    house.read()
    assert left - remaining(house.state) == 1 * 500


def test_a_missing_tariff_charges_later():
    house = opened()
    house.config = house.config._replace(tariffs=())
    house.live(3600, 5000)
    house.tell(house.shown(), house.t_s)
    assert remaining(house.state) == 10_000_000
    house.config = house.config._replace(tariffs=(FLAT,))
    house.read()
    assert remaining(house.state) == 10_000_000 - 25_000


def test_unread_for_a_month_is_charged_once_when_it_is_sure():
    house = opened()
    house.true_wh[0] += 40 * DAY_S // 3600 * 12 * KWH  # 12 kW day and night, more than is believed at once
    house.t_s += 40 * DAY_S
    house.read()
    assert told(house)[0] == "energy_deviation"
    assert remaining(house.state) == 10_000_000 - 40 * 24 * 12 * 5000


def test_what_no_fuse_lets_through_is_not_charged_but_named():
    house = opened()
    house.true_wh[0] += 10**8
    house.t_s += DAY_S
    house.read()
    assert remaining(house.state) == 10_000_000
    assert house.events == [("register_rebased", {"old_wh": 10_000, "new_wh": 100_010_000})]


def test_the_old_meter_that_comes_back_is_charged_once():
    """Another meter answered for an hour."""
    house = opened()
    house.true_wh[0] += 1500 * KWH
    house.t_s += 8 * DAY_S
    house.read()
    left, own = remaining(house.state), list(house.true_wh)
    house.true_wh = [10, 10, 10, 10]
    house.find_broken()
    house.true_wh = [own[0] + 2 * KWH, *own[1:]]
    house.t_s += 3 * DAY_S
    house.read()
    assert left - remaining(house.state) == 2 * 5000
    assert house.state.gap_wh == 0


def test_a_meter_change_told_before_and_after_it_was_seen():
    for at_once in (True, False):
        house = opened()
        house.live(7200, 3000)
        change = house.replace((100, 200, 300, 400), at_once)
        house.live(7200, 2000)
        if not at_once:
            house.find_broken()
            assert remaining(house.state) == 10_000_000
            assert house.change(*change) == 0
        assert house.change(*change) == REASON_NO["bad_params"]
        house.read()
        assert remaining(house.state) == 10_000_000 - 10 * 5000


def test_a_change_that_does_not_fit_is_refused():
    house = opened()
    house.live(3600, 3000)
    shown = sum(house.shown())
    for old_wh, new_wh in ((shown - 5000, 0), (shown + 200_000, 0), (shown, -1)):
        assert house.change(old_wh, new_wh, house.t_s) == REASON_NO["bad_params"]
    assert ledger_orders.change(NEW, house.config, 5, 5, 5)[0] == REASON_NO["no_reading"]


@pytest.mark.parametrize(
    "rates_wh",
    [None, (1, 2, None, 4), (1, -2, 3, 4), (ROLL_WH, 0, 0, 0), (9 * 10**8,) * 4],
)
def test_a_reading_that_is_none_changes_nothing(rates_wh):
    house = opened()
    found = ledger.settle(house.state, house.config, Reading(5, rates_wh), house.t_s + 60)
    assert found == (house.state, (), [])


def test_answers_that_do_not_agree_are_never_believed():
    """Two meters on one address, or noise: each twice, never four times."""
    house = opened()
    for second in range(1, 40):
        house.tell(((second // 2 * 7919 % 13) * 10**7, 0, 0, 0), house.t_s + second)
    assert remaining(house.state) == 10_000_000
    assert house.events == []


def test_an_older_reading_says_nothing():
    house = opened()
    first = house.shown()
    house.live(3600, 3000)
    house.read()
    before = house.state
    for _time in range(5):
        assert house.tell(first, house.t_s - 3600) == ()
        assert house.state == before


def test_a_multiplier_counts_for_price_and_tiers():
    house = House(config((FLAT,), multiplier=30))
    house.read()
    house.buy(10**7)
    house.live(3600, 1000)
    house.read()
    assert remaining(house.state) == 10**7 - 30 * 5000


def test_what_is_below_a_unit_is_not_lost():
    """10 Wh at 0.5283 yuan are 52.83 of 10^-4 yuan; a begun unit still counts as there."""
    house = House(config((HOURS,)))
    house.read()
    house.buy(10**6)
    for times in range(1, 101):
        house.true_wh[2] += 10
        house.t_s += 60
        house.read()
        assert remaining(house.state) == 10**6 - 5283 * times // 100


# ---- the end of a day


def test_day_end_names_what_the_total_shows_beyond_the_charged():
    house = opened()
    house.live(14 * 3600, 1000)
    shown = house.freezes[MIDNIGHT_S]
    for more_wh, events in ((40, 0), (41, 1), (-41, 1)):
        reading = Reading(sum(shown) + more_wh, shown)
        state, row, actions, found = ledger.day_end(house.state, house.config, reading, MIDNIGHT_S)
        day = (START_S + OFFSET_S) // DAY_S
        assert row == (day, 10_000_000 - 14 * 5000, 0, sum(shown), more_wh)
        assert (remaining(state), actions) == (row[1], ())
        assert [(name, data["value"]) for name, data in found] == [
            ("energy_difference_over", more_wh)
        ] * events


def test_day_end_in_doubt_names_what_is_not_charged():
    house = opened()
    reading = Reading(10**8 + 10_000, (10**8 + 1000, 2000, 3000, 4000))
    _state, row, actions, events = ledger.day_end(house.state, house.config, reading, MIDNIGHT_S)
    assert row[1:] == (10_000_000, 0, 10_000, 10**8)
    assert actions == ((READ, MIDNIGHT_S),)
    assert [name for name, _data in events] == ["energy_difference_over"]


# ---- memory and tariffs


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(0, (1 << 32) - 1), min_size=7, max_size=7),
    st.tuples(*[st.integers(-(1 << 31), (1 << 31) - 1)] * 2),
    st.integers(0, 65535),
    st.tuples(*[st.integers(0, 255)] * 2),
)
def test_state_packs_and_unpacks_to_the_same_in_48_bytes(left, words, signed, day, flags):
    state = ledger_state.State(left, tuple(words[:4]), *words[4:], *signed, day, *flags)
    assert len(pack(state)) == 48
    assert unpack(pack(state)) == state


def test_nothing_is_a_new_ledger_and_half_of_one_is_none():
    assert unpack(bytes(48)) == NEW
    with pytest.raises(ValueError):
        unpack(bytes(47))


@pytest.mark.parametrize(
    "changes",
    [
        {"codes": DAY_CODES[:-1]},
        {"codes": b"\x53" * 24},
        {"codes": b"\x30" * 24},
        {"prices_yuan_e4": ()},
        {"prices_yuan_e4": (1,) * 5},
        {"prices_yuan_e4": (-1,)},
        {"prices_yuan_e4": (1_000_001,)},
        {"months": 2},
        {"months": 0},
        {"limits_wh": (62_000, 31_000)},
        {"limits_wh": (31_000, 31_000)},
        {"limits_wh": (0, 31_000)},
        {"limits_wh": ()},
        {"adds_yuan_e4": (500,)},
        {"adds_yuan_e4": (500, -1)},
        {"from_s": -1},
    ],
)
def test_a_tariff_that_is_not_sound(changes):
    assert tariffs.sound((FLAT, TIERS._replace(from_s=1)))
    assert not tariffs.sound((TIERS._replace(**changes),))


def test_versions_follow_one_another():
    assert not tariffs.sound((FLAT._replace(from_s=5), HOURS._replace(from_s=5)))
