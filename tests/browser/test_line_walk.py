"""The line as its keeper watches it: a trip shows by itself, the keyboard reaches it, paper holds it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from station.provisioning import add_device
from station.store import org
from station.store.scope import ROOT
from tests.browser.seed_rooms import DEVICE
from tests.browser.site import SCREEN, Desk, Site

COUNT = 24  # two strips and a part of a third
WORDS = {
    "zh_CN": {"over": "超定值", "tripped": "已跳闸 2/3", "list": "列表形式", "look": "light"},
    "en": {"over": "Over setpoint", "tripped": "Tripped 2/3", "list": "As a list", "look": "dark"},
}


@pytest.fixture
def line(site: Site) -> int:
    """A feeder with more transformers than a strip holds."""
    with site.writing() as c:
        unit = org.add_unit(c, ROOT, "area", "L921", "10 kV 城北 921 线")
        for n in range(COUNT):
            facts = {"meter_address": f"{n:012d}", "multiplier": 80, "rounds": 2, "unit": "L921"}
            add_device(c, f"L921-{n:02d}", "admin", name=f"城北第{n}配电变压器", **facts)
    return unit


@pytest.mark.parametrize("language", WORDS)
def test_a_trip_is_seen_on_the_line(language: str, line: int, site: Site, sit: Callable[..., Desk]) -> None:
    words = WORDS[language]
    desk = sit(language, words["look"])
    page = desk.log_in()
    page.click('a[href="/picture"]')
    foundry = page.locator(f'a.tap[href="/terminals/{DEVICE}"]')
    expect(foundry).to_contain_text(words["over"])
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    foundry.focus()
    site.report(DEVICE, tripped=0b011, open=0b011)
    expect(foundry.locator(".state")).to_have_text(words["tripped"], timeout=9000)
    expect(foundry.locator("path.switch_open")).to_have_count(1)
    expect(foundry).to_be_focused()
    page.select_option("#unit", str(line))
    page.click("main form button")
    expect(page.locator("svg.strip")).to_have_count(3)
    expect(page.locator("a.tap")).to_have_count(COUNT)
    page.click(f"text={words['list']}")
    expect(page.locator("tbody tr")).to_have_count(COUNT)
    page.locator("a.tap").first.press("Enter")
    page.wait_for_url(site.url + "/terminals/L921-00")


def test_a_name_stays_below_its_symbol(line: int, sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go("/picture")
    wide = page.evaluate(
        """() => [...document.querySelectorAll('a.tap')].filter(tap => {
          const cell = tap.querySelector('.cell').getBBox();
          return [...tap.querySelectorAll('text')].some(text => {
            const box = text.getBBox();
            return box.x < cell.x || box.x + box.width > cell.x + cell.width;
          });
        }).map(tap => tap.getAttribute('aria-label'))"""
    )
    assert wide == []


def test_on_paper_it_is_one_page_across(line: int, sit: Callable[..., Desk]) -> None:
    desk = sit("zh_CN", "dark")
    desk.log_in()
    page = desk.go(f"/picture?unit={line}")
    paper = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841" in paper  # A4 landscape
    assert paper.count(b"/Type /Page\n") == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1047, "height": 718})  # 277 x 190 mm
    assert page.evaluate("document.documentElement.scrollWidth") <= 1047
    expect(page.locator("details").first).to_be_hidden()
