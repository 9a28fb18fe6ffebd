"""`loadkeeper rehearse` from outside: lines, exit codes, failed expectations, the picture."""

import json
import re
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from station.cli import rehearse as door
from station.cli.main import cli

SVG = "{http://www.w3.org/2000/svg}"
STORY = """\
name: 试验 A <test> & more
start: 2026-09-21 08:00
duration: 35 min
rounds: [{sheds: 20 kW}, {sheds: 20 kW, closes: 2 min}]
load: 120 kW
script:
  - {at: start, trip: {rounds: [1, 2], delay_s: 2 min, limit_s: 20 min}}
  - {at: +5 min, guarantee: {on: no, duration_s: 0}}
  - {at: +6 min, trip: {rounds: [3], delay_s: 0, limit_s: 0}}
  - {at: +30 min, guarantee: {on: yes, duration_s: 0}}
"""
HOLDS = """\
expect:
  - {at: +4 min, event: remote_trip, rounds: [1, 2], power_before_w: 120 kW, power_after_w: 80 kW}
  - {at: +6 min, command: trip, answer: refused, reason: no_such_round}
  - {at: +22 min, event: close_permitted, rounds: [1, 2]}
  - {at: +22 min, shows: {tripped: [], permitted: [1, 2], open: [1, 2]}}
  - {times: 1, event: remote_trip_alarm}
  - {from: +1 min, until: +2 min, never: any}
"""


@pytest.fixture
def run(tmp_path):
    def run(text, *options):
        (tmp_path / "story.yaml").write_text(text, encoding="utf-8")
        return CliRunner().invoke(cli, ["rehearse", str(tmp_path / "story.yaml"), *options])

    return run


def test_every_line_is_json_in_order_of_time_with_whole_numbers(run):
    done = run(STORY + HOLDS)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line, parse_float=pytest.fail) for line in done.stdout.splitlines()]
    assert [row["t_s"] for row in rows] == sorted(row["t_s"] for row in rows)
    assert all(list(row)[:2] == ["t_s", "at"] for row in rows)
    assert {list(row)[2] for row in rows} == {"command", "event", "output", "world"}
    assert {"t_s": 1789948920, "at": "2026-09-21 08:02:00", "output": "tripped", "rounds": [1, 2]} in rows


def test_only_changes_are_told(run):
    shown = [json.loads(line) for line in run(STORY).stdout.splitlines() if '"output"' in line]
    last = {}
    for row in shown:
        which = (row["output"], row.get("control"), row.get("group"))
        assert last.get(which) != {**row, "t_s": 0, "at": ""}
        last[which] = {**row, "t_s": 0, "at": ""}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            "{at: +4 min, event: remote_trip, power_after_w: 81 kW}",
            ["power_after_w 81000", '"power_after_w": 80000'],
        ),
        (
            "{at: +5 min, event: remote_trip}",
            ["2026-09-21 08:05:00: event 1 x remote_trip", '"at": "2026-09-21 08:04:00"'],
        ),
        ("{at: start, event: clock_set}", ["clock_set", "nothing of this name"]),
        ("{times: 2, event: remote_trip}", ["2 x remote_trip", '"ago_s": 120']),
        ("{until: +5 min, never: [remote_trip]}", ["never remote_trip", '"event": "remote_trip"']),
        ("{never: any}", ["any event", "(and "]),
        (
            "{at: +3 min, shows: {tripped: [1], alarm: [], remote: alarm}}",
            ["+ tripped 1 2, remote post_trip none"],
        ),
        ("{at: +6 min, command: trip, answer: executed}", ["answer executed", '"answer": "refused"']),
        ("{at: +40 min, shows: {tripped: [1]}}", ["+ nothing"]),
    ],
)
def test_a_failed_expectation_gives_exit_1_and_what_came_instead(run, wrong, said):
    done = run(STORY + HOLDS + f"  - {wrong}\n")
    assert done.exit_code == 1
    assert re.search(r"story\.yaml:18: expect\[7\]\n    - 2026-09-21 08:", done.stderr), done.stderr
    assert all(part in done.stderr for part in said), done.stderr
    assert "1 of 7 expectations do not hold" in done.stderr


def test_a_bad_scenario_gives_exit_2_and_no_timeline(run):
    done = run(STORY.replace("delay_s", "delay"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "story.yaml:7: script[1].trip.delay: no such field; allowed: rounds, delay_s" in done.stderr
    assert "Traceback" not in done.output


def test_a_scenario_that_is_not_there_gives_exit_2(tmp_path):
    done = CliRunner().invoke(cli, ["rehearse", str(tmp_path / "none.yaml")])
    assert done.exit_code == 2
    assert "No such file" in done.stderr


def test_a_long_rehearsal_says_how_far_it_is(run, monkeypatch):
    monkeypatch.setattr(door, "PATIENCE_S", -1)
    done = run(STORY.replace("35 min", "2 h"))
    assert "56 % of 7200 s rehearsed" in done.stderr
    assert "rehearsed" not in done.stdout


def test_the_picture_is_well_formed_and_holds_what_it_is_for(run, tmp_path):
    done = run(STORY + HOLDS, "--svg", str(tmp_path / "out.svg"))
    assert done.exit_code == 0, done.output
    text = (tmp_path / "out.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert "试验 A <test> & more" in words
    for label in ("负荷 Load", "轮次 Round 2", "保电 Guarantee", "时间 Time", "08:00", "08:30", "2026-09-21"):
        assert label in words, label
    assert any(word.startswith("遥控跳闸 Remote trip · 被拒绝 Refused") for word in words)
    bars = [node.text for node in root.iter(f"{SVG}title")]
    assert bars.count("跳闸 Tripped 08:02:00 – 08:22:00") == 2
    assert bars.count("告警 Alarm 08:00:00 – 08:02:00") == 2
    assert "保电 Guaranteed 08:30:00 – 08:35:00" in bars
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    inside(root)


def inside(root):
    width, height = int(root.get("width")), float(root.get("height"))
    for node in root.iter(f"{SVG}rect"):
        if node.get("x") and node.get("patternUnits") is None:
            assert 0 <= float(node.get("x")) <= float(node.get("x")) + float(node.get("width")) <= width
            assert 0 <= float(node.get("y")) <= height
    for node in root.iter(f"{SVG}text"):
        assert 0 <= float(node.get("y")) <= height


def test_a_curve_of_every_second_stays_a_small_picture(run, tmp_path):
    rows = "".join(f"{t_s},{100000 + t_s * 7919 % 30000}\n" for t_s in range(7200))
    (tmp_path / "noise.csv").write_text(rows)
    story = STORY.replace("load: 120 kW", "load: {file: noise.csv}").replace("35 min", "2 h")
    assert run(story, "--svg", str(tmp_path / "out.svg")).exit_code == 0
    assert (tmp_path / "out.svg").stat().st_size < 150_000


def test_a_picture_that_cannot_be_written_gives_exit_2(run, tmp_path):
    done = run(STORY, "--svg", str(tmp_path / "no" / "out.svg"))
    assert done.exit_code == 2
    assert "No such file" in done.stderr
