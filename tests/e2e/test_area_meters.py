"""Meters that are not those of the archive: one is replaced, others are found by a search and taken in."""

import time

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink import archive_rows, codes
from protocols.uplink import area as contract
from protocols.uplink.messages import DAILY
from station.area import life
from station.store import area as store
from station.store import db
from tests.browser.site import Desk, chromium
from tests.e2e.area_rig import DEVICE, AreaRig, archive_of

ENERGY = BY_ALIAS["energy_import_wh"][0]
ORDER_WH = 500_000
OTHER = "C0000002"
PASSWORD = "First-Light-2026"
WORDS = {"other": f"属 {OTHER} 的档案", "twice": "两只表应答同一地址"}
HERE = f"/areas/{DEVICE}"


@pytest.fixture
def area(tmp_path):
    faults = {"replaced": 1, "unfiled": 1, "dlt97": 0, "modbus": 0, "dead": 0}
    running = AreaRig(tmp_path, meters=10, faults=faults)
    yield running
    running.close()


def _send(area, kind, params):
    """A command, executed; its number."""
    with db.writing(area.engine) as c:
        number = life.send(c, DEVICE, kind, params, "test")
    area.done(number)
    return number


def _buy(area, row, order):
    """What the event of the purchase says."""
    facts = {"order": order, "flag": codes.APPEND, "value": ORDER_WH, "fee": 0}
    _send(area, contract.METER_ORDER, life.named(row) | facts)
    return area.wait(
        lambda: [each["data"] for each in area.events("purchase_applied") if each["data"]["order"] == order],
        f"order {order} applied",
    )[0]


def _freezes(area, number):
    """Totals of its freezes of today."""
    return [row[2][ENERGY] for row in area.readings(DAILY, area.today_s()) if row[0] == number]


@pytest.mark.timeout(600)
def test_a_replaced_meters_balance_goes_on_and_its_old_freezes_stay(area):
    rows = archive_of(area.world.archive, area.slots)
    coming = {name: verb for name, home in area.homes().items() for _at_s, verb in home["coming"]}
    (row,) = [row for row in rows if coming.get(row["address"]) == "replace"]
    row["flags"] = archive_rows.PREPAID
    area.power()
    area.load(rows)
    (frozen_wh,) = area.wait(lambda: _freezes(area, row["meter"]), "its freeze")
    assert _buy(area, row, 1)["remaining_after_wh"] == ORDER_WH
    area.world.ask(replace=row["address"])
    (new,) = area.wait(
        lambda: [name for name, home in area.homes().items() if row["address"] in home["had"]],
        "the new meter",
    )
    old_wh = area.true_wh(int(time.time()))[row["address"]][0]
    facts = {"new_address": archive_rows.address(new), "old_wh": old_wh, "new_wh": 0}
    _send(area, contract.METER_REPLACED, life.named(row) | facts)
    area.wait(lambda: area.events("meter_changed"), "the event")
    (told,) = area.events("meter_changed")
    expected = {"metering_point": row["meter"], "old_wh": old_wh, "new_wh": 0}
    assert {name: told["data"][name] for name in expected} == expected
    area.wait(lambda: area.ask(life.drift, DEVICE) is False, "one archive here and there")
    row = area.ask(store.meter, DEVICE, row["meter"])
    assert row["address"] == new
    assert _buy(area, row, 2)["remaining_before_wh"] == ORDER_WH - (old_wh - frozen_wh)
    patrol = _send(area, contract.PATROL, {"point": ENERGY, "first": row["meter"], "last": row["meter"]})
    (read,) = area.wait(lambda: area.ask(store.reads, DEVICE, patrol), "the new meter read")
    assert read["values"][ENERGY] < frozen_wh
    assert _freezes(area, row["meter"]) == [frozen_wh]
    area.assert_whole()


def _found(area):
    """{address: state}"""
    return {archive_rows.digits(row["address"]): row["state"] for row in area.ask(store.unknown, DEVICE)}


@pytest.mark.timeout(600)
def test_strange_meters_stand_on_the_page_and_are_taken_in(area):
    (fresh,) = area.world.truth()["relations"]["unfiled"]
    rows = archive_of(area.world.archive, area.slots)
    line = area.homes()[fresh]["line"]
    one, two = [row["address"] for row in rows if row["line"] == line and row["slot"] == 0][:2]
    area.station.enrol_area(OTHER, [], area.slots)
    with db.writing(area.engine) as c:
        life.take(c, OTHER, [rows[0] | {"meter": 1, "address": fresh}], "test")
    area.power()
    area.load(rows)
    area.world.ask(delay_ms=[one, 20])
    area.world.ask(delay_ms=[two, 200], move=[two, one])
    _send(area, contract.SEARCH, {"line": line})
    area.wait(lambda: _found(area) == {fresh: 1, one: 2}, "both found")
    with chromium() as browser:
        desk = Desk(browser, area.station.url)
        desk.first_log_in(area.station.one_time_password(), PASSWORD)
        told = desk.go(HERE).locator("section[aria-labelledby=h-unknown] .why")
        words = {entry.locator(".mono").inner_text(): entry.inner_text() for entry in told.all()}
        assert set(words) == {fresh, one}
        assert [name for name in (fresh, one) if WORDS["other"] in words[name]] == [fresh]
        assert [name for name in (fresh, one) if WORDS["twice"] in words[name]] == [one]
        assert desk.page.locator(f'form:has(input[value="{one}"])').count() == 0
        desk.page.click(f'form:has(input[value="{fresh}"]) button')
        desk.page.wait_for_selector(".flash.ok")
        desk.page.click('button[formaction$="/load"]')
        desk.page.wait_for_selector(".flash.ok")
        assert desk.trouble == []
    (number,) = [row["meter"] for row in area.ask(store.archive, DEVICE) if row["address"] == fresh]
    wh = area.wait(lambda: _freezes(area, number), "its freeze")
    assert wh == area.true_wh(int(time.time()))[fresh][1:]
    area.assert_whole()
