"""Puts the value of a module's own integer constants where their names stand, before mpy-cross compiles it.

A named constant costs a terminal a dictionary slot and an interned name; three hundred of them were 25 KB of
a 192 KB heap. MicroPython has `const()` for this, but CPython, which runs the same files, has not. The
sources keep their names; only what is compiled loses them.

A name is taken only if it is sure to be a constant: assigned once, at the top of its module, to integers,
in capitals, and named by no other module, neither in an import nor behind a dot.
"""

import ast
from collections import Counter
from collections.abc import Iterable


def shared_names(sources: Iterable[str]) -> frozenset[str]:
    """Names that some module imports from another or reaches by an attribute: these must stay."""
    out: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                out.update(alias.name for alias in node.names)
            elif isinstance(node, ast.Attribute):
                out.add(node.attr)
    return frozenset(out)


def inline(source: str, shared: frozenset[str]) -> str:
    """The source with its own integer constants replaced; unchanged text when it has none."""
    tree = ast.parse(source)
    values = _constants(tree, shared)
    if not values:
        return source
    return ast.unparse(ast.fix_missing_locations(_Inliner(values).visit(tree)))


def _constants(tree: ast.Module, shared: frozenset[str]) -> dict[str, int]:
    bound = Counter(_bindings(tree))
    values: dict[str, int] = {}
    for statement in tree.body:
        for name, value in _pairs(statement):
            number = _number(value, values)
            if name.isupper() and name not in shared and bound[name] == 1 and number is not None:
                values[name] = number
    return values


def _bindings(tree: ast.Module) -> Iterable[str]:
    """Every name something in the module binds: a constant is bound exactly once."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def _pairs(statement: ast.stmt) -> Iterable[tuple[str, ast.expr]]:
    """(name, value) of `A = 1`, `A = B = 1` and `A, B = 1, 2`."""
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        if isinstance(target, ast.Name):
            yield target.id, statement.value
        elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            for name, value in zip(target.elts, statement.value.elts, strict=False):
                if isinstance(name, ast.Name):
                    yield name.id, value


def _number(value: ast.expr, known: dict[str, int]) -> int | None:
    """The integer that an expression of literals and known constants gives, else None."""
    if isinstance(value, ast.Constant):
        return value.value if type(value.value) is int else None
    if isinstance(value, ast.Name):
        return known.get(value.id)
    if isinstance(value, ast.BinOp):
        left, right = _number(value.left, known), _number(value.right, known)
        action = _ACTIONS.get(type(value.op))
        return None if action is None or left is None or right is None else action(left, right)
    return None


_ACTIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.LShift: lambda a, b: a << b,
    ast.BitOr: lambda a, b: a | b,
}


class _Inliner(ast.NodeTransformer):
    def __init__(self, values: dict[str, int]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return ast.Constant(self._values[node.id])
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """Take away what of the assignment is inlined."""
        self.generic_visit(node)
        first = node.targets[0]
        if isinstance(first, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(node.targets) == 1:
            pairs = zip(first.elts, node.value.elts, strict=False)
            left = [(name, value) for name, value in pairs if not self._inlined(name)]
            if len(left) < len(first.elts):
                first.elts, node.value.elts = [name for name, _ in left], [value for _, value in left]
        else:
            node.targets = [target for target in node.targets if not self._inlined(target)]
            first = None
        empty = not node.targets or (first is not None and not first.elts)
        return None if empty else node

    def _inlined(self, target: ast.expr) -> bool:
        return isinstance(target, ast.Name) and target.id in self._values
