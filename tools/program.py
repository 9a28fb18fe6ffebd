"""The device's program as syntax trees: what the passes of the build (inline, prune, shorten) know about it.

The passes change names and take things away, so they must see everybody who could ask for a thing by its
name: all modules that a device loads, and `outside`, texts that run beside them and reach into them (rigs,
benches). Where they cannot be sure they leave a thing as it is, or refuse: `Unsure` ends the build.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

BY_NAME = ("getattr", "setattr", "hasattr", "delattr")
UNSEEN = ("eval", "exec", "locals", "globals", "vars", "dir")  # would reach names that no pass can see
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Unsure(Exception):
    """The program does something the passes cannot follow; the text says where and what."""


class Program:
    """`texts`: {dotted module name: source}."""

    def __init__(self, texts: Mapping[str, str], outside: Iterable[str] = ()) -> None:
        self.modules = {name: ast.parse(text, name) for name, text in texts.items()}
        self.outside = [ast.parse(text) for text in outside]
        for name, tree in self.modules.items():
            _refuse_unseen(name, tree)

    def texts(self) -> dict[str, str]:
        return {name: ast.unparse(tree) for name, tree in self.modules.items()}

    def everywhere(self) -> Iterator[ast.AST]:
        """Every node of every module and of what runs beside them."""
        for tree in (*self.modules.values(), *self.outside):
            yield from ast.walk(tree)


def _refuse_unseen(name: str, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            raise Unsure(f"{where}: import *")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in UNSEEN:
            raise Unsure(f"{where}: {node.func.id}()")
        if isinstance(node, ast.Attribute) and node.attr in ("__dict__", "__getattr__"):
            raise Unsure(f"{where}: {node.attr}")
        if isinstance(node, FUNCTIONS) and node.name in ("__getattr__", "__setattr__"):
            raise Unsure(f"{where}: {node.name}")


def documentation(tree: ast.AST) -> set[int]:
    """ids of the docstring nodes below: words in them ask for nothing."""
    out = set()
    for node in ast.walk(tree):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Module)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                out.add(id(first.value))
    return out


def words(tree: ast.AST) -> Iterator[str]:
    """Texts that could be names asked for by getattr and its like: all but docstrings."""
    skip = documentation(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skip:
            yield node.value


def asked(node: ast.Call) -> Iterator[str]:
    """The name in `getattr(x, "name")` and its like."""
    if isinstance(node.func, ast.Name) and node.func.id in BY_NAME and len(node.args) > 1:
        name = node.args[1]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value


def asks_by_name(tree: ast.AST) -> bool:
    """Whether something here asks for an attribute whose name does not stand in the call."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in BY_NAME
        and not (len(node.args) > 1 and isinstance(node.args[1], ast.Constant))
        for node in ast.walk(tree)
    )


def bindings(tree: ast.AST) -> Counter[str]:
    """How often each name is bound anywhere below, whatever binds it."""
    return Counter(_bound(tree))


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of `A = 1`, `A = B = 1` and `A, B = 1, 2`."""
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        if isinstance(target, ast.Name):
            yield target.id, statement.value
        elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            if any(isinstance(item, ast.Starred) for item in (*target.elts, *statement.value.elts)):
                continue
            for name, value in zip(target.elts, statement.value.elts, strict=False):
                if isinstance(name, ast.Name):
                    yield name.id, value
