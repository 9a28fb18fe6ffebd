"""Twenty of sixty meters stand behind a carrier module: read as all are, and the module may be pulled out."""

import pytest

from protocols.uplink import messages
from protocols.uplink.archive_rows import MODULE
from protocols.uplink.area import MODULE_NOW, MODULES
from station.store import area as store
from tests.e2e.area_rig import DEVICE, AreaRig, archive_of

BEHIND = 20
MODULE_FIELD = 9  # of NOW_AREA


@pytest.fixture
def area(tmp_path):
    running = AreaRig(tmp_path, meters=60, lines=2, module=BEHIND, history_days=35)
    yield running
    running.close()


def begun(area):
    """(rows of the archive, meters behind the module) of an area that is loaded and read."""
    area.power()
    area.wait(area.now, "the first live state")
    rows = archive_of(area.world.archive, area.slots)
    area.load(rows)
    behind = {row["meter"]: row["address"] for row in rows if row["line"] == MODULE}
    assert len(behind) in (BEHIND - 1, BEHIND), "one may stand in no archive"
    return rows, behind


def freezing(area, rows):
    return [row["meter"] for row in area.frozen(rows)]


def module_now(area, **facts):
    """Its state at the station when these facts hold, else None."""
    told = area.area().get(MODULE_FIELD)
    state = told and messages.unpack(MODULE_NOW, told)
    return state if state and all(state[name] == fact for name, fact in facts.items()) else None


def state_no(name):
    return next(no for no, word in MODULES.items() if word == name)


def ways(area, behind):
    """{address: (hops, phase)} of those whose phase is told."""
    told = area.ask(store.routes, DEVICE)
    return {behind[meter]: (each["hops"], each["phase"]) for meter, each in told.items() if each["phase"]}


@pytest.mark.timeout(600)
def test_meters_behind_a_module_are_read_and_the_station_knows_how(area):
    rows, behind = begun(area)
    wanted = freezing(area, rows)
    assert len(set(wanted) & set(behind)) > BEHIND // 2
    area.wait(lambda: module_now(area, state=state_no("ready"), told=len(behind)), "the list of the module")
    area.wait(lambda: set(area.stored(area.today_s())) >= set(wanted), "the freezes of all")
    there = {node["address"]: (node["level"], node["told"]) for node in area.world.truth()["module"]["nodes"]}
    often = {behind[meter] for meter in set(wanted) & set(behind)}  # read often enough to be sure of a phase
    sure = {each for each in often if there[each][1]}
    found = area.wait(lambda: (told := ways(area, behind)).keys() >= sure and told, "the ways of all")
    assert len(sure) > BEHIND // 2
    assert found == {each: there[each] for each in found}
    state = area.wait(lambda: module_now(area, maker="LK SM 0100"), "who made the module")
    assert state["wanted"] == len(behind)
    assert 0 < state["answering"] <= len(behind)
    assert 700 < state["success_e3"] <= 1000
    area.assert_whole()


@pytest.mark.timeout(600)
def test_a_module_that_is_pulled_out_costs_its_own_meters_and_is_mended_when_it_comes_back(area):
    rows, behind = begun(area)
    wires = set(freezing(area, rows)) - set(behind)
    area.wait(lambda: set(area.stored(area.today_s())) & set(behind), "a meter behind the module")
    area.world.ask(plugged=False, keep_nodes=3)
    area.wait(lambda: area.events("carrier_gone"), "that it is gone")
    area.wait(lambda: module_now(area, state=state_no("gone")), "that it is gone in the live state")
    area.wait(lambda: set(area.stored(area.today_s())) >= wires, "the freezes of the wires")
    before = set(area.stored(area.today_s())) & set(behind)
    assert len(before) < len(behind), "it must be gone before all are read"
    area.world.ask(plugged=True)
    area.wait(lambda: area.events("carrier_back"), "that it is back")
    area.wait(lambda: module_now(area, state=state_no("ready"), told=len(behind)), "its list mended")
    assert set(area.world.truth()["module"]["listed"]) == set(behind.values())
    area.wait(lambda: (set(area.stored(area.today_s())) & set(behind)) - before, "that reading goes on")
    assert len(area.events("carrier_gone")) == len(area.events("carrier_back")) == 1
    area.assert_whole()
