"""The worked vectors of the load-control rules: what they expect, on both runtimes, across restarts and cuts.

Each NN-*.yaml is a scenario of `loadkeeper rehearse`; its `expect` list is the document's, not the core's.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from station.rehearsal import engine, expect, scenario

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.yaml"))
UNCUT = [path for path in FILES if path.name[:2] not in ("09", "10")]  # no cuts of their own
LOST_LINK_S = 24 * 3600


def each(files):
    return pytest.mark.parametrize("path", files, ids=lambda path: path.stem)


@cache
def story(path):
    return scenario.read(path)


@cache
def rehearsed(path, restart_each_step=False):
    """(lines of the timeline, what of the scenario's own list does not hold)."""
    return rehearse(story(path), restart_each_step)


def rehearse(told, restart_each_step=False):
    plain = told.plain
    checker = expect.Checker(told.expects, plain["start_s"] + plain["offset_s"])
    rehearsal = engine.Rehearsal(plain, restart_each_step)
    lines = []
    for t_s in range(plain["duration_s"] + 1):
        rows = rehearsal.second(t_s)
        lines += map(engine.line, rows)
        checker.look(t_s, rows, rehearsal)
    return lines, checker.failures()


def test_every_vector_of_the_document_has_a_scenario():
    assert {path.name[:2] for path in FILES} == {f"{no:02d}" for no in range(1, 11)}
    assert all(story(path).expects for path in FILES)


@each(FILES)
def test_vector_holds(path):
    assert rehearsed(path)[1] == []


@each(UNCUT)
def test_vector_holds_when_every_step_starts_from_flash(path):
    """A restart a second: the alarm was heard on, so nothing starts anew."""
    assert rehearsed(path, restart_each_step=True)[1] == []


@each(UNCUT)
def test_vector_is_the_same_with_the_link_cut_between_its_commands(path):
    """Vector 9, first half: the terminal decides alone."""
    cut = story(path)._replace(plain=with_link_only_for_commands(story(path).plain))
    lines = [line for line in rehearse(cut)[0] if '"world": "link"' not in line]
    assert lines == rehearsed(path)[0]


def with_link_only_for_commands(plain):
    told_s = sorted({row[0] for row in plain["script"] if row[1] == "command"})
    cuts = [[at_s + off_s, "link", {"on": on}] for at_s in told_s for off_s, on in ((0, 1), (1, 0))]
    script = sorted([*cuts, *plain["script"]], key=lambda row: (row[0], row[2].get("on") != 1))
    limit = {"lost_link_s": LOST_LINK_S}
    return {**plain, "script": script, "parameters": {**plain["parameters"], "guarantee": limit}}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The plain forms as files, as a device could be given them."""
    folder = tmp_path_factory.mktemp("plain")
    for path in FILES:
        (folder / f"{path.stem}.json").write_text(json.dumps(story(path).plain))
    return folder


@each(FILES)
def test_timeline_is_the_same_on_micropython(path, compiled, run_micropython):
    done = run_micropython(FOLDER / "run.py", compiled / f"{path.stem}.json", timeout_s=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{path.stem}.json", *rehearsed(path)[0]]


@each([path for path in FILES if path.stem[:2] in ("01", "03", "07", "08")])
def test_every_expectation_can_fail(path):
    """Over a load of nothing and without commands, all that should happen is missed."""
    told = story(path)
    idle = [{**point, "load": [[0, 0]]} for point in told.plain["points"]]
    plain = {**told.plain, "script": [], "points": idle}
    missed = rehearse(told._replace(plain=plain))[1]
    asked = [expected for expected in told.expects if expected.kind in ("event", "command")]
    assert len(missed) >= len(asked) >= 2
