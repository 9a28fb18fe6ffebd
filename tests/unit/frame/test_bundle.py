"""One module in place of many: names that met are kept apart, and the program does the same."""

# the programs stand here as texts
# ruff: noqa: E501

import pytest

from tests.unit.frame.programs import ran, same
from tools.bundle import BUNDLE, bundle, reached
from tools.program import Program, Unsure

TREE = {
    "p": "",
    "p.low": (
        "import struct\nfrom collections import namedtuple as made\nLimit = 3\n\ndef params(n):\n    return struct.pack('B', n)\n\n"
        "def open(n):\n    return ('ours', n)\n\nRow = made('Row', ('a', 'b'))\n_state = [0]\n\n"
        "def count():\n    global Limit\n    Limit += 1\n    return Limit\n\nclass Fault(Exception):\n    pass\n"
    ),
    "p.mid": (
        "import struct as packing\nfrom p import low\nfrom p.low import Fault as Wrong, Row\n_state = [5]\n\ndef step(params, count=1):\n"
        "    def low_one(step):\n        return low.params(step), [low.count() for _ in range(count)]\n"
        "    return low_one(params), _state, packing.calcsize('I'), Row(1, 2)\n\ndef params(n):\n    return n\n\n"
        "class Box:\n    def params(self):\n        return params(7)\n    def fail(self):\n        raise Wrong('no')\n"
    ),
    "p.seldom": (
        "from p.low import Fault\nfrom p import low, mid\n\ndef work(params):\n    try:\n        mid.Box().fail()\n    except Fault as e:\n"
        "        return repr(e), low.params(params), mid.params(params)\n"
    ),
    "q": "",
    "q.start": (
        "from p import mid\nfrom p.mid import Box, step\nfrom p.low import open as opened\n\ndef count():\n    return 'own'\n\ndef go():\n"
        "    from p import seldom\n    from p.seldom import work\n    return seldom.work(1), work(2)\n\n"
        "def later():\n    with open(__file__ if False else '/dev/null') as f:\n        return f.read(), opened(1)\n"
    ),
    "main": "from q import start\nfrom q.start import go\nprint(start.step(3, 2), start.Box().params(), go(), start.count(), start.later())\n",
}


def change(program):
    bundle(program, ["main"])


def test_a_bundled_program_does_the_same(tmp_path):
    program = same(TREE, change, tmp_path)
    assert set(program.modules) == {"main", BUNDLE, "p_seldom"}
    assert "from" not in program.texts()[BUNDLE].replace("from collections", "").replace(
        "import p_seldom", ""
    ).replace("from p_seldom", "")


def test_who_is_asked_for_from_beside_keeps_its_place(tmp_path):
    program = Program(TREE, ["import q.start\n"])
    change(program)
    texts = program.texts()
    assert {"main", "q", "q.start", BUNDLE, "p_seldom"} == set(texts)
    assert ran(texts, tmp_path / "after") == ran(TREE, tmp_path / "before")


def test_what_comes_with_a_visit_is_known():
    program = Program(TREE)
    change(program)
    assert "p_seldom" not in reached(program, ["main"])
    assert reached(program, ["p_seldom"]) == {"p_seldom", BUNDLE}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("from p import low\nkept = [low]\nprint(kept[0].params(1))\n", "used as a value"),
        ("from p import low\nprint(low.nothing)\n", "there is no p.low.nothing"),
        ("from p.low import nothing\nprint(nothing)\n", "there is no p.low.nothing"),
        ("from p import mid\nprint(mid.low.params(1))\n", "p.low reached through p.mid"),
        ("import p.low\nprint(p.low.params(1))\n", "import p.low"),
    ],
)
def test_what_cannot_be_followed_ends_the_build(source, why):
    with pytest.raises(Unsure, match=why):
        bundle(Program({**{name: TREE[name] for name in ("p", "p.low", "p.mid")}, "main": source}), ["main"])
