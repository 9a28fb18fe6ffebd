"""The station lost freezes that the concentrator keeps: they are asked for by name, and are true again."""

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink import area as messages
from protocols.uplink.messages import DAILY
from station.collection import supplement, tasks
from station.store import collection, commands, db, schema
from station.store.scope import EVERYWHERE, ROOT
from tests.e2e.area_rig import DAY_S, DEVICE, AreaRig, archive_of

ENERGY = BY_ALIAS["energy_import_wh"][0]
LOST = (2, 5)
TASK = {
    "name": "Daily",
    "kind": DAILY,
    "unit": ROOT,
    "point_type": collection.METER,
    "first": 1,
    "last": 1000,
}
TASK |= {"items": [ENERGY], "until_s": None, "every": 1, "priority": 1, "supplements": 0, "origin": "own"}


@pytest.fixture
def area(tmp_path):
    running = AreaRig(tmp_path, meters=8, faults={"dlt97": 0, "modbus": 0, "dead": 0, "wrong_clocks": 0})
    yield running
    running.close()


def _stored(area):
    return {row[0]: row[2][ENERGY] for row in area.readings(DAILY, area.today_s())}


def _lose(area):
    meters = {row["metering_point"]: row["id"] for row in area.rows(schema.meters)}
    with db.writing(area.engine) as c:
        for meter in LOST:
            c.execute(schema.readings.delete().where(schema.readings.c.meter_id == meters[meter]))


@pytest.mark.timeout(600)
def test_only_what_was_lost_is_asked_for_and_comes_again(area):
    rows = archive_of(area.world.archive, area.slots)
    area.power()
    area.load(rows)
    area.wait(lambda: len(_stored(area)) == len(rows), "the freezes")
    before = _stored(area)
    _lose(area)
    today_s, day = area.today_s(), (area.today_s() + area.offset_s) // DAY_S
    with db.writing(area.engine) as c:
        number = tasks.add(c, "admin", EVERYWHERE, TASK | {"from_s": today_s}, "task")
        task = collection.get(c, number, EVERYWHERE)
        assert task
        assert supplement.ask(c, "admin", EVERYWHERE, task, day, None, today_s + DAY_S) == len(LOST)
    area.wait(lambda: _stored(area) == before, "what was lost")
    sent = [row for row in area.ask(commands.recent, DEVICE) if row["kind"] == messages.RESEND]
    assert sorted(row["params"]["meter"] for row in sent) == list(LOST)
    area.assert_whole()
