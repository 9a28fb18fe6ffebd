"""A duty officer sees that a nightly job failed, why, and runs it again by hand."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from station.jobs import life, own
from station.store import db
from station.store import jobs as store
from tests.browser.site import Desk, Site

WORDS = {
    "zh_CN": {"failed": "失败", "wanted": "即将执行", "done": "成功"},
    "en": {"failed": "Failed", "wanted": "Starts at once", "done": "Done"},
}


@pytest.mark.parametrize("language", WORDS)
def test_a_failed_job_is_run_again(language: str, site: Site, sit: Callable[..., Desk]) -> None:
    life.start(site.engine, own.JOBS)
    life.sweep(site.engine, own.JOBS, int(time.time()) - 3600, 0)
    with site.writing() as c:
        number = store.begin(c, "integrity", "", db.now_s() - 60)
        assert number
        facts = {"end_s": db.now_s() - 58, "error": "Damaged: Tree 5 page 9: never used"}
        store.end(c, number, result="failed", **facts)
    desk, words = sit(language, "light" if language == "zh_CN" else "dark"), WORDS[language]
    desk.log_in()
    page = desk.go("/station/jobs")
    row = page.locator('tr:has(form[action$="/integrity/run"])')
    expect(row).to_contain_text(words["failed"])
    expect(page.locator("section >> nth=1")).to_contain_text("page 9")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    row.locator("button").click()
    expect(row).to_contain_text(words["wanted"])
    expect(row.locator("button")).to_be_disabled()
    life.sweep(site.engine, own.JOBS, db.now_s(), 0)
    page.select_option("#job", "integrity")
    page.locator("section header form button").click()
    expect(page).to_have_url(f"{desk.url}/station/jobs?job=integrity&result=")
    newest = page.locator("section >> nth=1").locator("tbody tr >> nth=0")
    expect(newest).to_contain_text(words["done"])
    expect(newest).to_contain_text("admin")
