"""An operator's day at a concentrator: find a meter, sell to it, cut it off, take in one that was found."""

from collections.abc import Callable

import pytest

from protocols.uplink import area
from station.store import area as store
from station.store import commands, db
from tests.browser.seed_area import DEVICE, METERS, UNKNOWN, seed_area
from tests.browser.site import Desk, Site

Sit = Callable[..., Desk]
PAGE = f"/areas/{DEVICE}"


@pytest.fixture
def area_site(site: Site) -> Site:
    with site.writing() as c:
        seed_area(c)
    return site


def wide(desk: Desk) -> bool:
    return desk.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_the_screen(area_site: Site, sit: Sit, language: str, theme: str) -> None:
    desk = sit(language, theme)
    desk.log_in()
    for path in (PAGE, f"{PAGE}/meters/12", f"/terminals/{DEVICE}"):
        page = desk.go(path)
        assert page.query_selector("h1")
        assert not wide(desk), path


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_meter_is_found_and_sold_to(area_site: Site, sit: Sit, language: str) -> None:
    desk = sit(language)
    page = desk.log_in()
    page.click(f'a[href="/terminals/{DEVICE}"]')  # the overview leads to the concentrator
    page.wait_for_url(f"**{PAGE}")
    assert len(page.query_selector_all("#meters tbody tr")) == 50
    page.fill("#q", "张伟")
    page.press("#q", "Enter")
    page.click("#meters tbody a")
    page.click("a.button.main")
    page.fill("#value", "12.50")
    page.click("aside button.main")
    assert "12.50" in page.inner_text("dl.facts.near")
    page.click("button.main")
    page.wait_for_url("**/commands/2")
    with db.reading(area_site.engine) as c:
        (order,) = store.orders(c, DEVICE, 2, 1)[:1]
        sent = commands.get(c, DEVICE, 2)
    assert sent
    assert (order["order"], order["value"], order["fee"]) == (2, 125_000, 1)
    assert (sent["kind"], sent["params"]["meter"], sent["state"]) == (area.METER_ORDER, 2, "queued")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_meter_is_cut_off_after_a_confirmation(area_site: Site, sit: Sit, language: str) -> None:
    desk = sit(language)
    desk.log_in()
    page = desk.go(f"{PAGE}/meters/7")
    page.click("a.button.danger")
    page.click("aside button.main")
    with db.reading(area_site.engine) as c:
        assert commands.of_kind(c, DEVICE, area.METER_SWITCH) == []
    page.click("aside button.danger")
    page.wait_for_selector("#typed-error")  # nothing typed: nothing sent
    with db.reading(area_site.engine) as c:
        assert commands.of_kind(c, DEVICE, area.METER_SWITCH) == []
    page.fill("#typed", "202600000007")
    page.click("aside button.danger")
    page.wait_for_url("**/commands/2")
    with db.reading(area_site.engine) as c:
        (sent,) = commands.of_kind(c, DEVICE, area.METER_SWITCH)
    assert sent["params"] == {"meter": 7, "address": bytes.fromhex("070000002620"), "want": 1}


def test_a_meter_that_was_found_is_taken_in_and_loaded(area_site: Site, sit: Sit) -> None:
    desk = sit()
    desk.log_in()
    page = desk.go(PAGE)
    page.click(f'form:has(input[value="{UNKNOWN}"]) button')
    page.wait_for_selector(".flash.ok")
    with db.reading(area_site.engine) as c:
        fresh = store.meter(c, DEVICE, METERS + 1)
    assert fresh
    assert (fresh["address"], fresh["line"]) == (UNKNOWN, 2)
    page.click('button[formaction$="/load"]')
    page.wait_for_selector(".flash.ok")
    with db.reading(area_site.engine) as c:
        assert [each["state"] for each in store.loads(c, DEVICE, 5)] == ["sending"]


def test_the_missing_of_today_stand_in_their_own_list(area_site: Site, sit: Sit) -> None:
    desk = sit()
    desk.log_in()
    page = desk.go(f"{PAGE}?state=missing")
    assert len(page.query_selector_all("#meters tbody tr")) == 1


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_module_and_the_way_to_a_meter_behind_it_are_shown(
    area_site: Site, sit: Sit, language: str
) -> None:
    desk = sit(language)
    desk.log_in()
    card = desk.go(PAGE).text_content("section[aria-labelledby=h-module]")
    assert card
    assert all(text in card for text in ("LK SM 0100", "96.4 %", {"zh_CN": "就绪", "en": "ready"}[language]))
    page = desk.go(f"{PAGE}/meters/110")
    assert not wide(desk)
    row = page.text_content("section[aria-labelledby=h-row]")
    assert row
    assert all(text in row for text in ("94.1 %", {"zh_CN": "中继级数", "en": "Relays between"}[language]))
    on_a_wire = desk.go(f"{PAGE}/meters/12").text_content("section[aria-labelledby=h-row]")
    assert on_a_wire
    assert "%" not in on_a_wire
