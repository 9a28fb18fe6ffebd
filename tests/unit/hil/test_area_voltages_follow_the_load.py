"""Voltages in the area: they fall along the branch and with load, and tell phase and transformer."""

from hil.world.area.grid import Grid
from tests.unit.hil.area_bench import MIDNIGHT_S, area_of, having

SAMPLES = 96


def swings(values):
    mean = sum(values) // len(values)
    return [value - mean for value in values]


def alike(one, other):
    """Square of the correlation, with its sign, in 1/1000."""
    one, other = swings(one), swings(other)
    both = sum(a * b for a, b in zip(one, other, strict=True))
    return both * abs(both) * 1000 // (sum(v * v for v in one) * sum(v * v for v in other))


def test_voltage_falls_from_pole_to_pole_on_the_loaded_phase_only():
    grid = Grid([[20] * 5], 200)
    state = grid.state([w for _pole in range(5) for w in (8000, 0, 0)])
    drops = [state.drop_dv[3 * pole] for pole in range(5)]
    assert drops == sorted(drops)
    assert drops[0] < drops[-1]
    # 182 A + 145 A + 109 A + 73 A + 36 A through 20 mOhm each, and the winding
    assert drops[-1] - state.head_dv[0] == 109
    assert [*state.drop_dv[1::3], *state.drop_dv[2::3]] == [0] * 10


def test_feeding_in_lifts_the_end_of_the_branch():
    state = Grid([[20] * 5], 200).state([w for _pole in range(5) for w in (-4000, 0, 0)])
    assert state.drop_dv[12] < state.drop_dv[0] <= 0


def test_the_end_of_every_branch_is_below_the_gate_in_the_evening():
    area = area_of(20, meters=60)
    gate = area.gate_now().volts_dv()
    for home in having(area, lambda home: home.phase < 4 and home.pole % 6 == 5):
        assert area.seen(home).volts_dv()[0] < gate[home.phase - 1] - 10


def test_a_meters_day_of_voltage_is_most_like_that_of_its_own_phase():
    area = area_of(24, meters=60, history_days=0)
    times = [MIDNIGHT_S + i * 86400 // SAMPLES for i in range(SAMPLES)]
    area.gate_now()
    gate = [area.gate_flow(t_s).volt_dv for t_s in times]
    wrong = 0
    singles = having(area, lambda home: home.phase < 4)
    for home in singles:
        own = [area.volts_dv(home, t_s)[0] for t_s in times]
        likeness = [alike(own, [volts[phase] for volts in gate]) for phase in range(3)]
        wrong += likeness.index(max(likeness)) + 1 != home.phase
    assert wrong * 10 <= len(singles)


def test_a_stray_follows_another_transformer():
    area = area_of(24, meters=60, strays=1)
    times = [MIDNIGHT_S + i * 86400 // SAMPLES for i in range(SAMPLES)]
    area.gate_now()
    (stray,) = having(area, lambda home: not home.fed_here)
    own = having(area, lambda home: home.fed_here and home.phase == stray.phase)
    gate = [area.gate_flow(t_s).volt_dv[stray.phase - 1] for t_s in times]

    def likeness(home):
        return alike([area.volts_dv(home, t_s)[0] for t_s in times], gate)

    assert likeness(stray) < min(likeness(home) for home in own)


def test_single_phase_meters_show_one_phase_and_three_phase_meters_three():
    area = area_of(10)
    for home in area.homes:
        counter = area.seen(home)
        count = 3 if home.phase == 4 else 1
        assert (len(counter.volts_dv()), len(counter.powers_dw())) == (count, count + 1)
        assert sum(counter.powers_dw()[1:]) == counter.powers_dw()[0] == home.watts(area.t_s)[0] * 10
