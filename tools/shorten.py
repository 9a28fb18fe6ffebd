"""Gives private names and parameters the same few short names in every module, before mpy-cross sees them.

MicroPython keeps each distinct name once, at 11 bytes and with a table that doubles: 14 KB when name 1,271
comes. A third of a terminal's names are private (`_clock`, `_find_end`) or parameters.

Private names are changed module by module, all roles of a name in a module alike, so inside a module nothing
can be mistaken. Between modules it is sure only that
- modules whose classes inherit from each other are changed as one;
- a name that anyone could ask for from elsewhere keeps its length: one that stands in an import, a keyword,
  a text or outside the program; one asked of anything but `self` in more than one module; one that a module
  asks for and does not define.
A parameter is changed if no call anywhere gives it by keyword and no scope inside its function binds the name
again.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator

from tools.program import FUNCTIONS, Program, asks_by_name, words

SCOPES = (*FUNCTIONS, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def shorten(program: Program, apart: Collection[str] = ()) -> dict[str, dict[str, str]]:
    """Change the program's trees in place; return {module: {short: long}} for who reads its errors.

    `apart`: modules whose texts name nothing of the others (tools/apart.py).
    """
    together = groups(program)
    keep = asked_from_elsewhere(program, together, apart)
    told: dict[str, dict[str, str]] = {}
    for group in together:
        short = _private_names(program, group, keep)
        for name in group:
            _Renamer(short).visit(program.modules[name])
            told[name] = {new: old for old, new in short.items()}
    keywords = _keywords(program, apart)
    for tree in program.modules.values():
        _shorten_parameters(tree, keywords)
    return told


def private(name: str | None) -> bool:
    return bool(name) and name.startswith("_") and not name.startswith("__") and len(name) > 2


# ---- private names -------------------------------------------------------------------------------


def _in_texts(program: Program, apart: Collection[str]) -> set[str]:
    """Private names that a text could ask for."""
    out: set[str] = set()
    for trees in _sides(program, apart):
        by_name = any(asks_by_name(tree) for tree in trees)
        texts = {text for tree in trees for text in words(tree) if text.startswith("_")}
        for name in {name for tree in trees for node in ast.walk(tree) for name in mentioned(node)}:
            if private(name) and any(name == text or (by_name and name.startswith(text)) for text in texts):
                out.add(name)
    return out


def _sides(program: Program, apart: Collection[str]) -> tuple[list[ast.Module], list[ast.Module]]:
    """The trees whose texts can name things of each other: those of `apart`, and all others."""
    inside = [tree for name, tree in program.modules.items() if name in apart]
    others = [tree for name, tree in program.modules.items() if name not in apart]
    return inside, [*others, *program.outside]


def named_outside(program: Program) -> set[str]:
    """Names of imports, of arguments given by keyword, and of what runs beside the program."""
    out = {name for tree in program.outside for node in ast.walk(tree) for name in mentioned(node)}
    for node in program.everywhere():
        if isinstance(node, ast.alias):
            out |= {node.name, node.asname or node.name}
        elif isinstance(node, ast.keyword) and node.arg:
            out.add(node.arg)
    return out


def asked_from_elsewhere(program: Program, together: list[list[str]], apart: Collection[str]) -> set[str]:
    """Private names that must keep their length."""
    out = _in_texts(program, apart) | named_outside(program)
    places = defaultdict(set)
    for module, tree in program.modules.items():
        for node in ast.walk(tree):
            for name in mentioned(node):
                places[name].add(module)
    for group in together:
        trees = [program.modules[module] for module in group]
        own = {name for tree in trees for name in _asked_of_self(tree)}
        foreign = {name for tree in trees for name in _asked_of_others(tree)}
        out |= {name for name in foreign if not places[name] <= set(group)}
        out |= (own | foreign) - {name for tree in trees for name in _defined(tree)}
    return out


def mentioned(node: ast.AST) -> Iterator[str]:
    name = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "arg", None)
    if name is None and isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
        name = node.name
    if isinstance(name, str):
        yield name
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names


def _defined(tree: ast.Module) -> set[str]:
    """Attributes that a class here gives its objects, and names of the module itself."""
    out = set()
    for node in ast.walk(tree):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            out.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            out.add(node.id)
    return out | {node.attr for node in _of_self(tree) if isinstance(node.ctx, ast.Store)}


def _asked_of_self(tree: ast.Module) -> set[str]:
    return {node.attr for node in _of_self(tree) if private(node.attr)}


def _asked_of_others(tree: ast.Module) -> set[str]:
    own = {id(node) for node in _of_self(tree)}
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and id(node) not in own and private(node.attr)
    }


def _of_self(tree: ast.Module) -> Iterator[ast.Attribute]:
    """`self.name` in methods, where self is the method's first parameter and nothing binds it again."""
    for cls in ast.walk(tree):
        if not isinstance(cls, ast.ClassDef):
            continue
        for method in cls.body:
            if not isinstance(method, FUNCTIONS) or not method.args.args or _is_static(method):
                continue
            first = method.args.args[0].arg
            if sum(1 for name in _bindings_in(method) if name == first) != 1:
                continue
            for node in ast.walk(method):
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == first
                ):
                    yield node


def _is_static(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(not (isinstance(d, ast.Name) and d.id == "property") for d in method.decorator_list)


def _bindings_in(scope: ast.AST) -> Iterator[str]:
    for node in ast.walk(scope):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif node is not scope and isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names


def groups(program: Program) -> list[list[str]]:
    """Modules that are changed as one: those whose classes inherit from each other's."""
    classes = defaultdict(set)  # name of a class -> modules that define one
    for module, tree in program.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes[node.name].add(module)
    group = {module: {module} for module in program.modules}
    for module, tree in program.modules.items():
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
                for other in classes[name] - {module}:
                    merged = group[module] | group[other]
                    for each in merged:
                        group[each] = merged
    return sorted({tuple(sorted(each)) for each in group.values()})  # pyright: ignore[reportReturnType]


def _private_names(program: Program, group: list[str], keep: set[str]) -> dict[str, str]:
    """{name: short name} for a group, the most used name first."""
    counts: Counter[str] = Counter()
    for module in group:
        for node in ast.walk(program.modules[module]):
            counts.update(mentioned(node))
    names = [name for name, _n in sorted(counts.items(), key=lambda row: (-row[1], row[0]))]
    fresh = (short for short in _short_names("_") if short not in counts)
    return {name: next(fresh) for name in names if private(name) and name not in keep}


def _short_names(start: str) -> Iterator[str]:
    for letter in LETTERS:
        yield start + letter
    for first in LETTERS:
        for letter in LETTERS:
            yield start + first + letter


class _Renamer(ast.NodeTransformer):
    """Every role of a name alike: attribute, variable, parameter, function, class."""

    def __init__(self, short: dict[str, str]) -> None:
        self._short = short

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("attr", "id", "arg", "name"):
            name = getattr(node, field, None)
            if (
                isinstance(name, str)
                and name in self._short
                and not isinstance(node, (ast.alias, ast.keyword))
            ):
                setattr(node, field, self._short[name])
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self._short.get(name, name) for name in node.names]
        return super().generic_visit(node)


# ---- parameters ----------------------------------------------------------------------------------


def _keywords(program: Program, apart: Collection[str]) -> set[str]:
    """Every name a call gives an argument by, or could through a dictionary."""
    out: set[str] = set()
    for trees in _sides(program, apart):
        given = [node.arg for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword)]
        out.update(name for name in given if name)
        if None in given:  # through a dictionary
            out.update(text for tree in trees for text in words(tree))
    return out


def _shorten_parameters(tree: ast.Module, keywords: set[str]) -> None:
    taken = {name for node in ast.walk(tree) for name in mentioned(node)}
    taken |= {(alias.asname or alias.name) for node in ast.walk(tree) for alias in getattr(node, "names", ())
              if isinstance(alias, ast.alias)}  # fmt: skip
    letters = [letter for letter in LETTERS if letter not in taken]
    _inside(tree, letters, 0, keywords)


def _inside(node: ast.AST, letters: list[str], depth: int, keywords: set[str]) -> None:
    """Rename the parameters of each function below; the ones inside others take later letters."""
    for child in ast.iter_child_nodes(node):
        at = depth
        if isinstance(child, SCOPES):
            for parameter in _changeable(child, keywords):
                if at < len(letters) and len(parameter) > 1:
                    _rename(child, parameter, letters[at])
                    at += 1
        _inside(child, letters, at, keywords)


def _changeable(scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, keywords: set[str]) -> list[str]:
    arguments = scope.args
    if arguments.kwarg:  # a changed name could be one that a caller gives for it
        return []
    found = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        found.append(arguments.vararg.arg)
    return [name for name in found if name != "self" and name not in keywords and _one_meaning(scope, name)]


def _one_meaning(scope: ast.AST, name: str) -> bool:
    """Whether the name means the parameter wherever it stands inside: no inner scope binds it again."""
    for node in ast.walk(scope):
        if node is scope:
            continue
        if isinstance(node, (*SCOPES, *COMPREHENSIONS, ast.ClassDef)) and name in set(_bindings_in(node)):
            return False
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if isinstance(node, ast.ExceptHandler) and node.name == name:
            return False
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name == name:
            return False
        if isinstance(node, ast.alias) and (node.asname or node.name).split(".")[0] == name:
            return False
    return True


def _rename(scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, old: str, new: str) -> None:
    """In the scope only: a default value is computed outside of it, where the name may mean another thing."""
    body = scope.body if isinstance(scope.body, list) else [scope.body]
    for part in (scope.args, *body):
        for node in ast.walk(part):
            if isinstance(node, ast.arg) and node.arg == old:
                node.arg = new
            elif part is not scope.args and isinstance(node, ast.Name) and node.id == old:
                node.id = new
