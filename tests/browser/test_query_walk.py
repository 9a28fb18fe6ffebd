"""A clerk asks for the freezes of meters that he finds by name, sees holes and uses, and takes out a file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import seed_area
from tests.browser.site import Desk, Site

WORDS = {"zh_CN": ("区间汇总", "缺数"), "en": ("Of the whole span", "missing")}


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_freezes_of_meters_are_found_and_shown(
    site: Site, sit: Callable[..., Desk], tmp_path: Path, language: str, theme: str
) -> None:
    with site.writing() as c:
        seed_area.seed_area(c)
    desk = sit(language, theme)
    desk.log_in()
    page = desk.go("/data")
    page.fill("#q", "王建国")
    page.click("button[name=find]")
    page.check(f"input[value='{seed_area.DEVICE}:6']")
    page.check(f"input[value='{seed_area.DEVICE}:42']")
    page.fill("#q", "")
    page.click("main form button.main")
    expect(page.locator("#h-sums")).to_have_text(WORDS[language][0])
    assert page.locator("svg.lines .line").count() == 2
    expect(page.locator("section[aria-labelledby=h-values] .flag").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=tmp_path / f"data-{language}-{theme}.png", full_page=True)
    with page.expect_download() as taken:
        page.click(".bar .button")
    assert "TQ-0031" in Path(taken.value.path()).read_text(encoding="utf-8-sig")
    assert desk.trouble == []
