"""A person is logged out in the middle of a form, logs in again, and finds it filled in and unsent."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from station.store import commands, db, users
from tests.browser.seed import PASSWORD
from tests.browser.site import Desk, Site

FORM = "/terminals/DF-FOUNDRY-01/commands/new/factory_rest"
WORDS = {"zh_CN": ("未提交", "所填内容"), "en": ("was not sent", "What was typed")}


def end_sessions(site: Site) -> None:
    """As a keeper does who resets the password."""
    with site.writing() as c:
        users.change(c, "admin", session=(users.get(c, "admin") or {})["session"] + 1)


def come_back(page: Page) -> None:
    page.wait_for_url("**/login?**")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url("**" + FORM)


def fill(page: Page) -> None:
    page.fill("#setpoint_w", "42")
    page.locator("input[name=days][value='3']").set_checked(True)
    page.select_option("#duration_s", index=3)


def assert_filled(page: Page) -> None:
    assert page.input_value("#setpoint_w") == "42"
    assert page.locator("input[name=days][value='3']").is_checked()
    assert page.evaluate("document.querySelector('#duration_s').selectedIndex") == 3


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_a_form_comes_back_after_the_log_in(
    site: Site, sit: Callable[..., Desk], language: str, theme: str
) -> None:
    desk = sit(language, theme)
    desk.log_in()
    page = desk.go(FORM)
    fill(page)
    end_sessions(site)
    page.click("main form button.main")
    come_back(page)
    expect(page.locator("main .flash")).to_contain_text(WORDS[language][0])
    assert_filled(page)
    page.click(f"text={WORDS[language][1]}")
    expect(page.locator("main")).to_contain_text("42")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.go(FORM)
    page.click("main form button.main")
    expect(page.locator("main")).to_contain_text("42")
    assert page.url.endswith(FORM) or "preview" in page.url
    desk.go(FORM)
    expect(page.locator("main .flash")).to_have_count(0)
    assert desk.trouble == []


def test_a_page_that_closes_hands_over_what_was_typed(site: Site, sit: Callable[..., Desk]) -> None:
    desk = sit("en", "light")
    desk.log_in()
    desk.page.clock.install()
    page = desk.go(FORM)
    fill(page)
    end_sessions(site)
    page.clock.fast_forward(61_000)
    page.keyboard.press("Shift")  # a sign of life, which is refused
    come_back(page)
    assert_filled(page)
    with db.reading(site.engine) as c:
        assert [row for row in commands.recent(c, limit=1000) if row["kind"] == 2] == []
