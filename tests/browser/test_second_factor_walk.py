"""A person turns the second factor on, comes in with it, loses the telephone, and turns it off."""

import base64
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from playwright.sync_api import expect

from tests.browser.seed import PASSWORD
from tests.browser.site import Desk

WORDS = {"zh_CN": ("已启用", "停用"), "en": ("It is on", "Turn it off")}


def shown(secret: str, steps: int = 0) -> str:
    """What a telephone shows now, or some steps later."""
    made = HOTP(base64.b32decode(secret), 6, SHA1())
    return made.generate(int(time.time()) // 30 + steps).decode()


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_the_second_factor_from_the_picture_to_its_end(
    sit: Callable[..., Desk], language: str, theme: str
) -> None:
    desk = sit(language, theme)
    desk.log_in()
    page = desk.go("/password")
    page.click("main a[href='/factor']")
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator("main code").inner_text()
    page.fill("#code", "000000")
    page.click("main button.main")
    expect(page.locator("#code-error")).to_be_visible()
    expect(page.locator("main code")).to_have_text(secret)
    page.fill("#code", shown(secret, -1))
    page.click("main button.main")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("header form[action='/logout'] button")
    page = desk.go("/login")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url("**/login/code")
    page.fill("#code", shown(secret))
    page.keyboard.press("Enter")
    page.wait_for_url(desk.url + "/")
    desk.go("/factor")
    expect(page.locator("main")).to_contain_text(WORDS[language][0])
    page.fill("#password", PASSWORD)
    page.fill("#code", codes[0])
    page.click(f"text={WORDS[language][1]}")
    expect(page.locator(".qr svg")).to_be_visible()
