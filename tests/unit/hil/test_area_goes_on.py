"""An area that is kept goes on where it was: contacts, clocks, registers, who is on the way to the button."""

import json

import pytest

from hil.world.area.area import Area
from hil.world.area.kept import Kept
from hil.world.area.truth import truth
from tests.unit.hil.area_bench import NOON_S

FACTS = {"seed": 7, "t_s": NOON_S, "meters": 12, "lines": 2}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "area" / "kept"


def kept(path, **facts):
    return Kept(path, FACTS | facts, lambda found: Area(**found)).area


def _with_relay(area):
    return [home for home in area.homes if home.counter.relay and not home.events and not home.counter.mute]


def _live(area):
    """Cut two off, let one of them close again, set two clocks; half an hour in all."""
    first, second = _with_relay(area)[:2]
    first.counter.relay.switch(True)
    second.counter.relay.switch(True)
    area.advance(area.t_s + 600)
    first.counter.relay.permit(True)
    area.gate_now().set_clock_offset(-7)
    area.seen(second).set_clock_offset(90)
    area.advance(area.t_s + 1200)
    return first, second


def test_a_kept_area_is_the_one_that_ran_on(path):
    area = kept(path)
    first, second = _live(area)
    assert (first.open, second.open) == (False, True)
    again = kept(path, seed=8, t_s=NOON_S + 5000)
    for each in (again, area):
        each.advance(NOON_S + 90_000)
    assert truth(again) == truth(area)
    assert again.gate.clock_offset_s == -7


def test_a_permission_outlives_the_end_of_the_process(path):
    area = kept(path)
    home = _with_relay(area)[0]
    home.counter.relay.switch(True)
    home.counter.relay.permit(True)
    area = kept(path)
    home = area.homes[home.no]
    assert (home.open, home.permitted) == (True, True)
    area.advance(NOON_S + 601)
    assert not home.open


def test_a_line_that_was_cut_off_loses_itself_alone(path):
    area = kept(path)
    home = _with_relay(area)[0]
    home.counter.relay.switch(True)
    with path.open("a") as file:
        file.write(json.dumps([NOON_S + 1, home.counter.address, "open", False])[:-3])
    home = kept(path).homes[home.no]
    assert home.open
    home.counter.relay.switch(False)
    assert not kept(path).homes[home.no].open
