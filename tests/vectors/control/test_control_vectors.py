"""The worked examples of the load-control rules, minute by minute, on both runtimes and across restarts."""

import json
from pathlib import Path

import pytest

from tests.vectors.control.replay import replay

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.json"), key=lambda path: int(path.name.split("_")[0]))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def expected(path):
    return {case["name"]: case["expect"] for case in json.loads(path.read_text())}


def as_text(lines_by_case):
    return "".join(
        f"{name}\n" + "".join(f"  {line}\n" for line in lines)
        for name, lines in sorted(lines_by_case.items())
    )


@each_file
def test_vector_holds(path):
    assert replay(path) == expected(path)


@each_file
def test_vector_holds_when_every_step_starts_from_flash(path):
    assert replay(path, restart=True) == expected(path)


@each_file
def test_vector_holds_on_the_device_interpreter(path, run_micropython):
    done = run_micropython(FOLDER / "replay.py", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == as_text(expected(path))
