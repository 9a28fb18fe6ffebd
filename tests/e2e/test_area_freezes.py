"""A concentrator from its first hello to a day of freezes at the station, each once, over a power cut."""

import time

import pytest

from protocols import cbor
from protocols.meters import sound
from protocols.meters.compile import encoded
from protocols.meters.points import BY_ALIAS
from protocols.uplink.messages import DAILY
from station.profiles import files
from station.store import schema
from tests.e2e.area_rig import DAY_S, OFFSET_S, archive_of

ENERGY = BY_ALIAS["energy_import_wh"][0]
METERS, UNREAD = 2, 3  # of NOW_AREA


def _today_s():
    now_s = int(time.time())
    return now_s - (now_s + OFFSET_S) % DAY_S


def _frozen(area, rows):
    """Meters that have a freeze of today: a profile reads it, they answer, their clock is of this day."""
    homes = {home["address"]: home for home in area.world.truth()["homes"]}
    gone = {name for name, home in homes.items() if home["mute"] or abs(home["clock_offset_s"]) > DAY_S}
    reads = [bool(profile.freeze) for profile in map(_profile, area.slots)]
    return [row["meter"] for row in rows if reads[row["slot"]] and row["address"] not in gone]


def _profile(name):
    return sound.checked(cbor.decode(encoded(files.checked(files.content(name)))))


def _stored(area, slot_s):
    return sorted(meter for meter, *_rest in area.readings(DAILY, slot_s))


@pytest.mark.timeout(600)
def test_a_day_of_freezes_is_stored_once_over_a_power_cut_in_the_round(area):
    area.power()
    area.wait(area.now, "the first live state")
    (link,) = area.rows(schema.links)
    assert (link["product"], link["board"]) == ("concentrator", "unix_concentrator")
    rows = archive_of(area.world.archive, area.slots)
    area.load(rows)
    area.wait(lambda: area.area().get(METERS) == len(rows), "the archive in the live state")
    today_s, wanted = _today_s(), _frozen(area, rows)
    area.wait(lambda: len(_stored(area, today_s)) >= 8, "some freezes")
    some = _stored(area, today_s)
    assert len(some) < len(wanted), "the cut must come in the middle of the round"
    area.power()
    area.wait(lambda: set(_stored(area, today_s)) >= set(wanted), "all freezes")
    assert _stored(area, today_s) == wanted  # the key of the table forbids doubles
    told = [row for row in area.rows(schema.records) if row["kind"] == DAILY]
    assert len(told) <= len(area.readings(DAILY)) + 2, "read again is only what was not kept at the cut"
    assert all(reading[2][ENERGY] > 0 for reading in area.readings(DAILY, today_s))
    area.assert_whole()
