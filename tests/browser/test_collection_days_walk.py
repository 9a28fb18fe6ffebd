"""A clerk sees where something is missing, presses the cell and asks for it; the answer comes."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from station.collection import counts, supplement, tasks
from station.store import db
from station.store.scope import EVERYWHERE
from tests.browser import seed_area
from tests.browser.seed_rooms import TASK
from tests.browser.site import Desk, Site

WORDS = {
    "zh_CN": {"ask": "补采缺失数据", "wanted": "待补采", "sent": "已下发补采"},
    "en": {"ask": "Collect what is missing", "wanted": "to be asked for", "sent": "asked for"},
}


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_a_hole_is_found_and_asked_for(
    site: Site, sit: Callable[..., Desk], language: str, theme: str
) -> None:
    words, at = WORDS[language], int(time.time())
    with site.writing() as c:
        seed_area.seed_area(c)
        facts = TASK | {"name": "台区日冻结", "point_type": "meter", "from_s": at - 12 * 86_400}
        tasks.add(c, "admin", EVERYWHERE, facts, "task")
    while counts.close(site.engine, at, seed_area.OFFSET_S):
        pass
    desk = sit(language, theme)
    page = desk.log_in()
    desk.go("/collection")
    page.click("main tbody a[href$='/days']")
    cells = page.locator("svg.heat a")
    expect(cells.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("svg.heat a[aria-label*='119/120']").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/collection/1?day=*&device=*")
    rows = page.locator("section[aria-labelledby=h-missing] tbody tr")
    expect(rows).to_have_count(1)
    page.click(f"text={words['ask']}")
    expect(rows.first).to_contain_text(words["wanted"])
    site.report(seed_area.DEVICE, area=seed_area.now_area())
    assert supplement.sweep(site.engine, db.now_s()) == 1
    page.reload()
    expect(rows.first).to_contain_text(words["sent"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
