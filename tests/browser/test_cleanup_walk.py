"""A keeper of accounts lets the units look at what nobody uses; a second person lets it be disabled."""

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.store import db, org, users
from tests.browser.site import SCREEN, Desk, Site
from tests.browser.test_approval_walk import PASSWORD, log_in

OLD_S = 200 * 86_400
WORDS = {
    "zh_CN": {"fault": "不在本次清理清单内", "done": "已停用 12", "gone": "已停用", "sees": "新增可见"},
    "en": {"fault": "not on the list", "done": "Disabled 12", "gone": "Disabled", "sees": "Sees it from"},
}
UNITS = ("东城供电公司", "南园县供电公司", "北川县供电公司")


def people(site: Site) -> None:
    with site.writing() as c:
        units = [org.add_unit(c, 1, "city", "E", UNITS[0])]
        units += [org.add_unit(c, units[0], "county", f"E{n}", name) for n, name in enumerate(UNITS[1:])]
        other = org.add_unit(c, 1, "city", "W", "西城供电公司")
        for name in ("ann", "bob", "wei", "ling"):
            users.add(c, name, _hasher.hash(PASSWORD), must_change=False, t_s=int(time.time()))
        for name, role, unit in (("ann", "chief", 1), ("bob", "chief", 1), ("wei", "duty", other)):
            org.grant(c, name, role, unit, "test", from_s=0)
        org.grant(c, "ling", "controller", 1, "test", from_s=0)
        for n in range(18):
            users.add(c, f"old{n:02}", "-", must_change=False, t_s=db.now_s() - OLD_S, unit=units[n % 3])
            org.grant(c, f"old{n:02}", "viewer", units[n % 3], "test", from_s=0)


def fits(page: Page, picture: Path | None = None) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], page.url
    cut = "[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    assert page.evaluate(cut) == 0, page.url
    if picture:
        page.screenshot(path=picture, full_page=True)


def begin(page: Page, url: str) -> None:
    page.goto(f"{url}/clean-up")
    page.select_option("#unit", index=1)
    page.fill("#until", time.strftime("%Y-%m-%d", time.localtime(time.time() + 14 * 86_400)))
    page.fill("#note", "请各单位核实后填写“核实结果”，两周内反馈。")
    page.click("aside button.main")
    page.wait_for_url("**/clean-up/1")


def filled(page: Page, to: Path, stranger: bool) -> Path:
    """The exported list as a unit sends it back: two thirds to be disabled."""
    with page.expect_download() as under_way:
        page.click('section[aria-labelledby=h-file] a[href$=".csv"]')
    rows = list(csv.reader(io.StringIO(under_way.value.path().read_text("utf-8-sig"))))
    for n, row in enumerate(rows[1:]):
        row[5:] = ["停用", "已离职"] if n % 3 else ["保留", "长期出差"]
    rows += [["ghost", "", "", "", "", "停用", ""]] if stranger else []
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    to.write_bytes(out.getvalue().encode("gb18030"))
    return to


def send(page: Page, file: Path) -> None:
    page.set_input_files("#file", file)
    with page.expect_navigation():
        page.click("section[aria-labelledby=h-file] button.main")


@pytest.mark.parametrize("language", WORDS)
def test_accounts_are_cleaned_up_by_units_and_two_people(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    people(site)
    words, look = WORDS[language], "zh-light" if language == "zh_CN" else "en-dark"
    desk = sit(language, "light" if language == "zh_CN" else "dark")
    ann, bob = log_in(desk, "ann"), log_in(sit(language), "bob")
    begin(ann, desk.url)
    send(ann, filled(ann, tmp_path / "wrong.csv", stranger=True))
    expect(ann.locator("section[aria-labelledby=h-faults]")).to_contain_text(words["fault"])
    fits(ann, tmp_path / f"{look}-faults.png")
    ann.goto(f"{desk.url}/clean-up/1")
    send(ann, filled(ann, tmp_path / "right.csv", stranger=False))
    ann.fill("#reason", "账号清理")
    fits(ann, tmp_path / f"{look}-answered.png")
    ann.click("section[aria-labelledby=h-disable] button")
    ann.wait_for_url("**/approvals/1")
    bob.goto(f"{desk.url}/approvals/1")
    bob.fill("#typed", "12")
    bob.fill("#password", PASSWORD)
    bob.click("button.main.danger")
    bob.wait_for_load_state()
    ann.goto(f"{desk.url}/clean-up/1")
    expect(ann.locator("section[aria-labelledby=h-far]")).to_contain_text(words["done"])
    fits(ann, tmp_path / f"{look}-done.png")
    ann.goto(f"{desk.url}/clean-up/1/accounts")
    expect(ann.locator("tbody tr").nth(1)).to_contain_text(words["gone"])
    fits(ann, tmp_path / f"{look}-accounts.png")
    ann.goto(f"{desk.url}/clean-up")
    fits(ann, tmp_path / f"{look}-list.png")


@pytest.mark.parametrize("language", WORDS)
def test_a_unit_moves_and_a_password_is_reset_by_two(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    people(site)
    look = "zh-light" if language == "zh_CN" else "en-dark"
    desk = sit(language, "light" if language == "zh_CN" else "dark")
    ann, bob = log_in(desk, "ann"), log_in(sit(language), "bob")
    ann.goto(f"{desk.url}/units/3")
    ann.select_option("#parent", label="\u3000西城供电公司")
    ann.fill("#reason", "区划调整")
    fits(ann, tmp_path / f"{look}-unit.png")
    ann.click("section[aria-labelledby=h-move] button")
    ann.wait_for_url("**/approvals/1")
    expect(ann.locator("section[aria-labelledby=h-affected]")).to_contain_text(WORDS[language]["sees"])
    fits(ann, tmp_path / f"{look}-affected.png")
    ann.goto(f"{desk.url}/people/ling")
    ann.fill("#reset-reason", "本人忘记密码")
    fits(ann, tmp_path / f"{look}-reset.png")
    ann.click("section[aria-labelledby=h-reset] button")
    ann.wait_for_url("**/approvals/2")
    bob.goto(f"{desk.url}/approvals/2")
    bob.fill("#password", PASSWORD)
    bob.click("button.main.danger")
    bob.wait_for_load_state()
    ann.goto(f"{desk.url}/people/ling")
    fits(ann, tmp_path / f"{look}-leave.png")
    ann.once("dialog", lambda dialog: dialog.accept())
    ann.click('form[action$="/reset"] button')
    expect(ann.locator("main .flash.ok code")).to_be_visible()
