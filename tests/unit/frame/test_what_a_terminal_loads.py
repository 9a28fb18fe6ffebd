"""The build counts as a terminal's what a terminal loads: its lists against the interpreter itself."""

import ast
from pathlib import Path

import pytest

from tools import build

START = """
import sys
from firmware.hal import unix
import firmware.terminal
print(*(name for name in sys.modules if name.startswith(("firmware", "protocols"))))
"""  # what boards/unix/main.py imports, without its run()


@pytest.fixture(scope="module")
def loaded(repo_root, run_micropython, tmp_path_factory) -> set[str]:
    """The source files of the modules that a starting terminal holds."""
    out = tmp_path_factory.mktemp("build")
    _, errors = build.build(repo_root, out, ("unix",))
    assert errors == []
    starter = out / "start.py"
    starter.write_text(START)
    done = run_micropython(starter, path=(out / "unix",), cwd=out)
    assert done.returncode == 0, done.stderr
    return {source(repo_root, name) for name in done.stdout.split()}


def source(root: Path, module: str) -> str:
    """The file of a module, or of a package."""
    path = Path(*module.split("."))
    path = path / "__init__.py" if (root / path).is_dir() else path.with_suffix(".py")
    return path.as_posix()


def test_nothing_that_is_left_out_of_the_count_is_loaded(loaded):
    assert "firmware/terminal.py" in loaded
    assert {name for name in loaded if name.startswith(build.NOT_IN_A_TERMINAL)} == set()


def test_everything_that_is_counted_is_loaded(loaded, repo_root):
    """A file that only the station or a rig needs belongs on a list of tools/build.py, with the reason."""
    files = {path.as_posix() for path in build.sources(repo_root)}
    counted = {name for name in files if not name.startswith(build.NOT_IN_A_TERMINAL)}
    assert counted == loaded


def test_a_device_loads_all_it_needs_at_its_start(repo_root):
    """An import inside a function would load after the tests above look, into a heap that is in use."""
    late = {
        f"{path}:{inner.lineno}"
        for path in build.sources(repo_root)
        for function in ast.walk(ast.parse((repo_root / path).read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert late == set()
