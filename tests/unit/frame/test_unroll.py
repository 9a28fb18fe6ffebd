"""Comprehensions of functions become loops, and the program does the same."""

# the programs stand here as texts
# ruff: noqa: E501

import ast

import pytest

from tests.unit.frame.programs import same
from tools.program import Program
from tools.scopes import COMPREHENSIONS
from tools.unroll import unroll

CALLS = "def f(x):\n    print('f', x)\n    return x * 2\n\ndef g(x):\n    print('g', x)\n    return x % 2\n\n"
BODIES = [
    "return [f(x) for x in range(5) if g(x)]",
    "return {f(x) for x in range(3)}",
    "return {x: f(x) for x in range(3)}",
    "return [(x, y) for x in range(3) if x for y in range(x) if y != 1]",
    "return any(g(x) for x in range(5)), all(g(x) for x in (1, 3, 4, 5)), sum(f(x) for x in range(4))",
    "return any(g(x) for x in ()), all(g(x) for x in ()), sum(x for x in ())",
    "a = tuple(f(x) for x in range(3))\n    b = sorted(-x for x in range(3))\n    return ','.join(str(x) for x in (*a, *b))",
    "x = 7\n    y = [x for x in range(3)]\n    return x, y",
    "rows = [1, 2, 3]\n    rows = [f(row) for row in rows if row != 2]\n    return rows",
    "if any(g(x) for x in range(3)):\n        return 1\n    elif [f(x) for x in range(2)]:\n        return 2\n    return 3",
    "for row in [f(x) for x in range(3)]:\n        print(row)\n    return len([x for x in range(4) if x])",
    "c0 = 5\n    return [c0 + x for x in range(3)], c0",
    "out = []\n    for row in ((1, 2), (3,)):\n        out.append(sum(f(x) for x in row) + 1)\n    return out",
    "try:\n        return [1 // x for x in (1, 0)]\n    except ZeroDivisionError:\n        return 'caught'",
    "return f(1) + sum(f(x) for x in (2, 3))",  # f(1) comes first: the sum stays where it is
    "return print('first') or [f(x) for x in range(2)]",
    "def inner(n):\n        return [n + x for x in range(2)]\n    return [inner(n) for n in range(2)]",
]
KEPT = {14: 1, 15: 1}  # body -> comprehensions that stay


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_the_program_does_the_same_without_comprehensions(tmp_path, number):
    text = f"{CALLS}def h():\n    {BODIES[number]}\n\nprint(h())\n"
    program = same({"main": text}, unroll, tmp_path)
    assert left(program) == KEPT.get(number, 0), program.texts()["main"]


@pytest.mark.parametrize(
    "text",
    [
        "ROWS = [x for x in range(3)]\nprint(ROWS)\n",
        "class A:\n    ROWS = [x for x in range(3)]\nprint(A.ROWS)\n",
        "def h():\n    yield [x for x in range(3)]\nprint(list(h()))\n",
        "def h():\n    return [lambda: x for x in range(3)][0]()\nprint(h())\n",
        "def h():\n    return list(next(iter(x)) for x in ([1], [2]))\nprint(h())\n",
        "def h():\n    return {print('k'): print('v') for x in range(2)}\nprint(h())\n",
        "def h():\n    return max(x for x in range(3))\nprint(h())\n",
        "def h():\n    return any(x and y for x in range(3) for y in range(3))\nprint(h())\n",
        "def any(rows):\n    return 'mine'\ndef h():\n    return any(x for x in range(3))\nprint(h())\n",
        "def h(a):\n    return a and [x for x in a]\nprint(h(()))\n",
        "def h(a):\n    while any(x for x in a):\n        a = a[1:]\n    return a\nprint(h([0, 1]))\n",
    ],
)
def test_what_is_not_sure_stays_as_it_is(tmp_path, text):
    program = same({"main": text}, unroll, tmp_path)
    assert program.texts()["main"] == ast.unparse(ast.parse(text))


def left(program: Program) -> int:
    return sum(isinstance(node, COMPREHENSIONS) for node in ast.walk(program.modules["main"]))
