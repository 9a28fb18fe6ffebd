"""Meters from receipt to the customer's panel, as who keeps the store enters them, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.store import org, users
from tests.browser.site import SCREEN, Desk, Site
from tests.browser.test_approval_walk import PASSWORD, log_in

WORDS = {
    "zh_CN": {"twice": "第3行", "installed": "已安装", "lacking": "缺口", "look": "light"},
    "en": {"twice": "Line 3", "installed": "Installed", "lacking": "Lacking", "look": "dark"},
}
METERS = "DTZ-0001\nDTZ-0002\nDTZ-0003"


def people(site: Site) -> None:
    with site.writing() as c:
        for name, role in (("cang", "station_head"), ("ming", "field")):
            users.add(c, name, _hasher.hash(PASSWORD), must_change=False, t_s=0)
            org.grant(c, name, role, 1, "test", from_s=0)


def move(page: Page, which: str, **typed: str) -> None:
    """Fill the form of one movement as it stands, from its own page unless one is open, and send it."""
    if not page.url.endswith("/move"):
        page.click('a[href="/stock/move"]')
    page.select_option("#move", which)
    page.select_option("#kind", "meter")
    for name, text in typed.items():
        page.fill(f"#{name}", text)
    with page.expect_navigation():
        page.click("main button.main")


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], page.url


@pytest.mark.parametrize("language", WORDS)
def test_meters_come_and_are_installed(language: str, site: Site, sit: Callable[..., Desk]) -> None:
    people(site)
    words = WORDS[language]
    page = log_in(sit(language, words["look"]), "cang")
    page.goto(site.url + "/stock")
    move(page, "receive", model="DTZ341", serials="DTZ-0001\nDTZ-0002\nDTZ-0001")
    expect(page.locator("main")).to_contain_text(words["twice"])
    expect(page.locator("#serials")).to_have_value("DTZ-0001\nDTZ-0002\nDTZ-0001")
    fits(page)
    move(page, "receive", serials=METERS)
    expect(page.locator("tbody tr")).to_have_count(3)
    move(page, "hand_out", serials="DTZ-0002", person="ming")
    move(page, "install", serials="DTZ-0002", person="ming", device="DF-FOUNDRY-01")
    fits(page)
    page.click("text=DTZ-0002")
    expect(page.locator("section >> nth=0")).to_contain_text(words["installed"])
    expect(page.locator("section >> nth=1").locator("tbody tr")).to_have_count(3)
    fits(page)
    page.goto(site.url + "/stock/plan/one?unit=1&kind=meter")
    page.fill("#planned", "10")
    page.click("main button.main")
    row = page.locator("tbody tr", has_text="10")
    expect(page.locator("thead")).to_contain_text(words["lacking"])
    expect(row.locator("td").last).to_have_text("7")
    fits(page)
