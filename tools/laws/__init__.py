"""The laws of the house that no ready tool checks. tools/lint.py runs them, tests/unit/frame proves each."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

Finding = tuple[int, str]  # line number, what is wrong there


@dataclass
class Source:
    """One file of the project: its path from the root and its text."""

    path: str
    text: str
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = PurePosixPath(self.path).name

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def docstrings(self) -> set[int]:
        """The ids of the constants that are docstrings: prose, not data."""
        owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        bodies = [node.body for node in self.nodes if isinstance(node, owners) and node.body]
        return {id(b[0].value) for b in bodies if isinstance(b[0], ast.Expr)}


@dataclass(frozen=True)
class Law:
    """A rule with the files it holds for: `where` are folder or file prefixes, `except_` those left out."""

    name: str
    check: Callable[[Source], Iterable[Finding]]
    where: tuple[str, ...]
    except_: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (".py",)

    def holds_for(self, path: str) -> bool:
        return (
            path.startswith(self.where) and not path.startswith(self.except_) and path.endswith(self.suffixes)
        )


def _type_checking_only(source: Source) -> set[int]:
    """The ids of nodes under `if TYPE_CHECKING:`, which never run; MicroPython skips them too."""
    guards = [n for n in source.nodes if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    return {id(inner) for guard in guards for statement in guard.body for inner in ast.walk(statement)}


def imported(source: Source) -> Iterable[tuple[int, str]]:
    """Every absolute import that runs: (line, dotted name); `from a import b` gives `a.b`."""
    guarded = _type_checking_only(source)
    for node in source.nodes:
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def called(node: ast.AST) -> str:
    """The last name of what is called: `open` for `open()` and `a.b.open()`; "" for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    target = node.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
