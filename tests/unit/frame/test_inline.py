"""Constants are inlined only where nobody can tell the difference."""

import pytest

from tools.inline import inline, shared_names

OWN = frozenset()


def run(source):
    names = {}
    exec(source, names)
    return {name: value for name, value in names.items() if not name.startswith("__")}


def test_a_constant_stands_where_its_name_stood():
    out = inline("LIMIT = 4\n\ndef f(n):\n    return n > LIMIT\n", OWN)
    assert "LIMIT" not in out
    assert run(out)["f"](5) is True


def test_chains_tuples_and_sums_are_constants_too():
    out = inline("A = B = 2\nC, D = 3, A << 4\nE = C * D + 1\n\ndef f():\n    return (A, B, C, D, E)\n", OWN)
    assert list(run(out)) == ["f"]
    assert run(out)["f"]() == (2, 2, 3, 32, 97)


def test_what_of_a_tuple_is_shared_stays():
    out = inline("KEPT, OWN = 1, 2\n\ndef f():\n    return OWN\n", frozenset({"KEPT"}))
    assert run(out)["KEPT"] == 1
    assert "OWN" not in run(out)
    assert run(out)["f"]() == 2


@pytest.mark.parametrize(
    "source",
    [
        "LIMIT = 4\n\ndef f(LIMIT=1):\n    return LIMIT\n",  # a parameter of that name
        "LIMIT = 4\n\ndef f():\n    global LIMIT\n    LIMIT = 5\n    return LIMIT\n",
        "LIMIT = 4\nLIMIT = 5\n\ndef f():\n    return LIMIT\n",
        "LIMIT = True\n\ndef f():\n    return LIMIT\n",  # not an integer to count with
        "LIMIT = 'text'\n\ndef f():\n    return LIMIT\n",
        "limit = 4\n\ndef f():\n    return limit\n",  # a variable by its name
        "for LIMIT in (1, 2):\n    pass\n\ndef f():\n    return LIMIT\n",
        "def f():\n    LIMIT = 4\n    return LIMIT\n",
    ],
)
def test_whatever_may_change_stays_and_means_the_same(source):
    assert run(inline(source, OWN))["f"]() == run(source)["f"]()


def test_names_others_use_are_shared():
    found = shared_names(["from a import LIMIT as L\n", "import a\nprint(a.OTHER)\n", "OWN = 1\n"])
    assert {"LIMIT", "OTHER"} <= found
    assert "OWN" not in found


def test_a_module_without_constants_keeps_its_text():
    text = "def f():\n    return 1  # a comment\n"
    assert inline(text, OWN) == text
