"""Panel, control port and responder are fed garbage: they count it, answer with a reason or stay silent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.panel import LINE_MAX, Outputs, PanelParser, parse
from hil.world import control


@pytest.mark.parametrize(
    ("line", "outputs"),
    [
        (b"O 1 2 4", Outputs(1, 2, 4)),
        (b"O ff 0 0", Outputs(255, 0, 0)),
        (b"O 1 2", None),
        (b"O 1 2 4 8", None),
        (b"I 1 2 4", None),
        (b"O -1 0 0", None),
        (b"O 1_1 0 0", None),
        (b"O 0x1 0 0", None),
        (b"O 10000 0 0", None),
        (b"", None),
    ],
)
def test_only_an_o_line_with_three_hex_masks_is_understood(line, outputs):
    assert parse(line) == outputs


@given(st.binary(max_size=300), st.integers(1, 40))
def test_the_panel_takes_any_bytes_and_a_good_line_after_them(noise, size):
    parser = PanelParser()
    for at in range(0, len(noise), size):
        parser.feed(noise[at : at + size])
    parser.feed(b"\n")
    assert parser.feed(b"O 3 2 1\n") == [Outputs(3, 2, 1)]


def test_the_tail_of_an_overlong_line_is_not_taken_for_a_line():
    parser = PanelParser()
    assert parser.feed(b"x" * (LINE_MAX + 1) + b"O 1 1 1\n") == []
    assert parser.bad == 1
    assert parser.feed(b"O 2 0 0\n") == [Outputs(2, 0, 0)]


class FakeWorld:
    """Notes what it is told."""

    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda value: self.told.append((name, value))


@given(st.binary(max_size=200))
def test_the_control_port_answers_any_line(line):
    answer = control.answer_line(FakeWorld(), line)
    assert answer["ok"] in (True, False)
    json.dumps(answer)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*control.VERBS, "nonsense"]), json_values, max_size=4))
def test_a_wrong_verb_or_value_changes_nothing(asked):
    world = FakeWorld()
    answer = control.obey(world, asked)
    json.dumps(answer)
    assert answer["ok"] == (len(world.told) == len(asked))
    if not answer["ok"]:
        assert world.told == []
        assert answer["reason"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ([], "not an object"),
        ({"fly": 1}, "fly: unknown verb"),
        ({"mute": 1}, "mute: not true or false"),
        ({"noise": 1.5}, "noise: not a number from 0 to 1"),
        ({"noise": True}, "noise: not a number from 0 to 1"),
        ({"close": 4}, "close: not a whole number from 1 to 3"),
        ({"load_w": -1}, "load_w: not a whole number from 0 to 10000000 or null"),
    ],
)
def test_refusals_name_the_verb_and_the_bound(asked, reason):
    assert control.obey(FakeWorld(), asked) == {"ok": False, "reason": reason}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"steps": 1}',
        '{"steps": [1]}',
        '{"steps": [{"load_w": 1}]}',
        '{"steps": [{"at_s": 1, "x": 1}]}',
    ],
)
def test_a_file_that_is_no_scenario_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "story.json"
    path.write_text(text)
    with pytest.raises(control.VerbError):
        control.load_scenario(path)


def test_scenario_steps_come_in_order_of_time(tmp_path):
    path = tmp_path / "story.json"
    path.write_text('{"steps": [{"at_s": 9, "load_w": null}, {"at_s": 2, "load_w": 5, "mute": true}]}')
    assert control.load_scenario(path) == [(2, {"load_w": 5, "mute": True}), (9, {"load_w": None})]
