"""The gate sees homes, losses and theft to the Wh; registers show what went through them."""

from fractions import Fraction

from hil.world.area.area import GATE_MULTIPLIER, GATE_START_WH, Day
from hil.world.area.curves import SLOT_S
from hil.world.area.grid import TRANSFORMERS, Grid
from tests.unit.hil.area_bench import (
    MIDNIGHT_S,
    TODAY,
    area_of,
    energy_wh,
    having,
    wh,
)

FOUR_DAYS = 4 * 24


def balance(day):
    return day.used - day.fed_in + day.stolen + day.iron + day.copper


def test_gate_is_users_and_loss_and_theft_every_day_whoever_is_switched_off():
    area = area_of(0, meters=60, thieves=3, strays=2, misfiled=1, pv=4, ev=3)
    prepaid = having(area, lambda home: home.prepaid)
    for hour in range(3, FOUR_DAYS, 7):
        area.advance(MIDNIGHT_S + hour * 3600 + 61 * hour)
        home = prepaid[hour % len(prepaid)]
        area.switch(home, not home.open)
    area.advance(MIDNIGHT_S + FOUR_DAYS * 3600)
    for day in range(TODAY, TODAY + 4):
        truth = area.day(day)
        assert truth.gate == balance(truth)
        assert min(truth.used, truth.copper, truth.iron, truth.gate) > 0
    assert wh(area.day(TODAY + 3).stolen) > 1000


def test_registers_say_the_same_as_the_gates_register():
    """Differences of registers as a concentrator reads them, and of truth only the losses."""
    area = area_of(0, meters=60)
    before = [energy_wh(area, home) for home in area.homes]
    area.advance(MIDNIGHT_S + 86400)
    used = sum(energy_wh(area, home) for home in area.homes) - sum(before)
    gate_wh = (area.gate_now().energy_wh()[0] - GATE_START_WH) * GATE_MULTIPLIER
    day = area.day(TODAY)
    assert (
        abs(used + wh(day.iron + day.copper) - gate_wh) <= 60 + GATE_MULTIPLIER
    )  # each register cuts off 1 Wh
    assert 0 < wh(day.iron + day.copper) < gate_wh // 10


def test_a_thiefs_register_sees_less_than_is_drawn_from_its_day_on():
    area = area_of(FOUR_DAYS, meters=60, thieves=2)
    honest = area_of(FOUR_DAYS, meters=60)
    for home in having(area, lambda home: home.thief_day is not None):
        for day in range(TODAY, TODAY + 4):
            area.seen(home)
            through, _out, past = (wh(mws) for mws in home.ledger[day])
            drawn = through + past
            if day < home.thief_day:
                assert past == 0
            else:
                assert abs(past * 1000 - drawn * home.stolen_e3) < 1000 * 40  # W of each quarter are cut off
                assert area.stolen_wh(home, day) == past > 500
    assert area.day(TODAY + 3).stolen > 0 == honest.day(TODAY + 3).stolen


def test_who_is_fed_elsewhere_is_not_in_the_gate_and_who_is_filed_elsewhere_is():
    plain, other = area_of(24), area_of(24, strays=1, misfiled=1)
    (stray,) = having(other, lambda home: not home.fed_here)
    (misfiled,) = having(other, lambda home: not home.on_line)
    assert energy_wh(other, stray) > 0
    used = other.day(TODAY).used
    others = [home for home in other.homes if home is not stray]
    assert used == sum(home.ledger[TODAY][0] for home in others)
    assert misfiled.ledger[TODAY][0] > 0
    assert (other.day(TODAY + 5), len(plain.homes)) == (Day(0, 0, 0, 0, 0, 0), 30)


def test_sun_feeds_back_and_stands_in_the_other_register():
    area = area_of(24, pv=3)
    for home in having(area, lambda home: home.pv_w):
        counter = area.seen(home)
        assert counter.export_wh()[0] == wh(home.ledger[TODAY][1]) > 0
        assert counter.export_wh()[1] == 0  # no sun in the sharp hours, 19:00 to 21:00
    noon = area_of(12, pv=3)
    assert any(noon.seen(home).powers_dw()[0] < 0 for home in noon.homes if home.pv_w)


def test_tariffs_take_the_hours_of_the_meters_own_clock():
    area = area_of(0, wrong_clocks=3)
    right = having(area, lambda home: home.counter.clock_offset_s == 0)[0]
    late = having(area, lambda home: home.counter.clock_offset_s == 2400)[0]
    for home, own_s in ((right, 0), (late, 2400)):
        before = area.seen(home).energy_wh()
        # valley until its own 07:00
        end = 7 * 3600 - own_s
        slots = [min(end - at, SLOT_S) for at in range(0, end, SLOT_S)]
        power = [home.watts(MIDNIGHT_S + i * SLOT_S)[0] for i in range(len(slots))]
        area_at = area_of(0, wrong_clocks=3)
        area_at.advance(MIDNIGHT_S + 8 * 3600)
        after = area_at.seen(area_at.homes[home.no]).energy_wh()
        valley = sum(w * s for w, s in zip(power, slots, strict=True)) // 3600
        assert abs(after[4] - before[4] - valley) <= 1
        assert sum(after[1:]) <= after[0] <= sum(after[1:]) + 4


def test_street_lights_burn_at_night():
    area = area_of(0, meters=60)
    for home in having(area, lambda home: home.kind.name == "street light"):
        watts = [home.watts(MIDNIGHT_S + hour * 3600)[0] for hour in range(24)]
        assert watts[12] == 0 < min(watts[0], watts[22]) > 600


def test_copper_loss_is_i_squared_r():
    grid = Grid([[10, 20], [30]], 100)
    drawn = [
        0,
        0,
        0,
        2200,
        0,
        4400,
        0,
        6600,
        0,
    ]  # 10 A, 20 A at the second pole; 30 A on branch 2
    state = grid.state(drawn)
    neutral = 10 * 10 + 20 * 20 - 10 * 20  # |10 at 0 degrees + 20 at 240|^2
    lines = Fraction(30, 1000) * (10 * 10 + 20 * 20 + neutral) + Fraction(30, 1000) * (30 * 30 + 30 * 30)
    rated_a = Fraction(100_000, 3 * 220)
    winding = Fraction(TRANSFORMERS[100][1]) / (3 * rated_a**2) * (10 * 10 + 30 * 30 + 20 * 20)
    assert abs(state.copper_mw - (lines + winding) * 1000) < 10
    assert state.iron_mw == TRANSFORMERS[100][0] * 1000
    assert state.power_w == (2200, 6600, 4400)


def test_evening_cars_overload_the_transformer_and_phases_are_not_alike():
    area = area_of(0, meters=60, ev=5)
    area.advance(MIDNIGHT_S + 20 * 3600)
    before = area.loading_e3()
    area.advance(MIDNIGHT_S + 86400 * 2 + 20 * 3600)
    assert before < 1000 < area.loading_e3()
    a, _b, c = area.power_w()
    assert a > c * 13 // 10
