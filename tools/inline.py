"""Puts the value of an integer or short text constant where its name stands, before mpy-cross compiles it.

A named constant costs a terminal a dictionary slot in each module that knows it and an interned name.
MicroPython has `const()` for this, but CPython, which runs the same files, has not, and it works within one
module only. The sources keep their names; only what is compiled loses them.

A name is taken only if it is sure to be a constant: in capitals, bound once in its module, at the top, and
set from outside by nobody. In another module it is followed through `from m import NAME` and through
`m.NAME`, if that name of `m` is itself bound once.
"""

import ast
from collections import Counter

from tools.program import Program, asked, asks_by_name, assigned, bindings, words

PASSES = 3  # a constant may be the sum of another module's, and that of a third one's
TEXT_MOST = 10  # characters: what MicroPython interns; a longer text would be an object in each module

Value = int | str


def inline(program: Program) -> None:
    """Change the program's trees in place."""
    for _ in range(PASSES):
        _once(program)


def _once(program: Program) -> None:
    bound = {name: bindings(tree) for name, tree in program.modules.items()}
    imports = {name: _imports(tree, bound[name]) for name, tree in program.modules.items()}
    own = _constants(program, bound)
    seen = own
    for _ in range(PASSES):  # what a module imports it also hands on
        seen = {name: {**own[name], **_imported(imports[name], seen)} for name in program.modules}
    for name, tree in program.modules.items():
        modules = {local: seen[whole] for local, _module, _name, whole in imports[name] if whole in seen}
        _Inliner(seen[name], modules).visit(tree)
    wanted = _wanted(program)
    for name, tree in program.modules.items():
        unasked = {each for each in seen[name] if each not in wanted and (name, each) not in wanted}
        _Remover(unasked).visit(tree)
        ast.fix_missing_locations(tree)


# ---- what is a constant ---------------------------------------------------------------------------


def _constants(program: Program, bound: dict[str, Counter[str]]) -> dict[str, dict[str, Value]]:
    """{module: {name: value}}."""
    set_from_outside = {
        node.attr
        for node in program.everywhere()
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    return {name: _own(tree, set_from_outside, bound[name]) for name, tree in program.modules.items()}


def _own(tree: ast.Module, forbidden: set[str], bound: Counter[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for statement in tree.body:
        for name, expression in assigned(statement):
            value = _value(expression, values)
            if name.isupper() and name not in forbidden and bound[name] == 1 and value is not None:
                values[name] = value
    return values


def _value(node: ast.expr, known: dict[str, Value]) -> Value | None:
    """What an expression of literals and known constants gives, else None."""
    if isinstance(node, ast.Constant):
        if type(node.value) is int or (type(node.value) is str and len(node.value) <= TEXT_MOST):
            return node.value
        return None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, known)
        return -value if isinstance(value, int) else None
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, known), _value(node.right, known)
        action = _ACTIONS.get(type(node.op))
        if action and isinstance(left, int) and isinstance(right, int):
            return action(left, right)
    return None


_ACTIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b if b else None,
    ast.LShift: lambda a, b: a << b,
    ast.BitOr: lambda a, b: a | b,
}


Imported = tuple[str, str, str, str]  # name here, module, name there, and both as one dotted name


def _imports(tree: ast.Module, bound: Counter[str]) -> list[Imported]:
    """What `from module import name` binds here, and nothing else does."""
    return [
        (alias.asname or alias.name, node.module, alias.name, f"{node.module}.{alias.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if bound[alias.asname or alias.name] == 1
    ]


def _imported(imports: list[Imported], seen: dict[str, dict[str, Value]]) -> dict[str, Value]:
    """{name: value} of the constants that a module imports."""
    return {local: seen[module][name] for local, module, name, _ in imports if name in seen.get(module, ())}


class _Inliner(ast.NodeTransformer):
    def __init__(self, values: dict[str, Value], modules: dict[str, dict[str, Value]]) -> None:
        self._values, self._modules = values, modules

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return _literal(self._values[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            values = self._modules.get(node.value.id, {})
            if node.attr in values:
                return _literal(values[node.attr])
        self.generic_visit(node)
        return node


def _literal(value: Value) -> ast.expr:
    if isinstance(value, int) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))  # as a Constant `-1 ** 2` would come out of it
    return ast.Constant(value)


# ---- what is left to take away -------------------------------------------------------------------


def _wanted(program: Program) -> set[str | tuple[str, str]]:
    """Names still asked for: (module, name) by an import, a bare name by an attribute or a text."""
    out: set[str | tuple[str, str]] = set()
    kept = {
        name: {n.id for n in ast.walk(t) if isinstance(n, ast.Name)} for name, t in program.modules.items()
    }
    for name, tree in [*program.modules.items(), *((None, tree) for tree in program.outside)]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if name is None or (alias.asname or alias.name) in kept[name]:
                        out.add((node.module, alias.name))
            elif isinstance(node, ast.Attribute):
                out.add(node.attr)
            elif isinstance(node, ast.Call):
                out.update(asked(node))
        if name is None or asks_by_name(tree):
            out.update(words(tree))
    return _through(program, out)


def _through(program: Program, wanted: set[str | tuple[str, str]]) -> set[str | tuple[str, str]]:
    """Add what is asked for through a module that only hands it on."""
    before = 0
    while len(wanted) != before:
        before = len(wanted)
        for name, tree in program.modules.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module:
                    for alias in node.names:
                        if (name, alias.asname or alias.name) in wanted:
                            wanted.add((node.module, alias.name))
    return wanted


class _Remover(ast.NodeTransformer):
    """Takes away the assignments and imports of `names`: each is bound once in its module."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        node.names = [alias for alias in node.names if (alias.asname or alias.name) not in self._names]
        return node if node.names else ast.Pass()

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        first = node.targets[0]
        if isinstance(first, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(node.targets) == 1:
            pairs = zip(first.elts, node.value.elts, strict=False)
            left = [(name, value) for name, value in pairs if not self._gone(name)]
            if len(left) < len(first.elts):
                first.elts, node.value.elts = [name for name, _ in left], [value for _, value in left]
            return node if first.elts else ast.Pass()
        node.targets = [target for target in node.targets if not self._gone(target)]
        return node if node.targets else ast.Pass()

    def _gone(self, target: ast.expr) -> bool:
        return isinstance(target, ast.Name) and target.id in self._names
