"""What nobody asks for goes, private names and parameters become short, and the program does the same."""

# the programs stand here as texts
# ruff: noqa: E501

import ast

import pytest

from tests.unit.frame.programs import same
from tools.program import Program
from tools.prune import prune
from tools.shorten import shorten

SHARED = {
    "p": "",
    "p.shared": (
        "import struct\nfrom collections import namedtuple\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    import typing\n"
        "Row = namedtuple('Row', ('a',))\nUNUSED = {1: 2}\nUSED = (1, 2)\n\n"
        "def used():\n    return helper()\n\ndef helper():\n    return USED\n\n"
        "def unused(n):\n    return other(n - 1) if n else struct.pack('B', 1)\n\ndef other(n):\n    return unused(n)\n\n"
        "class Kept:\n    def asked(self):\n        return self.by_name\n    by_name = 3\n    def never(self):\n        return 1\n"
        "    def readinto(self, buf):\n        return 0\n"
    ),
    "main": "from p import shared\nprint(shared.used(), shared.Kept().asked(), getattr(shared.Kept, 'by_' + 'name'))\n",
}


def test_what_nobody_names_is_gone_even_when_it_names_each_other(tmp_path):
    text = same(SHARED, prune, tmp_path).texts()["p.shared"]
    for name in ("unused", "other", "UNUSED", "never", "struct", "typing", "Row"):
        assert name not in text
    assert "readinto" in text  # the interpreter asks for it


def test_what_runs_beside_the_program_keeps_what_it_names():
    program = Program(SHARED, ["from p.shared import unused\n"])
    prune(program)
    assert "def other" in program.texts()["p.shared"]


def test_a_table_that_does_something_when_it_is_made_stays(tmp_path):
    same({"main": "MADE = print('once')\nprint('end')\n"}, prune, tmp_path)


# ---- names

TREE = {
    "p": "",
    "p.base": (
        "class Base:\n    def __init__(self):\n        self._count, self._other = 1, 2\n    def _step(self):\n        self._count += 1\n"
        "        return self._count\n"
    ),
    "p.sub": (
        "from p.base import Base\n\nclass Sub(Base):\n    def __init__(self):\n        Base.__init__(self)\n        self._mine = 10\n"
        "        self._more = 20\n    def run(self):\n        return self._step() + self._mine, self._more, self._count\n"
    ),
    "p.friend": (
        "_table = {'a': 1}\n\nclass Friend:\n    _shared = 5\n    def __init__(self, first, second=2):\n        self._value = first + second\n"
        "    def same(self, other):\n        return self._value == other._value\n\n"
        "def _inner(first, second):\n    return [first + second for second in range(2)], (lambda first: first * 2)(second)\n\n"
        "def outer(first, *rest, named=1):\n    def deeper(second):\n        return first, second, rest, named\n    return deeper(_inner(3, 4))\n\n"
        "def takes(first, **fields):\n    return first, sorted(fields)\n"
    ),
    "main": (
        "from p.friend import Friend, outer, takes\nfrom p import friend\nfrom p.sub import Sub\n\n"
        "class Thing:\n    def __init__(self):\n        self._value = 9\n        self._shared = 1\n\n"
        "def by_name(thing, name):\n    return getattr(thing, name)\n\n"
        "def keyword(one, two):\n    return one - two\n\n"
        "print(Sub().run(), Friend(1).same(Friend(1, second=2)), Friend(1).same(Thing()), friend._table)\n"
        "print(outer(1, 2, named=3), takes(1, a=2, b=3), by_name(Thing(), '_value'), keyword(two=1, one=5))\n"
        "first = 7\n\ndef default(first, second=first):\n    return first, second\n\nprint(default(1), Friend._shared, Thing()._shared)\n"
    ),
}


def test_short_names_mean_the_same(tmp_path):
    program = same(TREE, shorten, tmp_path)
    text = "".join(program.texts().values())
    for name in ("_count", "_other", "_mine", "_more", "_step", "_inner"):
        assert name not in text
    for name in (
        "_value",
        "_table",
        "_shared",
    ):  # asked for from elsewhere, or of what may be of another class
        assert name in text
    assert "second=2" in text  # given by keyword


def test_modules_share_the_short_names():
    modules = {
        f"m{n}": f"class C:\n    def __init__(self, first{n}):\n        self._own{n} = first{n}\n"
        for n in range(9)
    }
    program = Program(modules)
    shorten(program)
    assert len(set(program.texts().values())) == 1


def test_classes_that_inherit_across_modules_do_not_meet_in_a_name():
    program = Program(TREE)
    told = shorten(program)
    assert told["p.base"] == told["p.sub"]
    assert len(told["p.sub"]) == len(set(told["p.sub"].values())) >= 5


def test_the_names_of_the_sources_are_told_to_who_reads_an_error():
    told = shorten(Program(TREE))
    assert "_inner" in told["p.friend"].values()


@pytest.mark.parametrize(
    "source",
    [
        "def f(first):\n    global second\n    second = first\n    return second\nprint(f(first=1))\n",
        "def f(first):\n    try:\n        return 1 // first\n    except ZeroDivisionError as first:\n        return 2\nprint(f(0))\n",
        "def f(first):\n    class C:\n        first = 3\n    return C.first, first\nprint(f(1))\n",
        "def f(first):\n    def g():\n        nonlocal first\n        first += 1\n    g()\n    return first\nprint(f(1))\n",
        "def f(first, get=lambda first: first + 1):\n    return get(first)\nprint(f(1))\n",
        "a = b = 5\ndef f(first, second):\n    return first, second, a, b\nprint(f(1, 2))\n",
        "def f(first):\n    import os as first\n    return first.name\nprint(f(1))\n",
        "def f(first):\n    del first\n    first = 2\n    return first\nprint(f(1))\n",
        "def f(*first):\n    return {first: first for first in first}\nprint(f(1))\n",
    ],
)
def test_scopes_are_not_mistaken(source, tmp_path):
    same({"main": source}, shorten, tmp_path)


def test_all_of_it_together_stays_a_program(tmp_path):
    def both(program):
        prune(program)
        shorten(program)

    for text in same(TREE, both, tmp_path).texts().values():
        ast.parse(text)


def test_a_word_of_what_only_a_profile_loads_keeps_no_name_of_the_rest():
    texts = {
        "main": (
            "class C:\n    def __init__(self):\n        self._private = 1\n    def get(self, level):\n        return level\n\n"
            "def make(**fields):\n    return fields\n\nprint(getattr(C(), 'g' + 'et')(2), make(**{'a': 1}))\n"
        ),
        "line": "print('a_b'.replace('_', '-'), 'level')\n",
    }
    whole, divided = Program(texts), Program(texts)
    shorten(whole)
    shorten(divided, ("line",))
    assert "_private" in whole.texts()["main"]
    assert "level" in whole.texts()["main"]
    assert "_private" not in divided.texts()["main"]
    assert "level" not in divided.texts()["main"]
