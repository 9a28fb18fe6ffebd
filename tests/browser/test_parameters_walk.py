"""Who looks after terminals sees which runs other parameters than were sent, goes there, reads its frames."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from protocols.uplink import messages, parameters
from station.query import look
from station.store import commands
from tests.browser.seed import METER
from tests.browser.site import Desk, Site
from tests.unit.web.conftest import DEVICE

DIFFERS = {"zh_CN": "不一致", "en": "differs"}


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_from_the_list_to_the_section_and_the_frames(
    site: Site, sit: Callable[..., Desk], tmp_path: Path, language: str, theme: str
) -> None:
    at = int(time.time())
    with site.writing() as c:
        params = {"section": parameters.LIMITS, "version": 3, "values": {1: 1100, 2: 900}}
        number = commands.create(c, DEVICE, messages.PARAMETERS, params, "li.hua", at + 300)
        commands.move(c, DEVICE, number, "executed", at - 60)
        params = {"section": parameters.SOUND, "version": 1, "values": {1: 255}}
        commands.create(c, DEVICE, messages.PARAMETERS, params, "li.hua", at + 300)
    site.report(DEVICE, parameters={parameters.LIMITS: 2})
    look.work(site.engine, at)
    desk = sit(language, theme)
    desk.log_in()
    page = desk.go("/parameters")
    page.screenshot(path=tmp_path / f"list-{language}-{theme}.png")
    page.click(f"tbody a >> text={DEVICE}")
    expect(page.locator("tbody tr .badge").first).to_have_text(DIFFERS[language])
    page.click("tbody summary")
    expect(page.locator("tbody dd").first).to_have_text("1100")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=tmp_path / f"parameters-{language}-{theme}.png")
    page = desk.go(f"/terminals/{DEVICE}")
    page.screenshot(path=tmp_path / f"terminal-{language}-{theme}.png", full_page=True)
    page.click("#p-frames header a")
    page.fill("#meter", METER)
    page.select_option("#outcome", "trouble")
    page.click("main form button")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.click(".copied")
    assert page.evaluate("getSelection().toString()").count("68") >= 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.go_back()
    page.screenshot(path=tmp_path / f"frames-{language}-{theme}.png")
    assert desk.trouble == []
