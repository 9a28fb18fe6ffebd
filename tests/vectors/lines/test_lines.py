"""The golden vectors of every line protocol, on both runtimes."""

import importlib
import json
from pathlib import Path

import pytest

from tests.vectors.lines import run

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.json"))
CASES = [
    pytest.param(name, case, id=f"{name}: {case['name']}")
    for name in NAMES
    for case in json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_vector_holds_on_cpython(name, case):
    assert run.run(case, importlib.import_module(f"tests.vectors.lines.{name}").DO) == ""


@pytest.mark.parametrize("name", NAMES)
def test_vectors_hold_on_micropython(name, run_micropython):
    ended = run_micropython("tests/vectors/lines/run.py", name)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(("name", "case"), CASES[:1])
def test_a_wrong_vector_fails(name, case):
    verbs = importlib.import_module(f"tests.vectors.lines.{name}").DO
    assert run.run(case | {"want": "something else", "error": "something else"}, verbs) != ""
