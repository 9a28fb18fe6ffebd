"""Constants are inlined only where nobody can tell the difference."""

# the programs stand here as texts
# ruff: noqa: E501

import ast

import pytest

from tests.unit.frame.programs import same
from tools.inline import inline
from tools.program import Program, Unsure


def inlined(source, **others):
    """The names `source` has left and what its `f()` returns."""
    program = Program({"main": source, **others})
    inline(program)
    names = {}
    exec(program.texts()["main"], names)
    return {name for name in names if not name.startswith("__")}, names["f"]()


def test_a_constant_stands_where_its_name_stood():
    assert inlined("LIMIT = 4\n\ndef f(n=5):\n    return n > LIMIT\n") == ({"f"}, True)


def test_chains_tuples_and_sums_are_constants_too():
    source = "A = B = 2\nC, D = 3, A << 4\nE = C * D + 1\nF = -E // 2\nG = 'ev'\n\ndef f():\n    return (A, B, C, D, E, F ** 2, G)\n"
    assert inlined(source) == ({"f"}, (2, 2, 3, 32, 97, 2401, "ev"))


def test_what_of_a_tuple_is_asked_for_stays():
    left, value = inlined(
        "KEPT, OWN = 1, 2\n\ndef f():\n    return OWN\n", other="import main\nprint(main.KEPT)\n"
    )
    assert (left, value) == ({"KEPT", "f"}, 2)


@pytest.mark.parametrize(
    "source",
    [
        "LIMIT = 4\n\ndef f(LIMIT=1):\n    return LIMIT\n",  # a parameter of that name
        "LIMIT = 4\n\ndef f():\n    global LIMIT\n    LIMIT = 5\n    return LIMIT\n",
        "LIMIT = 4\nLIMIT = 5\n\ndef f():\n    return LIMIT\n",
        "LIMIT = True\n\ndef f():\n    return LIMIT\n",  # not an integer to count with
        "LIMIT = 'a text that is an object of its own'\n\ndef f():\n    return LIMIT\n",
        "limit = 4\n\ndef f():\n    return limit\n",  # a variable by its name
        "for LIMIT in (1, 2):\n    pass\n\ndef f():\n    return LIMIT\n",
        "def f():\n    LIMIT = 4\n    return LIMIT\n",
    ],
)
def test_whatever_may_change_stays_and_means_the_same(source):
    names = {}
    exec(source, names)
    assert inlined(source)[1] == names["f"]()


TREE = {
    "p": "",
    "p.codes": "TRIP, CLOSE = 1, 2\nBASE = 10\nNAME = 'ev'\nKEPT = 7\n",
    "p.more": "from p.codes import BASE\nfrom p import codes\nTOP = codes.BASE + BASE\nOWN = TOP + 1\n",
    "main": (
        "from p import codes, more\nfrom p.codes import TRIP as T, CLOSE\nfrom p.more import BASE\n"
        "class C:\n    at = codes.NAME\n"
        "print(T, CLOSE, codes.BASE, more.TOP, more.OWN, more.BASE, BASE, C.at, getattr(codes, 'KEPT'))\n"
    ),
}


def test_constants_of_other_modules_and_what_they_hand_on(tmp_path):
    program = same(TREE, inline, tmp_path)
    assert program.texts()["p.codes"].strip().splitlines()[-1] == "KEPT = 7"  # asked for by its name
    assert "TRIP" not in "".join(program.texts().values())


def test_what_runs_beside_the_program_finds_its_names():
    program = Program(TREE, ["from p.codes import TRIP\nfrom p import more\nprint(more.OWN)\n"])
    inline(program)
    texts = program.texts()
    assert "TRIP" in texts["p.codes"]
    assert "OWN" in texts["p.more"]
    assert "CLOSE" not in texts["p.codes"]


def test_a_constant_that_another_module_sets_is_none(tmp_path):
    texts = {
        "p": "",
        "p.m": "LIMIT = 4\n\ndef f():\n    return LIMIT\n",
        "main": "from p import m\nm.LIMIT = 5\nprint(m.f(), m.LIMIT)\n",
    }
    same(texts, inline, tmp_path)


@pytest.mark.parametrize(
    "source", ["from p import *\n", "eval('1')\n", "print(vars())\n", "x = f.__dict__\n"]
)
def test_what_reaches_names_unseen_ends_the_build(source):
    with pytest.raises(Unsure):
        Program({"main": source})


def test_the_tree_stays_a_program():
    program = Program(TREE)
    inline(program)
    for text in program.texts().values():
        ast.parse(text)
