"""Takes away what no terminal asks for: functions, methods, classes and tables that only the station, a rig
or a test uses. Each costs a device 56 bytes of heap and more; the sources are shared, the need is not.

A thing stays if its name stands anywhere in the code that stays, as a name, an attribute, an import, or a
text where names are asked for by text: the names decide, whatever they are bound to. So what is taken away
is what nobody names. At the top of a module it must be named there, or by somebody who imports it from there
or the module whole.
"""

import ast
from collections.abc import Iterator

from tools.program import FUNCTIONS, Program, asked, asks_by_name, assigned, words
from tools.scopes import Walker

# Asked for by the interpreter itself: block devices (vfs), streams (select, asyncio).
BY_INTERPRETER = {"readblocks", "writeblocks", "ioctl", "read", "readinto", "write"}
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


def prune(program: Program) -> None:
    """Change the program's trees in place."""
    for tree in program.modules.values():
        _drop_type_checking(tree)
    _drop_unused_imports(program)
    while True:
        wanted, asked_of = _wanted(program), _asked_of(program)
        gone = 0
        for name, tree in program.modules.items():
            gone += _take_away(tree.body, wanted & asked_of[name])
            for cls in (each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)):
                gone += _take_away(cls.body, wanted)
                cls.body = cls.body or [ast.Pass()]
        gone += _drop_unused_imports(program)
        if not gone:
            return


def _wanted(program: Program) -> set[str]:
    """Every name that something asks for which is asked for itself; what runs at the top of a module is."""
    out = set(BY_INTERPRETER)
    trees = (*program.modules.values(), *program.outside)
    for tree in trees:
        if tree in program.outside or asks_by_name(tree):
            out.update(words(tree))
    for tree in program.outside:
        out.update(name for node in ast.walk(tree) for name in _names(node))
    asleep: list[ast.stmt] = []
    for tree in program.modules.values():
        _wake(tree.body, out, asleep)
    while True:
        rest: list[ast.stmt] = []
        for definition in asleep:
            if _needed(definition.name, out):  # type: ignore[attr-defined]
                _open(definition, out, rest)
            else:
                rest.append(definition)
        if len(rest) == len(asleep) and all(a is b for a, b in zip(rest, asleep, strict=True)):
            return out
        asleep = rest


def _asked_of(program: Program) -> dict[str, set[str]]:
    """{module: names asked of its top}: by itself, by who imports them, by who has it whole."""
    out = {module: _asked_of_own(tree) for module, tree in program.modules.items()}
    outside = {text for tree in program.outside for text in words(tree)}
    for names in out.values():
        names |= outside  # where names are asked for by text
    for tree in (*program.modules.values(), *program.outside):
        held: dict[str, str] = {}  # module that is had whole -> its name here
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                out.get(node.module, set()).update(alias.name for alias in node.names)
                held.update({f"{node.module}.{each.name}": each.asname or each.name for each in node.names})
            elif isinstance(node, ast.Import):
                held.update({alias.name: alias.asname or "" for alias in node.names})
        for module in set(held) & set(out):
            out[module].update(_asked_of_module(tree, held[module]), words(tree))
    return out


class _Own(Walker):
    """Names that mean the module's own things: no function, class or comprehension binds them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and not self.is_local(node.id):
            self.names.add(node.id)
        return node


def _asked_of_own(tree: ast.Module) -> set[str]:
    own = _Own()
    own.visit(ast.parse(ast.unparse(tree)))  # a copy: a walker may change what it visits
    return own.names


def _asked_of_module(tree: ast.Module, name: str) -> set[str]:
    """Attributes of the module that `name` means here; of anything, where it is used in another way too."""
    nodes = list(ast.walk(tree))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    plain = [each.attr for each in attributes if isinstance(each.value, ast.Name) and each.value.id == name]
    uses = sum(isinstance(node, ast.Name) and node.id == name for node in nodes)
    return set(plain) if name and uses == len(plain) else {each.attr for each in attributes}


def _wake(body: list[ast.stmt], out: set[str], asleep: list[ast.stmt]) -> None:
    """Add what the statements of a module or class ask for; definitions wait until they are asked for."""
    for statement in body:
        if isinstance(statement, DEFINITIONS):
            asleep.append(statement)
        else:
            out.update(name for node in ast.walk(statement) for name in _names(node))


def _open(definition: ast.stmt, out: set[str], asleep: list[ast.stmt]) -> None:
    if not isinstance(definition, ast.ClassDef):
        out.update(name for node in ast.walk(definition) for name in _names(node))
        return
    for part in (*definition.bases, *definition.decorator_list):
        out.update(name for node in ast.walk(part) for name in _names(node))
    _wake(definition.body, out, asleep)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.alias):
        yield node.name
    elif isinstance(node, ast.Call):
        yield from asked(node)


def _take_away(body: list[ast.stmt], wanted: set[str]) -> int:
    """Remove from a module's or a class's body what is not wanted; return how much."""
    gone = 0
    for statement in list(body):
        if isinstance(statement, DEFINITIONS) and not _needed(statement.name, wanted):
            body.remove(statement)
            gone += 1
        elif isinstance(statement, ast.Assign):
            named = [name for name, _value in assigned(statement)]
            if len(named) == len(statement.targets) and not any(_needed(name, wanted) for name in named):
                if _harmless(statement.value):
                    body.remove(statement)
                    gone += 1
    return gone


def _needed(name: str, wanted: set[str]) -> bool:
    return name in wanted or (name.startswith("__") and name.endswith("__"))


def _harmless(value: ast.expr) -> bool:
    """Whether to compute it does nothing else: no call but of a type that only keeps its text."""
    return not any(
        isinstance(node, (ast.Call, ast.Await, ast.Yield, ast.NamedExpr))
        and not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PURE)
        for node in ast.walk(value)
    )


PURE = ("Words", "Numbers", "frozenset", "namedtuple", "bytes")


def _drop_unused_imports(program: Program) -> int:
    """Remove the imports that neither their module nor another through it uses."""
    asked_of: dict[str, set[str]] = {name: set() for name in program.modules}
    attributes = set()
    for node in program.everywhere():
        if isinstance(node, ast.ImportFrom) and node.module in asked_of:
            asked_of[node.module].update(alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    gone = 0
    for name, tree in program.modules.items():
        used = (
            {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | asked_of[name] | attributes
        )
        for node in ast.walk(tree):
            for body in (getattr(node, field, None) for field in ("body", "orelse")):
                if isinstance(body, list):
                    gone += _clean(body, used)
    return gone


def _clean(body: list[ast.stmt], used: set[str]) -> int:
    gone = 0
    for statement in list(body):
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            left = [a for a in statement.names if (a.asname or a.name).split(".")[0] in used]
            gone += len(statement.names) - len(left)
            statement.names = left
            if not left:
                body[body.index(statement)] = ast.Pass()
    return gone


def _drop_type_checking(tree: ast.Module) -> None:
    """`if TYPE_CHECKING:` is for tools only; the name is False wherever the program runs."""
    for statement in list(tree.body):
        is_test = isinstance(statement, ast.If) and isinstance(statement.test, ast.Name)
        if is_test and statement.test.id == "TYPE_CHECKING" and not statement.orelse:  # pyright: ignore[reportAttributeAccessIssue]
            tree.body.remove(statement)
