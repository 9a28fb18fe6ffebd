"""Every page fits the smallest screen in all looks, takes the keyboard, works without streams."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, expect

from tests.browser.pictures import DEVICE, PAGES, faulty, package, settle
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
    package(desk, tmp_path, f"{language}-{theme}")


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


def test_dark_charts_are_light_on_paper(sit: Callable[..., Desk]) -> None:
    desk = sit("en", "dark")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}")
    settle(desk)
    light, dark = (0x0A, 0x62, 0xB8), (0x62, 0xB5, 0xFF)  # --chart-power of tokens.css

    def seen(kind: str, colour: tuple[int, int, int]) -> bool:
        return page.evaluate(
            """([kind, colour]) => {
              const canvas = document.querySelector(`[data-chart=${kind}] canvas`);
              const copy = new OffscreenCanvas(canvas.width, canvas.height)
                .getContext('2d', { willReadFrequently: true });
              copy.drawImage(canvas, 0, 0);
              const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
              for (let n = 0; n < data.length; n += 4)
                if (data[n + 3] === 255 && colour.every((part, i) => data[n + i] === part)) return true;
              return false;
            }""",
            [kind, colour],
        )

    for event, drawn, gone in (("beforeprint", light, dark), ("afterprint", dark, light)):
        page.evaluate("name => window.dispatchEvent(new Event(name))", event)
        for kind in ("power", "curve"):
            assert seen(kind, drawn), (event, kind)
            assert not seen(kind, gone), (event, kind)


@pytest.mark.parametrize("path", ["/", "/alarms", "/station", f"/terminals/{DEVICE}/events"])
def test_paper_has_no_buttons_and_says_when_and_by_whom(sit: Callable[..., Desk], path: str) -> None:
    desk = sit("en", "dark")
    desk.log_in()
    page = desk.go(path)
    assert page.locator("button:visible").count() > 0
    page.emulate_media(media="print")
    assert page.locator("button:visible, .todo:visible, input[type=checkbox]:visible").count() == 0
    expect(page.locator(".paper")).to_contain_text(f"printed by admin · {path}")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_a_page_that_hears_nothing_says_so(sit: Callable[..., Desk], site: Site) -> None:
    """The line stays open, but the publisher renders this page no more: its figures stand still."""
    desk = sit("en")
    desk.page.clock.install()
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}")
    expect(page.locator("[data-link=live]")).to_be_visible()

    def broken(_topic: object) -> dict[str, str]:
        raise OverflowError("too large")

    vars(site.app.extensions["hub"])["_snapshot"] = broken
    page.clock.run_for(21_000)
    expect(page.locator("[data-link=lost]")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.locator("[data-link=lost]")).to_be_visible()


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


def test_a_refused_form_takes_the_keyboard_to_its_first_fault(sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}/commands/new/trip")
    page.fill("#delay_min", "1,5")
    page.click("aside button.main")
    expect(page.locator('[name="rounds"][value="1"]')).to_be_focused()
    page.check('[name="rounds"][value="1"]')
    page.click("aside button.main")
    expect(page.locator("#delay_min")).to_be_focused()


def test_switching_the_theme_asks_before_input_is_lost(sit: Callable[..., Desk]) -> None:
    desk = sit("en")
    desk.log_in()
    page = desk.go(f"/terminals/{DEVICE}/commands/new/trip")
    asked: list[str] = []
    answers = iter((False, True))

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if next(answers) else dialog.dismiss()

    page.on("dialog", answer)
    page.click("button[value=dark]")  # nothing typed yet: nobody asks
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_load_state("load")  # the page's script runs before that
    page.fill("#delay_min", "9")
    page.click("button[value=light]")
    expect(page.locator("#delay_min")).to_have_value("9")
    assert len(asked) == 1
    page.click("button[value=light]")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert len(asked) == 2
