"""The build counts as a terminal's what a terminal loads: its lists against the interpreter itself."""

import ast
import re
from pathlib import Path

import pytest

from tools import build
from tools.bundle import beside, bundle, reached

START = """
import sys
from firmware.hal import unix
import firmware.terminal
print(*(name for name in sys.modules if name.startswith(("firmware", "protocols"))))
"""  # what boards/unix/main.py imports, without its run()
STATEMENT = re.compile(r"^(import|from|def|class|async|[A-Za-z_]\w* =)", re.M)


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


@pytest.fixture(scope="module")
def program(repo_root):
    return build.small(repo_root)[0]


def source(root: Path, module: str) -> str:
    """The file of a module, or of a package."""
    path = Path(*module.split("."))
    path = path / "__init__.py" if (root / path).is_dir() else path.with_suffix(".py")
    return path.as_posix()


def late_imports(tree: ast.AST, module: str):
    """(module imported inside a function, statement)."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        yield from ((f"{node.module}.{alias.name}", node), (node.module, node))
                elif isinstance(node, ast.Import):
                    yield from ((alias.name, node) for alias in node.names)


def test_everything_that_is_counted_stays_or_visits(loaded, repo_root, program):
    """What the main reaches by its imports against the interpreter itself."""
    counted = {path.as_posix() for path in build.loaded(repo_root)}
    counted = {name for name in counted if not name.startswith("boards/")}
    texts = program.texts()
    inlined = {source(repo_root, name) for name in texts if not STATEMENT.search(texts[name])}
    visiting = {
        source(repo_root, name)
        for module, tree in program.modules.items()
        for late, _node in late_imports(tree, module)
        if late in program.modules
        for name in reached(program, [late])  # pyright: ignore[reportArgumentType]
    }
    assert counted - loaded - visiting - inlined == set()
    assert loaded <= counted | {"firmware/__init__.py"}


def test_what_visits_is_never_loaded_at_the_start(repo_root, program):
    """A module is imported at the tops of others or inside functions: both ways it would be there twice."""
    always = reached(program, ["firmware.terminal", "firmware.hal.unix"])
    both = {
        f"{module}:{node.lineno} {late}"
        for module, tree in program.modules.items()
        for late, node in late_imports(tree, module)
        if late in always and not any(name.startswith(late + ".") for name in always)
    }
    assert both == set()


def test_the_image_holds_what_always_stays_in_one_module(repo_root):
    program, _told = build.small(repo_root)
    bundle(program, ["boards.unix.main"])
    always = reached(program, ["boards.unix.main", *beside(program)])
    packages = {name for name in always if any(other.startswith(name + ".") for other in always)}
    assert always - packages == {"resident", "boards.unix.main", "firmware.hal.unix", "firmware.terminal"}


def test_golden_vectors_on_what_a_device_runs(repo_root, run_micropython, tmp_path):
    """The same messages and frames come out of the tree with short names as out of the sources."""
    vectors = repo_root / "tests" / "vectors"
    texts = sorted(
        {text for file in vectors.glob("*.json") for text in re.findall(r'"(\w+)"', file.read_text())}
    )
    asked = tmp_path / "asked.py"  # run.py asks for names that stand in the vectors
    asked.write_text(f"NAMES = {texts}\n")
    beside = [vectors / "run.py", asked]
    _, errors = build.build(repo_root, tmp_path / "out", ("unix",), beside, everything=True)
    assert errors == []
    done = run_micropython(vectors / "run.py", path=(tmp_path / "out" / "unix",), cwd=vectors, heap="4M")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
