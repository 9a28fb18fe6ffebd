"""The simulated factory and its meter: nothing gained, nothing lost, same seed same world."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.world.factory import Factory
from hil.world.meter import Meter

MORNING_MS = 1763776800000  # 2025-11-22 10:00 in China, a whole second


def run(factory, meter, to_ms):
    """Advance both; return the primary energy in W ms by a sum of our own."""
    total = 0
    for t_ms, dt_ms, flow in factory.slices(to_ms):
        meter.take(t_ms, dt_ms, flow)
        total += sum(flow.power_w) * dt_ms
    return total


@pytest.fixture
def factory():
    return Factory(7, MORNING_MS)


@pytest.fixture
def meter():
    return Meter()


def test_register_is_the_integral_of_the_truth_within_one_count(factory, meter):
    before = meter.energy_wh()[0]
    truth_wms = run(factory, meter, MORNING_MS + 3_600_000)
    shown_wh = (meter.energy_wh()[0] - before) * meter.multiplier
    assert abs(shown_wh - truth_wms / 3_600_000) < 10 * meter.multiplier  # one count is 10 Wh secondary
    assert shown_wh > 100_000  # a factory, not a lamp


def test_tariffs_sum_to_the_total_within_their_counts(factory, meter):
    run(factory, meter, MORNING_MS + 2 * 3_600_000)  # over a change of tariff at 11:00
    total, *tariffs = meter.energy_wh()
    assert 0 <= total - sum(tariffs) <= 40


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=30))
def test_the_world_does_not_depend_on_how_time_is_cut(steps):
    whole, cut = (Factory(3, MORNING_MS), Meter()), (Factory(3, MORNING_MS), Meter())
    for factory, _meter in (whole, cut):
        factory.set_outputs(0b010, 0)
    run(*whole, MORNING_MS + sum(steps))
    at = MORNING_MS
    for step in steps:
        at += step
        run(*cut, at)
    assert cut[1].dump() == whole[1].dump()
    assert cut[0].flow() == whole[0].flow()


def test_another_seed_is_another_day():
    assert Factory(1, MORNING_MS).flow() == Factory(1, MORNING_MS).flow()
    assert Factory(1, MORNING_MS).flow() != Factory(2, MORNING_MS).flow()


@pytest.mark.parametrize("round_no", [1, 2, 3])
def test_shedding_a_section_takes_exactly_its_load_away(factory, meter, round_no):
    before = factory.drawn_w()
    factory.set_outputs(1 << (round_no - 1), 0)
    run(factory, meter, MORNING_MS + 40)
    assert factory.mask("open") == 0  # the mechanism takes 50 ms
    run(factory, meter, MORNING_MS + 60)
    assert factory.mask("open") == 1 << (round_no - 1)
    assert sum(factory.drawn_w()) == sum(before) - before[round_no]
    assert before[round_no] > 20_000


def test_voltage_rises_when_load_is_shed(factory, meter):
    loaded = sum(factory.flow().volt_dv)
    factory.set_outputs(0b111, 0)
    run(factory, meter, MORNING_MS + 60)
    assert sum(factory.flow().volt_dv) > loaded + 40


def test_a_switch_stays_open_until_the_customer_closes_it(factory, meter):
    factory.set_outputs(1, 0)
    run(factory, meter, MORNING_MS + 1_000)
    assert not factory.close(1)  # trip-free while the coil holds
    factory.set_outputs(0, 0)
    run(factory, meter, MORNING_MS + 100_000)
    assert factory.mask("open") == 1
    factory.set_outputs(0, 1)  # "close permitted" shows
    run(factory, meter, MORNING_MS + 119_999)
    assert factory.mask("open") == 1
    run(factory, meter, MORNING_MS + 120_001)
    assert factory.mask("open") == 0
    assert [what for _t, _round, what in factory.edges] == ["coil on", "open", "coil off", "closed"]


def test_nobody_walks_to_the_switch_once_the_permit_is_taken_back(factory, meter):
    factory.set_outputs(1, 0)
    run(factory, meter, MORNING_MS + 1_000)
    factory.set_outputs(0, 1)
    run(factory, meter, MORNING_MS + 10_000)
    factory.set_outputs(0, 0)
    run(factory, meter, MORNING_MS + 60_000)
    assert factory.mask("open") == 1


def test_a_load_set_by_hand_is_met_to_the_watt(factory):
    factory.load_w = 199_999
    assert sum(factory.flow().power_w) == 199_999


def test_demand_is_the_mean_of_fifteen_minutes(meter):
    factory = Factory(7, MORNING_MS - 1000)  # it sees the full minute 10:00
    factory.load_w = 160_000  # 2 kW secondary
    run(factory, meter, MORNING_MS + 14 * 60_000)
    assert meter.max_demand[0] == (0, None)  # no full window yet
    run(factory, meter, MORNING_MS + 16 * 60_000)
    assert meter.max_demand[0] == (20_000, int(datetime(2025, 11, 22, 10, 15, tzinfo=UTC).timestamp()))
    factory.load_w = 240_000
    run(factory, meter, MORNING_MS + 21 * 60_000)
    assert meter.max_demand[0][0] == 20_000 + 10_000 * 5 // 15  # five of fifteen minutes at 3 kW


def test_a_freeze_is_made_at_local_midnight_with_the_registers_of_that_moment(meter):
    midnight_ms = MORNING_MS + 14 * 3_600_000
    factory = Factory(7, midnight_ms - 1_500)
    run(factory, meter, midnight_ms)
    assert meter.freezes[0]["local"] == datetime(2025, 11, 23, tzinfo=UTC)
    assert meter.freezes[0]["energy_wh"] == meter.energy_wh()
    run(factory, meter, midnight_ms + 61_000)
    assert len(meter.freezes) == 1


def test_what_the_meter_shows_hangs_together(factory, meter):
    run(factory, meter, MORNING_MS + 1_000)
    powers, apparent = meter.powers_dw(), meter.apparent_dva()
    assert sum(powers[1:]) == pytest.approx(powers[0], abs=3)
    for power, va, factor in zip(powers, apparent, meter.power_factors_e3(), strict=True):
        assert factor == pytest.approx(1000 * power / va, abs=1)
    for va, volts, current in zip(apparent[1:], meter.volts_dv(), meter.currents_ma(), strict=True):
        assert volts * current == pytest.approx(va * 1000, rel=0.001)


def test_registers_survive_a_restart_and_nonsense_is_refused(factory, meter):
    run(factory, meter, MORNING_MS + 10_000)
    other = Meter()
    other.load(meter.dump())
    assert other.energy_wh() == meter.energy_wh()
    for nonsense in (None, {}, {"import": [1, 2], "reactive": 0, "relay_open": False}, {"import": "x"}):
        with pytest.raises(ValueError, match="meter state"):
            other.load(nonsense)
    assert other.energy_wh() == meter.energy_wh()
