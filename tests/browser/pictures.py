"""Pictures of every page and dialog: `python -m tests.browser.pictures OUT [--docs]`."""

import sys
import tempfile
import time
from pathlib import Path

from tests.browser import seed_area, seed_rooms
from tests.browser.crawl import reached
from tests.browser.seed import alive
from tests.browser.seed_profiles import signed
from tests.browser.site import SCREEN, Desk, Site, chromium
from tests.unit.web.conftest import Station

DEVICE, METERED = "DF-FOUNDRY-01", "LJ-STEEL-06"  # the second has profiles in its slots
LOOKS = (("zh_CN", "light"), ("zh_CN", "dark"), ("en", "light"), ("en", "dark"))
PAGES = {
    "overview": "/",
    "overview-empty": "/?queue=gaps&q=nothing",
    "terminal": f"/terminals/{DEVICE}",
    "terminal-never": "/terminals/NEW-07",
    "terminal-mismatch": "/terminals/HX-TEXTILE-04",
    "terminal-offline": "/terminals/BS-CEMENT-03",
    "events": f"/terminals/{DEVICE}/events",
    "terminal-profiles": f"/terminals/{METERED}",
    "profiles": f"/terminals/{METERED}/profiles",
    "station": "/station",
    "command-executed": f"/terminals/{DEVICE}/commands/1",
    "command-refused": f"/terminals/{DEVICE}/commands/3",
    "password": "/password",
    "not-found": "/nothing-here",
} | {
    f"draft-{kind}": f"/terminals/{DEVICE}/commands/new/{kind}"
    for kind in (
        "trip",
        "permit_close",
        "period_plan",
        "purchase",
        "guarantee",
        "down_float",
        "factory_rest",
        "profile",
    )
}
AREA = {  # of a concentrator that is seeded here and not for every test
    "area": f"/areas/{seed_area.DEVICE}",
    "area-meter": f"/areas/{seed_area.DEVICE}/meters/2",
}
BESIDE = {"overview.page", "overview.problems", "auth.password", "command.draft"}  # stand above
DOCS = {  # what the documentation shows: (page, look)
    ("overview", "zh-dark"),
    ("overview", "en-light"),
    ("terminal", "zh-light"),
    ("terminal", "en-dark"),
    ("draft-period_plan", "zh-dark"),
    ("area", "zh-light"),
    ("area-meter", "en-dark"),
} | {
    (name, look)
    for name in (
        "alarms-page",
        "duty-one",
        "approvals-one",
        "collection-task",
        "collection_days-page",
        "fieldwork-one",
        "stock-page",
        "staff-one",
    )
    for look in ("zh-light", "en-light")
}
DOCS_HIGH = 1550  # of a longer page the documentation shows the beginning
DIALOGS = {  # what is filled in before the preview
    "trip": {"checks": ["rounds=1", "rounds=2"], "fills": {"delay_min": "2"}},
    "permit_close": {"checks": ["rounds=1"], "fills": {}},
    "period_plan": {"checks": [], "fills": {"float_pct": "-5", "periods-1-setpoint_kw": "150"}},
    "purchase": {"checks": [], "fills": {"value_kwh": "5000", "alarm_kwh": "3000", "note": "十二月预购"}},
    "guarantee": {"checks": [], "fills": {}},
    "down_float": {"checks": [], "fills": {"safety_w": "60"}},
}


def settle(desk: Desk) -> None:
    for chart in desk.page.query_selector_all("[data-chart]"):
        desk.page.wait_for_function("element => element.dataset.drawn", arg=chart)
    if desk.page.query_selector("[data-link]"):
        desk.page.wait_for_selector('[data-link="live"], [data-link="poll"]')
    desk.page.wait_for_timeout(250)


def shoot(desk: Desk, out: Path, name: str, most: int = 1 << 14) -> None:
    settle(desk)
    high = desk.page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": SCREEN["width"], "height": min(high, most)}
    desk.page.screenshot(path=out / f"{name}.png", full_page=True, clip=clip)  # type: ignore[arg-type]


def dialog(site: Site, desk: Desk, out: Path, kind: str, look: str) -> None:
    with site.writing() as c:
        alive(c, int(time.time()))
    entered = DIALOGS[kind]
    page = desk.go(f"/terminals/{DEVICE}/commands/new/{kind}")
    for check in entered["checks"]:
        name, value = check.split("=")
        page.check(f'input[name="{name}"][value="{value}"]')
    for name, text in entered["fills"].items():
        page.fill(f'[name="{name}"]', text)
    page.click("aside button.main")
    shoot(desk, out, f"preview-{kind}-{look}")


def package(desk: Desk, out: Path, look: str) -> None:
    """Preview of a package, and one that is refused."""
    for name, data in (("preview", signed("abb-b23")), ("faulty", b"{}")):
        page = desk.go(PAGES["profiles"])
        page.set_input_files("#file", {"name": "abb.lkp", "mimeType": "", "buffer": data})
        page.select_option("#slot", "2")
        page.click("aside button.main")
        shoot(desk, out, f"{name}-package-{look}")


def faulty(desk: Desk, out: Path, look: str) -> None:
    page = desk.go(f"/terminals/{DEVICE}/commands/new/period_plan")
    page.fill('[name="periods-0-setpoint_kw"]', "lots")
    page.fill('[name="slide_s"]', "99999")
    page.fill('[name="alarm_s-1"]', "")
    page.click("aside button.main")
    shoot(desk, out, f"faulty-period_plan-{look}")


def rooms(site: Site) -> dict[str, str]:
    """{name: address} of the pages that links lead to, beside those above."""
    beside = Station(site.home)
    found = reached(beside.app, beside.desk()).pages
    return {
        key.replace(".", "-").replace(" ", "-"): address
        for key, address in found.items()
        if key.split()[0] not in BESIDE
    }


def main(out: Path, docs: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        site = Site(Path(home))
        with site.writing() as c:
            seed_area.seed_area(c)
            seed_rooms.seed_rooms(c)
        seed_rooms.seed_by_desk(Station(site.home).desk())
        seed_rooms.seed_days(site.engine)
        pages = PAGES | AREA | rooms(site)
        for language, theme in LOOKS:
            desk, look = Desk(browser, site.url, language, theme), f"{language[:2]}-{theme}"
            desk.go("/login")
            if not docs:
                shoot(desk, out, f"login-{look}")
            desk.log_in()
            for name, path in pages.items():
                if (name, look) in DOCS or not docs:
                    with site.writing() as c:
                        alive(c, int(time.time()))
                    desk.go(path)
                    shoot(desk, out, f"{name}-{look}", *([DOCS_HIGH] if docs else []))
            if not docs:
                for kind in DIALOGS:
                    dialog(site, desk, out, kind, look)
                faulty(desk, out, look)
                package(desk, out, look)
            print(look, *(desk.trouble or ["no trouble"]), sep="\n  ")
            desk.close()
        site.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--docs" in sys.argv[2:])
