"""Public attributes of our own classes become short where they can be nothing else; the program does the same."""

# the programs stand here as texts
# ruff: noqa: E501

import pytest

from tests.unit.frame.programs import same
from tools.attributes import shorten_attributes
from tools.program import Program, Unsure

TREE = {
    "p": "",
    "p.box": (
        "from collections import namedtuple\nFIELDS = 'weight colour'\nRow = namedtuple('Row', FIELDS)\n\n"
        "class Box:\n    def __init__(self):\n        self._a = 1\n        self.content = 2\n        self.append = 3\n        self.tag = 4\n"
        "        self.weight = 5\n        self.made_by = 6\n\n    def opened_again(self):\n        return self._a, self.content, self.tag\n"
    ),
    "p.case": (
        "class Case:\n    def __init__(self, box):\n        self._b = box\n        self.handle = 7\n\n    def opened_again(self):\n"
        "        self._b.tag = 8\n        return self._b.opened_again(), self._b.content, self.handle\n"
    ),
    "main": (
        "class Other:\n    _c = _d = _e = 0\n\n"
        "from p.box import Box, Row\nfrom p.case import Case\nbox = Box()\ncase = Case(box)\n"
        "print(case.opened_again(), box.append, getattr(box, 'made_by'), Row(1, 2).weight, box.weight, case.handle)\n"
    ),
}


def test_only_what_can_be_nothing_else_is_renamed(tmp_path):
    told = {}
    program = same(TREE, lambda program: told.update(shorten_attributes(program)), tmp_path)
    assert set(told) == {"content", "opened_again", "handle"}
    # `append` is a list's too, `made_by` is asked for by text, `weight` is a field, `tag` is set from elsewhere
    assert told["content"] != "_a"  # taken where it is defined
    assert told["opened_again"] not in ("_a", "_b")
    assert "content" not in program.texts()["p.case"]


def test_what_runs_beside_the_program_keeps_its_names():
    program = Program(TREE, ["print(box.content)\n"])
    assert "content" not in shorten_attributes(program)


def test_a_name_that_is_put_together_ends_the_build():
    with pytest.raises(Unsure, match="put together"):
        shorten_attributes(Program({"main": "class A:\n    ab = 1\nprint(getattr(A, 'a' + 'b'))\n"}))
