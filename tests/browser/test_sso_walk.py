"""A person comes in by the provider of the house: links the account once, then presses the button only."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.provider import Provider
from tests.browser.seed import PASSWORD
from tests.browser.site import Desk, Site
from tests.browser.test_every_page import LEVEL

WORDS = {
    "zh_CN": ("统一身份认证", "绑定账号", "解除绑定", "无响应"),
    "en": ("Single sign-on", "Link your account", "Take the link off", "does not answer"),
}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    running = Provider()
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    yield running
    running.close()


@pytest.fixture
def site(provider: Provider, tmp_path: Path) -> Iterator[Site]:
    running = Site(tmp_path / "home")
    yield running
    running.close()


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_from_the_button_to_the_station(
    sit: Callable[..., Desk], provider: Provider, tmp_path: Path, language: str, theme: str
) -> None:
    button, link, off, down = WORDS[language]
    desk = sit(language, theme)
    page = desk.go("/login?next=/station")
    shot(desk, tmp_path, f"login-{language}-{theme}")
    page.click(f"text={button}")
    page.click("text=I agree")
    expect(page.locator("h1")).to_have_text(link)
    shot(desk, tmp_path, f"link-{language}-{theme}")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(desk.url + "/station")
    page.click("header form[action='/logout'] button")
    page.click(f"text={button}")
    page.click("text=I agree")
    page.wait_for_url(desk.url + "/")
    desk.go("/sessions")
    shot(desk, tmp_path, f"sessions-{language}-{theme}")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click(f"text={off}")
    expect(page.locator(f"text={off}")).to_have_count(0)
    page.click("header form[action='/logout'] button")
    provider.close()
    page.click(f"text={button}")
    expect(page.locator(".flash.error")).to_contain_text(down)
    shot(desk, tmp_path, f"down-{language}-{theme}")
    desk.trouble = [each for each in desk.trouble if provider.url not in each]  # the way there was wanted


def shot(desk: Desk, folder: Path, name: str) -> None:
    page = desk.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    told = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": LEVEL}).response["violations"]
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in told] == [], name
    page.screenshot(path=folder / f"{name}.png")
