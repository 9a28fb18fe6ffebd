"""A clerk takes a file of the marketing system in, settles what differs, and takes what is new."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from station.archives import records
from station.archives.records import Desk as Author
from station.archives.records import Given
from station.store.scope import EVERYWHERE, ROOT
from tests.browser.site import SCREEN, Desk, Site

FILE = (
    "编号,名称,联系电话,用电类别,合同容量（kVA）\n"
    "C1,东方铸造厂,13912345678,大工业,800\nC2,和兴纺织厂,,,315\nC3,坏行,不详,,\n"
)
WORDS = {"zh_CN": ("不一致", "仅营销有"), "en": ("differs", "only theirs")}


def ours(site: Site) -> None:
    values = {"name": "东方铸造厂", "phone": "13912345678", "category": "commerce", "capacity_kva": "630"}
    with site.writing() as c:
        records.add(
            c, Author("admin", EVERYWHERE, 20_500), "customer", "C1", Given(values, ROOT, 20_500), "c"
        )


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_a_file_is_taken_and_settled(
    site: Site, sit: Callable[..., Desk], tmp_path: Path, language: str, theme: str
) -> None:
    ours(site)
    desk = sit(language, theme)
    desk.log_in()
    page = desk.go("/marketing")
    page.select_option("#kind", "customer")
    page.select_option("#form", "full")
    page.set_input_files("#file", {"name": "客户.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    page.click("main form button.main")
    page.wait_for_url("**/marketing/files/*")
    expect(page.locator("table.faults tbody tr")).to_have_count(1)
    fits(page, tmp_path / f"file-{language}.png")

    page.click("main a.button[href*=conflicts]")
    differs, new = WORDS[language]
    expect(page.locator("tbody .badge.warn")).to_have_text(differs)
    expect(page.locator("tbody .badge.accent")).to_have_text(new)
    fits(page, tmp_path / f"conflicts-{language}.png")
    page.check("input[name=chosen]")
    page.click("main form button.main")
    expect(page.locator(".flash.ok")).to_be_visible()

    page.click("tbody a[href*='/marketing/conflicts/']")
    fits(page, tmp_path / f"one-{language}.png")
    page.uncheck("input[value=capacity_kva]")
    page.click("button[value=keep]")
    expect(page.locator("#reason-error")).to_be_visible()
    expect(page.locator("input[value=capacity_kva]")).not_to_be_checked()
    page.click("button[value=take]")
    expect(page.locator(".flash.ok")).to_be_visible()
    page.click("tbody a[href*='/marketing/conflicts/']")
    page.fill("#reason", "增容未竣工")
    page.click("button[value=keep]")
    expect(page.locator(".empty")).to_be_visible()
    page = desk.go("/marketing")
    fits(page, tmp_path / f"picture-{language}.png")
    expect(page.locator("svg.shares")).to_have_count(1)


def fits(page: Page, picture: Path) -> None:
    page.screenshot(path=picture)
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    cut = page.evaluate(
        """[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1)
        .map(c => c.innerText.slice(0, 40))"""
    )
    assert cut == []
