"""Puts a function or method that is called at one place only there: it need not be an object of its own.

    def _open(path):                 def read():
        f = open(path)                   s0 = PATH
        return f                         s1 = open(s0)
                                         f = s1
    def read():                          return f.read()
        f = _open(PATH)
        return f.read()

A private name is taken if it is defined once in the program, stands in one call and nowhere else (nor in a
text), and the call is a whole statement: `x = _f(...)`, `return _f(...)` or `_f(...)`, in a function of the
same module, a method in a method of the same class. Where the call is not returned, the only return may stand
at the end. Left as they are: generators, tasks and what calls from them (their locals live long), functions
with imports, functions or classes inside, with global names, decorators, * or unsure arguments, and where the
caller has a name that means another thing to the function.
"""

import ast
from collections import Counter
from collections.abc import Collection, Iterator

from tools.program import FUNCTIONS, Program, bindings
from tools.scopes import COMPREHENSIONS, bound_names
from tools.shorten import asked_from_elsewhere, groups, mentioned, private

Owner = ast.Module | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


def splice(program: Program, apart: Collection[str] = ()) -> None:
    """Change the program's trees in place, until nothing more can be put elsewhere; `apart` as of shorten."""
    together = groups(program)
    keep = asked_from_elsewhere(program, together, apart)
    while any([_group([program.modules[name] for name in group], keep) for group in together]):
        pass


def _group(trees: list[ast.Module], keep: set[str]) -> bool:
    """Modules whose classes inherit from each other: nobody else asks for their private names."""
    counts = Counter(name for tree in trees for node in ast.walk(tree) for name in mentioned(node))
    once = {name for name, n in counts.items() if n == 2 and private(name)} - keep
    owners: list[Owner] = [*trees]
    owners += [each for tree in trees for each in tree.body if isinstance(each, ast.ClassDef)]
    return any([_owner(owner, once) for owner in owners])


def _owner(owner: Owner, once: set[str]) -> bool:
    """Whether anything of this class or module was put elsewhere."""
    done = False
    for function in [each for each in owner.body if isinstance(each, ast.FunctionDef) and each.name in once]:
        for caller in owner.body if isinstance(owner, ast.ClassDef) else _callers(owner):
            if (
                caller is not function
                and isinstance(caller, ast.FunctionDef)
                and _put(function, caller, owner)
            ):
                owner.body.remove(function)
                done = True
                break
    if done and not owner.body:
        owner.body.append(ast.Pass())
    return done


def _callers(tree: ast.Module) -> Iterator[ast.stmt]:
    for each in tree.body:
        yield from each.body if isinstance(each, ast.ClassDef) else [each]


def _put(function: ast.FunctionDef, caller: Function, owner: Owner) -> bool:
    """Put `function` where `caller` calls it; False if it does not, or cannot be sure."""
    method = isinstance(owner, ast.ClassDef)
    if not _movable(function) or _foreign(function) & bindings(caller).keys():
        return False
    if _is_expression(function):
        return _put_expression(function, caller, method)
    if _lives_long(caller):
        return False
    found = next(_calls(caller.body, function.name, _self(caller) if method else None), None)
    if found is None:
        return False
    block, at, call = found
    given = _given(function, call, method)
    returned = isinstance(block[at], ast.Return)
    if given is None or not (returned or _returns_last(function)):
        return False
    block[at : at + 1] = _spliced(function, caller, block[at], given)
    return True


def _is_expression(function: ast.FunctionDef) -> bool:
    body = [each for each in function.body if not _is_text(each)]
    return len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None


def _put_expression(function: ast.FunctionDef, caller: Function, method: bool) -> bool:
    """What is only an expression may stand anywhere, where what it is given is known without computing."""
    inside = [node for node in ast.walk(function) if isinstance(node, COMPREHENSIONS)]
    for node in ast.walk(caller):
        if not isinstance(node, ast.Call) or not _is(
            node.func, function.name, _self(caller) if method else None
        ):
            continue
        given = _given(function, node, method)
        if given is None or inside or not all(isinstance(v, (ast.Name, ast.Constant)) for _name, v in given):
            return False
        value = function.body[-1].value  # type: ignore[attr-defined]
        _Put(node, _Rename(dict(given)).visit(value)).visit(caller)
        return True
    return False


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().visit(node)


def _self(caller: Function) -> str:
    return caller.args.args[0].arg if caller.args.args else ""


def _lives_long(function: Function) -> bool:
    return any(isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)) for node in ast.walk(function))


def _movable(function: ast.FunctionDef) -> bool:
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        return False
    if function.decorator_list or _lives_long(function):
        return False
    inner = (
        *FUNCTIONS,
        ast.ClassDef,
        ast.Lambda,
        ast.Global,
        ast.Nonlocal,
        ast.NamedExpr,
        ast.Import,
        ast.ImportFrom,
    )
    return not any(isinstance(node, inner) for node in ast.walk(function) if node is not function)


def _locals(function: ast.FunctionDef) -> set[str]:
    """All names bound in it, those of its comprehensions and handlers too."""
    inside = [node for node in ast.walk(function) if isinstance(node, COMPREHENSIONS)]
    targets = [each.target for node in inside for each in node.generators]
    inner = {node.id for each in targets for node in ast.walk(each) if isinstance(node, ast.Name)}
    handlers = {node.name for node in ast.walk(function) if isinstance(node, ast.ExceptHandler) and node.name}
    return bound_names(function) | handlers | inner


def _foreign(function: ast.FunctionDef) -> set[str]:
    """Names that mean something of the module or of the language."""
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} - _locals(function)


def _calls(
    body: list[ast.stmt], name: str, owner: str | None
) -> Iterator[tuple[list[ast.stmt], int, ast.Call]]:
    """(block, place in it, call) where the call of `name` is the value of a statement."""
    for at, statement in enumerate(body):
        value = getattr(statement, "value", None)
        fits = isinstance(statement, (ast.Return, ast.Expr)) or _plain_target(statement)
        if fits and isinstance(value, ast.Call) and _is(value.func, name, owner):
            yield body, at, value
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _calls(getattr(statement, field, []), name, owner)
        for handler in getattr(statement, "handlers", ()):
            yield from _calls(handler.body, name, owner)


def _plain_target(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and len(statement.targets) == 1


def _is(node: ast.expr, name: str, owner: str | None) -> bool:
    if owner is None:
        return isinstance(node, ast.Name) and node.id == name
    of = node.value if isinstance(node, ast.Attribute) else None
    return isinstance(of, ast.Name) and of.id == owner and node.attr == name  # type: ignore[attr-defined]


def _given(function: ast.FunctionDef, call: ast.Call, method: bool) -> list[tuple[str, ast.expr]] | None:
    """[(parameter, what is given for it)] in the order in which they are computed; None: unsure."""
    names = [each.arg for each in function.args.args]
    given: list[tuple[str, ast.expr]] = []
    if method:
        given.append((names[0], call.func.value)) if names else None  # type: ignore[attr-defined]
        if not names:
            return None
    if any(isinstance(each, ast.Starred) for each in call.args) or any(k.arg is None for k in call.keywords):
        return None
    free = names[len(given) :]
    if len(call.args) > len(free):
        return None
    given += zip(free, call.args, strict=False)
    given += [(str(keyword.arg), keyword.value) for keyword in call.keywords]
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    for name in names:
        if all(name != each for each, _value in given):
            if not isinstance(defaults.get(name), ast.Constant):
                return None
            given.append((name, defaults[name]))
    return given if sorted(each for each, _value in given) == sorted(names) else None


def _returns_last(function: ast.FunctionDef) -> bool:
    """No return but as the last statement."""
    found = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return not found or found == [function.body[-1]]


def _spliced(
    function: ast.FunctionDef, caller: Function, place: ast.stmt, given: list[tuple[str, ast.expr]]
) -> list[ast.stmt]:
    taken = {name for node in ast.walk(caller) for name in mentioned(node)}
    taken |= {name for node in ast.walk(function) for name in mentioned(node)}
    fresh = (f"s{n}" for n in range(10_000) if f"s{n}" not in taken)
    written = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    names: dict[str, ast.expr] = {}
    before: list[ast.stmt] = []
    for parameter, value in given:
        if parameter not in written and _stays(value, caller):
            names[parameter] = value
            continue
        own = next(fresh)
        names[parameter] = ast.Name(own, ast.Load())
        before.append(ast.Assign([ast.Name(own, ast.Store())], value))
    for local in sorted(_locals(function) - names.keys()):
        names[local] = ast.Name(next(fresh), ast.Load())
    body = [_Rename(names).visit(each) for each in function.body if not _is_text(each)]
    made = [*before, *_ended(body, place)]
    return [ast.fix_missing_locations(each) for each in made] or [ast.Pass()]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _stays(value: ast.expr, caller: Function) -> bool:
    """A constant, or a parameter of the caller that nothing binds again: it means the same all through."""
    if isinstance(value, ast.Constant):
        return True
    if not isinstance(value, ast.Name):
        return False
    bound = Counter(
        node.id
        for node in ast.walk(caller)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    return value.id in {each.arg for each in caller.args.args} and not bound[value.id]


def _ended(body: list[ast.stmt], place: ast.stmt) -> list[ast.stmt]:
    """The body with its end in the place of the call."""
    if isinstance(place, ast.Return):
        return body if body and isinstance(body[-1], ast.Return) else [*body, ast.Return(ast.Constant(None))]
    value: ast.expr | None = ast.Constant(None)
    if body and isinstance(body[-1], ast.Return):
        value = body.pop().value or value  # type: ignore[attr-defined]
    if isinstance(place, ast.Expr):
        return body if isinstance(value, (ast.Constant, ast.Name)) else [*body, ast.Expr(value)]
    assert isinstance(place, ast.Assign)
    return [*body, ast.Assign(place.targets, value)]


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, ast.expr]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self._names.get(node.id)
        if found is None:
            return node
        if isinstance(found, ast.Constant):
            return ast.Constant(found.value)
        assert isinstance(found, ast.Name)
        return ast.Name(found.id, node.ctx)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        found = self._names.get(node.name or "")
        if isinstance(found, ast.Name):
            node.name = found.id
        return node
