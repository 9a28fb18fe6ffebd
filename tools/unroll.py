"""Turns comprehensions inside functions into loops: each is a function of its own to the device, with a code
object, a table and, at run time, a closure and a generator.

    return [f(x) for x in rows if x]      c0 = []
                                          for c1 in rows:
                                              if c1:
                                                  c0.append(f(c1))
                                          return c0

A comprehension is taken only where its statement would compute it first of all that could be seen to happen:
what stands before it is a name, a constant or the function it is handed to. Left as they are: those of a
module or class, with await, yield or a function inside, in tasks and generators (whose locals live long), and
those of a module that gives a built-in name another meaning.
"""

import ast
import copy
from collections.abc import Iterator

from tools.program import FUNCTIONS, Program, bindings
from tools.scopes import COMPREHENSIONS, SCOPES

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Function = ast.FunctionDef | ast.AsyncFunctionDef
WHOLE = ("list", "tuple", "sorted", "set", "join")  # take all that a generator gives before they do anything
FOLDED = ("any", "all", "sum")  # become a loop themselves
BUILT_IN = (*WHOLE[:-1], *FOLDED)
_HEADS = {ast.If: "test", ast.For: "iter", ast.Return: "value", ast.Expr: "value", ast.Assign: "value"}
_BLOCKS = ("body", "orelse", "finalbody")


def unroll(program: Program) -> None:
    """Change the program's trees in place."""
    for tree in program.modules.values():
        bound = bindings(tree)
        if any(bound[name] for name in BUILT_IN):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not _lives_long(node):
                _Function(node).work()


def _lives_long(function: Function) -> bool:
    return any(isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)) for node in ast.walk(function))


class _Function:
    def __init__(self, node: ast.FunctionDef) -> None:
        self._node = node
        self._taken = {name for each in ast.walk(node) for name in _names(each)}
        self._made = 0

    def work(self) -> None:
        self._block(self._node.body)

    def _fresh(self) -> str:
        while True:
            name = f"c{self._made}"
            self._made += 1
            if name not in self._taken:
                return name

    def _block(self, body: list[ast.stmt]) -> None:
        at = 0
        while at < len(body):
            before = self._before(body[at])
            body[at:at] = before
            if before:
                continue  # a loop that was made may hold another, and the statement itself too
            for inner in _blocks(body[at]):
                self._block(inner)
            at += 1

    def _before(self, statement: ast.stmt) -> list[ast.stmt]:
        """Statements to stand before this one, in which one comprehension is a name now; [] for none."""
        field = _HEADS.get(type(statement))
        head = getattr(statement, field) if field else None
        if head is None:
            return []
        place = _first(head)
        if place is None:
            return []
        name = self._fresh()
        made = self._loop(place, name)
        setattr(statement, field, _Put(place, ast.Name(name, ast.Load())).visit(head))  # type: ignore[arg-type]
        return [ast.fix_missing_locations(each) for each in made]

    def _loop(self, place: ast.expr, name: str) -> list[ast.stmt]:
        if isinstance(place, ast.Call):  # any, all, sum
            comprehension = place.args[0]
            assert isinstance(comprehension, (ast.ListComp, ast.GeneratorExp))
            start, inner = _FOLDS[place.func.id](name, comprehension.elt)  # type: ignore[attr-defined]
        else:
            comprehension = place
            start, inner = _collected(name, place)  # type: ignore[arg-type]
        made = [ast.Assign([ast.Name(name, ast.Store())], start), _nest(comprehension.generators, inner)]  # type: ignore[union-attr]
        renamed = {each: self._fresh() for each in sorted(_targets(comprehension))}  # type: ignore[arg-type]
        first = comprehension.generators[0].iter  # type: ignore[union-attr]  # is computed outside, where names mean others
        kept, made[1].iter = copy.deepcopy(first), ast.Constant(None)  # type: ignore[attr-defined]
        made[1] = _Rename(renamed).visit(made[1])
        made[1].iter = kept  # type: ignore[attr-defined]
        return made


def _names(node: ast.AST) -> Iterator[str]:
    for field in ("id", "arg", "name", "asname"):
        if isinstance(name := getattr(node, field, None), str):
            yield name
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return
    for field in _BLOCKS:
        yield getattr(statement, field, [])
    for handler in getattr(statement, "handlers", ()):
        yield handler.body


# ---- which one


def _first(node: ast.expr) -> ast.expr | None:
    """The comprehension, or any/all/sum of one, that `node` computes before all else; None."""
    if isinstance(node, COMPREHENSIONS):
        fit = _simple(node) and not isinstance(node, ast.GeneratorExp)
        return node if fit else None
    if isinstance(node, ast.Call):
        return _of_call(node)
    for part, plain in _parts(node):
        if not plain:
            return _first(part)
    return None


def _of_call(node: ast.Call) -> ast.expr | None:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    alone = (
        len(node.args) == 1
        and not node.keywords
        and isinstance(node.args[0], (ast.ListComp, ast.GeneratorExp))
    )
    if alone and _simple(node.args[0]):  # type: ignore[arg-type]
        if name in FOLDED and isinstance(node.func, ast.Name):
            one = len(node.args[0].generators) == 1  # type: ignore[attr-defined]
            return node if one else None
        if name in WHOLE and (isinstance(node.func, ast.Name) or _plain(node.func.value)):  # type: ignore[attr-defined]
            return node.args[0]
    if not isinstance(node.func, ast.Name) and not (
        isinstance(node.func, ast.Attribute) and _plain(node.func.value)
    ):
        return _first(node.func.value) if isinstance(node.func, ast.Attribute) else None
    for part in (*node.args, *(keyword.value for keyword in node.keywords)):
        inside = part.value if isinstance(part, ast.Starred) else part
        if not _plain(inside):
            return _first(inside)
    return None


def _parts(node: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """(operand, whether it is plain) in the order in which they are computed, as far as all surely are."""
    fields: dict[type, tuple[str, ...]] = {
        ast.BinOp: ("left", "right"),
        ast.UnaryOp: ("operand",),
        ast.Subscript: ("value",),
        ast.Attribute: ("value",),
        ast.IfExp: ("test",),
        ast.Compare: ("left",),
    }
    found = [getattr(node, field) for field in fields.get(type(node), ())]
    if isinstance(node, ast.BoolOp):
        found = node.values[:1]
    elif isinstance(node, (ast.Tuple, ast.List)):
        found = node.elts
    for part in found:
        yield part, _plain(part)


def _plain(node: ast.expr) -> bool:
    """Computing it early or late makes no difference: no comprehension binds a name of the function."""
    if isinstance(node, ast.Attribute):
        return _plain(node.value) and isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Constant, ast.Name))


def _simple(node: Comprehension) -> bool:
    for each in ast.walk(node):
        if isinstance(each, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, *SCOPES)):
            return False
        if each is not node and isinstance(each, COMPREHENSIONS):
            return False
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "next":
            return False  # its StopIteration would end a generator and not a loop
    if isinstance(node, ast.DictComp) and not (_plain(node.key) or _plain(node.value)):
        return False  # an assignment computes the value first
    return not any(generator.is_async for generator in node.generators)


def _targets(node: Comprehension) -> set[str]:
    found = [each for generator in node.generators for each in ast.walk(generator.target)]
    return {each.id for each in found if isinstance(each, ast.Name)}


# ---- as a loop


def _collected(name: str, node: Comprehension) -> tuple[ast.expr, list[ast.stmt]]:
    """(what to begin with, what to do with each)."""
    if isinstance(node, ast.DictComp):
        put = ast.Subscript(ast.Name(name, ast.Load()), node.key, ast.Store())
        return ast.Dict([], []), [ast.Assign([put], node.value)]
    if isinstance(node, ast.SetComp):
        return ast.Call(ast.Name("set", ast.Load()), [], []), [_called(name, "add", node.elt)]
    return ast.List([], ast.Load()), [_called(name, "append", node.elt)]


def _called(name: str, method: str, value: ast.expr) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Attribute(ast.Name(name, ast.Load()), method, ast.Load()), [value], []))


def _any(name: str, elt: ast.expr) -> tuple[ast.expr, list[ast.stmt]]:
    return ast.Constant(False), [ast.If(elt, [_set(name, True), ast.Break()], [])]


def _all(name: str, elt: ast.expr) -> tuple[ast.expr, list[ast.stmt]]:
    return ast.Constant(True), [ast.If(ast.UnaryOp(ast.Not(), elt), [_set(name, False), ast.Break()], [])]


def _sum(name: str, elt: ast.expr) -> tuple[ast.expr, list[ast.stmt]]:
    return ast.Constant(0), [ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), elt)]


def _set(name: str, value: bool) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], ast.Constant(value))


_FOLDS = {"any": _any, "all": _all, "sum": _sum}


def _nest(generators: list[ast.comprehension], inner: list[ast.stmt]) -> ast.stmt:
    for generator in reversed(generators):
        for condition in reversed(generator.ifs):
            inner = [ast.If(condition, inner, [])]
        inner = [ast.For(generator.target, generator.iter, inner, [])]
    return inner[0]


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().visit(node)
