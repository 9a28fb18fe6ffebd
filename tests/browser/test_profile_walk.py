"""An operator sends a signed profile: upload, preview, confirm; the page follows it to its end by itself."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from station.profiles import life, push
from station.store import commands, db, profiles
from tests.browser.pictures import METERED
from tests.browser.seed import put_event, put_now
from tests.browser.seed_profiles import running, signed
from tests.browser.site import Desk, Site

WORDS = {
    "zh_CN": ("ABB B23/B24 三相表", "传输中", "已传 1 / 2 段", "试运行", "已通过"),
    "en": ("ABB B23 and B24", "being sent", "1 of 2 pieces", "on trial", "kept"),
}  # fmt: skip


def answer(site: Site, held: int | None = None) -> None:
    """The station's room queues the next command, and the terminal does it."""
    at = db.now_s()
    with site.writing() as c:
        put_now(c, METERED, at, profiles=running())
    life.work(site.engine, at)
    with site.writing() as c:
        (row,) = [row for row in commands.in_states(c, "queued") if row["note"].startswith("abb-b23")]
        detail = None if held is None else {"bytes": held}
        assert commands.move(c, METERED, row["command"], "executed", detail=detail)
    life.work(site.engine, at)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_profile_is_sent_and_its_end_is_seen(site: Site, sit: Callable[..., Desk], language: str) -> None:
    (name, sending, half, trial, kept), desk = WORDS[language], sit(language)
    with site.writing() as c:
        life.stop(c, METERED, 3, "admin")  # of the seed: it has no terminal that answers
    desk.log_in()
    page = desk.go(f"/terminals/{METERED}")
    page.click(f'#p-profiles a[href="/terminals/{METERED}/profiles"]')
    page.set_input_files("#file", {"name": "abb.lkp", "mimeType": "", "buffer": signed("abb-b23")})
    page.select_option("#slot", "3")
    page.click("aside button.main")
    expect(page.locator("main")).to_contain_text(name)
    page.click("aside button.main")
    panel = page.locator("#p-profiles .why", has_text=name)
    expect(panel).to_contain_text(sending)
    total = total_bytes(site)
    answer(site, held=1024)
    expect(panel).to_contain_text(half)
    answer(site, held=total)
    answer(site)
    expect(panel).to_contain_text(trial)
    with site.writing() as c:
        put_event(c, METERED, db.now_s(), "profile_kept", {"slot": 3, "version": 1}, 40)
    life.work(site.engine, db.now_s())
    expect(panel).to_contain_text(kept)
    with db.reading(site.engine) as c:
        assert profiles.pushes(c, METERED, 1)[0]["state"] == push.KEPT


def total_bytes(site: Site) -> int:
    with db.reading(site.engine) as c:
        return profiles.pushes(c, METERED, 1)[0]["total"]
