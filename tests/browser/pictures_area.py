"""Pictures of a concentrator's pages and forms: `python -m tests.browser.pictures_area OUT`."""

import sys
import tempfile
import time
from pathlib import Path

from protocols.lines import dlt645
from protocols.uplink import area
from station.area import life, rows
from station.provisioning import add_device, area_of
from station.store import commands
from tests.browser.pictures import LOOKS, settle
from tests.browser.seed_area import DEVICE, METERS, answer, now_area, put_reads, put_reply, seed_area, table
from tests.browser.site import SCREEN, Desk, Site, chromium

PAGE = f"/areas/{DEVICE}"
ADDRESS = table()[6]["address"]
NARROW = {"width": 390, "height": 844}
EMPTY = "TQ-0032"


def changed_table() -> str:
    """The archive with new, changed and missing rows."""
    many = table()[:-3] + [
        {**table()[0], "meter": 200 + n, "address": f"{202699000000 + n:012d}", "name": "新户"}
        for n in range(6)
    ]
    many[3] = many[3] | {"name": "赵敏", "tariff": 2}
    many[8] = many[8] | {"address": "202688000001"}
    return rows.write(many, chinese=True)


FAULTY = """\
序号,表地址,端口,预付费,户名
1,20260001,1,1,张
1,20260002,7,x,李
2,2026A,1,0,王
3,5,1
5,20260001,1,0,钱
"""


def commands_of(site: Site) -> dict[str, int]:
    """A patrol under way, one answered frame, one that a power cut took, a search."""
    at = int(time.time())
    with site.writing() as c:
        made = {}
        point = {"point": 320, "first": 1, "last": METERS}
        made["patrol"] = life.send(c, DEVICE, area.PATROL, point, "admin")
        asked = {"line": 1, "data": dlt645.read(ADDRESS, 0x00010000), "wait_ms": 2000, "urgent": 0}
        made["forward"] = life.send(c, DEVICE, area.FORWARD, asked, "admin")
        made["forward-cut"] = life.send(c, DEVICE, area.FORWARD, asked, "admin")
        made["search"] = life.send(c, DEVICE, area.SEARCH, {"line": 0}, "admin")
        for number in made.values():
            for state in ("sent", "executed"):
                commands.move(c, DEVICE, number, state, at)
        put_reads(c, made["patrol"], range(1, 90), at)
        put_reply(c, made["forward"], answer(ADDRESS), at)
        put_reply(c, made["forward-cut"], b"", at, 10)
    return made


def working(site: Site, made: dict[str, int]) -> None:
    told = now_area()
    told[8] = [[made["patrol"], 74, 15, METERS], [made["search"], 31, 0, 100]]
    site.report(DEVICE, area=told)


FORMS = {
    "patrol": {},
    "forward": {"line": "1", "data": dlt645.read(ADDRESS, 0x00010000).hex(" ").upper()},
    "resend": {"from_s": "2026-11-20", "until_s": "2026-11-22"},
    "search": {},
    "meter_order": {"meter": "7", "address": ADDRESS, "value": "50"},
    "meter_switch": {"meter": "5", "address": table()[4]["address"], "want": "1"},
    "meter_replaced": {"meter": "7", "address": ADDRESS, "new_address": "202688000007", "old_wh": "4000.12"},
    "meter_guarantee": {"meter": "7", "address": ADDRESS},
}


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        site = Site(Path(home))
        with site.writing() as c:
            seed_area(c)
            add_device(c, EMPTY, "admin", name="新建台区", rounds=1, area=area_of(["1:9600:8E1"], [b"\xa0"]))
        made = commands_of(site)
        desks = [(f"{lang[:2]}-{theme}", lang, theme, SCREEN) for lang, theme in LOOKS]
        desks += [("zh-light-390", "zh_CN", "light", NARROW), ("en-dark-390", "en", "dark", NARROW)]
        for look, language, theme, size in desks:
            desk = Desk(browser, site.url, language, theme)
            desk.page.set_viewport_size(size)  # type: ignore[arg-type]
            desk.log_in()

            def shoot(name: str, desk: Desk = desk, look: str = look) -> None:
                working(site, made)
                settle(desk)
                wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                cut = desk.page.evaluate(
                    """[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1)
                    .map(c => c.id || c.innerText.slice(0, 40))"""
                )
                if wide > 0 or cut:
                    print("WIDE", look, name, wide, cut)
                desk.page.screenshot(path=out / f"{name}-{look}.png", full_page=True)

            pages = {"area": PAGE, "area-empty": f"/areas/{EMPTY}", "meter": f"{PAGE}/meters/12"}
            pages |= {"archive": f"{PAGE}/archive", "archive-empty": f"/areas/{EMPTY}/archive"}
            pages |= {f"told-{k}": f"/terminals/{DEVICE}/commands/{n}" for k, n in made.items()}
            for name, path in pages.items():
                working(site, made)
                desk.go(path)
                shoot(name)
            for name, text in (("faults", FAULTY), ("preview", changed_table())):
                page = desk.go(f"{PAGE}/archive")
                page.set_input_files(
                    "#file", {"name": "台区.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}
                )
                page.click("form[enctype] button.main")
                page.wait_for_selector("#h-faults" if name == "faults" else "#h-changes")
                shoot(f"archive-{name}")
            for kind, filled in FORMS.items():
                asked = "&".join(f"{k}={v}" for k, v in filled.items() if k in ("meter", "address", "want"))
                page = desk.go(f"/terminals/{DEVICE}/commands/new/{kind}?{asked}")
                for name, text in filled.items():
                    if name in ("line", "want"):
                        page.select_option(f"#{name}", text)
                    elif name not in ("meter", "address"):
                        page.fill(f"#{name}", text)
                shoot(f"form-{kind}")
                page.click("aside button.main")
                page.wait_for_selector('input[name="token"]', state="attached")
                shoot(f"preview-{kind}")
            print(look, *(desk.trouble or ["no trouble"]), sep="\n  ")
            desk.close()
        site.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
