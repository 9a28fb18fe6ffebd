"""The example of docs/rehearse.md is whole and holds, its picture is fresh, and every word is described."""

import re
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from protocols.uplink import messages
from station.cli.main import cli
from station.rehearsal import engine, expect, scenario, script


@pytest.fixture(scope="module")
def page(repo_root):
    return (repo_root / "docs/rehearse.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example(page, repo_root):
    text = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    return text, scenario.parse(text, "docs/rehearse.md", repo_root / "docs")


def test_the_example_holds(example):
    told = example[1]
    checker = expect.Checker(told.expects, told.plain["start_s"] + told.plain["offset_s"])
    rehearsal = engine.Rehearsal(told.plain)
    for t_s in range(told.plain["duration_s"] + 1):
        checker.look(t_s, rehearsal.second(t_s), rehearsal)
    assert len(told.expects) == 8
    assert checker.failures() == []


def test_its_picture_is_the_one_beside_it(example, tmp_path, repo_root):
    (tmp_path / "example.yaml").write_text(example[0], encoding="utf-8")
    options = ["rehearse", str(tmp_path / "example.yaml"), "--svg", str(tmp_path / "out.svg")]
    assert CliRunner().invoke(cli, options).exit_code == 0
    drawn, kept = shapes(tmp_path / "out.svg"), shapes(repo_root / "docs/images/rehearse.svg")
    assert drawn == kept, "loadkeeper rehearse the example again with --svg docs/images/rehearse.svg"


def shapes(path):
    """Lines, curves and bars; the words in a picture belong to the station's catalogues."""
    shapes = [node.attrib for node in ElementTree.parse(path).iter() if not node.tag.endswith("text")]
    assert len(shapes) > 50
    return shapes


def test_every_verb_field_and_loss_is_described(page):
    for word in (
        *scenario._TOP,
        *script._VERBS,
        *script.COMMANDS,
        *script.SECTIONS,
        *script.FAULTS,
        *script.LOSSES,
        *script.SCOPES,
        *(word for word in expect.SHOWN if word not in expect.CONTROLS),
        *engine.GUARANTEES,
        *expect.ANSWERS,
    ):
        assert re.search(rf"\b{word}\b", page), word


def test_commands_that_control_nothing_are_not_rehearsed():
    left_out = {word for _no, word in messages.COMMAND_NAMES.items()} - set(script.COMMANDS)
    assert left_out == {"reminder", "message", "parameters", "meter_change", "profile"}
