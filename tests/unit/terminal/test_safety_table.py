"""docs/safety.md names a test for each line, and each of them is there and may fail."""

import ast
import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "safety.md").read_text()
DIRECTIONS = {"closed", "let go", "as it was", "money kept", "alive"}
# what the terminal must have a declared direction for
FAULTS = (
    "flash full", "flash worn", "journal segment corrupt", "configuration corrupt", "register falls or jumps",
    "register stands still", "meter clock off", "silent during an alarm", "silent after a trip",
    "two meters with one address", "noise on the line", "year 2000", "jumps", "ticks wrap", "stands still",
    "power cut at any flash write", "power cut in any state", "link cut", "no valid message",
    "guarantee flag", "while guaranteed", "forged", "order sent again", "crashes", "hangs", "heap exhausted",
    "do not follow", "display or console fails", "by hand",
)  # fmt: skip


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text):
    """The cells of each line of the table below its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(cell):
    """(file under tests/, function) of a cell."""
    path = ""
    for item in re.findall(r"`([^`]*)`", cell):
        file, _, function = item.partition("::")
        path = file or path
        yield path, function


TABLE = rows(section("The declared safe direction"))
EACH_LINE = pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])


def functions(path):
    """{test function: whether it is marked as one that is not expected to pass}."""
    out = {}
    for node in ast.parse((ROOT / "tests" / path).read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = [ast.unparse(mark) for mark in node.decorator_list]
            out[node.name] = any("xfail" in mark or ".skip(" in mark for mark in marks)
    return out


def missing(row):
    """What is wrong with the tests of a line."""
    tests = list(named(row[3]))
    if not tests:
        return "no test"
    for path, function in tests:
        if not (ROOT / "tests" / path).is_file():
            return f"{path} is not there"
        if function not in functions(path):
            return f"{path} has no {function}"
    return ""


@EACH_LINE
def test_each_line_names_tests_that_are_there(row):
    assert missing(row) == ""


@EACH_LINE
def test_each_line_declares_a_direction_and_tells_what_is_open(row):
    """A promise whose test is expected to fail is not kept yet: the line says so."""
    assert set(re.split(r"[,;] (?:then )?", row[2])) <= DIRECTIONS
    open_ = any(functions(path)[function] for path, function in named(row[3]))
    assert open_ == ("Open:" in row[1])


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_line(fault):
    assert [row[0] for row in TABLE if fault in row[0]]


def test_each_file_of_the_proof_is_there():
    for row in rows(section("How they are proved"))[:7]:
        for file in re.findall(r"`([^`]*)`", row[1]):
            assert (ROOT / "tests" / "proof" / file).is_file(), file


def test_this_reading_finds_what_is_missing():
    assert missing(["", "", "", "by hand"]) == "no test"
    assert "not there" in missing(["", "", "", "`unit/nowhere.py::test_x`"])
    path = "unit/terminal/test_safety_table.py"
    assert "has no test_x" in missing(
        ["", "", "", f"`{path}::test_this_reading_finds_what_is_missing`, `::test_x`"]
    )
    assert "has no " in missing(["", "", "", f"`{path}`"])
