"""Puts the texts and tuples of an image where they are used, and joins texts that the sources join.

A name at the top of the bundle costs a device 16 bytes of heap for its slot; a text that the program joins
from others when it starts lies in the heap whole, where one that the compiler sees lies in flash. What only
visits use leaves with them. A constant that the bundle itself uses more than once stays a name there.
"""

import ast
from collections import Counter
from collections.abc import Mapping

from tools.program import FUNCTIONS, Program, assigned, bindings
from tools.scopes import Walker

Constant = str | bytes | tuple | int | bool | None


def place(program: Program, bundle: str, keep: set[str]) -> None:
    """Change the program in place. `keep`: names of the bundle that something beside the program asks for."""
    held = program.modules[bundle]
    values = _constants(held)
    _Joiner(values).visit(held)
    uses = _Uses()
    uses.visit(held)
    asked = keep | _imported_inside(program, bundle)
    placed = {name: value for name, value in values.items() if uses.loads[name] < 2 and name not in asked}
    _Placer(placed).visit(held)
    held.body = [each for each in held.body if not _is_placed(each, placed)]
    for name, tree in program.modules.items():
        if name != bundle:
            _Placer(_taken(tree, bundle, placed)).visit(tree)


def _constants(tree: ast.Module) -> dict[str, Constant]:
    """{name: value} of what is bound once, at the top, to what never changes."""
    bound = _bound_at_top(tree)
    out: dict[str, Constant] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and [type(each) for each in statement.targets] == [ast.Name]:
            for name, expression in assigned(statement):
                try:
                    if bound[name] == 1:
                        out[name] = _value(expression, out)
                except ValueError:
                    pass
    return out


def _bound_at_top(tree: ast.Module) -> Counter[str]:
    """How often the module's own names are bound, by its top or by a function that says `global`."""
    out: Counter[str] = Counter()
    for statement in tree.body:
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            out[statement.name] += 1
            for node in ast.walk(statement):
                out.update(node.names if isinstance(node, ast.Global) else ())
        else:
            out.update(bindings(statement))
    return out


def _value(node: ast.expr | None, known: Mapping[str, Constant]) -> Constant:
    """What an expression of literals and known constants gives; ValueError when it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.Tuple):
        return tuple(_value(each, known) for each in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_whole(_value(node.operand, known))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _value(node.left, known), _value(node.right, known)
        if isinstance(left, str) and isinstance(right, str):
            return left + right
    if isinstance(node, ast.JoinedStr):
        return "".join([_part(each, known) for each in node.values])
    raise ValueError


def _whole(value: Constant) -> int:
    if type(value) is not int:
        raise ValueError
    return value


def _part(node: ast.expr, known: Mapping[str, Constant]) -> str:
    """A piece of an f-string: text, or a plain `{name}` of a text or whole number."""
    if isinstance(node, ast.FormattedValue):
        value = _value(node.value, known)
        if node.conversion != -1 or node.format_spec or type(value) not in (str, int):
            raise ValueError
        return str(value)
    return str(_value(node, known))


def _literal(value: Constant) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([_literal(each) for each in value], ast.Load())
    if type(value) is int and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _imported_inside(program: Program, bundle: str) -> set[str]:
    """Names of the bundle that are imported inside a function: these imports are left alone."""
    out: set[str] = set()
    for tree in program.modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == bundle and node not in tree.body:
                out.update(alias.name for alias in node.names)
    return out


def _is_placed(statement: ast.stmt, placed: Mapping[str, Constant]) -> bool:
    return isinstance(statement, ast.Assign) and any(name in placed for name, _ in assigned(statement))


def _taken(tree: ast.Module, bundle: str, placed: Mapping[str, Constant]) -> dict[str, Constant]:
    """{name here: value} of what this module imported from the bundle; the imports go."""
    out: dict[str, Constant] = {}
    for node in list(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == bundle:
            out.update({a.asname or a.name: placed[a.name] for a in node.names if a.name in placed})
            node.names = [alias for alias in node.names if alias.name not in placed]
            if not node.names:
                tree.body.remove(node)
    return out


class _Joiner(Walker):
    """Joins texts whose parts are known."""

    def __init__(self, known: Mapping[str, Constant]) -> None:
        super().__init__()
        self._known = known

    def _join(self, node: ast.expr) -> ast.AST:
        local = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and self.is_local(each.id)}
        try:
            return _literal(_value(node, {k: v for k, v in self._known.items() if k not in local}))
        except ValueError:
            return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self._join(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return self._join(node)


class _Uses(Walker):
    """How often the functions and the top of a module load each name of its top."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: Counter[str] = Counter()

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and not self.is_local(node.id):
            self.loads[node.id] += 1
        return node


class _Placer(Walker):
    def __init__(self, values: Mapping[str, Constant]) -> None:
        super().__init__()
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._values and not self.is_local(node.id):
            return _literal(self._values[node.id])
        return node
