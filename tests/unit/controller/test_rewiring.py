"""Nobody pays for a change of the wiring: another multiplier, another member, a section that fell back."""

import pytest

from protocols.uplink import codes, messages, parameters
from tests.unit.controller.whole import Whole

ROW = [1, 1, 1, "123456789012", 9600, 0, 80, 2200, 5000, 4, 0, 0]
OTHER = [2, 1, 1, "000000000002", 9600, 0, 80, 2200, 5000, 4, 0, 0]
BOUGHT_WH = 100_000_000
ORDER = {
    "order": 1, "flag": codes.APPEND, "value_wh": BOUGHT_WH, "alarm_wh": 0, "trip_wh": 0, "rounds": 7,
}  # fmt: skip
SMALL_WH = 30_000  # of young meters: some MWh on the primary side look like use
SLACK_WH = 4000  # what a reading or two are worth


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.number = 0
        self.wh = {1: SMALL_WH, 2: SMALL_WH}
        self.whole = Whole(folder)

    def boot(self):
        self.whole.close()
        self.whole = Whole(self.folder)

    def run(self, seconds=130):
        """All meters answer each second; each uses 36 kWh an hour on the primary side."""
        for second in range(seconds):
            for point in self.whole.terminal.points.points:
                self.wh[point.no] += second % 8 == 0
                values = {8: 450 * 10, 320: self.wh[point.no]}
                for register in point.registers:
                    register.take(values, values[8])
                point.latest.put(values)
            self.whole.run()

    def do(self, kind, params):
        """As the gate does it."""
        self.number += 1
        commands = self.whole.terminal.gate._apply
        reason, entries, commit = commands(kind, params, self.number, 0)
        assert not reason, codes.REASONS[reason]
        self.whole.terminal.kv.put(entries)
        return commit

    def change(self, section, version, values):
        return self.do(messages.PARAMETERS, {"section": section, "version": version, "values": values})

    def left(self):
        return self.whole.terminal.controller.outputs.groups[0].remaining_wh


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    made.run(10)
    made.do(messages.PURCHASE, ORDER)()  # pyright: ignore[reportOptionalCall]
    made.run(10)
    yield made
    made.whole.close()


def used_up(site, seconds, points=1):
    before = site.left()
    site.run(seconds)
    return before - site.left() - seconds * 10 * points


CHANGES = {
    "multiplier": (parameters.POINTS, {1: [[*ROW[:6], 100, *ROW[7:]]]}),
    "member": (parameters.POINTS, {1: [ROW, OTHER]}),
    "address": (parameters.POINTS, {1: [OTHER]}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_points_costs_nothing(site, what):
    section, values = CHANGES[what]
    site.change(section, 1, values)()
    assert abs(used_up(site, 200)) <= SLACK_WH
    if what == "member":
        site.change(parameters.GROUPS, 1, {1: [[1, 1, 1, 0], [1, 2, 1, 0]]})()
        assert abs(used_up(site, 200, points=2)) <= SLACK_WH
        site.change(parameters.GROUPS, 2, {1: [[1, 2, 1, 0]]})()
        assert abs(used_up(site, 200)) <= SLACK_WH
    assert used_up(site, 400) > -SLACK_WH, "it goes on counting"
    assert "register_rebased" not in site.whole.names()


def test_nor_does_a_power_cut_between_journal_and_effect(site):
    section, values = CHANGES["multiplier"]
    before = site.left()
    site.change(section, 1, values)
    site.boot()
    site.run(200)
    assert abs(before - site.left() - 2000) <= SLACK_WH


def test_nor_a_section_that_cannot_be_read_any_more(site):
    section, values = CHANGES["multiplier"]
    site.change(section, 1, values)()
    site.run(70)
    before = site.left()
    site.whole.terminal.kv.put({f"set{parameters.POINTS}": b"\x00", f"old{parameters.POINTS}": None})
    site.boot()
    assert parameters.POINTS in site.whole.terminal.settings.lost
    site.run(200)
    assert abs(before - site.left() - 2000) <= SLACK_WH
