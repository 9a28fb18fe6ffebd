"""The terminal without any fault: what the tests of faults are measured against."""

from protocols.uplink import messages
from tests.unit.terminal.site import ALARM_S, LOAD_W, ORDER


def test_an_overload_is_warned_of_tripped_and_told_once(site):
    site.boot().run(5)
    site.overload()
    waited = site.run_until(site.tripped)
    assert ALARM_S - 3 <= waited <= ALARM_S + 3
    assert [rounds for _s, rounds, _w in site.trips] == [1]
    site.run(60)
    assert site.tripped() == 1
    assert site.power_w() == LOAD_W * 820 // 1000
    assert len(site.told("power_control_alarm")) == len(site.told("power_control_trip")) == 1
    assert site.gaps == []


def test_energy_is_taken_off_as_the_meter_counts_it(site):
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.run(900)
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 2000
    assert site.used_wh() - before > 8000
    assert site.board.feeds > 890
