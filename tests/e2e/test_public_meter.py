"""The terminal reads a meter nobody here wrote: the server of the `dlt645` package, with its own frames.

It refuses every block, so this is also the way from a block to single reads, on a real line.
"""

import time

import pytest

from hil.plugin import MULTIPLIER
from protocols.meters.points import BY_ALIAS

POWER, ENERGY = BY_ALIAS["power_dw"][0], BY_ALIAS["energy_import_wh"][0]
VOLTS = [BY_ALIAS[f"voltage_{phase}_dv"][0] for phase in "abc"]
TARIFFS = [BY_ALIAS[f"energy_import_t{tariff}_wh"][0] for tariff in range(1, 5)]
LOAD_W = 160_000
POWER_COUNT_DW = 1  # the display shows 0.1 W, DL/T 645-2007 XX.XXXX kW
ENERGY_COUNT_WH = 10  # and 0.01 kWh
# hil/world/factory.py: 232.0 V at the head, 0.1 V less for 5 kW of three times the phase and the neighbours
VOLTS_DV = (2150, 2330)


@pytest.fixture
def meter_kind():
    return "dlt645"


def _points(rig, *numbers):
    """The last live state's points, once all of `numbers` are there."""
    return rig.wait(
        lambda: (p := rig.now().get("points", {})) and all(n in p for n in numbers) and p, f"points {numbers}"
    )


def test_power_energy_and_voltages_arrive_as_the_meter_has_them(rig):
    rig.load(LOAD_W)
    rig.wait(
        lambda: rig.now()["power_w"] and abs(rig.now()["power_w"] - LOAD_W) <= MULTIPLIER, "the load read"
    )
    before = rig.world.truth()["meter"]["energy_wh"]
    started_s = rig.now()["t_s"]
    rig.wait(lambda: rig.now()["t_s"] > started_s + 20, "every slow read had its turn")
    points = _points(rig, POWER, ENERGY, *VOLTS, *TARIFFS)
    after = rig.world.truth()["meter"]["energy_wh"]

    assert abs(points[POWER] - LOAD_W * 10 // MULTIPLIER) <= POWER_COUNT_DW
    shown = [points[ENERGY], *(points[no] for no in TARIFFS)]
    for low, value, high in zip(before, shown, after, strict=True):
        assert low - ENERGY_COUNT_WH <= value <= high + ENERGY_COUNT_WH, (before, shown, after)
    assert after[0] > before[0], "the register moved while it was read"
    for no in VOLTS:
        assert VOLTS_DV[0] <= points[no] <= VOLTS_DV[1], points


def test_a_refused_block_is_asked_once_and_its_singles_go_on(rig):
    """Found on the wire, not in our own counters: how often the terminal asked for the voltage block."""
    block, single = b"\x33\x32\x34\x35", b"\x33\x34\x34\x35"  # 0201FF00 and 02010100, low byte first, + 33H
    rig.load(LOAD_W)
    _points(rig, *VOLTS)
    from_ms = rig.world.frames(1)[-1][0]
    asked = {}  # ms of the burst -> what the terminal said
    end_s = rig.now()["t_s"] + 60  # a round of slow reads takes half a minute
    while rig.now()["t_s"] < end_s:
        heard = rig.world.frames(100)[:-1]  # the last one may still grow
        asked.update((t_ms, data) for t_ms, talker, data in heard if talker == "terminal" and t_ms > from_ms)
        time.sleep(1)
    assert len(asked) > 50
    assert not [data for data in asked.values() if block in data]
    assert len([data for data in asked.values() if single in data]) >= 2


def test_it_trips_on_what_this_meter_shows(rig):
    rig.world.ask(recloses_after_s=None)
    rig.load(120_000)
    rig.plan(setpoint_kw=200, alarm_s=2)
    rig.load(230_000)
    rig.event("power_control_trip", rounds=1)
    assert rig.world.truth()["open"] & 1
