"""The local day changes while a concentrator runs: the new day's freezes are stored, yesterday's stay."""

import time
from pathlib import Path

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink.messages import DAILY
from station.store import schema
from tests.e2e.area_rig import DAY_S, AreaRig, archive_of

ENERGY = BY_ALIAS["energy_import_wh"][0]
LEFT_S = 300  # of the day as it begins
HURRY = Path(__file__).with_name("area_hurry.py")
FACTOR = 20  # of HURRY


@pytest.fixture
def area(tmp_path):
    faults = {"dlt97": 0, "modbus": 0, "dead": 0, "wrong_clocks": 0}
    running = AreaRig(tmp_path, meters=12, faults=faults, local_s=DAY_S - LEFT_S)
    yield running
    running.close()


def _frozen(area, slot_s):
    """{meter: total}, each once."""
    found = [(row[0], row[2][ENERGY]) for row in area.readings(DAILY, slot_s)]
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.mark.timeout(600)
def test_midnight_passes(area):
    rows = archive_of(area.world.archive, area.slots)
    yesterday_s = area.today_s()
    midnight_s = yesterday_s + DAY_S
    area.power()
    area.load(rows)
    area.wait(lambda: len(_frozen(area, yesterday_s)) == len(rows), "the freezes of the day that ends")
    before = _frozen(area, yesterday_s)
    assert _frozen(area, midnight_s) == {}
    assert time.time() < midnight_s, "too slow to see the day end"
    area.world.ask(speed=FACTOR)
    area.power(boot=HURRY)
    area.wait(lambda: len(_frozen(area, midnight_s)) == len(rows), "the freezes of the new day")
    after = _frozen(area, midnight_s)
    true_wh = area.true_wh(midnight_s + 1)
    assert after == {row["meter"]: true_wh[row["address"]][1] for row in rows}
    assert _frozen(area, yesterday_s) == before
    assert all(before[meter] < wh for meter, wh in after.items())
    told = [row for row in area.rows(schema.records) if row["kind"] == DAILY]
    assert len(told) <= len(area.readings(DAILY)) + 2, "read again is only what was not kept at the cut"
    area.assert_whole()
