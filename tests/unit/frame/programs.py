"""Small device programs for the tests of the build's passes, run on CPython before and after a pass."""

import contextlib
import io
import sys

from tools.program import Program


def ran(texts: dict[str, str], folder, main="main") -> str:
    """What the program prints."""
    for name, text in texts.items():
        path = folder / (name.replace(".", "/") + ".py")
        if any(other.startswith(name + ".") for other in texts):
            path = folder / name.replace(".", "/") / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode, kept = True, sys.dont_write_bytecode
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            __import__(main)
    finally:
        sys.dont_write_bytecode = kept
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            del sys.modules[name]
    return out.getvalue()


def same(texts: dict[str, str], change, tmp_path, outside=()) -> Program:
    """Assert that the program prints the same after `change(program)`; return the changed program."""
    program = Program(texts, outside)
    expected = ran(texts, tmp_path / "before")
    assert expected
    change(program)
    assert ran(program.texts(), tmp_path / "after") == expected
    return program
