"""What the world gives the terminal's inputs agrees with what the factory draws."""

import itertools
import os
import time

import pytest

from hil.adapters.process import ChildError
from hil.adapters.world import WorldProcess
from hil.world.factory import SECTIONS, Factory, part_of
from hil.world.inputs import ac_sample
from hil.world.live import SUB_ADDRESS
from hil.world.meter import Meter
from protocols.lines import dlt645
from protocols.meters import points
from tests.unit.hil.test_world_process import panel, read_until, world

__all__ = ("panel", "world")  # fixtures


def lines(fd, seconds):
    """Lines that come within some seconds."""
    got, end = b"", time.monotonic() + seconds
    os.set_blocking(fd, False)
    while time.monotonic() < end:
        try:
            got += os.read(fd, 4096)
        except BlockingIOError:
            time.sleep(0.02)
    return got.split(b"\n")[:-1]


def test_status_inputs_and_keys_come_by_verb_and_inputs_with_each_o(world, panel):
    world.ask(inputs=0x1A)
    read_until(panel, b"S 1a\n")
    world.ask(key="ok")
    read_until(panel, b"K o\n")
    os.write(panel, b"O 0 0 0\n")
    read_until(panel, b"S 1a\n")
    with pytest.raises(ValueError, match="not one of up down ok back"):
        world.ask(key="left")


def test_the_buzzer_and_direct_close_are_seen(world, panel):
    os.write(panel, b"B 1\nO 1 0 0\n")
    read_until(panel, b"I 1\n")
    assert world.truth()["sounding"] is True
    os.write(panel, b"C 1\n")  # the release is held: trip-free
    os.write(panel, b"B 0\nO 0 0 0\n")
    read_until(panel, b"I 1\n")
    os.write(panel, b"C 1\n")
    read_until(panel, b"I 0\n")
    truth = world.truth()
    assert (truth["sounding"], truth["open"]) == (False, 0)


def test_pulses_are_those_of_the_energy_and_as_wide_as_a_meter_s(world, panel):
    world.ask(load_w=2_000_000, pulse_constant=500)  # 25 kW secondary: 3.5 pulses a second
    before = world.truth()
    told = lines(panel, 4)
    world.ask(load_w=0)
    told += lines(panel, 1.5)
    after = world.truth()
    edges = [tuple(map(int, line.split()[1:])) for line in told if line.startswith(b"P")]
    assert {channel for channel, _level, _ms in edges} == {1}
    assert [level for _channel, level, _ms in edges] == [1, 0] * (len(edges) // 2)
    assert all(b[2] - a[2] >= 75 for a, b in itertools.pairwise(edges))
    energy_wh = after["energy_wh"] - before["energy_wh"]
    assert after["pulses"] == len(edges) // 2
    assert abs(after["pulses"] - energy_wh * 500 // 80_000) <= 1
    assert after["pulses"] >= 10


def test_ac_samples_are_the_meter_s_secondary_values(world, panel):
    world.ask(ac=True)
    (line, *_rest) = [line for line in lines(panel, 2.5) if line.startswith(b"A")]
    sample = {int(no): int(value) for no, value in (word.split(b"=") for word in line.split()[1:])}
    power_w = sum(world.truth()["sections_w"])
    assert abs(sample[8] * 80 // 10 - power_w) < power_w // 20  # the load moves on meanwhile
    world.ask(ac=False)


def test_a_sample_has_the_canonical_numbers():
    factory, meter = Factory(3, 1_800_000_000_000), Meter()
    meter.flow = factory.flow()
    sample = ac_sample(meter)
    for alias, value in (
        ("voltage_a_dv", meter.volts_dv()[0]),
        ("current_c_ma", meter.currents_ma()[2]),
        ("power_dw", meter.powers_dw()[0]),
        ("power_c_dw", meter.powers_dw()[3]),
        ("reactive_power_dvar", meter.reactive_dvar()[0]),
        ("apparent_power_dva", meter.apparent_dva()[0]),
        ("power_factor_b_e3", meter.power_factors_e3()[2]),
        ("frequency_chz", meter.frequency_chz()),
    ):
        assert sample[points.BY_ALIAS[alias][0]] == value, alias


def test_parts_add_up_to_the_whole():
    flow = Factory(3, 1_800_000_000_000).flow()
    parts = [part_of(flow, section) for section in range(len(SECTIONS))]
    assert sum(sum(part.power_w) for part in parts) == sum(flow.power_w)
    assert all(part.volt_dv == flow.volt_dv for part in parts)


def ask_meter(path, address):
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(fd, dlt645.read(address, 0x00010000))
        framer, end = dlt645.Framer(), time.monotonic() + 3
        os.set_blocking(fd, False)
        while time.monotonic() < end:
            try:
                for frame in framer.feed(os.read(fd, 300)):
                    return frame
            except BlockingIOError:
                time.sleep(0.01)
        return None
    finally:
        os.close(fd)


@pytest.mark.parametrize("where", ["line", "line2"])
def test_a_second_meter_answers_on_its_line_and_keeps_its_registers(tmp_path, where):
    first = WorldProcess(tmp_path / "world", turnaround_ms=1, sub_meter=where)
    try:
        first.ask(load_w=10_000_000)
        path = first.line if where == "line" else first.line2
        assert first.sub_meter == SUB_ADDRESS
        assert ask_meter(path, SUB_ADDRESS).address == SUB_ADDRESS
        if where == "line":
            assert ask_meter(path, first.meter).address == first.meter
        else:
            assert ask_meter(path, first.meter) is None
        assert ask_meter(first.line, first.meter).address == first.meter
        time.sleep(0.5)
        before = first.truth()["sub_energy_wh"]
    finally:
        first.stop()
    second = WorldProcess(tmp_path / "world", sub_meter=where)
    try:
        assert second.truth()["sub_energy_wh"] >= before > 0
    finally:
        second.stop()


def test_the_public_package_shares_its_line_with_nobody(tmp_path):
    with pytest.raises(ChildError, match="answers every address"):
        WorldProcess(tmp_path / "world", meter="dlt645", sub_meter="line")
