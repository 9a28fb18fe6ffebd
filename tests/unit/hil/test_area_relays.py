"""Relays in the area's meters really shed the load, and householders close them."""

import pytest

from protocols.lines.refused import Refused
from tests.unit.hil.area_bench import (
    MIDNIGHT_S,
    NOON_S,
    TODAY,
    area_of,
    bench,
    energy_wh,
    having,
    home,
    point,
    wh,
)

__all__ = ("bench", "home")  # fixtures


def test_a_trip_sheds_the_load_of_home_meter_and_gate(bench, home):
    area = bench.area
    before_w, load_w = sum(area.power_w()), home.watts(area.t_s)[0]
    gate_dw = area.gate_now().powers_dw()[0]
    assert (bench.contact(home), bench.power_dw(home)) == (1, load_w * 10)
    bench.control(home, "trip")
    assert (bench.contact(home), bench.power_dw(home)) == (0, 0)
    assert sum(area.power_w()) == before_w - load_w
    assert area.gate_now().powers_dw()[0] * 60 <= gate_dw * 60 + 600 - load_w * 10
    register = energy_wh(area, home)
    area.advance(NOON_S + 7200)
    assert energy_wh(area, home) == register
    day = area.day(TODAY)
    assert day.gate == day.used - day.fed_in + day.stolen + day.iron + day.copper


def test_a_permitted_relay_is_closed_by_the_householder_and_not_before(bench, home):
    bench.control(home, "trip")
    bench.control(home, "permit_close")
    assert bench.contact(home) == 0
    words = point(bench.read(home.counter.address, "04000503"), "status_word_3")
    assert (words >> 4 & 1, words >> 6 & 1) == (1, 0)  # still open, told to close
    bench.area.advance(NOON_S + 29)
    assert bench.contact(home) == 0
    bench.area.advance(NOON_S + 601)
    assert bench.contact(home) == 1
    assert bench.power_dw(home) > 0
    through, _out, _past = home.ledger[TODAY]
    assert wh(through) > 0


def test_a_trip_while_the_householder_walks_keeps_it_open(bench, home):
    bench.control(home, "trip")
    bench.control(home, "permit_close")
    bench.area.advance(NOON_S + 20)
    bench.control(home, "trip")
    bench.area.advance(NOON_S + 3600)
    assert bench.contact(home) == 0
    bench.control(home, "close")
    assert bench.contact(home) == 1


def test_guarantee_and_stale_controls_do_not_open(bench, home):
    bench.control(home, "guarantee_on")
    with pytest.raises(Refused):
        bench.control(home, "trip")
    bench.control(home, "guarantee_off")
    with pytest.raises(Refused):
        bench.control(home, "trip", ahead_min=-1)
    assert bench.contact(home) == 1


def test_a_thief_goes_on_past_the_open_relay():
    area = area_of(0, thieves=1)
    area.advance(MIDNIGHT_S + 3 * 86400)
    (thief,) = having(area, lambda home: home.thief_day is not None)
    area.switch(thief, True)
    through, past = thief.watts(area.t_s)
    assert (thief.drawn_w(area.t_s), area.seen(thief).powers_dw()[0]) == (past, 0)
    assert min(through, past) > 0
