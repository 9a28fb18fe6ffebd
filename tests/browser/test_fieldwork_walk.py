"""An order from the desk to a phone at the customer's and back, in both languages."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.store import org, users
from tests.browser.site import Desk, Site
from tests.browser.test_approval_walk import PASSWORD, log_in

WORDS = {
    "zh_CN": {"refused": "尚有必检项未合格", "pass": "合格", "checked": "已审核"},
    "en": {"refused": "do not pass yet", "pass": "Pass", "checked": "Checked"},
}
PHONE = {"width": 390, "height": 844}


def people(site: Site) -> None:
    with site.writing() as c:
        for name, role in (("hua", "station_head"), ("ming", "field")):
            users.add(c, name, _hasher.hash(PASSWORD), must_change=False, t_s=0)
            org.grant(c, name, role, 1, "test", from_s=0)


def press(page: Page, act: str) -> None:
    button = page.locator(f'form[action$="/{act}"] button:not([formaction]), button[formaction$="/{act}"]')
    with page.expect_navigation():
        button.click()


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def draft(head: Page) -> None:
    head.goto(head.url.rsplit("/", 1)[0] + "/work-orders/new")
    head.select_option("#kind", "commission")
    head.fill("#device", "DF-FOUNDRY-01")
    head.fill("#subject", "东方铸造厂，终端调试投运")
    head.fill("#due", time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 7200)))
    with head.expect_navigation():
        head.click("main button.main")


@pytest.mark.parametrize("language", WORDS)
def test_commissioning_by_phone(language: str, site: Site, sit: Callable[..., Desk]) -> None:
    people(site)
    words = WORDS[language]
    head, man = log_in(sit(language), "hua"), log_in(sit(language, "dark"), "ming")
    draft(head)
    head.fill("#assignee", "ming")
    press(head, "assign")
    fits(head)
    man.set_viewport_size(PHONE)  # type: ignore[arg-type]
    man.goto(site.url + "/work-orders")
    fits(man)
    man.click('a[href="/work-orders/1"] >> nth=0')
    press(man, "accept")
    press(man, "arrive")
    fits(man)
    man.fill("#seal", "F-20261123-07")
    press(man, "tick")
    expect(man.locator(".checks")).to_contain_text("F-20261123-07")
    expect(man.locator(".checks li").first).to_contain_text(words["pass"])
    press(man, "finish")  # nobody has tested the relays
    expect(man.locator('[role="alert"]')).to_contain_text(words["refused"])
    head.reload()
    head.fill("#remark", "客户生产中，继电器择日试验")
    press(head, "excuse")
    man.goto(site.url + "/work-orders/1")
    press(man, "finish")
    head.reload()
    press(head, "check")
    expect(head.locator(".bar")).to_contain_text(words["checked"])
    head.emulate_media(media="print")
    expect(head.locator("aside")).to_have_count(1)
    for link in head.locator(".bar a.offpaper").all():
        expect(link).to_be_hidden()
