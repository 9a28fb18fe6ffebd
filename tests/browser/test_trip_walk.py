"""An operator's way: login, terminal, trip, preview, confirm; the page follows by itself."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from protocols.uplink.codes import REASON_NO
from station.store import commands, db, devices
from tests.browser.seed import put_now
from tests.browser.site import Desk, Site

DEVICE = "DF-FOUNDRY-01"
WORDS = {
    "zh_CN": {
        "trip": "遥控跳闸",
        "queued": "待发送",
        "received": "终端已收到",
        "executed": "已执行",
        "refused": "正在保电，禁止跳闸",
        "differs": "不一致",
    },
    "en": {
        "trip": "Remote trip",
        "queued": "Queued",
        "received": "Received",
        "executed": "Executed",
        "refused": "Supply is guaranteed",
        "differs": "not the terminal's id",
    },
}
QUICK_MS = 5000


def ask_for_a_trip(desk: Desk) -> Page:
    page = desk.log_in()
    page.click(f'a[href="/terminals/{DEVICE}"] >> nth=0')
    page.click(f'a[href="/terminals/{DEVICE}/commands/new/trip"]')
    page.check('input[name="rounds"][value="1"]')
    page.fill("#delay_min", "0")
    page.click("aside button.main")
    return page


def newest(site: Site) -> dict[str, Any]:
    with db.reading(site.engine) as c:
        return commands.recent(c, DEVICE, 1)[0]


def move(site: Site, number: int, to: str, **facts: Any) -> None:
    """What dispatcher and ingest do to the row."""
    with site.writing() as c:
        assert commands.move(c, DEVICE, number, to, **facts)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_trip_is_seen_to_be_executed(site: Site, sit: Callable[..., Desk], language: str) -> None:
    words = WORDS[language]
    page = ask_for_a_trip(sit(language))
    expect(page.locator("h1")).to_contain_text(words["trip"])
    page.fill("#typed", "WRONG")
    page.click("aside button.main")
    expect(page.locator("[role=alert]")).to_contain_text(words["differs"])
    page.fill("#typed", DEVICE)
    page.click("aside button.main")
    state = page.locator("#p-command .badge")
    expect(state).to_have_text(words["queued"])
    row = newest(site)
    assert row["params"] == {"rounds": 1, "delay_s": 0, "limit_s": 0}
    move(site, row["command"], "sent")
    move(site, row["command"], "received")
    expect(state).to_have_text(words["received"], timeout=QUICK_MS)
    move(site, row["command"], "executed", reason=0, tripped=1, open=1, remaining_wh=None)
    expect(state).to_have_text(words["executed"], timeout=QUICK_MS)
    expect(page.locator("#p-command table tbody tr").first.locator(".trip")).to_have_count(2)


def test_a_refusal_shows_its_reason(site: Site, sit: Callable[..., Desk]) -> None:
    page = ask_for_a_trip(sit("zh_CN"))
    page.fill("#typed", DEVICE)
    page.click("aside button.main")
    expect(page.locator("#p-command")).to_be_visible()
    number = newest(site)["command"]
    move(site, number, "sent")
    move(site, number, "refused", reason=REASON_NO["guaranteed"], tripped=0, open=0)
    expect(page.locator("#p-command")).to_contain_text(WORDS["zh_CN"]["refused"], timeout=QUICK_MS)
    assert page.locator("#p-command").get_attribute("data-state") == "refused"


def test_the_terminal_page_follows_the_field(site: Site, sit: Callable[..., Desk]) -> None:
    desk = sit("en", "dark")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}")
    expect(page.locator("[data-link=live]")).to_be_visible()
    site.report(DEVICE, power_w=163_200, tripped=1, open=1, controls=[[2, 4, 0]])
    expect(page.locator("#p-power .big").first).to_contain_text("163.2", timeout=QUICK_MS)
    expect(page.locator("#p-rounds tbody tr").first).to_contain_text("Tripped")
    site.report(DEVICE, power_w=163_200, tripped=1, open=0)
    expect(page.locator("#p-rounds")).to_contain_text("check on site", timeout=QUICK_MS)


def test_an_open_details_and_the_focus_survive_an_update(site: Site, sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}")
    expect(page.locator("[data-link=live]")).to_be_visible()
    link = page.locator("#p-events header a")
    link.focus()
    site.report(DEVICE, power_w=101_000)
    expect(page.locator("#p-power .big").first).to_contain_text("101.0", timeout=QUICK_MS)
    expect(page.locator("#p-events header a")).to_be_focused()


def test_a_silent_terminal_goes_offline_on_the_page_by_itself(site: Site, sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    heard = int(time.time()) - 14
    with site.writing() as c:
        put_now(c, DEVICE, heard)
        devices.set_link(c, DEVICE, last_seen_s=heard)
    page = desk.go(f"/terminals/{DEVICE}")
    expect(page.locator("#p-head")).to_contain_text("Online")
    expect(page.locator("#p-head")).to_contain_text("Offline", timeout=15_000)
    expect(page.locator("#p-rounds")).to_contain_text("not heard")
