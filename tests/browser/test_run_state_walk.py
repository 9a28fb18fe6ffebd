"""A duty officer sees on the overview that ingest died, finds out why in its log, and sees it run again."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from station.store import db
from station.watch import told
from tests.browser.site import Desk, Site

WORDS = {
    "zh_CN": {"gone": "接入进程：进程未运行。", "why": "进程未运行。", "level": "错误"},
    "en": {"gone": "Ingest: It does not run.", "why": "It does not run.", "level": "Error"},
}


def tell(site: Site, pid: int | None) -> None:
    children = (told.Child("ingest", pid, db.now_s(), 0),)
    told.write(site.home / "run", told.Told(db.now_s(), os.getpid(), children))


@pytest.mark.parametrize("language", WORDS)
def test_a_dead_process_is_seen_and_its_log_read(language: str, site: Site, sit: Callable[..., Desk]) -> None:
    (site.home / "log").mkdir(exist_ok=True)
    lines = [f"2026-11-23 18:{n // 60:02d}:{n % 60:02d},123Z INFO taken no={n}" for n in range(300)]
    lines += ["2026-11-23 18:05:00,001Z ERROR ingest_failed", "Traceback:", "OSError: " + "long " * 60]
    (site.home / "log" / "ingest.log").write_text("\n".join(lines) + "\n")
    tell(site, os.getpid())
    desk, words = sit(language, "light" if language == "zh_CN" else "dark"), WORDS[language]
    page = desk.log_in()
    expect(page.locator("#p-problems")).to_be_visible()
    expect(page.locator("#p-problems")).not_to_contain_text(words["gone"])
    tell(site, None)
    expect(page.locator("#p-problems")).to_contain_text(words["gone"], timeout=30_000)  # nobody reloads it
    page.click("#p-problems header a")
    expect(page.locator("#p-checks")).to_contain_text(words["why"])
    tell(site, os.getpid())
    expect(page.locator("#p-checks tbody tr >> nth=1")).to_contain_text(str(os.getpid()), timeout=30_000)
    page.click("#p-checks tbody tr >> nth=1 >> a")
    page.select_option("#least", "ERROR")
    page.locator("section header form button").click()
    entry = page.locator("table.log tbody tr")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text(words["level"])
    expect(entry).to_contain_text("OSError: long")
    page.select_option("#least", "INFO")
    page.locator("section header form button").click()
    expect(entry).to_have_count(100)
    page.locator("nav.pager a").click()
    expect(entry.first).to_contain_text("no=200")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
