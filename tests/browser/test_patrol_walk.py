"""A clerk reads the meters of a list now, sees why some failed, asks these again, and stops it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from protocols.uplink import area
from station.collection import patrols
from station.store import area as areas
from station.store import commands, db, streams
from tests.browser import seed_area
from tests.browser.seed import EPOCH
from tests.browser.site import SCREEN, Desk, Site

WORDS = {
    "zh_CN": {"read": "召测", "count": "统计点数", "begin": "开始召测", "stop": "停止巡测"},
    "en": {
        "read": "Read now",
        "count": "Count the points",
        "begin": "Begin reading",
        "stop": "Stop the patrol",
    },
}
WORDS["zh_CN"] |= {"mute": "无应答", "failed": "失败"}
WORDS["en"] |= {"mute": "No answer", "failed": "failed"}
ENERGY = seed_area.ENERGY
DEAD = (seed_area.MISSING, 38)


def step(site: Site) -> list[dict[str, Any]]:
    """What the dispatcher does each second; the commands of patrols that are queued by then."""
    patrols.work(site.engine, db.now_s())
    with db.reading(site.engine) as c:
        return [each for each in commands.in_states(c, "queued") if each["kind"] == area.PATROL]


def answer(site: Site, command: dict[str, Any], upto: int, dead: tuple[int, ...]) -> None:
    """The concentrator takes a command and tells the first rows of it."""
    at = int(time.time())
    with site.writing() as c:
        number = command["command"]
        commands.move(c, seed_area.DEVICE, number, "sent")
        commands.move(c, seed_area.DEVICE, number, "executed", at)
        stream = streams.opened(c, seed_area.DEVICE, EPOCH, 2, at)
        place = {"stream_id": stream.id, "device": seed_area.DEVICE, "t_s": at, "command": number}
        told = [
            place
            | {
                "seq": 10_000 * number + meter,
                "meter": meter,
                "reason": int(meter in dead),
                "values": {} if meter in dead else {ENERGY: 5_000_000 + 1370 * meter},
            }
            for meter in range(command["params"]["first"], min(upto, command["params"]["last"]) + 1)
        ]
        areas.put(c, {area.READ: told})


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "light"), ("en", "dark")])
def test_meters_are_read_now_and_the_failed_ones_again(
    site: Site, sit: Callable[..., Desk], tmp_path: Path, language: str, theme: str
) -> None:
    words = WORDS[language]
    with site.writing() as c:
        seed_area.seed_area(c)
    desk = sit(language, theme)
    page = desk.log_in()

    def look(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], name
        page.screenshot(path=tmp_path / f"patrol-{name}-{language}-{theme}.png", full_page=True)

    desk.go(f"/areas/{seed_area.DEVICE}")
    page.click(f"a.button:text-is('{words['read']}')")
    page.wait_for_url("**/patrols/new?*")
    expect(page.locator("#list")).to_have_value(seed_area.DEVICE)
    page.fill("#list", f"{seed_area.DEVICE}\nNOBODY 1")
    page.click(f"text={words['begin']}")
    expect(page.locator("#list-error")).to_contain_text("NOBODY")
    look("refused")
    page.check("[name=without_wrong]")
    page.click(f"text={words['count']}")
    expect(page.locator(".flash")).to_contain_text("120")
    look("counted")
    page.click(f"text={words['begin']}")
    page.wait_for_url("**/patrols/1")
    rows = page.locator("#p-patrol_points tbody tr")
    expect(rows).to_have_count(50)

    (command,) = step(site)
    answer(site, command, 60, DEAD)
    step(site)
    expect(page.locator("#p-patrol_head")).to_contain_text("58")  # without a reload
    expect(rows.first).to_contain_text(words["mute"])
    look("running")
    page.click(f"#d-stop summary:has-text('{words['stop']}')")
    expect(page.locator("#d-stop button")).to_be_visible()

    answer(site, command, 120, DEAD)
    (rest,) = step(site)
    answer(site, rest, 120, DEAD)
    step(site)
    again = page.locator("#p-patrol_acts form button")
    expect(again).to_contain_text("2")
    expect(rows.first).to_contain_text(words["mute"])
    look("ended")
    page.click(f"#p-patrol_points nav a:has-text('{words['failed']}')")
    expect(rows).to_have_count(2)
    again.click()
    page.wait_for_url("**/patrols/1")
    commands_again = step(site)
    assert [each["params"]["first"] for each in commands_again] == [DEAD[0]]
    answer(site, commands_again[0], DEAD[0], ())
    step(site)
    expect(page.locator("#p-patrol_head")).to_contain_text("119")
    page.click("#d-stop summary")
    page.click("#d-stop button")
    step(site)
    page.reload()
    look("stopped")
    desk.go("/patrols")
    expect(page.locator("main tbody tr")).to_have_count(1)
    look("list")
