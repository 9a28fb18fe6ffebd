"""An overlay comes, works and leaves, on CPython and on MicroPython; too little heap is a refusal."""

# pyright: reportMissingImports=false
# (the modules are written by the tests)

import json
import sys

import pytest

from firmware.overlay import Overlay

SEEN = ("seldom", "seldom.needed", "seldom.deep")


@pytest.fixture
def seldom(tmp_path, monkeypatch):
    folder = tmp_path / "seldom"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "needed.py").write_text(
        "from seldom import deep\nn = 0\n\ndef work():\n    return deep.answer()\n"
    )
    (folder / "deep.py").write_text("def answer():\n    return 42\n")
    (folder / "broken.py").write_text("from seldom import deep\nraise MemoryError\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("seldom")]:
        del sys.modules[name]


def test_what_came_inside_is_gone_after_it(seldom):
    with Overlay():
        from seldom import needed

        assert needed.work() == 42
        needed.n = 1
    assert not any(name.startswith("seldom") for name in sys.modules)
    with Overlay():
        from seldom import needed

        assert needed.n == 0  # loaded anew


def test_what_was_there_before_stays(seldom):
    import seldom.deep

    with Overlay():
        from seldom import needed

        assert needed.work() == 42
    assert sys.modules["seldom.deep"] is seldom.deep
    assert "seldom.needed" not in sys.modules
    assert not hasattr(seldom, "needed")  # or an import would find the old one


def test_an_error_inside_or_while_loading_leaves_nothing_and_goes_on_up(seldom):
    def fails():
        with Overlay():
            from seldom import needed

            raise ValueError("mine", needed.n)

    with pytest.raises(ValueError, match="mine"):
        fails()
    with pytest.raises(MemoryError), Overlay():
        from seldom import broken  # noqa: F401
    assert not any(name.startswith("seldom") for name in sys.modules)


def test_a_visit_inside_a_visit(seldom):
    with Overlay():
        from seldom import deep

        with Overlay():
            from seldom import needed

            assert needed.work() == deep.answer()
        assert "seldom.needed" not in sys.modules
        assert "seldom.deep" in sys.modules
    assert "seldom.deep" not in sys.modules


BIG = 150  # functions of a module
ON_DEVICE = """
import gc, json, sys
sys.path.insert(0, %r)
from firmware.overlay import Overlay

def used():
    gc.collect()
    return gc.mem_alloc()

def visit():
    with Overlay():
        from seldom import big
        return big.f1(1), used()

visit()
before = used()
result, inside = visit()
told = {"result": result, "inside": inside - before, "after": used() - before}
hog = []
try:
    while True:
        hog.append(bytearray(512))
except MemoryError:
    for _ in range(12):
        hog.pop()
try:
    visit()
except MemoryError as e:
    told["refused"] = not any(name.startswith("seldom") for name in sys.modules)
hog = None
told["later"] = visit()[0]
print(json.dumps(told))
"""


def test_it_takes_no_heap_when_it_has_left_and_says_so_when_there_is_none(seldom, run_micropython, tmp_path):
    functions = "\n".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(BIG))
    (seldom / "seldom" / "big.py").write_text(functions)
    script = tmp_path / "visit.py"
    script.write_text(ON_DEVICE % str(tmp_path))
    done = run_micropython(script, heap="192K")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["result"] == told["later"] == 2
    assert told["inside"] > BIG * 56
    assert told["after"] < 300
    assert told["refused"] is True
