"""A concentrator from its first hello to a day of freezes at the station, each once, over a power cut."""

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink.messages import DAILY
from station.store import schema
from tests.e2e.area_rig import archive_of

ENERGY = BY_ALIAS["energy_import_wh"][0]
METERS, UNREAD = 2, 3  # of NOW_AREA


@pytest.mark.timeout(600)
def test_a_day_of_freezes_is_stored_once_over_a_power_cut_in_the_round(area):
    area.power()
    area.wait(area.now, "the first live state")
    (link,) = area.rows(schema.links)
    assert (link["product"], link["board"]) == ("concentrator", "unix_concentrator")
    rows = archive_of(area.world.archive, area.slots)
    area.load(rows)
    area.wait(lambda: area.area().get(METERS) == len(rows), "the archive in the live state")
    today_s, wanted = area.today_s(), [row["meter"] for row in area.frozen(rows)]
    area.wait(lambda: len(area.stored(today_s)) >= 8, "some freezes")
    some = area.stored(today_s)
    assert len(some) < len(wanted), "the cut must come in the middle of the round"
    area.power()
    area.wait(lambda: set(area.stored(today_s)) >= set(wanted), "all freezes")
    assert area.stored(today_s) == wanted  # the key of the table forbids doubles
    told = [row for row in area.rows(schema.records) if row["kind"] == DAILY]
    assert len(told) <= len(area.readings(DAILY)) + 2, "read again is only what was not kept at the cut"
    assert all(reading[2][ENERGY] > 0 for reading in area.readings(DAILY, today_s))
    area.assert_whole()
