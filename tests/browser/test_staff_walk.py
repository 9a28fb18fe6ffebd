"""A keeper of accounts takes in a new colleague; a second person lets her control; she hands her role on."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.store import org, users
from tests.browser.site import SCREEN, Desk, Site
from tests.browser.test_approval_walk import PASSWORD, log_in

WORDS = {
    "zh_CN": {"none": "尚无角色", "role": "控制操作员", "executed": "已执行", "for": "代 ling"},
    "en": {"none": "has no role", "role": "Control", "executed": "Done", "for": "for ling"},
}
PAGES = ("/people", "/people/admin", "/people/ling", "/roles", "/roles/controller", "/roles/new", "/units")
PAGES += (
    "/units/1",
    "/my-roles",
    "/transfers",
    "/transfers/new",
    "/transfers/1",
    "/help-desk",
    "/help-desk/1",
)


def people(site: Site) -> None:
    with site.writing() as c:
        east = org.add_unit(c, 1, "city", "E", "东城供电公司")
        org.add_unit(c, east, "county", "E1", "南园县供电公司")
        for name, role in (("ann", "chief"), ("bob", "chief")):
            users.add(c, name, _hasher.hash(PASSWORD), must_change=False, t_s=int(time.time()))
            org.grant(c, name, role, 1, "test", from_s=0)


def take_in(page: Page) -> str:
    """Make the account of ling; returns the one-time password."""
    page.goto(page.url.rstrip("/") + "/people")
    page.fill("#name", "ling")
    page.click("aside button.main")
    return page.locator("main .flash.ok code").inner_text()


def give(page: Page) -> None:
    page.select_option("#role", "controller")
    page.fill("form #reason", "到岗")
    page.click("section[aria-labelledby=h-give] button.main")
    page.wait_for_url("**/approvals/1")


@pytest.mark.parametrize("language", WORDS)
def test_a_colleague_is_taken_in_by_two(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    people(site)
    words = WORDS[language]
    desk = sit(language, "light" if language == "zh_CN" else "dark")
    ann, bob = log_in(desk, "ann"), log_in(sit(language), "bob")
    assert len(take_in(ann)) >= 12
    ann.goto(f"{desk.url}/people/ling")
    expect(ann.locator("section[aria-labelledby=h-held]")).to_contain_text(words["none"])
    give(ann)
    bob.goto(f"{desk.url}/approvals/1")
    expect(bob.locator("main")).to_contain_text(words["role"])
    bob.fill("#password", PASSWORD)
    bob.click("button.main.danger")
    bob.wait_for_load_state()
    ann.goto(f"{desk.url}/people/ling")
    expect(ann.locator("section[aria-labelledby=h-held] tbody tr")).to_have_count(1)
    with site.writing() as c:
        users.change(c, "ling", password_hash=_hasher.hash(PASSWORD), must_change=0)
    hand_over(log_in(sit(language), "ling"), desk.url)
    ann.goto(f"{desk.url}/people/bob")
    expect(ann.locator("section[aria-labelledby=h-held]")).to_contain_text(words["for"])
    move_and_ask(ann, desk.url)
    fits(ann, desk.url, tmp_path, language)


def hand_over(ling: Page, url: str) -> None:
    ling.goto(f"{url}/my-roles")
    ling.check('input[name="grants"]')
    ling.fill("#to", "bob")
    ling.fill("#until", time.strftime("%Y-%m-%d", time.localtime(time.time() + 7 * 86_400)))
    ling.click("aside button.main")
    expect(ling.locator("section[aria-labelledby=h-handed] tbody tr")).to_have_count(1)


def move_and_ask(ann: Page, url: str) -> None:
    """Apply for the transfer of ling; ask the help desk."""
    ann.goto(f"{url}/transfers/new?name=ling")
    ann.select_option("#unit", index=1)
    ann.fill("#reason", "调岗")
    ann.click("main button.main")
    ann.wait_for_url("**/transfers/1")
    ann.goto(f"{url}/help-desk")
    ann.fill("#text", "召测权限没有了")
    ann.click("aside button.main")
    ann.wait_for_url("**/help-desk/1")


def fits(page: Page, url: str, to: Path, language: str) -> None:
    """No page is wider than the smallest screen; its picture is kept."""
    for path in PAGES:
        page.goto(url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], path
        page.screenshot(path=to / f"{language}{path.replace('/', '-')}.png")
