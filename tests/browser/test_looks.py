"""Every page fits the smallest screen in all looks, takes the keyboard, works without streams."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pictures import DEVICE, PAGES, faulty, settle
from tests.browser.site import SCREEN, Desk, Site


@pytest.mark.parametrize(
    ("language", "theme"), [("zh_CN", "light"), ("zh_CN", "dark"), ("en", "light"), ("en", "dark")]
)
def test_pages_fit_the_screen(sit: Callable[..., Desk], tmp_path: Path, language: str, theme: str) -> None:
    desk = sit(language, theme)
    desk.log_in()
    for name, path in PAGES.items():
        page = desk.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], name
        cut = page.evaluate(  # nothing inside a card is wider than the card
            """[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1)
            .map(c => c.id || c.innerText.slice(0, 40))"""
        )
        assert cut == [], name
    page = desk.go(f"/terminals/{DEVICE}")
    settle(desk)
    page.screenshot(path=tmp_path / f"terminal-{language}-{theme}.png")
    assert (tmp_path / f"terminal-{language}-{theme}.png").stat().st_size > 40_000
    faulty(desk, tmp_path, f"{language}-{theme}")


def test_the_charts_draw_what_the_day_has(sit: Callable[..., Desk]) -> None:
    desk = sit()
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}")
    settle(desk)
    colours = page.evaluate(
        """() => {
          const canvas = document.querySelector('[data-chart=curve] canvas');
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert colours > 100
    page.click("#d-twin summary")
    assert page.locator("#d-twin tbody tr").count() == 96


def test_the_theme_and_the_language_are_kept(site: Site, browser: Browser) -> None:
    desk = Desk(browser, site.url)
    page = desk.log_in()
    page.click("button[value=dark]")
    page.click("button[value=en]")
    page.goto(site.url + "/station")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    expect(page.locator("h1")).to_have_text("Station")
    desk.close()
    assert desk.trouble == []


def test_the_keyboard_alone_reaches_and_fills_a_dialog(sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}/commands/new/guarantee")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(12):
        if page.evaluate("document.activeElement.name") == "on":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Preview")
    expect(page.locator("main table")).to_contain_text("Off")


def test_without_a_stream_the_page_asks_every_five_seconds(tmp_path: Path, browser: Browser) -> None:
    site = Site(tmp_path / "home", STREAM_CAP=0)
    desk = Desk(browser, site.url, "en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}")
    expect(page.locator("[data-link=poll]")).to_be_visible()
    site.report(DEVICE, power_w=145_600)
    expect(page.locator("#p-power .big").first).to_contain_text("145.6", timeout=9000)
    desk.close()
    site.close()
    assert [line for line in desk.trouble if "503" not in line] == []


def test_a_lost_station_is_said_on_the_page(tmp_path: Path, browser: Browser) -> None:
    site = Site(tmp_path / "home", STREAM_CAP=0)
    desk = Desk(browser, site.url, "en")
    desk.log_in()
    page = desk.go("/")
    expect(page.locator("[data-link=poll]")).to_be_visible()
    site.close()
    expect(page.locator("[data-link=lost]")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-link]")).to_contain_text("figures stand still")
    desk.close()


def test_the_plan_picture_follows_the_typing(sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}/commands/new/period_plan")
    page.fill('[name="periods-0-setpoint_kw"]', "177")
    expect(page.locator("svg.plan .label").first).to_have_text("177", timeout=5000)
    page.fill('[name="periods-0-setpoint_kw"]', "much")
    expect(page.locator("svg.plan .label")).to_have_count(2, timeout=5000)
