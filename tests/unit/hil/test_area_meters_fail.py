"""How the area's meters fail, and what they do with odd requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.world.area.served import Rack
from protocols.lines import dlt645
from protocols.lines.refused import Refused
from protocols.meters import links
from tests.unit.hil.area_bench import (
    NOON_S,
    TODAY,
    Bench,
    area_of,
    bench,
    drive,
    energy_wh,
    having,
    home,
    point,
    wh,
)

__all__ = ("bench", "home")  # fixtures


def happens(verb):
    """(area at the start of the known day, the home with this event, UTC of it)."""
    names = {"stop": "stopped", "fly": "flying", "fall": "falling", "replace": "replaced"}
    area = area_of(0, **{names[verb]: 1})
    (home,) = having(area, lambda home: home.events)
    ((at_s, kind, _value),) = home.events
    assert kind == verb
    area.advance(at_s)
    return area, home, energy_wh(area, home)


def test_a_stopped_register_stands_while_energy_flows():
    area, home, register = happens("stop")
    used = sum(home.ledger[TODAY])
    area.advance(area.t_s + 7200)
    assert energy_wh(area, home) == register
    asked_late = area_of(0, stopped=1)
    asked_late.advance(area.t_s)
    assert energy_wh(asked_late, asked_late.homes[home.no]) == register
    assert sum(home.ledger[TODAY]) > used


def test_a_flying_register_runs_away():
    area, home, register = happens("fly")
    used = sum(home.ledger[TODAY])
    area.advance(area.t_s + 7200)
    assert energy_wh(area, home) - register > 30 * wh(sum(home.ledger[TODAY]) - used)


def test_a_falling_register_is_lower_than_it_was():
    area, home, _register = happens("fall")
    area.advance(area.t_s + 60)
    last = area.seen(home).curve()[-1]
    assert energy_wh(area, home) < last[2] - 4000


def test_in_the_night_another_meter_hangs_there_and_begins_at_zero():
    area, home, _register = happens("replace")
    old, new = home.counters
    last = old.energy_wh()[0]
    bench = Bench(area)
    area.advance(area.t_s + 3600)
    with pytest.raises(Refused):
        bench.read(old.address, "00010000")
    shown = point(bench.read(new.address, "00010000"), "energy_import_wh")
    energy = new.energy_wh()[0]
    assert (old.energy_wh()[0], shown) == (last, energy - energy % 10)
    assert last > 500_000
    assert 2 <= (area.t_s + 28800) % 86400 // 3600 <= 5
    assert new.energy_wh()[0] < 10_000
    bench.control(home, "trip")
    assert home.open


def test_a_dead_meter_is_silent_and_its_home_draws():
    area = area_of(12, dead=1)
    (dead,) = having(area, lambda home: home.counter.mute)
    with pytest.raises(Refused, match="mute"):
        Bench(area).read(dead.counter.address, "00010000")
    assert dead.watts(area.t_s)[0] > 0


def test_the_meter_of_2099_freezes_by_its_own_clock_and_can_be_put_right(bench):
    area = area_of(30, wrong_clocks=3)
    bench = Bench(area)
    first = having(area, lambda home: home.counter.clock_offset_s > 10**9)[0]
    clock = point(bench.read(first.counter.address, "0400010C"), "clock")
    assert area.seen(first).local().year == 2099
    assert clock == int(area.seen(first).local().timestamp())
    frozen = point(bench.read(first.counter.address, "05060001"), "freeze_time")
    assert frozen == clock - clock % 86400
    told = area.t_s + 28800
    reader = links.reader("dlt645-2007").Reader(
        first.counter.address, {"level": 4, "password": "111111", "operator": "00000001"}
    )
    date_645 = bytes.fromhex(area.gate_now().local().strftime("0%w%d%m%y"))
    drive(bench.rack, reader.write("04000101", date_645))
    drive(bench.rack, reader.write("04000102", bytes.fromhex("000006")))
    assert point(bench.read(first.counter.address, "0400010C"), "clock") == told - told % 86400 + 6 * 3600


def test_broadcast_time_moves_small_errors_only():
    area = area_of(12, wrong_clocks=4)
    area.homes[0].counter.clock_offset_s = 200
    local = area.seen(area.homes[1]).now
    rack = Rack(area, 1)
    assert rack.feed(dlt645.broadcast_time(*local)) == []
    offsets = [home.counter.clock_offset_s for home in area.homes if home.counter.clock_offset_s]
    assert area.homes[0].counter.clock_offset_s == 0
    assert sorted(offsets)[:3] == [-10800, -420, 2400]


def test_only_the_clock_can_be_written():
    area = area_of(12, dlt97=1)
    (home,) = having(area, lambda home: home.counter.protocol == "dlt645-1997")
    rack, energy = Rack(area, 1), energy_wh(area, home)
    options = {"level": 4, "password": "111111", "operator": "00000001"}
    old = links.reader("dlt645-1997").Reader(home.counter.address, options)
    drive(rack, old.write("C011", bytes.fromhex("301512")))
    assert area.seen(home).now[3:] == (12, 15, 30)
    new = links.reader("dlt645-2007").Reader(area.homes[1].counter.address, options)
    for reader, request in ((old, "9010"), (new, "00010000")):
        with pytest.raises(Refused, match="refused"):
            drive(rack, reader.write(request, bytes(4)))
    assert energy_wh(area, home) == energy


def test_a_freeze_by_command_keeps_the_register_of_that_moment(bench, home):
    energy = energy_wh(bench.area, home)
    assert bench.rack.feed(dlt645.freeze(dlt645.BROADCAST)) == []
    bench.area.advance(NOON_S + 7200)
    reader = links.reader("dlt645-2007").Reader(home.counter.address, {})
    data = drive(bench.rack, reader.read("05010101"))
    assert int(data[3::-1].hex()) == energy // 10 < energy_wh(bench.area, home) // 10


FUZZED = area_of(12, dlt97=1, modbus=1)
FUZZED_RACK = Rack(FUZZED, 1)
ADDRESSES = [home.counter.address for home in FUZZED.homes] + ["A" * 12, dlt645.BROADCAST]


@given(
    address=st.sampled_from(ADDRESSES),
    control=st.integers(0, 255),
    di=st.sampled_from([b"\x00\x00\x00\x06", b"\x01\x00\x04\x06", b"\x01\x01\x06\x05", b""]),
    data=st.binary(max_size=20),
)
def test_no_frame_is_too_odd_for_a_meter(address, control, di, data):
    for reply in FUZZED_RACK.feed(dlt645.encode(address, control, di + data)):
        assert dlt645.Framer().feed(reply.data)


def test_two_at_one_address_answer_both_and_a_wildcard_finds_who_fits():
    area = area_of(12)
    rack = Rack(area, 1)
    one, two = area.homes[0].counter.address, area.homes[1].counter.address
    rack.move(two, one)
    assert len(rack.feed(dlt645.read(one, 0x00010000))) == 2
    assert rack.feed(dlt645.read(two, 0x00010000)) == []
    (reply,) = rack.feed(dlt645.read("A" * 8 + area.homes[2].counter.address[8:], 0x00010000))
    assert reply.address == area.homes[2].counter.address


def test_delays_are_the_meters_own():
    area = area_of(12)
    rack = Rack(area, 1)
    home = area.homes[3]
    home.counter.delay_ms, home.counter.late_ms = 35, 2000
    (reply,) = rack.feed(dlt645.read(home.counter.address, 0x00010000))
    assert reply.delay_ms == 2035
    assert len({other.counter.delay_ms for other in area.homes}) > 10


def test_noise_between_requests_costs_no_request():
    area = area_of(12, modbus=1)
    rack = Rack(area, 1)
    (unit,) = having(area, lambda home: home.counter.protocol == "modbus")
    request = dlt645.read(area.homes[1].counter.address, 0x00010000)
    for noise in (b"\x68\x01", bytes(range(256)), b"\x01\x03\x20"):
        assert rack.feed(noise) == []
        rack.quiet(1000)
        assert len(rack.feed(request)) == 1
        rack.quiet(1000)
        assert (
            point(Bench(area).read(unit.counter.address, "3:0x101E:2", "chint-dtsu666"), "energy_import_wh")
            > 0
        )
