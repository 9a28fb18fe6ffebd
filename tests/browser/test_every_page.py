"""Every page that links lead to has no barrier that axe-core finds and is no wider than the screen."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser import seed_area, seed_rooms
from tests.browser.crawl import reached
from tests.browser.site import SCREEN, Desk, Site
from tests.unit.web.conftest import Station

LOOKS = (("zh_CN", "light"), ("en", "dark"))
LEVEL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
NO_PAGE = (".csv", ".log", "/api/", "/live", "/static/", "/healthz", "/readyz", "/metrics", "/login", "/sso")
FILES = {"documents.file", "documents.have", "imports.export", "alarms.live"}
# leads on to a list; made by a swap, which the walk of a clerk carries out
ELSEWHERE = {"archives.start", "archive_swaps.one"}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A station with one of each thing."""
    running = Site(tmp_path_factory.mktemp("full") / "home")
    with running.writing() as c:
        seed_area.seed_area(c)
        seed_rooms.seed_rooms(c)
    seed_rooms.seed_by_desk(Station(running.home).desk())
    seed_rooms.seed_days(running.engine)
    yield running
    running.close()


@pytest.fixture(scope="module")
def addresses(full: Site) -> dict[str, str]:
    beside = Station(full.home)
    return reached(beside.app, beside.desk()).pages


def test_links_lead_to_every_page(full: Site, addresses: dict[str, str]) -> None:
    linked = {key.split()[0] for key in addresses}
    there = {
        rule.endpoint: rule.rule
        for rule in full.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not any(part in rule.rule for part in NO_PAGE)
    }
    assert {name: there[name] for name in there.keys() - linked - FILES - ELSEWHERE} == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_no_page_has_a_barrier_or_is_too_wide(
    language: str, theme: str, full: Site, addresses: dict[str, str], browser: Browser
) -> None:
    desk = Desk(browser, full.url, language, theme)
    desk.log_in()
    found = {path: wrong for path in addresses.values() if (wrong := _barriers(desk, path))}
    desk.close()
    assert found == {}
    assert desk.trouble == []


def _barriers(desk: Desk, path: str) -> list[str]:
    page = desk.go(path)
    wide = page.evaluate("document.documentElement.scrollWidth")
    told = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": LEVEL}).response["violations"]
    wrong = [f"{each['id']}: {each['nodes'][0]['html']}" for each in told]
    return wrong + ([f"{wide} wide"] if wide > SCREEN["width"] else [])
