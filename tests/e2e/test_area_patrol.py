"""A batch patrol over all meters of an area, one of them dead, through a restart of the station."""

import time
from functools import cache

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink import area as contract
from station.collection import patrols
from station.store import commands, db
from station.store import patrols as store
from station.store.scope import EVERYWHERE, ROOT
from tests.e2e.area_rig import DEVICE, AreaRig, archive_of

ENERGY, CLOCK = BY_ALIAS["energy_import_wh"][0], BY_ALIAS["clock"][0]
READ_S = 6  # from the answer of a meter to the record of it, and a little for a busy machine
FACTS = {"unit": ROOT, "within_s": 600, "way": "list", "list": DEVICE}


@pytest.fixture
def area(tmp_path):
    running = AreaRig(tmp_path, meters=8, faults={"dlt97": 0, "modbus": 0, "dead": 1, "wrong_clocks": 0})
    yield running
    running.close()


def _begin(area, once, **more):
    with db.writing(area.engine) as c:
        return patrols.begin(c, "admin", EVERYWHERE, FACTS | more, once)


def _points(area, number):
    return area.ask(store.page, number, EVERYWHERE, None, 0, None)


def _ended(area, number):
    row = area.wait(lambda: (r := area.ask(store.get, number, EVERYWHERE)) and r["ended_s"] and r, "the end")
    assert row["state"] == store.DONE
    return _points(area, number)


def _sent(area):
    return area.ask(commands.of_kinds, [DEVICE], [contract.PATROL])


@pytest.mark.timeout(600)
def test_all_meters_are_read_true_and_the_dead_one_has_its_reason(area):
    rows = archive_of(area.world.archive, area.slots)
    area.power()
    area.load(rows)
    dead = {row["meter"] for row in rows if area.homes().get(row["address"], {}).get("mute")}
    assert len(dead) == 1
    number = _begin(area, "one", items=[ENERGY, CLOCK])
    area.wait(lambda: any(each["state"] == store.OK for each in _points(area, number)), "the first value")
    area.station.stop()
    area.station.start()
    points = _ended(area, number)
    assert len(points) == 2 * len(rows)
    failed = {(each["meter"], each["reason"]) for each in points if each["state"] == store.FAILED}
    assert failed == {(meter, "mute") for meter in dead}
    true_wh = cache(area.true_wh)
    for each in points:
        if each["state"] == store.OK and each["item"] == ENERGY:
            span = range(each["value_s"] - READ_S, each["value_s"] + 2)
            assert each["value"] in {true_wh(t_s)[each["address"]][0] for t_s in span}, each
            assert each["quality"] == 0
    assert len(_sent(area)) == 2, "a command an item, none twice"
    with db.writing(area.engine) as c:
        row = store.get(c, number, EVERYWHERE)
        assert row
        patrols.retry(c, "admin", EVERYWHERE, row, row["version"])
    assert {each["state"] for each in _ended(area, number) if each["meter"] in dead} == {store.FAILED}
    asked = {(each["params"]["first"], each["params"]["last"]) for each in _sent(area)[2:]}
    assert asked == {(meter, meter) for meter in dead}
    area.assert_whole()


@pytest.mark.timeout(600)
def test_a_concentrator_that_is_cut_off_leaves_a_reason_for_each_meter(area):
    rows = archive_of(area.world.archive, area.slots)
    area.power()
    area.load(rows)
    area.device.kill()
    began = time.monotonic()
    number = _begin(area, "away", items=[ENERGY], within_s=300)
    with db.writing(area.engine) as c:
        c.execute(store.patrols.update().values(until_s=db.now_s() + 30))
    points = _ended(area, number)
    assert time.monotonic() - began < 90
    assert {(each["state"], each["reason"]) for each in points} == {(store.FAILED, "offline")}
