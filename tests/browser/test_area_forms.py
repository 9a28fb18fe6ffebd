"""Every form of a concentrator in a browser: filled in, looked at, confirmed; and its pages live."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from protocols.lines import dlt645
from protocols.uplink import area
from station.area import load as way
from station.area import rows
from station.store import area as store
from station.store import commands, db
from station.store.readings import DAY_S
from tests.browser.seed_area import (
    DEVICE,
    METERS,
    UNKNOWN,
    answer,
    now_area,
    put_reads,
    put_reply,
    seed_area,
    table,
)
from tests.browser.site import Desk, Site

Sit = Callable[..., Desk]
PAGE = f"/areas/{DEVICE}"
ADDRESS = table()[6]["address"]


@pytest.fixture
def area_site(site: Site) -> Site:
    with site.writing() as c:
        seed_area(c)
    return site


def only(site: Site, kind: int) -> dict:
    with db.reading(site.engine) as c:
        (found,) = commands.of_kind(c, DEVICE, kind)
    return found


def none_yet(site: Site, kind: int) -> None:
    with db.reading(site.engine) as c:
        assert commands.of_kind(c, DEVICE, kind) == []


def executed(site: Site, command: int) -> None:
    with site.writing() as c:
        for state in ("sent", "executed"):
            commands.move(c, DEVICE, command, state, int(time.time()))


def working(site: Site, command: int, done: int, failed: int) -> None:
    told = now_area()
    told[8] = [[command, done, failed, METERS]]
    site.report(DEVICE, area=told)


def sent(page: Page, site: Site, kind: int, button: str = "aside button.main") -> dict:
    """Press preview, see that nothing was queued, press confirm."""
    page.click("aside button.main")
    expect(page.locator('input[name="token"]')).to_have_count(1)
    none_yet(site, kind)
    page.click(button)
    page.wait_for_url("**/commands/*")
    return only(site, kind)


# ---- live


def test_the_pages_follow_the_concentrator(area_site: Site, sit: Sit) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(PAGE)
    expect(page.locator("[data-link=live]")).to_be_visible()
    expect(page.locator("#p-area_duties")).not_to_contain_text("#77")
    page.fill("#q", "half typed")
    working(area_site, 77, 30, 2)
    expect(page.locator("#p-area_duties")).to_contain_text("30 of 120 done, 2 failed")
    expect(page.locator("#q")).to_have_value("half typed")
    meter = desk.go(f"{PAGE}/meters/12")
    expect(meter.locator("#p-meter_head")).to_contain_text("Cut off")
    with area_site.writing() as c:
        c.exec_driver_sql("update area_ledgers set cut = 0 where meter = 12")
    expect(meter.locator("#p-meter_head")).not_to_contain_text("Cut off")
    expect(meter.locator("#p-meter_balance")).to_contain_text("Closed")


def test_a_form_that_the_stream_brought_can_be_sent(area_site: Site, sit: Sit) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(PAGE)
    found = {"line": 1, "address": bytes.fromhex("020088880000")[::-1], "state": 1, "phase": 0}
    with area_site.writing() as c:
        place = c.exec_driver_sql("select stream_id, t_s from area_founds").one()
        told = {"stream_id": place[0], "seq": 9000, "device": DEVICE, "t_s": place[1]}
        store.put(c, {area.FOUND: [told | found]})
    page.click('form:has(input[value="020088880000"]) button')
    expect(page.locator(".flash.ok")).to_be_visible()
    with db.reading(area_site.engine) as c:
        assert store.archive(c, DEVICE)[-1]["address"] == "020088880000"


def test_without_a_stream_the_page_asks_every_five_seconds(tmp_path: Path, browser: Browser) -> None:
    site = Site(tmp_path / "home", STREAM_CAP=0)
    with site.writing() as c:
        seed_area(c)
    desk = Desk(browser, site.url, "en")
    desk.log_in()
    page = desk.go(PAGE)
    expect(page.locator("[data-link=poll]")).to_be_visible()
    working(site, 78, 60, 0)
    expect(page.locator("#p-area_duties")).to_contain_text("60 of 120 done", timeout=9000)
    desk.close()
    site.close()
    assert [line for line in desk.trouble if "503" not in line] == []


# ---- the archive


def choose(page: Page, data: bytes) -> None:
    page.set_input_files("#file", {"name": "meters.csv", "mimeType": "text/csv", "buffer": data})
    page.click("form[enctype] button.main")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_an_archive_is_corrected_looked_at_taken_and_loaded(area_site: Site, sit: Sit, language: str) -> None:
    desk = sit(language)
    desk.log_in()
    page = desk.go(f"/areas/{DEVICE}")
    page.click('a[href$="/archive"] >> nth=0')
    choose(page, "序号,表地址,端口,户名\n1,202600000001,1,张\n2,2026A,1,李\n".encode("gb18030"))
    expect(page.locator(".faults tbody tr")).to_have_count(1)
    expect(page.locator(".faults tbody td").first).to_have_text("3")
    many = [*table()[:-1], {**table()[0], "meter": 500, "address": "202677000001", "name": "新户"}]
    choose(page, rows.write(many, chinese=True).encode("gb18030"))
    expect(page.locator("#h-changes")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    with db.reading(area_site.engine) as c:
        assert store.archive(c, DEVICE) == table()
    page.click('button[name="load"]')
    expect(page.locator(".flash.ok")).to_be_visible()
    with db.reading(area_site.engine) as c:
        assert store.archive(c, DEVICE) == many
        (load,) = store.loads(c, DEVICE, 9)
    assert load["state"] == way.SENDING
    panel = page.locator("#p-area_archive")
    with area_site.writing() as c:  # the dispatcher moves it piece by piece
        store.change(c, load["id"], int(time.time()), done=3)
    expect(panel).to_contain_text("3")
    with area_site.writing() as c:
        store.change(c, load["id"], int(time.time()), state=way.LOADED, done=load["total"])
    expect(panel.locator(".badge.ok").last).to_be_visible()
    expect(panel.locator("button.danger")).to_have_count(0)


def test_a_load_is_stopped(area_site: Site, sit: Sit) -> None:
    desk = sit()
    desk.log_in()
    page = desk.go(f"{PAGE}/archive")
    page.click("#p-area_archive button >> nth=0")
    page.click("#p-area_archive button.danger")
    expect(page.locator(".flash.ok")).to_be_visible()
    with db.reading(area_site.engine) as c:
        assert [each["state"] for each in store.loads(c, DEVICE, 5)] == [way.STOPPED]


def test_a_huge_file_is_refused_in_words(area_site: Site, sit: Sit) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"{PAGE}/archive")
    choose(page, b"0123456789" * (1 << 20))
    expect(page.locator(".faults")).to_contain_text("too large")


# ---- commands


def test_a_search_shows_its_progress_and_what_it_found(area_site: Site, sit: Sit) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(PAGE)
    page.click('a[href$="/new/search"] >> nth=0')
    command = sent(page, area_site, area.SEARCH)
    assert command["params"] == {"line": 0}
    executed(area_site, command["command"])
    working(area_site, command["command"], 42, 0)
    expect(page.locator("#p-command")).to_contain_text("42 of 120 done")
    page.click(f'form:has(input[value="{UNKNOWN}"]) button')
    expect(page.locator(".flash.ok")).to_be_visible()
    with db.reading(area_site.engine) as c:
        assert store.archive(c, DEVICE)[-1]["address"] == UNKNOWN


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_patrol_of_one_item_over_all_meters(area_site: Site, sit: Sit, language: str) -> None:
    desk = sit(language)
    desk.log_in()
    page = desk.go(PAGE)
    page.click('a[href$="/new/patrol"]')
    page.fill("#first", "9")
    page.fill("#last", "2")
    page.click("aside button.main")
    expect(page.locator("#last")).to_be_focused()  # refused: straight to the fault
    page.fill("#first", "1")
    page.fill("#last", str(METERS))
    page.fill("#group", "")
    command = sent(page, area_site, area.PATROL)
    assert command["params"] == {"point": 320, "first": 1, "last": METERS, "within_s": 3600}
    executed(area_site, command["command"])
    working(area_site, command["command"], 50, 10)
    with area_site.writing() as c:
        put_reads(c, command["command"], range(1, 61), int(time.time()))
    expect(page.locator("#p-command tbody tr")).to_have_count(60)
    expect(page.locator("#p-command")).to_contain_text("5,001.000 kWh")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_frame_is_forwarded_and_its_answer_decoded(area_site: Site, sit: Sit, language: str) -> None:
    desk = sit(language)
    desk.log_in()
    page = desk.go(f"{PAGE}/meters/7")
    page.click("details.more summary")
    page.click('details.more a[href*="/forward"]')
    frame = dlt645.read(ADDRESS, 0x00010000)
    expect(page.locator("#data")).to_have_value(frame.hex(" ").upper())  # proposed: its total
    command = sent(page, area_site, area.FORWARD)
    assert command["params"] == {"line": 2, "data": frame, "wait_ms": 2000, "urgent": 0}
    executed(area_site, command["command"])
    with area_site.writing() as c:
        put_reply(c, command["command"], answer(ADDRESS), int(time.time()))
    expect(page.locator("#p-command")).to_contain_text("5,034.12 kWh")


def test_a_frame_that_may_switch_is_typed_for(area_site: Site, sit: Sit) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}/commands/new/forward")
    page.fill("#data", "68 16 xx")
    page.click("aside button.main")
    expect(page.locator("#data-error")).to_be_visible()
    page.fill("#data", "68 16")
    page.click("aside button.main")
    page.click("aside button.danger")
    expect(page.locator("#typed-error")).to_be_visible()
    none_yet(area_site, area.FORWARD)
    page.fill("#typed", DEVICE)
    page.click("aside button.danger")
    page.wait_for_url("**/commands/*")
    assert only(area_site, area.FORWARD)["params"]["data"] == b"\x68\x16"


def test_freezes_are_told_once_more(area_site: Site, sit: Sit) -> None:
    desk = sit()
    desk.log_in()
    page = desk.go(PAGE)
    page.click('a[href$="/new/resend"]')
    page.fill("#from_s", "2026-11-03")
    page.fill("#until_s", "2026-11-01")
    page.click("aside button.main")
    expect(page.locator("#until_s-error")).to_be_visible()
    page.fill("#until_s", "2026-11-05")
    params = sent(page, area_site, area.RESEND)["params"]
    assert params["until_s"] - params["from_s"] == 2 * DAY_S
    assert params["from_s"] % DAY_S == 16 * 3600  # a midnight of UTC+8
    assert (params["kind"], params.get("meter")) == (11, None)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_meter_is_replaced_after_its_address_was_typed_twice(
    area_site: Site, sit: Sit, language: str
) -> None:
    desk = sit(language)
    desk.log_in()
    page = desk.go(f"{PAGE}/meters/7")
    page.click("details.more summary")
    page.click('details.more a[href*="/meter_replaced"]')
    page.fill("#new_address", table()[8]["address"])  # of a meter on the same line
    page.fill("#old_wh", "5007.31")
    page.click("aside button.main")
    expect(page.locator("#new_address-error")).to_be_visible()
    page.fill("#new_address", "202688000007")
    page.click("aside button.main")
    page.click("aside button.danger")
    expect(page.locator("#typed-error")).to_be_visible()
    none_yet(area_site, area.METER_REPLACED)
    page.fill("#typed", "202688000007")
    page.click("aside button.danger")
    page.wait_for_url("**/commands/*")
    params = only(area_site, area.METER_REPLACED)["params"]
    assert (params["meter"], params["old_wh"], params["new_wh"]) == (7, 5_007_310, 0)
    assert params["new_address"] == bytes.fromhex("202688000007")[::-1]


# ---- every screen


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
@pytest.mark.parametrize("width", [1366, 390])
def test_nothing_is_cut_off(area_site: Site, sit: Sit, language: str, theme: str, width: int) -> None:
    desk = sit(language, theme)
    desk.log_in()
    desk.page.set_viewport_size({"width": width, "height": 768})
    forms = ("patrol", "forward", "resend", "search", "meter_replaced", "meter_switch", "meter_order")
    chosen = f"meter=7&address={ADDRESS}"
    paths = [PAGE, f"{PAGE}/archive", f"{PAGE}/meters/12", f"/terminals/{DEVICE}/commands/1"]
    for path in paths + [f"/terminals/{DEVICE}/commands/new/{kind}?{chosen}" for kind in forms]:
        page = desk.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        cut = page.evaluate(
            """[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1)
            .map(c => c.id || c.innerText.slice(0, 40))"""
        )
        assert cut == [], path
        if page.query_selector("details.more"):
            page.click("details.more summary")
            menu = page.locator("details.more ul").bounding_box()
            assert menu, path
            assert 0 <= menu["x"] <= menu["x"] + menu["width"] <= width, path
