"""Many meters go wrong at once, and a line with them: all the others get their readings, and true ones."""

import time

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink.messages import DAILY
from tests.e2e.area_rig import AreaRig, archive_of

ENERGY = BY_ALIAS["energy_import_wh"][0]
METERS, LINES = 2, 7  # of NOW_AREA
FAULTS = {"dead": 3, "wrong_clocks": 4}  # the first stands in 2099
LATE_MS = 900  # in the middle of what comes next
INTO_SHORT, INTO_BABBLE = 6, 3  # questions without an answer before the line is mended
ELSEWHERE = "987654321000"


@pytest.fixture
def area(tmp_path):
    running = AreaRig(tmp_path, faults=FAULTS)
    yield running
    running.close()


def _failed(area, line):
    """Questions of a line without a good answer."""
    return sum(sum(row[2:]) for row in area.area().get(LINES, ()) if row[0] == line)


def _spoil(area, rows):
    """Some of the archive is wrong, and some meters; numbers of those that cannot be read now."""
    ask, homes, slots = area.world.ask, area.homes(), area.slots
    plain = [row for row in rows if row["slot"] == slots.index("dlt645-2007-1p")]
    fine = [row for row in plain if not homes[row["address"]]["coming"]]
    one, two = ([row for row in fine if row["line"] == line][:6] for line in (1, 2))
    for row in one[:2] + two[:2]:
        ask(late_ms=[row["address"], LATE_MS])
    for row in one[2:4]:
        ask(delay_ms=[row["address"], 40])
    ask(move=[one[2]["address"], one[3]["address"]])  # two on one address
    one[4]["slot"] = two[4]["slot"] = slots.index("dlt645-1997")  # wrong profile
    one[5]["address"] = ELSEWHERE  # wrong area
    two[5]["line"] = 1  # wrong line
    return {row["meter"] for row in [*one, *two[:2], *two[4:]]}


def _stored(area):
    return {row[0] for row in area.readings(DAILY, area.today_s())}


@pytest.mark.timeout(600)
def test_whatever_goes_wrong_the_rest_of_the_area_is_read(area):
    rows = archive_of(area.world.archive, area.slots)
    babbler, spoilt = rows[-1]["address"], _spoil(area, rows)
    area.power()
    area.world.ask(babble=[babbler, True], shorted=[2, True])
    area.load(rows)
    area.wait(lambda: _failed(area, 2) >= INTO_SHORT, "questions into the shorted line")
    area.wait(lambda: _failed(area, 1) >= INTO_BABBLE, "questions into the babbling")
    area.world.ask(babble=[babbler, False], shorted=[2, False])
    wanted = {row["meter"]: row for row in area.frozen(rows) if row["meter"] not in spoilt}
    assert len(wanted) > len(rows) // 2
    area.wait(lambda: _stored(area) >= set(wanted), "the freezes of all that answer")
    shown = {row[0]: row[2][ENERGY] for row in area.readings(DAILY, area.today_s())}
    true_wh = area.true_wh(int(time.time()))
    assert shown == {meter: true_wh[row["address"]][1] for meter, row in wanted.items()}
    assert area.area()[METERS] == len(rows)
    assert area.device.log().count("boot version=") == 1
    area.assert_whole()
