"""The gate of the simulated area, minute by minute: what its day is told to have been is what it was."""

import asyncio

import pytest

from firmware.area.archive import GATE, KEY, Archive
from firmware.area.plan_duties import MUTE, OK
from firmware.collect import transformer
from firmware.collect.transformer import ASK_MOST_S, ASK_S, FRESH_S, Transformer
from firmware.hal.fake import FACTS, IDENTITY, Board
from firmware.store.kv import Kv
from hil.world.area.area import GATE_MULTIPLIER, Area
from hil.world.inputs import ac_sample
from protocols.meters.statistics import STATISTICS
from protocols.uplink import messages
from tests.unit.area.meters import row
from tests.unit.collect_watch.area_rig import Settings

OFFSET_S, DAY_S = 28800, 86400
START_S = 1763740800 + 20 * 3600  # 2025-11-22 20:00 in China
MIDNIGHT_S = START_S + 4 * 3600
NUMBERS = {each[1]: each[0] for each in STATISTICS}
KVA = 50


def archive(address=2, flags=GATE | KEY):
    gate = bytearray(row(address, flags=flags, phase=4))
    gate[10:12] = GATE_MULTIPLIER.to_bytes(2, "little")
    return Archive(row(1) + bytes(gate))


class Collector:
    def __init__(self):
        self.archive, self.outcome, self.asked, self.heard = archive(), OK, [], self.told
        self.shown, self.readings = {1: 2301, 8: 10000}, []

    async def ask(self, *what):
        self.asked.append(what)
        return self.outcome, dict(self.shown) if self.outcome == OK else {}

    def told(self, *reading):
        self.readings.append(reading)


class Gate:
    """`told`: bodies of STATS, `refuse`: the outbox takes nothing."""

    def __init__(self, path, **sections):
        self.board = Board(str(path), None, FACTS, dict(IDENTITY, multiplier=GATE_MULTIPLIER))
        self.board.clock.set_ms(START_S * 1000)
        self.collector, self.settings = Collector(), Settings(**sections)
        self.path, self.told, self.refuse = str(path) + "/kv", [], False
        self.run_s = 0
        self.start()

    def start(self):
        """Also a restart."""
        self.kv = Kv(self.path)
        self.kv.open()
        more = (self.kv, self.add, self.settings, self.collector, OFFSET_S, lambda: self.run_s)
        self.room = Transformer(self.board, *more)

    def add(self, _stream, kind, _t_s, _ok, body):
        assert kind == messages.STATS
        messages.pack(messages.RECORDS[kind], body)
        if self.refuse:
            return 0
        self.told.append(body)
        return len(self.told)

    def pass_s(self, seconds):
        self.board.clock.advance(seconds * 1000)
        self.run_s += seconds
        self.room.tick()

    def minutes(self, count, samples=None):
        """Half a minute each, and then the minute ends; [what it showed at its end]"""
        shown = []
        for _ in range(count):
            self.pass_s(30)
            if samples:
                self.board.sampled = samples(self.board.clock.now_s())
            shown.append(self.board.sampled)
            self.pass_s(30)
        return shown

    def close(self):
        self.kv.close()


@pytest.fixture
def gate(tmp_path):
    one = Gate(tmp_path, transformer_va=KVA * 1000)
    yield one
    one.close()


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    """(shown each minute of 20:00 to 24:00, bodies told)"""
    gate = Gate(tmp_path_factory.mktemp("gate"), transformer_va=KVA * 1000)
    area = Area(7, START_S, 60, 2, history_days=0, kva=KVA)

    def samples(t_s):
        area.advance(t_s)
        return ac_sample(area.gate_now())

    gate.room.tick()
    shown = gate.minutes(240, samples)
    gate.minutes(2, samples)
    gate.close()
    return shown, gate.told


def extreme(shown, point, best):
    """(value, UTC second of its first minute)"""
    values = [abs(sample[point]) for sample in shown]
    return best(values), START_S + 60 * values.index(best(values))


def test_the_day_is_told_once_when_it_ends(evening):
    _shown, told = evening
    (body,) = told
    assert (body["from_s"], body["period"], body["metering_point"]) == (MIDNIGHT_S - DAY_S, 1, 2)


@pytest.mark.parametrize(
    ("alias", "point"), [("power_dw", 8), ("voltage_a_dv", 1), ("voltage_c_dv", 3), ("current_b_ma", 5)]
)
@pytest.mark.parametrize(("which", "best"), [("max", max), ("min", min)])
def test_extremes_and_their_times_are_the_true_ones(evening, alias, point, which, best):
    shown, (body,) = evening
    value, at_s = extreme(shown, point, best)
    no = NUMBERS[f"{which}_{alias}"]
    assert (body["values"][no], body["values"][no + 1]) == (value, at_s)


def test_minutes_in_the_bands_of_load_are_those_of_the_transformer(evening):
    shown, (body,) = evening
    rated_dva = KVA * 1000 // GATE_MULTIPLIER * 10
    loads = [sample[16] * 1000 // rated_dva for sample in shown]
    assert body["values"][NUMBERS["load_light_min"]] == sum(load < 300 for load in loads)
    assert body["values"][NUMBERS["load_over_min"]] == sum(load >= 1000 for load in loads)
    assert any(load >= 300 for load in loads), "an evening worth counting"


def test_voltages_count_against_the_limits_of_their_section(gate):
    gate.room.tick()
    shown = iter([2200, 2353, 2354, 2355, 2046, 2045, 100])
    gate.minutes(7, lambda _t_s: dict.fromkeys((1, 2, 3), next(shown)) | {8: 0})
    gate.board.clock.set_ms((MIDNIGHT_S - 60) * 1000)
    gate.room.tick()
    gate.board.sampled = None
    gate.minutes(2)
    values = gate.told[0]["values"]
    found = [values[NUMBERS[f"voltage_a_{what}_min"]] for what in ("assessed", "above", "below")]
    assert found == [6, 1, 1]


def test_a_minute_without_a_fresh_reading_counts_nothing(gate):
    gate.room.tick()
    gate.room.seen(2, 3, {1: 2301, 8: 10}, 0, 0, 0)
    gate.minutes(4)
    gate.board.clock.set_ms((MIDNIGHT_S - 60) * 1000)
    gate.room.tick()
    gate.minutes(2)
    assert gate.told[0]["values"][NUMBERS["voltage_a_assessed_min"]] == 1


def test_a_step_of_the_clock_ends_no_minute(gate):
    gate.board.sampled = {1: 2301, 8: 5000}
    gate.room.tick()
    gate.minutes(3)
    gate.board.clock.set_ms((MIDNIGHT_S - 60) * 1000)
    gate.room.tick()
    gate.minutes(2)
    assert gate.told[0]["values"][NUMBERS["voltage_a_assessed_min"]] == 4


def test_a_day_without_any_reading_is_not_told(gate):
    gate.room.tick()
    gate.board.clock.set_ms((MIDNIGHT_S - 180) * 1000)
    gate.minutes(6)
    assert gate.told == []


def test_a_refused_day_is_told_later_and_once(gate):
    gate.room.tick()
    gate.board.sampled = {1: 2301, 8: 10000}
    gate.board.clock.set_ms((MIDNIGHT_S - 180) * 1000)
    gate.room.tick()
    gate.refuse = True
    gate.minutes(5)
    assert gate.told == []
    gate.refuse = False
    gate.minutes(3)
    assert len(gate.told) == 1


def test_a_restart_goes_on_with_what_was_counted(gate):
    gate.board.sampled = {1: 2301, 8: 5000}
    gate.room.tick()
    gate.minutes(16)
    gate.close()
    gate.start()
    gate.board.sampled = {1: 2290, 8: 4000}
    gate.board.clock.set_ms((MIDNIGHT_S - 120) * 1000)
    gate.room.tick()
    gate.minutes(4)
    (body,) = gate.told
    assert body["values"][NUMBERS["max_power_dw"]] == 5000
    assert body["values"][NUMBERS["min_power_dw"]] == 4000
    assert body["values"][NUMBERS["voltage_a_assessed_min"]] >= 15


def test_another_gate_meter_begins_anew(gate):
    gate.board.sampled = {1: 2301, 8: 5000}
    gate.room.tick()
    gate.minutes(16)
    gate.collector.archive = archive(address=77)
    gate.room.reload()
    gate.board.sampled = {1: 2290, 8: 4000}
    gate.board.clock.set_ms((MIDNIGHT_S - 120) * 1000)
    gate.room.tick()
    gate.minutes(4)
    assert gate.told[0]["values"][NUMBERS["max_power_dw"]] == 4000


# ---- what it shows now


def test_the_present_reading_is_that_of_the_gate_meter_while_it_is_fresh(gate):
    gate.room.seen(1, 3, {1: 1, 8: 1}, 0, 3, 0)
    gate.room.seen(2, 4, {48: 0}, 0, 4, 0)
    assert (gate.room.sample(), gate.room.power_w()) == ({}, None)
    gate.room.seen(2, 3, {1: 2301, 8: 5004}, 0, 3, 0)
    assert (gate.room.sample(), gate.room.power_w()) == ({1: 2301, 8: 5004}, 5004 * GATE_MULTIPLIER // 10)
    gate.pass_s(FRESH_S)
    assert (gate.room.sample(), gate.room.power_w()) == ({}, None)


def test_sampling_on_the_board_goes_before_the_meter(gate):
    gate.board.identity["multiplier"] = 7
    gate.board.sampled = {1: 2290, 8: 100}
    gate.pass_s(1)
    gate.room.seen(2, 3, {1: 2301, 8: 5004}, 0, 3, 0)
    assert (gate.room.sample(), gate.room.power_w()) == ({1: 2290, 8: 100}, 70)


# ---- asking


def pauses(gate, monkeypatch, rounds, change=None):
    """How long it waited before each of the questions."""
    waited = []

    class Over(Exception):
        pass

    async def sleep(seconds):
        if len(waited) == rounds:
            raise Over
        waited.append(seconds)
        if change:
            change(len(waited))

    monkeypatch.setattr(transformer.asyncio, "sleep", sleep)
    ((_name, run),) = gate.room.tasks()
    with pytest.raises(Over):
        asyncio.run(run())
    return waited


def test_the_gate_meter_is_asked_each_minute_and_all_hear_it(gate, monkeypatch):
    assert pauses(gate, monkeypatch, 3) == [ASK_S] * 3
    assert [asked[0] for asked in gate.collector.asked] == [2, 2, 2]
    assert [(reading[0], reading[2], reading[4]) for reading in gate.collector.readings] == [
        (2, {1: 2301, 8: 10000}, 0)
    ] * 3


def test_a_mute_gate_meter_is_asked_less_and_less(gate, monkeypatch):
    gate.collector.outcome = MUTE

    def back(count):
        if count == 7:
            gate.collector.outcome = OK

    expected = [60, 120, 240, 480, ASK_MOST_S, ASK_MOST_S, ASK_MOST_S, ASK_S]
    assert pauses(gate, monkeypatch, 8, back) == expected
    assert len(gate.collector.readings) == 2


def test_nobody_is_asked_while_the_board_samples_or_without_a_gate_meter(gate, monkeypatch):
    gate.board.sampled = {1: 2301}
    pauses(gate, monkeypatch, 2)
    gate.board.sampled = None
    gate.collector.archive = archive(flags=KEY)
    gate.room.reload()
    pauses(gate, monkeypatch, 2)
    gate.board.sampled = {1: 2301, 8: 5000}
    gate.minutes(3)
    assert gate.collector.asked == gate.told == []
    assert gate.room.day._kept is None
