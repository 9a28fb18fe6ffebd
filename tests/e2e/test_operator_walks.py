"""A browser at the real station: first login, terminal page, trip, executed as the relay read it back."""

from playwright.sync_api import expect

from hil.plugin import DEVICE
from tests.browser.site import Desk, chromium

NEW_PASSWORD = "First-Light-2026"
STEPS_MS = 30_000
WORDS = {
    "zh_CN": {"trip": "遥控跳闸", "executed": "已执行", "refused": "已拒绝"},
    "en": {"trip": "Remote trip", "executed": "Executed", "refused": "Refused"},
}


def _trip(desk, round_no, state):
    page = _filled(desk, round_no)
    page.click("aside button.main")
    expect(page.locator("#p-command .badge")).to_have_text(state, timeout=STEPS_MS)


def _trip_guaranteed(desk, round_no, state):
    """It needs a second person; who does it at once as an emergency is still refused by the terminal."""
    guarantee = desk.go(f"/terminals/{DEVICE}").locator("#p-guarantee .badge")
    expect(guarantee).to_have_text("On", timeout=STEPS_MS)
    page = _filled(desk, round_no)
    page.fill("#reason", "the transformer burns")
    page.click("details summary")
    page.click('button[name="emergency"]')
    page.wait_for_url("**/approvals/*")
    page.click(f'a[href^="/terminals/{DEVICE}/commands/"]')
    expect(page.locator("#p-command .badge")).to_have_text(state, timeout=STEPS_MS)


def _filled(desk, round_no):
    """The preview of a trip, confirmed but not sent."""
    page = desk.go(f"/terminals/{DEVICE}")
    expect(page.locator("#p-power .big").first).to_be_visible()
    page.click(f'a[href="/terminals/{DEVICE}/commands/new/trip"]')
    page.check(f'input[name="rounds"][value="{round_no}"]')
    page.fill("#delay_min", "0")
    page.click("aside button.main")
    page.fill("#typed", DEVICE)
    return page


def test_operator_trips_and_sees_what_the_relay_says(rig):
    rig.world.ask(recloses_after_s=None)
    password = rig.station.one_time_password()
    with chromium() as browser:
        desk = Desk(browser, rig.station.url, "zh_CN", "dark")
        desk.first_log_in(password, NEW_PASSWORD)
        _trip(desk, 1, WORDS["zh_CN"]["executed"])
        assert rig.world.truth()["open"] == 0b001
        rounds = desk.go(f"/terminals/{DEVICE}").locator("#p-rounds tbody tr")
        expect(rounds.first.locator(".trip").first).to_be_visible(timeout=STEPS_MS)
        assert desk.trouble == []

        english = Desk(browser, rig.station.url, "en", "light")
        english.log_in(NEW_PASSWORD)
        _trip(english, 2, WORDS["en"]["executed"])
        assert rig.world.truth()["open"] == 0b011
        rig.guarantee(on=True)
        _trip_guaranteed(english, 3, WORDS["en"]["refused"])
        assert rig.world.truth()["tripped"] == 0
        assert english.trouble == []
