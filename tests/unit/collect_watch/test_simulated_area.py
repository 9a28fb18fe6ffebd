"""The gate meter of the simulated area, hour by hour: what is told is what is true there."""

import itertools

import pytest

from firmware.area.archive import GATE, Archive
from firmware.collect.supply import values
from hil.world.area.area import GATE_MULTIPLIER, Area
from tests.unit.area.meters import MIDNIGHT_S, row
from tests.unit.collect_watch.area_rig import Rig

START_S = MIDNIGHT_S - 28800
DAY_S, STEP_S = 86400, 900


def shown(area):
    gate = area.gate_now()
    return dict(enumerate(gate.volts_dv() + gate.currents_ma(), 1))


def day(path, kva):
    """([loading of each quarter], told) of the simulated day."""
    area = Area(7, START_S, 60, 2, history_days=0, kva=kva)
    gate = bytearray(row(2, flags=GATE, phase=4))
    gate[10:12] = GATE_MULTIPLIER.to_bytes(2, "little")
    rig = Rig(path, archive=Archive(row(1) + bytes(gate)), transformer_va=kva * 1000, unread_s=864000)
    loads = []
    for at_s in range(START_S, START_S + DAY_S, STEP_S):
        area.advance(at_s)
        loads.append(area.loading_e3())
        rig.watch.seen(2, 3, shown(area), 0, 3, 0)
        rig.run(STEP_S)
    return loads, rig.told


def test_the_load_that_is_judged_is_the_true_one():
    area = Area(7, START_S + 19 * 3600, 60, 2, history_days=0)
    load = values(shown(area), GATE_MULTIPLIER, area.grid.kva * 1000)[0]
    assert abs(load - area.loading_e3()) <= 5


@pytest.mark.parametrize("kva", [30, 630])
def test_an_overload_is_told_where_there_is_one(tmp_path, kva):
    loads, told = day(tmp_path, kva)
    over = [each > 1000 for each in loads]
    held = any(first and second for first, second in itertools.pairwise(over))
    named = [fields for name, fields in told if name == "overload"]
    assert bool(named) == held == (kva == 30)
    states = [fields.get("ended") for fields in named]
    assert states == [None, 1] * (len(states) // 2) + [None] * (len(states) % 2)
