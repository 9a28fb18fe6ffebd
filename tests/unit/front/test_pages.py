"""What the pages say, which there are, and that both runtimes and both languages agree."""

import datetime
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.front import pages
from firmware.front.words import Words
from tests.conftest import ROOT
from tests.unit.front.views import LOCAL_S, every_page, full, group, outputs, view

FRONT = ROOT / "firmware" / "front"
ZH = Words("zh")


def cells(line):
    return sum(1 if c < "\x80" else 2 for c in line)


def page(name, changed, language=ZH, item=0):
    found = pages.facts(changed)
    assert (name, item) in pages.visible(found)
    return [line.decode() for line in pages.lines(found, (name, item), language, 20)]


def shows(changed):
    visible = pages.visible(pages.facts(changed))
    return visible[pages.first(visible)][0]


def test_both_runtimes_make_the_same_pages(run_micropython):
    done = run_micropython(ROOT / "tests/unit/front/views.py", heap="192K")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told == [[name, lines] for language in ("zh", "en") for name, lines in every_page(language)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_line_is_wider_than_the_display_and_none_is_left_unfilled(language):
    for name, lines in every_page(language):
        assert len(lines) > 1, name
        assert max(map(cells, lines)) <= 20, name
        assert "{" not in "".join(lines), name


def test_the_overview_tells_energy_power_setpoint_and_state():
    assert page("overview", view()) == [
        "用电概况",
        "功率 231.45 kW",
        "定值 200.00 kW",
        "剩余 12345.67 kWh",
        "本月 98765.43 kWh",
        "控制 时段控",
        "状态 正常",
    ]


def test_what_is_not_known_is_two_dashes_and_never_a_zero():
    lines = page("overview", view(outputs=outputs(groups=(group(power_w=None, setpoint_w=None),))))
    assert lines[1:3] == ["功率 -- kW", "定值 -- kW"]


def test_an_alarm_tells_round_seconds_control_and_what_to_do():
    lines = page("alarm", view(outputs=outputs(alarm=2), alarms=[(2, 3, 65)]))
    assert lines[1] == "第2轮 1:05 后跳闸"
    assert "原因 购电控" in lines
    assert lines[-1] == "请尽快购电。"


def test_a_trip_tells_why_since_when_and_what_to_do():
    tripped = view(outputs=outputs(tripped=4), trips=[(3, 1, LOCAL_S)], open=4)
    assert page("tripped", tripped) == [
        "已跳闸",
        "第3轮 07-01 14:05",
        "　原因 遥控跳闸",
        "开关已断开 3",
        "请等待主站允许合闸。",
    ]
    assert page("tripped", tripped, Words("en"))[1:3] == ["Round 3 07-01 14:05", " remote trip"]


def test_money_of_a_debt_keeps_its_sign_and_is_not_made_larger():
    poor = view(outputs=outputs(groups=(group(remaining_wh=None, remaining_yuan_e4=-1234567),)))
    assert "余额 -123.45 元" in page("overview", poor)


def test_an_account_that_is_empty_is_shown_and_one_that_is_not_there_is_not():
    empty = view(outputs=outputs(groups=(group(remaining_wh=0, remaining_yuan_e4=None),)))
    assert "剩余 0.00 kWh" in page("overview", empty)
    assert not [line for line in page("overview", empty) if line.startswith("余额")]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "overview"),
        ({"reminder": "请缴费"}, "reminder"),
        ({"reminder": "请缴费", "outputs": outputs(tripped=1), "trips": [(1, 1, None)]}, "tripped"),
        ({"outputs": outputs(tripped=1, permitted=2)}, "permitted"),
        ({"outputs": outputs(tripped=1, permitted=2, alarm=4)}, "alarm"),
        ({"outputs": outputs(alarm=4), "code": "0001"}, "test"),
    ],
)
def test_what_matters_most_shows_by_itself(changed, name):
    assert shows(view(**changed)) == name


def test_each_message_has_its_page_and_an_important_one_its_title():
    found = pages.facts(full())
    assert [p for p in pages.visible(found) if p[0] == "message"] == [("message", 0), ("message", 1)]
    assert page("message", full())[0] == "重要信息 1"
    assert page("message", full(), item=1)[0] == "信息 3"


def test_controls_that_are_not_enabled_are_not_listed():
    text = "\n".join(page("controls", full()))
    assert "厂休控" not in text  # idle, not enabled
    assert "报停控 2组" in text  # enabled, before its start
    assert "未到开始日期" in text
    assert page("controls", view()) == ["控制状态", "无控制投入"]


def template_fields(path):
    """{section: its lines' list marks and fields, in order}, without the words."""
    out = {}
    for part in path.read_text(encoding="utf-8").split("\n=")[1:]:
        name, *lines = part.splitlines()
        if name not in ("words", "help"):
            out[name] = [f for line in lines for f in re.findall(r"^[*!]\w+|(?:^|(?<= ))\?|\{[^}]*\}", line)]
    return out


def test_languages_have_the_same_pages_fields_and_words():
    zh, en = FRONT / "zh.txt", FRONT / "en.txt"
    assert template_fields(zh) == template_fields(en)
    words = [
        re.findall(r"(?m)^(\w+\d+) ", p.read_text(encoding="utf-8").split("\n=words\n")[1]) for p in (zh, en)
    ]
    assert words[0] == words[1]
    assert len(words[0]) == len(set(words[0])) > 50


def test_every_reason_of_a_control_has_words():
    codes = (
        (ROOT / "protocols/uplink/codes.py").read_text(encoding="utf-8").split("# why an enabled control")[1]
    )
    numbers = re.findall(r'"(\d+) ', codes.split("REASON_NO")[0])
    assert len(numbers) >= 15
    for number in numbers:
        assert ZH.word("reason", int(number)) != number


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_word_is_found(language):
    text = (FRONT / f"{language}.txt").read_text(encoding="utf-8").split("\n=words\n")[1]
    for form, number, word in re.findall(r"(?m)^([a-z]+)(\d+) (.*)$", text):
        assert Words(language).word(form, int(number)) == word


def test_a_number_without_words_is_shown_as_it_is():
    assert ZH.word("reason", 999) == "999"
    assert ZH.section("nothing") == []


@given(st.integers(0, 4_102_444_800))
def test_moments_are_those_of_the_calendar(t_s):
    then = datetime.datetime.fromtimestamp(t_s, datetime.UTC)
    assert pages.moment(t_s) == (then.year, then.month, then.day, then.hour, then.minute, then.second)


@given(st.text(alphabet="ab 1，。电力\n", max_size=120), st.integers(4, 40))
def test_wrapping_loses_nothing_but_blanks_and_keeps_the_width(text, width):
    lines = [line.decode() for line in pages.wrap(text, width)]
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")


@given(st.text(max_size=60), st.integers(4, 40))
def test_any_text_of_the_station_can_be_wrapped(text, width):
    for line in pages.wrap(text, width):
        line.decode()


def test_lines_break_at_blanks_and_marks_do_not_begin_one():
    assert pages.wrap("Close the switch now", 12) == [b"Close the", b"switch now"]
    assert [x.decode() for x in pages.wrap("请立即减少负荷，谢谢", 14)] == ["请立即减少负", "荷，谢谢"]


def test_a_very_long_page_is_bounded():
    long = view(messages=[(1, 0, "电" * 5000)])
    assert len(page("message", long)) == pages.MAX_LINES
