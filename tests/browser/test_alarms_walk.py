"""Who has the duty sees an alarm come, acknowledges it, writes the log and hands the shift over."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.alarms import life
from station.store import db, org, users
from tests.browser.seed import put_event
from tests.browser.site import SCREEN, Desk, Site
from tests.browser.test_approval_walk import PASSWORD, log_in

WORDS = {
    "zh_CN": {"kind": "表盖", "cause": "现场作业", "taken": "交来", "look": "light"},
    "en": {"kind": "cover", "cause": "work on site", "taken": "Taken over from", "look": "dark"},
}
PAGES = (
    "/alarms",
    "/alarms?state=cleared",
    "/alarms/rules",
    "/outages",
    "/duty",
    "/notices",
    "/notices/channels",
)


def raised(site: Site) -> None:
    with site.writing() as c:
        for name in ("ann", "bob"):
            users.add(c, name, _hasher.hash(PASSWORD), must_change=False, t_s=0)
            org.grant(c, name, "duty", 1, "test", from_s=0)
        put_event(c, "DF-FOUNDRY-01", db.now_s(), "meter_cover_open", {}, 700)
        while life.work(c, db.now_s()) == life.BATCH:
            pass


@pytest.mark.parametrize("language", WORDS)
def test_an_alarm_is_handled_and_the_shift_handed_over(
    language: str, site: Site, sit: Callable[..., Desk]
) -> None:
    raised(site)
    words = WORDS[language]
    ann = log_in(sit(language, words["look"]), "ann")
    ann.goto(site.url + "/alarms?severity=1")
    row = ann.locator("tbody tr", has_text=words["kind"])
    row.locator("input[type=checkbox]").check()
    ann.click("form button.main")
    expect(row).to_have_count(0)
    ann.goto(site.url + "/alarms?state=acknowledged")
    ann.locator("tbody a", has_text=words["kind"]).click()
    expect(ann).to_have_url(re.compile(r"/alarms/\d+"))
    ann.goto(site.url + "/duty")
    ann.click("main button.main")
    ann.fill("#text", "通知现场人员 / call the depot")
    ann.check("[name=todo]")
    ann.click("main button.main")
    ann.click('form[action$="hand-over"] button')
    expect(ann.locator("#h-handover")).to_be_visible()
    bob = log_in(sit(language), "bob")
    bob.goto(site.url + ann.url.removeprefix(site.url))
    bob.click('form[action$="take-over"] button')
    expect(bob.locator("main")).to_contain_text(words["taken"])
    expect(bob.locator("main")).to_contain_text("call the depot")
    bob.click("tbody a >> nth=0")
    bob.select_option("#cause", "work")
    bob.click('form[action$="close"] button')
    expect(bob.locator("main")).to_contain_text(words["cause"])


@pytest.mark.parametrize("language", WORDS)
def test_the_pages_fit_the_screen(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    raised(site)
    desk = sit(language, WORDS[language]["look"])
    desk.log_in()
    for path in PAGES:
        page = desk.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], path
        name = path.strip("/").replace("/", "-").replace("?", "-")
        page.screenshot(path=tmp_path / f"{name}-{language}.png")
