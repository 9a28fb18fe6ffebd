"""A filter as a person on duty keeps it: narrowed, saved with the keyboard, opened the next day, deleted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.site import SCREEN, Desk

WORDS = {
    "zh_CN": {"save": "保存当前筛选", "taken": "已被使用", "look": "light"},
    "en": {"save": "Save this filter", "taken": "taken", "look": "dark"},
}


@pytest.mark.parametrize("language", WORDS)
def test_a_filter_is_kept(language: str, sit: Callable[..., Desk]) -> None:
    words = WORDS[language]
    desk = sit(language, words["look"])
    page = desk.log_in()
    menu = page.locator("details.more")
    page.click('a.tile[href="/?queue=tripped"]')
    menu.locator("summary").press("Enter")
    page.fill("#filter-name", "跳闸户")
    page.keyboard.press("Enter")
    menu.locator("a:text('跳闸户')").wait_for(state="attached")  # the address stays the same
    page.goto(desk.url + "/?queue=offline")
    menu.locator("summary").click()
    page.fill("#filter-name", "跳闸户")
    page.click(f"text={words['save']}")
    expect(page.locator("main")).to_contain_text(words["taken"])
    expect(page.locator("#name")).to_have_value("跳闸户")
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    page.fill("#name", "离线户")
    page.click("main button.main")
    page.wait_for_url("**/?queue=offline")
    menu.locator("summary").click()
    page.click("details.more a:text('跳闸户')")
    page.wait_for_url("**/?queue=tripped")
    menu.locator("summary").click()
    page.click('details.more a[href="/filters"]')
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("tbody tr", has_text="跳闸户").locator("button").click()
    expect(page.locator("tbody tr")).to_have_count(1)
