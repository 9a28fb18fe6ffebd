"""docs/protocol-matrix.md: which function of which protocol is proved by what, made of tests/matrix/*.py.

    python -m tools.matrix            write it
    python -m tools.matrix --check    end with 1 when the page is not as it would be written

Each file of tests/matrix has PROTOCOL and ROWS of (function, vector, peer, simulator). A cell is empty or
names the test ("tests/.../test_a.py::test_b") or vector ("tests/vectors/lines/x.json#name") that proves it.
"""

import ast
import importlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "protocol-matrix.md"
HOW = ("vector", "peer", "simulator")
HEAD = """\
# Protocols, function by function

What proves that we speak it right. *vector*: frames of a published standard or of a real meter, on CPython
and on MicroPython. *peer*: an independent implementation reads ours or answers us, in the test run.
*simulator*: our own master and our own meter agree, which shows no more. What has no mark was never proved.
Made by `python -m tools.matrix`; each mark is a link to the test.
"""


def tables() -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    for path in sorted((ROOT / "tests" / "matrix").glob("*.py")):
        module = importlib.import_module(f"tests.matrix.{path.stem}")
        yield module.PROTOCOL, module.ROWS


@cache
def _names(path: Path) -> frozenset[str]:
    """Tests of a Python file, or cases of a vector file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return frozenset(case["name"] for case in json.loads(text))
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def missing(cell: str) -> bool:
    """Whether a cell names what does not exist."""
    file, _, name = cell.replace("#", "::", 1).partition("::")
    path = ROOT / file
    return not path.is_file() or name.partition("[")[0] not in _names(path)


def problems() -> list[str]:
    return [
        f"{protocol}: {row[0]}: {cell} does not exist"
        for protocol, rows in tables()
        for row in rows
        for cell in row[1:]
        if cell and missing(cell)
    ]


def _mark(cell: str) -> str:
    file = cell.replace("#", "::", 1).partition("::")[0]
    return f"[yes](../{file})" if cell else "-"


def page() -> str:
    out = [HEAD]
    for protocol, rows in tables():
        proved = [f"{sum(bool(row[1 + at]) for row in rows)} by {how}" for at, how in enumerate(HOW)]
        never = sum(not any(row[1:]) for row in rows)
        out.append(f"\n## {protocol}\n\n{len(rows)} functions: {', '.join(proved)}, {never} never.\n\n")
        out.append("| function | " + " | ".join(HOW) + " |\n|---|---|---|---|\n")
        out.extend(f"| {row[0]} | " + " | ".join(_mark(cell) for cell in row[1:]) + " |\n" for row in rows)
    return "".join(out)


def main() -> int:
    found = problems()
    print("\n".join(found), end="\n" if found else "")
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        print(f"{PAGE.relative_to(ROOT)} is not current: python -m tools.matrix")
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
