"""Constants of the bundle stand where they are used, and the program does the same."""

# the programs stand here as texts
# ruff: noqa: E501

import ast

from tests.unit.frame.programs import same
from tools.bundle import BUNDLE, bundle
from tools.program import Program
from tools.scopes import bound_names

TREE = {
    "p": "",
    "p.texts": (
        "ROW = 'first second third'\nLOOP = ROW + ' of a loop'\nTABLE = f';{3}:{LOOP};{-4}:{ROW}'\nTWICE = 'used in two places'\n"
        "SELDOM = (1, -2, ('a text of a visit', None))\nA, B = 'one text of two', 'two texts of two'\nmoved = 'what a function sets'\n\n"
        "def set_it(TWICE):\n    global moved\n    moved = TWICE + ' again'\n    return moved\n\ndef both():\n    return TWICE, TWICE.upper(), A, moved\n"
    ),
    "p.seldom": "from p.texts import SELDOM, TWICE\nfrom p import texts\n\ndef work(ROW):\n    return SELDOM, TWICE, ROW, texts.LOOP\n",
    "main": "from p import texts\nfrom p.texts import set_it\n\ndef go():\n    from p import seldom\n    return seldom.work(5)\n\nprint(texts.TABLE, set_it('x'), texts.both(), go())\n",
}


def change(program):
    bundle(program, ["main"])


def test_the_program_does_the_same_with_fewer_names(tmp_path):
    program = same(TREE, change, tmp_path)
    held = program.texts()[BUNDLE]
    assert len(bound_names(program.modules[BUNDLE])) == 6, "set_it, both, moved, TWICE, A, B"
    assert "first second third" not in held, "the table is used by main, the row by nobody any more"
    assert ";3:first second third of a loop;-4:first second third" in program.texts()["main"]


def test_what_only_a_visit_uses_leaves_with_it():
    program = Program(TREE)
    change(program)
    assert "a text of a visit" in program.texts()["p_seldom"]
    assert "a text of a visit" not in program.texts()[BUNDLE]


def test_what_is_asked_for_from_beside_stays():
    program = Program(TREE, ["from p.texts import SELDOM\n"])
    change(program)
    doors = [
        alias.name for node in ast.walk(program.modules["p.texts"]) for alias in getattr(node, "names", ())
    ]
    assert len(doors) == len([name for name in doors if name in bound_names(program.modules[BUNDLE])])
    assert "a text of a visit" in program.texts()[BUNDLE]
