"""Keys, time-outs and what takes over, with a screen that keeps the lines; and what is remembered."""

import asyncio
import sys
import types

import pytest

from firmware.front import panel
from firmware.hal import fake
from tests.unit.front.views import LOCAL_S, outputs, view

MONITOR, ALARM, TRIPPED = 1, 2, 4


class Screen:
    """Takes the place of firmware.front.screen.Screen."""

    cells, rows = 20, 8
    shown: list

    def __init__(self, display):
        Screen.shown = []

    async def draw(self, lines, foot, linked):
        Screen.shown = [line.decode() for line in lines]
        Screen.foot = foot.decode()


class Person:
    """Runs the front for some seconds of the fake clock, with keys pressed on the way."""

    def __init__(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "firmware.front.screen", types.SimpleNamespace(Screen=Screen))
        monkeypatch.setattr(asyncio, "sleep_ms", self._sleep, raising=False)
        self.board = fake.Board("unused")
        self.board.display = fake.Display()
        self.now = view()
        self.front = panel.Front(self.board, lambda: dict(self.now))
        self._task = self.front.run()

    async def _sleep(self, ms):
        self.board.clock.advance(ms)

        class Once:
            def __await__(self):
                yield

        await Once()

    def wait(self, seconds):
        for _ in range(seconds * 5):
            self._task.send(None)
        return Screen.shown[0]

    def close(self):
        self._task.close()

    def press(self, *keys):
        self.board.pressed = list(keys)
        return self.wait(1)

    def changes(self, **changed):
        self.now = view(**changed)
        self.front.watch(self.now["outputs"], 100, LOCAL_S)


@pytest.fixture
def person(monkeypatch):
    it = Person(monkeypatch)
    yield it
    it.close()


def test_the_overview_shows_first_and_the_foot_tells_where_one_is(person):
    assert person.wait(1) == "用电概况"
    assert Screen.foot == "1/8         14:05"


def test_keys_leaf_in_both_directions_and_round(person):
    person.wait(1)
    assert person.press("down") == "控制状态"
    assert person.press("down") == "电量电费"
    assert person.press("up") == "控制状态"
    assert person.press("up", "up") == "时钟与版本"
    assert person.press("down") == "用电概况"
    assert person.press("down", "down") == "电量电费"
    assert person.press("back") == "用电概况"


def test_after_a_minute_without_a_key_the_first_page_is_back(person):
    person.wait(1)
    assert person.press("down") == "控制状态"
    assert person.wait(55) == "控制状态"
    assert person.wait(8) == "用电概况"


def test_ok_keeps_a_page(person):
    person.wait(1)
    person.press("down")
    person.press("ok")
    assert person.wait(300) == "控制状态"
    assert person.wait(310) == "用电概况"


def test_an_alarm_takes_over_from_a_page_somebody_reads_and_can_be_left(person):
    person.wait(1)
    person.press("down")
    person.changes(outputs=outputs(alarm=1, controls=((2, ALARM, 0, 1),)))
    assert person.wait(2) == "！跳闸告警！"
    assert "原因 时段控" in Screen.shown
    assert person.press("down") != "！跳闸告警！"
    person.changes(outputs=outputs(alarm=3, controls=((2, ALARM, 0, 1),)))
    assert person.wait(2) == "！跳闸告警！"  # another round: told anew
    person.changes(outputs=outputs())
    assert person.wait(2) == "用电概况"


def test_a_page_that_is_gone_gives_way_to_the_first(person):
    person.changes(messages=[(1, 0, "停电通知")])
    person.wait(1)
    assert person.press("down") == "信息 1"
    person.changes()
    assert person.wait(2) == "用电概况"


def test_a_long_text_leafs_on_by_itself_and_by_key(person):
    text = "第一页" + "电" * 120 + "完"
    person.changes(reminder=text, outputs=outputs())
    seen = {person.wait(1) and Screen.shown[1][:3] for _ in range(20)}
    assert len(seen) == 2
    person.press("ok")
    first = Screen.shown[1:]
    person.press("down")
    assert Screen.shown[0] == "缴费提醒"
    assert Screen.shown[1:] != first
    assert person.press("down") != "缴费提醒"


def test_a_clock_that_is_not_trusted_is_not_shown(person):
    person.changes(local_s=None)
    person.wait(1)
    assert Screen.foot.endswith("--:--")


def test_the_time_to_a_trip_runs_down(person):
    front = person.front
    front.watch(outputs(), 100, LOCAL_S)
    front.note("power_control_alarm", {"rounds": 4, "control": 2, "alarm_s": 60})
    front.watch(outputs(alarm=4), 130, LOCAL_S + 30)
    person.now = view(outputs=outputs(alarm=4))
    assert front.view()["alarms"] == [(3, 2, 30)]
    front.watch(outputs(), 131, LOCAL_S + 31)
    person.now = view()
    assert front.view()["alarms"] == []


def test_an_alarm_from_before_the_start_has_no_seconds(person):
    person.changes(outputs=outputs(alarm=2, controls=((3, ALARM, 0, 1),)))
    assert person.front.view()["alarms"] == [(2, 3, None)]


def test_since_when_and_by_what_each_round_is_tripped(person):
    front = person.front
    calm = ((2, MONITOR, 0, 1), (3, MONITOR, 0, 1))
    front.watch(outputs(controls=calm), 100, LOCAL_S)
    front.watch(outputs(tripped=1, controls=((2, MONITOR, 0, 1), (3, TRIPPED, 0, 1))), 101, LOCAL_S + 1)
    front.watch(outputs(tripped=5, controls=((2, 3, 0, 1), (3, TRIPPED, 0, 1))), 160, LOCAL_S + 60)
    assert front.view()["trips"] == [(1, 3, LOCAL_S + 1), (3, 2, LOCAL_S + 60)]
    front.watch(outputs(tripped=4), 200, LOCAL_S + 100)
    assert front.view()["trips"] == [(3, 2, LOCAL_S + 60)]


def test_a_round_tripped_before_the_start_has_no_since(person):
    person.front.watch(outputs(tripped=2, controls=((1, TRIPPED, 0, 0),)), 5, LOCAL_S)
    assert person.front.view()["trips"] == [(2, 1, None)]


def test_the_last_events_are_kept_short_and_few(person):
    for number in range(40):
        person.front.note("input_changed", {"inputs": number, "error": "x" * 200})
    assert len(person.front.recent) == panel.RECENT
    assert all(len(text) <= panel.RECENT_MAX for _local_s, text in person.front.recent)
    assert person.front.recent[-1][1].startswith("input_changed error=xxx")
