"""What the area's meters show on a line: registers, freezes and curves by their own clocks."""

import pytest

from hil.world.area import truth
from hil.world.area.area import Area
from hil.world.area.served import Rack
from protocols.meters import dlt645_records, links
from tests.unit.hil.area_bench import (
    MIDNIGHT_S,
    NOON_S,
    Bench,
    area_of,
    bench,
    drive,
    energy_wh,
    having,
    home,
    point,
    profile,
    sound,
)

__all__ = ("bench", "home")  # fixtures


def test_every_meter_of_the_archive_answers_by_its_profile():
    area = Area(5, NOON_S, 60, 2, sound(dlt97=3, modbus=2, pv=2))
    racks = [Bench(area, line) for line in (1, 2)]
    named = set()
    for row in truth.archive(area):
        bench = racks[row["line"] - 1]
        meter = profile(row["profile"])
        counter = bench.rack.meter(row["address"]).counter
        named.add(row["profile"])
        fast = bench.read(row["address"], meter.request(meter.fast[-1]), row["profile"])
        shown, real = point(fast, "energy_import_wh"), counter.energy_wh()[0]
        assert real - (2 if row["profile"] == "chint-dtsu666" else 0) - 10 < shown <= real + 2
    assert named == {"dlt645-2007-1p", "dlt645-2007-3p", "dlt645-1997", "chint-dtsu666"}


def test_the_daily_freeze_is_the_register_of_local_midnight():
    area = area_of(0, history_days=2)
    at_midnight = [energy_wh(area, home) for home in area.homes]
    area.advance(NOON_S)
    bench = Bench(area)
    for each, energy in zip(area.homes, at_midnight, strict=True):
        time_s = point(bench.read(each.counter.address, "05060001"), "freeze_time")
        frozen = point(bench.read(each.counter.address, "05060101"), "energy_import_wh")
        assert (time_s, frozen) == (MIDNIGHT_S + 28800, energy - energy % 10)
        assert len(each.counter.freezes) == 2


def test_month_and_year_turn_at_local_midnight():
    area = area_of(0)
    area.advance(MIDNIGHT_S + 9 * 86400 + 3600)  # 1 December
    home = area.homes[0]
    (settled,) = area.seen(home).settlements
    assert settled["local"].isoformat() == "2025-12-01T00:00:00+00:00"
    assert settled["energy_wh"] == home.counter.freezes[0]["energy_wh"]
    assert settled["max_demand"][0][0] > 0
    reader = links.reader("dlt645-2007").Reader(home.counter.address, {})
    data = drive(Rack(area, 1), reader.read("00010001"))
    assert int.from_bytes(data, "little") == int(str(settled["energy_wh"][0] // 10), 16)


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_curves_stand_at_the_meters_own_times(minutes):
    area = area_of(6)
    bench = Bench(area)
    home = having(area, lambda home: home.counter.curve_s == minutes * 60 and home.phase < 4)[0]
    reader = links.reader("dlt645-2007").Reader(home.counter.address, {})
    data = drive(bench.rack, reader.read("06000001/3/2511220200"))
    records = dlt645_records.load_records(0x06000001, data)
    first = MIDNIGHT_S + 28800 + 2 * 3600
    assert [at for at, _good, _rows in records] == [first + i * minutes * 60 for i in range(3)]
    for at, good, rows in records:
        shown = {obis: value for obis, value, _scale, _unit in rows if value is not None}
        assert good
        assert shown["1-0:16.7.0*255"] == home.watts(at - 28800)[0] * 10
        past = area_of(0)
        past.advance(at - 28800)
        assert shown["1-0:1.8.0*255"] == energy_wh(past, past.homes[home.no]) // 10
        assert shown["1-0:32.7.0*255"] == past.volts_dv(past.homes[home.no])[0]


@pytest.mark.parametrize(("request_", "hours"), [("06000000/2", (1, 2)), ("06000002/2", (11, 12))])
def test_the_earliest_and_the_latest_records(request_, hours):
    bench = Bench(area_of(12))
    home = having(bench.area, lambda home: home.counter.curve_s == 3600)[0]
    reader = links.reader("dlt645-2007").Reader(home.counter.address, {})
    records = dlt645_records.load_records(0x06000000, drive(bench.rack, reader.read(request_)))
    assert [at - MIDNIGHT_S - 28800 for at, _good, _rows in records] == [hour * 3600 for hour in hours]


def test_a_late_clock_freezes_when_it_comes_to_midnight():
    area = area_of(0, wrong_clocks=2, history_days=1)
    (late,) = having(area, lambda home: home.counter.clock_offset_s == -420)
    assert [frozen["local"].day for frozen in area.seen(late).freezes] == [21]
    area.advance(MIDNIGHT_S + 420)
    register = area.seen(late).energy_wh()
    area.advance(NOON_S)
    frozen = area.seen(late).freezes[0]
    assert (frozen["local"].isoformat(), frozen["energy_wh"]) == ("2025-11-22T00:00:00+00:00", register)


def test_a_record_of_before_a_trip_keeps_its_voltage(bench, home):
    area = bench.area
    area.advance(NOON_S + 400)
    reader = links.reader("dlt645-2007").Reader(home.counter.address, {})
    before = drive(bench.rack, reader.read("06000002/1"))
    bench.control(home, "trip")
    area.advance(NOON_S + 500)
    assert drive(bench.rack, reader.read("06000002/1")) == before
