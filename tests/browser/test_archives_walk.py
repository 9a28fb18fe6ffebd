"""A clerk enters a customer with its meter, swaps it, and looks at what does not fit."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from station.archives import checks
from station.store import db
from tests.browser.site import Desk, Site

WORDS = {"zh_CN": ("运行", "已拆除"), "en": ("running", "removed")}


def fill(desk: Desk, kind: str, number: str, state: str = "", **values: str) -> Page:
    """A new record of today, then into `state`."""
    page = desk.go(f"/archives/{kind}/new")
    page.fill("#number", number)
    for name, value in values.items():
        field = page.locator(f"[name='{name.replace('at_', '@')}']")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.click("main form button.main")
    page.wait_for_url("**/archives/record/*")
    if state:
        page.click(f"button[value={state}]")
        expect(page.locator(".flash.ok")).to_be_visible()
    return page


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_a_customer_is_entered_and_the_meter_swapped(
    site: Site, sit: Callable[..., Desk], language: str, theme: str
) -> None:
    desk = sit(language, theme)
    desk.log_in()
    address = "江北区人民路3号"
    fill(desk, "customer", "C1", "open", name="东方铸造厂", address=address, phone="123", capacity_kva="630")
    fill(desk, "point", "P1", "open", at_customer="C1", phase="abc")
    fill(desk, "meter", "M1", "running", at_point="P1", meter_address="202611220017")
    page = fill(desk, "meter", "M2", meter_address="202611220018")
    fits(page)

    page = desk.go("/archives/meter?q=220017")
    fits(page)
    page.click("main tbody a")
    page.click("a[href$='/swap']")
    values = {"number": "M2", "last_wh": "100", "final_wh": "120.5", "initial_wh": "0", "reason": "周期轮换"}
    for name, value in values.items():
        page.fill(f"#{name}", value)
    page.click("main form button.main")
    expect(page.locator("#multiplier-error")).to_be_visible()
    expect(page.locator("#final_wh")).to_have_value("120.5")
    page.fill("#multiplier", "1")
    page.click("main form button.main")
    expect(page.locator("#h-plan + *, [aria-labelledby=h-plan] b").last).to_have_text("20.50 kWh")
    fits(page)
    page.click("button[name=confirm]")
    page.wait_for_url("**/archives/swaps/*")
    fits(page)

    page = desk.go("/archives/customer?q=人民路")
    page.click("main tbody a")
    expect(page.locator("[aria-labelledby=h-links] tbody")).to_contain_text("M2")
    expect(page.locator("[aria-labelledby=h-links] tbody")).to_contain_text(WORDS[language][0])
    fits(page)
    page.fill("#day", "2020-01-01")
    page.click("main form[method=get] button")
    expect(page.locator("[aria-labelledby=h-facts] .empty")).to_be_visible()
    page = desk.go("/archives/meter")
    expect(page.locator("main tbody")).to_contain_text(WORDS[language][1])

    checks.work(site.engine, db.now_s())
    page = desk.go("/archives/findings")
    expect(page.locator("main tbody tr")).to_have_count(1)
    fits(page)
    page.fill("[name=why]", "客户只有分机号")
    page.click("main tbody button")
    expect(page.locator("main tbody")).to_have_count(0)
    page = desk.go("/archives/coverage")
    expect(page.locator("main tbody tr")).to_have_count(1)
    fits(page)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
