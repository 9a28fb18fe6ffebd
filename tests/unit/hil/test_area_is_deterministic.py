"""The area is a function of seed, time and commands, however time is cut and whatever is asked on the way."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hil.world.area
from hil.world.area import population
from hil.world.area.area import Area
from hil.world.area.truth import truth
from tests.unit.hil.area_bench import MIDNIGHT_S, area_of
from tools.laws import Source, device

HOURS = 30
COMMANDS = ((7 * 3600 + 11, "open"), (9 * 3600 + 1234, "permit"))  # of one prepaid home


def run(cuts, asks=()):
    """The truth after all commands, with a step at each cut and every meter asked at each of `asks`."""
    area = Area(3, MIDNIGHT_S, 60, 2, history_days=1)
    home = next(home for home in area.homes if home.prepaid)
    todo = {MIDNIGHT_S + at_s: what for at_s, what in COMMANDS}
    for at_s in sorted({*cuts, *asks, *todo, MIDNIGHT_S + HOURS * 3600}):
        area.advance(at_s)
        if at_s in asks:
            for other in area.homes:
                area.seen(other).volts_dv()
            area.gate_now()
        if at_s in todo:
            relay = area.seen(home).relay
            relay.switch(True) if todo[at_s] == "open" else relay.permit(True)
    said = truth(area)
    registers = [area.seen(other).energy_wh() for other in area.homes]
    return said, registers, [area.seen(other).curve() for other in area.homes]


WHOLE = run(())
SECONDS = st.integers(MIDNIGHT_S, MIDNIGHT_S + HOURS * 3600)


@settings(max_examples=15)
@given(cuts=st.lists(SECONDS, max_size=20), asks=st.lists(SECONDS, max_size=6))
def test_steps_and_questions_change_nothing(cuts, asks):
    assert run(cuts, asks) == WHOLE


def test_a_question_within_a_quarter_that_utc_does_not_begin_changes_nothing():
    registers = []
    for asked in (False, True):
        area = Area(3, MIDNIGHT_S - 300, 60, 2, utc_offset_s=28800 - 100)
        area.gate_now()
        area.advance(MIDNIGHT_S + 200)  # local midnight was 100 s ago
        if asked:
            area.gate_flow(area.t_s)
        registers.append(list(area.gate_now().import_))
    assert registers[0] == registers[1]


def test_the_relay_was_closed_by_the_button_on_the_way():
    edges = [edges for home in WHOLE[0]["homes"] if (edges := home["edges"])]
    assert [what for _at_s, what in edges[0]] == ["open", "closed"]
    walked = edges[0][1][0] - (MIDNIGHT_S + COMMANDS[1][0])
    assert 30 <= walked <= 600


def test_another_seed_is_another_area():
    first, second = (truth(area_of(8, seed=seed)) for seed in (1, 2))
    assert [home["address"] for home in first["homes"]] != [home["address"] for home in second["homes"]]
    assert first["power_w"] != second["power_w"]


def test_counts_are_met_and_no_home_has_two_faults():
    counts = population.counts_for(60) | {"thieves": 4, "wrong_clocks": 5}
    area = Area(11, MIDNIGHT_S, 60, 2, counts)
    marks = [
        (
            home.thief_day is not None,
            not home.fed_here,
            not home.on_line,
            home.on_line and not home.filed_here,
            home.counter.mute,
            home.counter.clock_offset_s != 0,
            any(verb == "stop" for _at, verb, _value in home.events),
            any(verb == "fly" for _at, verb, _value in home.events),
            any(verb == "fall" for _at, verb, _value in home.events),
            any(verb == "replace" for _at, verb, _value in home.events),
            home.pv_w > 0,
            home.ev_day is not None,
            home.counter.protocol == "dlt645-1997",
            home.counter.protocol == "modbus",
        )
        for home in area.homes
    ]
    assert {name: sum(mark[i] for mark in marks) for i, name in enumerate(counts)} == counts
    assert max(sum(mark) for mark in marks) == 1
    assert sum(home.on_line for home in area.homes) == 60


@pytest.mark.parametrize("faults", [{"ghosts": 1}, {"thieves": 1000}])
def test_an_area_that_cannot_be_is_refused(faults):
    with pytest.raises(ValueError, match=next(iter(faults))):
        Area(1, MIDNIGHT_S, 30, 1, faults)


def test_days_differ_and_weekends_are_not_workdays():
    area = area_of(0)
    shop = next(home for home in area.homes if home.kind.name == "workshop")
    saturday, sunday, monday = (
        sum(shop.watts(MIDNIGHT_S + day * 86400 + slot * 900)[0] for slot in range(96)) for day in range(3)
    )
    assert monday > 2 * max(saturday, sunday)
    for one, other in pairwise(home for home in area.homes if home.kind.name == "resident"):
        assert one.watts(MIDNIGHT_S) != other.watts(MIDNIGHT_S) or one.watts(MIDNIGHT_S + 900) != other.watts(
            MIDNIGHT_S + 900
        )


COUNTED = sorted(Path(hil.world.area.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", COUNTED, ids=lambda path: path.name)
def test_nothing_counted_is_a_float(path):
    assert list(device.floats(Source(str(path), path.read_text(encoding="utf-8")))) == []
