"""A line that was away: earlier points of a curve come from the load records of simulated meters."""

import json
from pathlib import Path

import pytest

from firmware.area.archive import KEY
from firmware.area.plan_duties import EMPTY, LOCAL, ON_DEMAND
from firmware.collect import loads, reads
from hil.adapters.area import AreaProcess
from hil.world.area import truth
from hil.world.area.area import Area
from hil.world.area.served import PROFILES, THREE_PHASE, Rack
from protocols import cbor
from protocols.lines import dlt645
from protocols.lines.dlt698 import axdr
from protocols.lines.dlt698.meter import Server
from protocols.meters import compile as compiler
from protocols.meters.points import BY_ALIAS
from protocols.meters.readers.dlt698 import Reader
from tests.unit.area.meters import row
from tests.unit.collect_lines.bench import CATALOGUE, OFFSET_S, Bench, profile
from tests.unit.hil.area_bench import MIDNIGHT_S, area_of, sound
from tests.unit.protocols.drive import drive

HERE = Path(__file__).parent
CURVES = (LOCAL[2],)
SLOT_S = 900
START_S = MIDNIGHT_S + OFFSET_S + 8 * 3600  # local
AWAY = 8  # slots
WORLD = {"meters": 16, "dlt97": 1}
AT_S = 20454 * 86400 + 8 * 3600 + 900  # 2026-01-01 08:15, local
ENERGY, VOLTAGE, POWER = (BY_ALIAS[a][0] for a in ("energy_import_wh", "voltage_a_dv", "power_dw"))


class AreaRack:
    """The rack of an area as a line of the bench asks it."""

    def __init__(self, area, clock):
        self.area, self._clock, self.rack = area, clock, Rack(area, 1)
        self.asked = []

    def replies(self, frame):
        self.area.advance(self._clock.now_s())
        self.asked.append(dlt645.di_of(frame))
        return [each.data for each in self.rack.feed(dlt645.encode(frame.address, frame.control, frame.data))]


class Away:
    """All meters of an area that speak DL/T 645-2007, and one of 1997, are key users."""

    def __init__(self, duties=CURVES):
        self.area = area_of(7, **WORLD)
        rows = [row for row in truth.archive(self.area) if row["profile"] != PROFILES["modbus"]]
        names = sorted({row["profile"] for row in rows})
        self.bench = Bench(
            len(rows),
            baud=9600,  # the line of the bench delivers an answer in two pieces: the second must be near
            start_s=START_S,
            duties=duties,
            profiles={i: profile(n) for i, n in enumerate(names)},
        )
        for meter, facts in enumerate(rows, 1):
            one = row(int(facts["address"]), flags=KEY, slot=names.index(facts["profile"]))
            assert self.bench.archive.put(meter, one) == []
        self.bench.collector.reload(1, len(rows))
        self.counters = {home.counter.address: home.counter for home in self.area.homes}
        self.counters[self.area.gate.address] = self.area.gate
        self.rows = dict(enumerate(rows, 1))
        self.bench.ports[1].rack = self.rack = AreaRack(self.area, self.bench.clock)
        self.earlier = []  # [meter, values, slot_s]
        self.bench.collector.recorded = lambda *what: self.earlier.append((what[0], what[2], what[5]))

    def back(self):
        """The present point of all, then nobody asks for a while, then what was missed."""
        bench = self.bench
        bench.run(lambda: len(bench.values) >= len(self.rows))
        bench.clock.advance((AWAY + 1) * SLOT_S * 1000)
        open_ = AWAY * len(self.rows)
        bench.run(lambda: len(self.earlier) + len(bench.gaps) >= open_, 3600_000)
        return self

    def recorded(self):
        """{(meter, slot_s)} that the meters have a record of."""
        return {
            (meter, START_S + n * SLOT_S)
            for meter, facts in self.rows.items()
            if facts["profile"] != PROFILES["dlt645-1997"]
            for n in range(1, AWAY + 1)
            if (START_S + n * SLOT_S) % self.counters[facts["address"]].curve_s == 0
        }


@pytest.fixture(scope="module")
def away():
    return Away().back()


def test_what_the_meters_recorded_fills_each_missed_point_once(away):
    came = [(meter, slot_s) for meter, _values, slot_s in away.earlier]
    assert len(came) == len(set(came))
    assert set(came) == away.recorded()
    profiles = {away.rows[meter]["profile"] for meter, _slot_s in came}
    assert profiles == {PROFILES["dlt645-2007"], THREE_PHASE}


def test_what_no_meter_recorded_is_absent_with_its_reason(away):
    told = {(gap[3], gap[1]): gap[5] for gap in away.bench.gaps}
    missed = {(m, START_S + n * SLOT_S) for m in away.rows for n in range(1, AWAY + 1)}
    assert told == dict.fromkeys(missed - away.recorded(), EMPTY)
    assert told, "meters of 30 and 60 minutes, and the one of 1997, which keeps none"


def test_the_points_are_those_of_the_moment(away):
    for slot_s in sorted({slot_s for *_rest, slot_s in away.earlier}):
        past = area_of(7, **WORLD)
        past.advance(slot_s - OFFSET_S)
        homes = {home.counter.address: home for home in past.homes}
        for meter, values, at_s in away.earlier:
            home = homes.get(away.rows[meter]["address"])
            if at_s == slot_s and home:
                energy_wh = past.seen(home).energy_wh()[0]
                assert values[ENERGY] == energy_wh - energy_wh % 10
                assert values[VOLTAGE] == past.volts_dv(home)[0]
                assert abs(values[POWER] - 10 * home.shown_w(at_s - OFFSET_S)) <= 1


def test_all_points_of_the_curve_are_there_and_none_is_told_as_present(away):
    collector = away.bench.collector
    for meter, values, _slot_s in away.earlier:
        curve = set(collector.profile(meter).curve)
        assert set(values) & curve == curve
    assert {slot_s for *_rest, slot_s in away.bench.values} == {START_S, START_S + (AWAY + 1) * SLOT_S}


def test_a_task_of_the_station_is_filled_the_same_way():
    away = Away(())
    away.bench.collector.take([[16, VOLTAGE, 4, SLOT_S, 0, 86400, 2, 900, KEY, 0, 20]])
    away.back()
    assert {(meter, slot_s) for meter, _values, slot_s in away.earlier} == away.recorded()
    assert all(VOLTAGE in values for _meter, values, _slot_s in away.earlier)


def test_what_is_asked_for_goes_before_what_was_missed():
    away = Away()
    bench = away.bench
    bench.run(lambda: len(bench.values) >= len(away.rows))
    bench.clock.advance(100 * SLOT_S * 1000)

    async def asked():
        return await bench.collector.ask_point(1, VOLTAGE, ON_DEMAND, 600)

    bench.run(lambda: len(away.earlier) > 3, 3600_000)
    before = len(away.rack.asked)
    assert bench.run(asked())[0] == 0
    assert len(away.rack.asked) - before <= 2, "the exchange in progress and this one"


def test_a_meter_without_records_is_asked_once_a_slot_and_keeps_its_blocks():
    own = profile(THREE_PHASE, curve=["voltage_a_dv", "current_a_ma", "power_dw"])
    bench = Bench(1, baud=9600, start_s=START_S, duties=CURVES, profiles={0: own})
    assert bench.archive.put(1, row(1, flags=KEY, phase=4)) == []
    bench.collector.reload(1, 1)
    bench.run(lambda: bench.values)
    blocks = {heard[2] for heard in bench.rack.heard}
    bench.clock.advance((AWAY + 1) * SLOT_S * 1000)
    bench.run(lambda: len(bench.gaps) == AWAY)
    assert {gap[5] for gap in bench.gaps} == {EMPTY}
    assert [heard[2] for heard in bench.rack.heard].count(loads.RECORDS) == 2 * AWAY, (
        "a refusal is told twice"
    )
    del bench.rack.heard[:], bench.values[:]
    bench.clock.advance(SLOT_S * 1000)
    bench.run(lambda: bench.values)
    assert {heard[2] for heard in bench.rack.heard} == blocks


def record(body, mark=0xA0):
    """A load record of AT_S."""
    minute = bytes.fromhex("1508010126")
    data = bytes([mark, mark, len(minute + body)]) + minute + body
    return data + bytes([sum(data) & 0xFF, 0xE5])


def shown(data):
    meter = profile(PROFILES["dlt645-2007"])
    indices = reads.requests(meter, meter.curve)
    return loads.values(meter, indices, AT_S, data)


VOLTS = bytes.fromhex("0123") + b"\xff" * 15  # 230.1 V, all else of its class is not there


def test_a_record_shows_what_it_has_and_no_more():
    assert shown(record(VOLTS + b"\xaa")) == {VOLTAGE: 2301}
    assert shown(record(b"\xaa\xaa")) == {}


def test_a_record_that_is_marked_bad_or_broken_is_no_value():
    good = record(VOLTS + b"\xaa")
    for data in (record(VOLTS + b"\xaa", 0xE0), good[:-1], good[:9] + b"\x11" + good[10:], b"", b"\x00"):
        assert shown(data) == {}


# ---- DL/T 698.45

P698 = "dlt698-1p"
ARRAY, I32, U32, I16, U16 = 0x01, 0x05, 0x06, 0x10, 0x12  # tags
ADDRESS = "123456789012"
AT = (2026, 1, 1, 8, 15, 0)
COLUMNS = (0x20210200, 0x20040200, 0x00100200, 0x20000200, 0x20010200, 0x200A0200)


def minute_freezes(at=AT):
    one = [
        (axdr.MOMENT, at),
        (I32, 15000),
        (ARRAY, [(U32, 123456), (U32, 1)]),
        (ARRAY, [(U16, 2301)]),
        (ARRAY, [(I32, 5020)]),
        (ARRAY, [(I16, 990)]),
    ]
    return {0x50020200: ([(0, column) for column in COLUMNS], [one])}


def read_698(server):
    meter = profile(P698)
    indices = reads.requests(meter, meter.curve)
    reader = Reader(ADDRESS, {})
    answer = drive(reader.read(loads.request(meter, indices, AT_S)), reader, server)
    return loads.values(meter, indices, AT_S, answer)


def test_the_minute_freeze_of_a_698_meter_is_its_point():
    values = read_698(Server(ADDRESS, {}, minute_freezes()))
    shown = {
        alias: values.get(BY_ALIAS[alias][0]) for alias in ("power_dw", "energy_import_wh", "voltage_a_dv")
    }
    assert shown == {"power_dw": 15000, "energy_import_wh": 1234560, "voltage_a_dv": 2301}


def test_a_698_meter_without_that_minute_gives_nothing():
    assert read_698(Server(ADDRESS, {}, minute_freezes((2026, 1, 1, 8, 30, 0)))) == {}


def test_a_row_of_another_time_is_not_taken():
    meter = profile(P698)
    indices = reads.requests(meter, meter.curve)
    answer = {"0/20210200/0": b"\x07\xea\x01\x01\x08\x1e\x00", "0/20000200/0": 2301}
    assert loads.values(meter, indices, AT_S, answer) == {}
    assert loads.values(meter, indices, AT_S + SLOT_S, answer)[VOLTAGE] == 2301


def test_other_protocols_keep_no_records():
    for name in ("dlt645-1997", "chint-dtsu666"):
        assert loads.request(profile(name), (0,), AT_S) == ""


# ---- the device's interpreter, on a paced PTY

BAUD = 38400


@pytest.fixture
def world(tmp_path):
    none = [f"{name}={count}" for name, count in sound().items()]
    options = {"seed": 7, "meters": 6, "lines": 1, "baud": BAUD, "speed": 0, "history_days": 0}
    running = AreaProcess(tmp_path / "area", start="2025-11-22T08:00", fault=none, **options)
    yield running
    running.stop()


def on_device(run_micropython, world, folder):
    """What the device told, and {meter: address}."""
    names = sorted({facts["profile"] for facts in world.archive})
    files = [folder / name for name in names]
    for file in files:
        document = json.loads((CATALOGUE / f"{file.name}.json").read_text(encoding="utf-8"))
        file.write_bytes(cbor.encode(compiler.compiled(document)))
    rows = [row(int(r["address"]), flags=KEY, slot=names.index(r["profile"])) for r in world.archive]
    (folder / "rows").write_bytes(b"".join(rows))
    world.ask(skip_s=AWAY * SLOT_S + 60)
    words = [world.lines[0], BAUD, START_S, START_S + AWAY * SLOT_S + 60, folder / "rows", *files]
    done = run_micropython(HERE / "on_device.py", *words, heap="2M", timeout_s=90)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1]), {n: r["address"] for n, r in enumerate(world.archive, 1)}


def test_the_device_fills_what_it_missed_from_the_meters_on_a_line(run_micropython, world, tmp_path):
    told, addresses = on_device(run_micropython, world, tmp_path)
    assert told["faults"] == 0
    assert len(told["earlier"]) + len(told["absent"]) == told["wanted"] == AWAY * len(addresses)
    assert {reason for *_slot, reason in told["absent"]} == {EMPTY}
    past = Area(7, START_S - OFFSET_S, 6, 1, sound(), 0)
    homes = {home.counter.address: home for home in past.homes}
    compared = set()
    for meter, slot_s, values in sorted(told["earlier"], key=lambda each: each[1]):
        home = homes.get(addresses[meter])
        past.advance(slot_s - OFFSET_S)
        if home:
            energy_wh = past.seen(home).energy_wh()[0]
            assert values[str(ENERGY)] == energy_wh - energy_wh % 10
            compared.add(meter)
    assert compared == set(range(1, 7))
