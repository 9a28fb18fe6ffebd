"""What an area's meters are charged, what commands do to it, and what the station is told of it."""

import pytest

from firmware.area.archive import GUARANTEED, PREPAID
from firmware.area.ledger import READ
from firmware.area.plan_duties import CURVE_POINT, DAY_FREEZE, MONTH_FREEZE
from firmware.collect.prepaid_switch import word_of
from protocols.meters.points import BY_ALIAS
from protocols.uplink import area
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH
from tests.unit.collect_prepaid.rig import (
    DAY_S,
    ENERGY_TASK,
    MANY,
    NOON_S,
    OFFSET_S,
    TASK_DUTY,
    address,
    row,
    tariffs,
)


@pytest.fixture
def home(areas):
    """Meter 1 has 1000 yuan and was read."""
    found = areas()
    assert found.order(1, 1) == 0
    found.read(1)
    found.events.clear()
    return found


def test_what_a_meter_uses_is_taken_off_its_own_balance(home):
    assert home.order(2, 1) == 0
    home.read(2)
    home.use(1, 1500)
    assert (home.left(1), home.left(2)) == (MANY - home.paid(1500), MANY)


def test_multiplier_and_tariff_are_those_of_the_row(areas):
    home = areas(2, [row(1, multiplier=40), row(2, tariff=2)])
    home.set(area.PRICES, {1: [tariffs(), tariffs(2, 10000)]})
    for meter in (1, 2):
        assert home.order(meter, 1) == 0
        home.read(meter)
        home.use(meter, 100)
    assert [home.left(meter) for meter in (1, 2)] == [MANY - home.paid(100 * 40), MANY - 1000]


def test_tariff_registers_are_charged_where_the_profile_shows_them(areas):
    """At their own prices, whatever the time of the reading; a reading without them waits."""
    rates = [BY_ALIAS[f"energy_import_t{rate}_wh"][0] for rate in (1, 2, 3, 4)]
    home = areas()
    home.profile = home.collector.profiles[1]
    home.profile.reads_of = lambda point: [3] if point == rates[0] else []
    home.set(area.PREPAID, {7: 1})
    home.set(area.PRICES, {1: [[1, 0, b"\x33" * 24, [4000, 3000, 2000, 1000], 0, [], []]]})
    home.order(1, 1)
    for used_wh in (0, 1000):
        home.board.clock.t_s += 3600
        shown = {BY_ALIAS["energy_import_wh"][0]: 10000 + 4 * used_wh}
        for with_rates in (False, True):
            if with_rates:
                shown.update({no: 2500 + used_wh for no in rates})
            home.room.seen(1, ENERGY_TASK, shown, home.board.clock.t_s, TASK_DUTY, 0)
    assert home.left(1) == MANY - 10000


def test_the_words_of_a_switch_are_those_of_the_catalogue():
    word, relay = (BY_ALIAS[name][0] for name in ("status_word_3", "relay_state"))
    assert word_of({word: 0x10, relay: 0}) == 0x10
    assert [word_of({relay: state}) for state in (0, 1, None)] == [0x50, 0, None]


def test_a_balance_of_energy_needs_no_tariff(areas):
    home = areas(1, [row(1, tariff=0)])
    assert home.order(1, 1) == REASON_NO["no_tariff"]
    assert home.order(1, 1, 50000, fee=0) == 0
    home.read(1)
    home.use(1, 1500)
    assert home.left(1) == 48500


def test_thresholds_are_told_once_and_over_a_restart(home):
    home.set(area.PREPAID, {1: MANY - 1000})
    home.room._rows.save()
    home.use(1, 1000)
    home.cut_power()
    home.use(1, 1000)
    assert home.told() == ["energy_control_alarm"]
    assert home.events[0][1]["metering_point"] == 1


@pytest.mark.parametrize(
    ("read", "duty", "old_s", "is_charged"),
    [
        (ENERGY_TASK, TASK_DUTY, 0, True),
        (ENERGY_TASK, TASK_DUTY, DAY_S - 60, True),  # a task of once a day, late in its slot
        (CURVE_POINT, 3, 60, True),
        (CURVE_POINT, 3, 5000, False),  # an earlier slot that is made up for
        (MONTH_FREEZE, 2, 0, False),
        (ENERGY_TASK, 0, 0, False),  # what somebody asked for is for him
    ],
)
def test_only_registers_as_they_stand_now_are_charged(home, read, duty, old_s, is_charged):
    home.board.clock.t_s += 900
    t_s = home.board.clock.t_s
    home.room.seen(1, read, {320: 11000}, t_s, duty, t_s + OFFSET_S - old_s)
    assert home.left(1) == MANY - (home.paid(1000) if is_charged else 0)


def test_a_clock_that_is_not_trusted_charges_nothing_yet(home):
    home.board.clock.ok = False
    home.use(1, 1000)
    assert home.left(1) == MANY
    home.board.clock.ok = True
    home.use(1, 0)
    assert home.left(1) == MANY - home.paid(1000)


def test_a_meter_that_is_not_prepaid_is_not_charged_for_what_it_used_then(home):
    home.collector.archive.put(1, row(1, 0))
    home.use(1, 5000)
    home.collector.archive.put(1, row(1, PREPAID))
    home.use(1, 0)
    home.use(1, 1000)
    assert home.left(1) == MANY - home.paid(1000)


# ---- readings that are made again


def test_a_doubtful_reading_is_made_again_until_it_is_sure(home):
    """A wrong one takes nothing; a register that truly jumped is charged in the end."""
    shown, home.meters[1].total_wh = home.meters[1].total_wh, 500_000
    home.read(1)
    assert home.left(1) == MANY
    home.meters[1].total_wh = shown
    home.live(30)
    home.use(1, 1000)
    assert home.left(1) == MANY - home.paid(1000)


def test_a_change_of_price_is_split_by_the_freeze(home):
    midnight_s = NOON_S + DAY_S // 2
    home.set(area.PRICES, {1: [tariffs(), tariffs(1, 2 * 5000, midnight_s)]})
    home.board.clock.t_s = midnight_s - 900
    home.meters[1].total_wh += 1000
    home.meters[1].freezes[midnight_s] = home.meters[1].total_wh
    home.use(1, 1000, 1800)
    assert home.left(1) == MANY, "it waits for the freeze"
    home.live(10)
    home.read(1)
    assert home.left(1) == MANY - home.paid(1000) - 2 * home.paid(1000)


def test_errands_are_bounded(home):
    home.room._run_errands(1, [(READ, n) for n in range(100)], 0)
    assert len(home.room._errands) <= 16


# ---- orders


def test_an_order_counts_once_over_a_restart(home):
    for _time in range(2):
        assert home.order(1, 2, 500) == (REASON_NO["order_already_applied"] if _time else 0)
        home.cut_power()
    assert home.left(1) == MANY + 500


def test_an_order_that_was_not_committed_did_not_happen(home):
    params = {"meter": 1, "address": address(1), "order": 2, "flag": APPEND, "value": 500, "fee": 1}
    reason, entries, _commit = home.room.apply(area.METER_ORDER, params, 7)
    assert reason == 0
    assert len(entries) == 1
    assert home.left(1) == MANY
    home.cut_power()
    assert home.left(1) == MANY


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (area.METER_ORDER, {"order": 2, "flag": APPEND, "value": 5, "fee": 1}),
        (area.METER_SWITCH, {"want": 1}),
        (area.METER_GUARANTEE, {"on": 1}),
    ],
)
@pytest.mark.parametrize(("meter", "whose"), [(1, 2), (9, 9)])
def test_a_command_for_another_meter_than_stands_there_is_refused(home, kind, more, meter, whose):
    before = home.room._rows.row(1)
    assert home.command(kind, meter, address=address(whose), **more) == REASON_NO["bad_params"]
    assert "another meter" in home.room.error
    assert home.room._rows.row(1) == before


def test_an_order_to_a_meter_that_is_not_prepaid_is_refused(areas):
    home = areas(1, [row(1, 0)])
    assert home.order(1, 1) == REASON_NO["bad_params"]


def test_a_guarantee_of_the_archive_is_released_there_alone(areas):
    home = areas(1, [row(1, PREPAID | GUARANTEED)])
    assert home.command(area.METER_GUARANTEE, 1, on=0) == REASON_NO["guaranteed"]


# ---- the archive changes


def test_balances_follow_their_meters_through_the_archive(home):
    home.order(2, 1, 777)
    home.packed = row(3) + row(1) + row(2)
    home.cut_power()
    assert [home.left(meter) for meter in (1, 2, 3)] == [None, MANY, 777]
    home.cut_power()
    assert [home.left(meter) for meter in (1, 2, 3)] == [None, MANY, 777]
    assert "balance_dropped" not in home.told()


def test_rows_swap_while_a_generation_is_written(home):
    home.order(2, 1, 777)
    home.room._rows.begin()
    home.order(1, 2, 1)  # journalled under the old row, for the generation that is being written
    home.collector.archive.put(1, row(2) + row(1))
    home.packed = row(2) + row(1)
    home.room.rows_changed()
    home.cut_power()
    assert [home.left(meter) for meter in (1, 2)] == [777, MANY + 1]


def test_who_is_gone_is_told_with_what_it_had(home):
    home.packed = row(5)
    home.cut_power()
    assert home.events == [
        ("balance_dropped", {"order": 1, "remaining_before_yuan_e4": MANY, "metering_point": 1})
    ]
    assert home.left(1) is None


def test_a_row_that_is_empty_for_a_while_keeps_its_balance(home):
    packed = home.packed
    home.packed = bytes(24) + packed[24:]
    home.cut_power()
    home.packed = packed
    home.cut_power()
    assert home.left(1) == MANY


def test_a_replaced_meters_ledger_goes_on(home):
    home.use(1, 1000)
    home.board.clock.t_s += 900
    reason, entries, commit = home.room.replaced(1, home.meters[1].total_wh + 500, 20)
    assert reason == 0
    home.kv.put(entries)
    home.packed = row(8) + home.packed[24:]
    home.collector.archive.put(1, row(8))
    commit()
    home.room.rows_changed()
    home.meters[1].total_wh = 20
    for cut in (False, True):
        if cut:
            home.cut_power()
        home.use(1, 100)
    assert home.left(1) == MANY - home.paid(1000 + 500 + 200)
    assert home.told() == ["meter_changed"]


def test_a_replacement_that_does_not_fit_is_refused(home):
    home.use(1, 1000)
    before = home.room._rows.row(1)
    assert home.room.replaced(1, 3, 20)[0] == REASON_NO["bad_params"]
    assert home.room._rows.row(1) == before
    assert home.room.replaced(2, 3, 20)[:2] == (0, {}), "no balance, nothing to do"


# ---- what the station is told


def ledgers(home):
    return [body for _stream, kind, body in home.records if kind == area.LEDGER]


def test_each_midnight_is_reconciled_once(home):
    home.use(1, 1000)
    home.meters[1].total_wh += 500
    home.midnight(1)
    home.room.seen(
        1, DAY_FREEZE, {320: 11500}, home.board.clock.t_s, 1, home.board.clock.t_s + OFFSET_S - 600
    )
    expected = {
        "meter": 1,
        "day_s": NOON_S + DAY_S // 2,
        "fee": 1,
        "remaining": MANY - home.paid(1500),
        "tier_wh": 0,
        "charged_wh": 11500,
        "differs_wh": 0,
        "order": 1,
        "cut": 0,
    }
    assert ledgers(home) == [expected]


def test_what_moves_a_balance_or_a_switch_is_told_before_the_day_ends(home):
    home.live(5)
    day_s = NOON_S + DAY_S // 2
    assert [(body["day_s"], body["remaining"], body["order"]) for body in ledgers(home)] == [(day_s, MANY, 1)]
    home.use(1, 2000)
    home.live(5)
    assert len(ledgers(home)) == 1, "use alone waits for the end of the day"
    home.order(1, 2, 1, flag=REFRESH)
    home.use(1, 1000)
    home.live(120)
    told = ledgers(home)[-1]
    assert (told["cut"], told["order"], told["remaining"]) == (1, 2, 1 - home.paid(1000))
    home.midnight(1)
    assert ledgers(home)[-1]["day_s"] == day_s, "the end of the day still has its own"
    assert ledgers(home)[-1]["differs_wh"] == 0


def test_without_a_trusted_clock_no_day_is_told_and_a_full_flash_is_asked_again(home):
    home.board.clock.ok = False
    home.live(5)
    assert ledgers(home) == []
    home.board.clock.ok, add = True, home.room._add
    home.room._add = lambda *_record: 0
    home.live(5)
    home.room._add = add
    home.live(5)
    assert len(ledgers(home)) == 1


def test_a_balance_whose_freeze_does_not_come_is_told_without_it(home):
    home.live(5)
    home.records.clear()
    home.board.clock.t_s += DAY_S // 2 + 5 * 3600 + 3500
    home.live(60)
    assert ledgers(home) == []
    home.live(1200)
    assert [(body["differs_wh"], body["charged_wh"]) for body in ledgers(home)] == [(None, 10000)]
    home.midnight(1)
    assert len(ledgers(home)) == 2


def test_what_the_meter_shows_beyond_its_balance_is_named(home):
    """The meter lost energy: the freeze lies below what was charged already."""
    home.use(1, 1000)
    t_s = NOON_S + DAY_S // 2
    home.board.clock.t_s = t_s + 600
    home.room.seen(1, DAY_FREEZE, {320: 10500}, t_s + 600, 1, t_s + OFFSET_S)
    assert ledgers(home)[0]["differs_wh"] == -500
    assert "energy_difference_over" in home.told()


def test_weeks_without_a_link_change_nothing(home):
    for _day in range(21):
        home.use(1, 1000)
        home.midnight(1)
    assert home.left(1) == MANY - home.paid(21000)
    assert len(ledgers(home)) == 21


# ---- sections


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (area.PRICES, {1: [[1, 0, b"\x33" * 23, [1], 0, [], []]]}),
        (area.PRICES, {1: [[1, 0, b"\x35" * 24, [1], 0, [], []]]}),
        (area.PRICES, {1: [[300, 0, b"\x33" * 24, [1], 0, [], []]]}),
        (area.PRICES, {1: [[1, 0, 7, [1], 0, [], []]]}),
        (area.PRICES, {1: [[1, 0, b"\x33" * 24, 7, 0, [], []]]}),
        (area.PRICES, {1: [[1, 0, b"\x33" * 24, [1], 1, [5, 4], [1, 1]]]}),
        (area.PRICES, {1: [tariffs(from_s=9), tariffs(from_s=8)]}),
        (area.PREPAID, {1: 5, 2: 6}),
        (area.PREPAID, {3: 5, 4: 6}),
    ],
)
def test_sections_that_make_no_sense_are_refused(home, section, values):
    params = {"section": section, "version": 9, "values": values}
    assert home.settings.apply(params)[0] == REASON_NO["bad_params"]
    assert "Error" not in home.settings.error, home.settings.error


def test_a_refreshed_balance_is_what_the_order_says(home):
    assert home.order(1, 5, 999, REFRESH) == 0
    assert home.left(1) == 999
