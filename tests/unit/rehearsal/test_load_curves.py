"""Loads from steps and from CSV files; a bad line is named by its number."""

import pytest

from station.rehearsal.tree import ScenarioError


def load_of(parse, tmp_path, text):
    (tmp_path / "load.csv").write_text(text, encoding="utf-8")
    return parse(load="load: {file: load.csv}").plain["points"][0]["load"]


def test_a_recorded_curve_by_local_time(parse, tmp_path):
    text = "\ufefftime,power_w\n2026-09-21 07:45,100000\n2026-09-21 07:59,110000\n\n08:05:30,95 kW\n"
    assert load_of(parse, tmp_path, text) == [[0, 110000], [330, 95000]]


def test_a_curve_by_seconds(parse, tmp_path):
    assert load_of(parse, tmp_path, "0,5\n60,7\n") == [[0, 5], [60, 7]]


def test_a_slot_without_a_value_is_no_reading_not_a_guess(parse, tmp_path):
    assert load_of(parse, tmp_path, "0,5\n60,\n120,6\n") == [[0, 5], [60, None], [120, 6]]


def test_a_curve_that_ends_before_the_start_holds_its_last_value(parse, tmp_path):
    assert load_of(parse, tmp_path, "2026-09-21 07:45,100000\n") == [[0, 100000]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,5\n60,many\n", "load.csv:2: load.file: 'many' is not a whole number"),
        ("time,power_w\n0,5\n60,1.5\n", "load.csv:3: load.file: '1.5' is not a whole number"),
        ("0,5\n60\n", "load.csv:2: load.file: 1 columns, not 2 (time, W)"),
        ("0,5\n60,1,2\n", "load.csv:2: load.file: 3 columns"),
        ("0,5\n60,1\n30,2\n", "load.csv:3: load.file: the times of a curve go forward"),
        ("0,5\n0,6\n", "load.csv:2: load.file: the times"),
        ("0,5\nsoon,6\n", "load.csv:2: load.file: 'soon' is not a time"),
        ("60,5\n", "load.csv:1: load.file: the curve begins after the start"),
        ("time,power_w\n", "load.csv has no rows"),
        ("", "load.csv has no rows"),
        ('0,5\n60,"7\n', "load.csv:2: load.file: "),
        ("0,5\n60,2000000000\n", "load.csv:2: load.file: at most 1000 MW"),
        ("0,\0\n", "load.csv"),
    ],
)
def test_a_bad_line_is_named_by_its_number(parse, tmp_path, text, message):
    with pytest.raises(ScenarioError) as refused:
        load_of(parse, tmp_path, text)
    assert message in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(parse, tmp_path):
    with pytest.raises(ScenarioError, match=r"test\.yaml:5: load\.file: no\.csv cannot be read"):
        parse(load="load: {file: no.csv}")
    (tmp_path / "bytes.csv").write_bytes(b"0,5\n\xff\xfe")
    with pytest.raises(ScenarioError, match=r"bytes\.csv is not UTF-8"):
        parse(load="load: {file: bytes.csv}")
    with pytest.raises(ScenarioError, match="cannot be read"):
        parse(load='load: {file: "a\\0b"}')


def test_steps_go_forward_and_begin_at_the_start(parse):
    steps = "load: [{at: start, power: 5 kW}, {at: +1 min, power: none}, {at: 08:02, power: 6 kW}]"
    assert parse(load=steps).plain["points"][0]["load"] == [[0, 5000], [60, None], [120, 6000]]
    for wrong in ("[{at: +1 s, power: 1}]", "[{at: start, power: 1}, {at: start, power: 2}]", "[]"):
        with pytest.raises(ScenarioError):
            parse(load=f"load: {wrong}")


def test_what_the_script_says_wins_over_the_curve(parse):
    story = parse(
        "script: [{at: +1 min, load: 7 kW}]", load="load: [{at: start, power: 1}, {at: +1 min, power: 2}]"
    )
    assert story.plain["points"][0]["load"] == [[0, 1], [60, 7000]]
