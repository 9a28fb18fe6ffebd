"""What is called at one place stands there, and the program does the same."""

# the programs stand here as texts
# ruff: noqa: E501

import ast

import pytest

from tests.unit.frame.programs import same
from tools.program import FUNCTIONS
from tools.splice import splice

GONE = [  # the private functions of these are put where they are called
    "def _double(n):\n    m = n * 2\n    return m\n\ndef h(m):\n    x = _double(m + 1)\n    return x, m\n\nprint(h(4))\n",
    "def _say(n, end='!'):\n    'documentation'\n    for x in range(n):\n        print(x, end)\n\ndef h(x):\n    _say(2)\n    return x\n\nprint(h(4))\n",
    "def _early(n):\n    if n > 1:\n        return 'many'\n    for x in range(n):\n        return x\n\ndef h(n):\n    if n:\n        return _early(n)\n    return 'none'\n\nprint(h(0), h(1), h(2))\n",
    "def _falls(n):\n    if n:\n        return 1\n\ndef h(n):\n    return _falls(n)\n\nprint(h(0), h(1))\n",
    "def _last(a, b):\n    a += 1\n    return [a for a in range(a)] + [b]\n\ndef h(a, b):\n    try:\n        c = _last(b, b=a)\n    except ValueError as a:\n        pass\n    return a, b, c\n\nprint(h(3, 2))\n",
    "class A:\n    def __init__(self):\n        self._n = 3\n    def _more(self, by):\n        self._n += by\n        return self._n\n    def go(me, by):\n        n = me._more(by)\n        return n, by\n\nprint(A().go(2))\n",
    "def _first(n):\n    n = _second(n) \n    return n + 1\n\ndef _second(n):\n    k = n\n    return k * 2\n\ndef h(n):\n    r = _first(n)\n    return r\n\nprint(h(3))\n",
    "def _raw(n):\n    try:\n        return 1 // n\n    except ZeroDivisionError as error:\n        return str(error)[:7]\n\ndef h(error):\n    return _raw(error)\n\nprint(h(0), h(1))\n",
    "def _only(a, b):\n    return a + b * 2\n\ndef h(a):\n    return [_only(a, x) for x in range(3)], a\n\nprint(h(3))\n",
    "def _drop(n):\n    print('drop', n)\n    return n.bit_length()\n\ndef h(n):\n    _drop(n)\n\nprint(h(3))\n",
]
STAY = [
    "def _twice(n):\n    m = n\n    return m\n\ndef h(n):\n    x = _twice(n)\n    return _twice(x)\n\nprint(h(1))\n",
    "def _early(n):\n    if n:\n        return 1\n    return 2\n\ndef h(n):\n    x = _early(n)\n    return x\n\nprint(h(0), h(1))\n",
    "def _gen(n):\n    yield n\n\ndef h(n):\n    x = _gen(n)\n    return list(x)\n\nprint(h(1))\n",
    "def _long(n):\n    m = n\n    return m\n\ndef h(n):\n    x = _long(n)\n    yield x\n\nprint(list(h(1)))\n",
    "k = 5\n\ndef _free(n):\n    m = n + k\n    return m\n\ndef h(k):\n    x = _free(1)\n    return x, k\n\nprint(h(1))\n",
    "def _inner(n):\n    x = lambda: n\n    return x\n\ndef h(n):\n    f = _inner(n)\n    return f()\n\nprint(h(1))\n",
    "n = 1\n\ndef _global():\n    global n\n    n = 2\n\ndef h():\n    _global()\n    return n\n\nprint(h())\n",
    "def _args(*all):\n    m = all\n    return m\n\ndef h(n):\n    x = _args(n)\n    return x\n\nprint(h(1))\n",
    "def _wrong(n):\n    m = n\n    return m\n\ndef h(n):\n    x = _wrong(n, n)\n    return x\n\ntry:\n    h(1)\nexcept TypeError:\n    print('refused')\n",
    "def _mutable(n, rows=[]):\n    rows.append(n)\n    return rows\n\ndef h(n):\n    x = _mutable(n)\n    return x\n\nprint(h(1), h(2))\n",
    "class A:\n    def _a(self):\n        m = 1\n        return m\n    def go(self):\n        x = getattr(self, '_a')()\n        return x\n\nprint(A().go())\n",
    "def _own(n):\n    if n:\n        return _own(n - 1)\n    return 0\n\nH = _own\nprint(H(3))\n",
    "def public(n):\n    m = n\n    return m\n\ndef h(n):\n    x = public(n)\n    return x\n\nprint(h(1))\n",
    "def _late(n):\n    m = n\n    return m\n\ndef h(n):\n    x = n or _late(n)\n    return x\n\nprint(h(0))\n",
]


@pytest.mark.parametrize("text", GONE)
def test_what_is_called_once_stands_there(tmp_path, text):
    program = same({"main": text}, splice, tmp_path)
    assert private(program.modules["main"]) == [], program.texts()["main"]


@pytest.mark.parametrize("text", STAY)
def test_what_is_not_sure_stays_as_it_is(tmp_path, text):
    program = same({"main": text}, splice, tmp_path)
    assert program.texts()["main"] == ast.unparse(ast.parse(text))


def test_what_another_module_or_a_subclass_asks_for_stays(tmp_path):
    base = "class Base:\n    def _a(self):\n        m = 'base'\n        return m\n    def go(self):\n        x = self._a()\n        return x\n\ndef _b():\n    m = 1\n    return m\n\ndef c():\n    x = _b()\n    return x\n"
    main = "import base\nfrom base import Base\n\nclass Other(Base):\n    def _a(self):\n        return 'other'\n\nprint(Other().go(), base._b(), base.c())\n"
    program = same({"base": base, "main": main}, splice, tmp_path)
    assert private(program.modules["base"]) == ["_a", "_b"]


def test_what_a_script_beside_it_asks_for_stays(tmp_path):
    program = same({"main": GONE[0]}, splice, tmp_path, outside=["from main import _double\n"])
    assert private(program.modules["main"]) == ["_double"]


def private(tree: ast.Module) -> list[str]:
    found = [node.name for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return sorted(name for name in found if name.startswith("_") and not name.startswith("__"))
