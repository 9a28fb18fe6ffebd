"""A clerk enters the operator's month and finds the card that costs too much, in both languages."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from station.archives import checks
from station.store.archives_schema import archive_records
from station.store.scope import ROOT
from tests.browser.site import Desk, Site
from tests.browser.test_imports_walk import fits, press

ONE, TWO = "8986001234567890120", "8986001234567890138"
WORDS = {
    "zh_CN": {"done": "已导入", "over": "流量超套餐", "help": "可能产生额外费用"},
    "en": {"done": "Done", "over": "Over its quota", "help": "More traffic than the plan holds"},
}
FILE = f"ICCID,月份,流量,套餐流量,费用\n{ONE},2026-10,45.5,30,12.00\n{TWO},2026-10,8MB,30,5\n"


@pytest.mark.parametrize("language", WORDS)
def test_a_month_is_entered_and_what_is_odd_is_found(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    words, path = WORDS[language], tmp_path / "账单.csv"
    path.write_bytes(FILE.encode("gb18030"))
    facts = {"kind": "sim", "unit": ROOT, "state": "running", "facts": {"operator": "mobile"}}
    facts |= {"score": 0, "version": 1, "created_s": 1}
    with site.writing() as c:
        c.execute(insert(archive_records), [facts | {"number": n, "token": n} for n in (ONE, TWO)])
    desk = sit(language, "light" if language == "zh_CN" else "dark")
    desk.log_in()
    page = desk.go("/stock/sims")
    fits(page)
    page.click("a[href*='sim_months']")
    expect(page.locator("#target")).to_have_value("sim_months")
    page.set_input_files("#file", path)
    with page.expect_navigation():
        page.click("main form[enctype] button.main")
    press(page, "take")
    expect(page.locator("#p-import")).to_contain_text(words["done"])
    checks.work(site.engine, int(time.time()))  # as the night does
    desk.go("/stock/sims")
    page.select_option("#finding", "sim_over_quota")
    page.click("form[role=search] button")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text(words["over"])
    page.click(f"text={ONE}")
    expect(page.locator(".sim-bars .over")).to_have_count(1)
    expect(page.locator("main")).to_contain_text(words["help"])
    fits(page)
    assert desk.trouble == []
