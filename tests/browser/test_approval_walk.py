"""Two people at two desks: one proposes a trip of three, the other looks, approves and sees it done."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.store import commands, org, users
from tests.browser.site import Desk, Site

PASSWORD = "Second-person-26"
THREE = ("BS-CEMENT-03", "DF-FOUNDRY-01", "LJ-STEEL-06")
WORDS = {
    "zh_CN": {"wrong": "密码不正确", "queued": "待发送", "executed": "已执行", "own": "等待另一位"},
    "en": {"wrong": "not your password", "queued": "Queued", "executed": "Executed", "own": "It waits for"},
}


def people(site: Site) -> None:
    with site.writing() as c:
        for name, role in (("ann", "controller"), ("bob", "approver")):
            users.add(c, name, _hasher.hash(PASSWORD), must_change=False, t_s=0)
            org.grant(c, name, role, 1, "test", from_s=0)


def log_in(desk: Desk, name: str) -> Page:
    page = desk.go("/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(desk.url + "/")
    return page


def propose(page: Page) -> None:
    page.click('header nav a[href="/approvals"]')
    page.click('a[href="/approvals/new/trip"]')
    page.fill("#devices", "\n".join(THREE))
    page.click("main button.main")
    page.fill("#reason", "电网缺额 200 kW")
    page.fill("#ticket", "WO-2026-118")
    page.click('button[name="send"]')
    page.wait_for_url("**/approvals/1")


@pytest.mark.parametrize("language", WORDS)
def test_two_people_trip_three_terminals(language: str, site: Site, sit: Callable[..., Desk]) -> None:
    people(site)
    words = WORDS[language]
    ann, bob = log_in(sit(language), "ann"), log_in(sit(language, "dark"), "bob")
    propose(ann)
    expect(ann.locator("aside")).to_contain_text(words["own"])
    expect(ann.locator('input[type="password"]')).to_have_count(0)
    bob.reload()
    expect(bob.locator('header nav a[href^="/approvals"] .badge')).to_have_text("1")
    bob.click('header nav a[href="/approvals"]')
    bob.click('a[href="/approvals/1"] >> nth=0')
    expect(bob.locator("tbody tr")).to_have_count(len(THREE))
    bob.fill("#password", "guess")
    bob.click("button.main.danger")
    expect(bob.locator("#password-error")).to_contain_text(words["wrong"])
    bob.fill("#password", PASSWORD)
    bob.click("button.main.danger")
    expect(bob.locator("#p-approval")).to_contain_text(words["queued"])
    expect(bob.locator("#p-approval")).to_contain_text("3 / 3")
    answer(site)
    done = bob.locator("#p-approval h3 + .facts")  # follows by itself, every 5 s
    expect(done).to_contain_text(words["executed"], timeout=15_000)


def answer(site: Site) -> None:
    """All three terminals do it."""
    with site.writing() as c:
        for row in commands.in_states(c, "queued"):
            if row["device"] in THREE and row["scope"]:
                for state in ("sent", "executed"):
                    commands.move(c, row["device"], row["command"], state, int(time.time()))
