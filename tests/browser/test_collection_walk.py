"""A clerk of collection makes a task, sees what did not come, and is told what he got wrong."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.site import Desk

WORDS = {"zh_CN": "应采未采", "en": "Expected and absent"}


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_a_task_is_made_and_its_holes_are_seen(sit: Callable[..., Desk], language: str, theme: str) -> None:
    desk = sit(language, theme)
    desk.log_in()
    page = desk.go("/collection")
    page.fill("#name", "日冻结电量")
    page.select_option("#point_type", "main")
    page.fill("#from_day", "2026-01-01")
    page.fill("#priority", "12")
    page.click("main form button.main")
    expect(page.locator("#priority-error")).to_be_visible()
    expect(page.locator("#name")).to_have_value("日冻结电量")
    page.fill("#priority", "1")
    page.click("main form button.main")
    page.wait_for_url("**/collection/1")
    expect(page.locator("h1")).to_have_text("日冻结电量")
    expect(page.locator("#h-missing")).to_have_text(WORDS[language])
    page.fill("#day", "2026-01-02")
    page.click("main form[method=get] button")
    expect(page.locator("main tbody tr").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
