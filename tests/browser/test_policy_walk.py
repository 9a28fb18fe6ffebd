"""Who keeps the rules makes sessions shorter, is sent to a second factor, and ends a session elsewhere."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from station.store import db, settings
from tests.browser.site import Desk, Site
from tests.browser.test_imports_walk import fits
from tests.browser.test_second_factor_walk import shown

WORDS = {
    "zh_CN": ("您的权限要求启用双因素认证", "本会话已在其他会话中被结束"),
    "en": ("needs a second factor", "this session was ended"),
}


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_the_rules_of_accounts(site: Site, sit: Callable[..., Desk], language: str, theme: str) -> None:
    factor, ended = WORDS[language]
    elsewhere, desk = sit(language, theme), sit(language, theme)
    elsewhere.log_in()
    desk.log_in()
    page = desk.go("/policy")
    fits(page)
    page.fill("#idle_min", "4")
    page.fill("#reason", "by order")
    page.click("main form button.main")
    expect(page.locator("#idle_min-error")).to_be_visible()
    assert page.input_value("#reason") == "by order"
    page.fill("#idle_min", "10")
    page.check("input[name=factor][value=control]")
    page.click("main form button.main")
    page.wait_for_url("**/factor")
    expect(page.locator("main")).to_contain_text(factor)
    page.fill("#code", shown(page.locator("main code").inner_text()))
    page.click("main button.main")
    page = desk.go("/policy")
    assert page.input_value("#idle_min") == "10"
    with db.reading(site.engine) as c:
        assert settings.get(c, "accounts")["factor"] == ["control"]
    page.click(".who a")
    page.click("main a[href='/sessions']")
    fits(page)
    page.click("form[action$='/others/end'] button")
    expect(page.locator("form[action$='/others/end']")).to_have_count(0)
    page = elsewhere.go("/")
    expect(page.locator(".flash")).to_contain_text(ended)
    assert desk.trouble == []
