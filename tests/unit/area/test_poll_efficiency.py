"""How near to the speed of the wire 1,000 meters are read, in virtual time: the planner's own share."""

import pytest

from firmware.area.plan_duties import ALL, DAY_S, FREEZE, FROZEN, LOCAL, Duty
from tests.unit.area.meters import MIDNIGHT_S, area
from tests.unit.area.wires import DATA, Wires, exchange_us

METERS = 1000
BLOCKS = Duty(1, tuple(range(len(DATA))), FREEZE, DAY_S, FROZEN, 3, 900, ALL, 3)
OPENS_S = MIDNIGHT_S + FROZEN[0]
HOUR_US = 3600 * 1000000


def efficiency(baud, lines, dead_pct, noise=0, meters=METERS):
    """(efficiency, exchanges with a dead meter at most): until the last living meter is read, from 00:05."""
    archive = area(meters, lines)
    dead = [n + 1 for n in range(meters) if dead_pct and n % (100 // dead_pct) == 7]
    wires = Wires(archive, (BLOCKS,), OPENS_S, baud, dead, noise)
    living = meters - len(dead)
    wires.run(20 * HOUR_US, living * len(DATA))
    assert len(wires.stored) == living * len(DATA)
    on_line = [archive.line(meter) for meter in range(1, meters + 1) if meter not in dead]
    most = max(on_line.count(line + 1) for line in range(lines))
    ideal_us = most * sum(exchange_us(read, baud) for read in range(len(DATA)))
    return ideal_us / max(wires.stored.values()), max([wires.asked[m] for m in dead], default=0)


@pytest.mark.parametrize("lines", [1, 4])
@pytest.mark.parametrize("baud", [2400, 9600])
def test_living_meters_are_read_at_the_speed_of_the_wire(baud, lines):
    reached, _ = efficiency(baud, lines, 0)
    print(f"{baud} bits/s, {lines} lines, none dead: {reached:.4f}")
    assert reached >= 0.95


@pytest.mark.parametrize("lines", [1, 4])
@pytest.mark.parametrize("baud", [2400, 9600])
def test_dead_meters_hold_nobody_up(baud, lines):
    reached, probes = efficiency(baud, lines, 2)
    print(f"{baud} bits/s, {lines} lines, 2 % dead: {reached:.4f}, {probes} probes of each at most")
    assert reached >= 0.9
    assert probes <= len(DATA), "a dead meter gets no more exchanges than a living one"


def test_noise_costs_what_it_spoils():
    reached, _ = efficiency(2400, 4, 2, noise=5)
    print(f"2400 bits/s, 4 lines, 2 % dead, 0.5 % spoilt: {reached:.4f}")
    assert reached >= 0.9


def test_the_figure_holds_with_the_length():
    short, long = efficiency(9600, 1, 2, meters=200)[0], efficiency(9600, 1, 2)[0]
    print(f"200 meters {short:.4f}, 1,000 meters {long:.4f}")
    assert abs(short - long) < 0.03


def test_the_freeze_of_the_day_is_there_before_one():
    """All local duties, four lines of 2400 bits/s; 20 meters dead, 10 with clocks 10 minutes slow, noise."""
    archive = area(METERS, 4, flags=1)
    dead, slow = range(30, METERS, 50), range(41, METERS, 100)
    assert len(dead) == 20
    wires = Wires(archive, LOCAL, MIDNIGHT_S - 600, 2400, dead, 5, slow, 600)
    wires.run(HOUR_US + 600 * 1000000)
    freezes = {meter for duty, slot_s, meter, _ in wires.stored if (duty, slot_s) == (1, MIDNIGHT_S)}
    months = {meter for duty, slot_s, meter, _ in wires.stored if (duty, slot_s) == (2, MIDNIGHT_S)}
    share = len(freezes) / (METERS - len(dead))
    print(f"daily freeze before 01:00: {share:.4f} of living meters; month {len(months)}")
    assert share >= 0.995
    assert len(months) >= 0.99 * (METERS - len(dead))
