"""Names that cost a device nothing: words it knows for another reason. Used by `tools/bundle.py`."""

import ast
import builtins
import keyword
from collections.abc import Iterable, Iterator

from tools.inline import TEXT_MOST
from tools.program import Program, words
from tools.scopes import Walker, bound_names
from tools.shorten import mentioned

# In every MicroPython we build for, as methods of its types or functions of its modules.
BUILT_IN = """
    acos acosh asin asinh atan atan2 atanh ceil copysign cosh degrees difference difference_update
    discard erf erfc expm1 fabs floor fmod frexp fromkeys gamma heapify heappop heappush
    intersection intersection_update isalpha isdisjoint isfinite isinf islower isnan isspace
    issubset issuperset isupper ldexp lgamma log10 log2 lstrip modf popitem radians rfind rindex
    sinh splitlines symmetric_difference symmetric_difference_update tanh trunc union
"""


def known_words(trees: Iterable[ast.Module]) -> list[str]:
    """What the device must know anyway and could be a name: attributes, short texts."""
    out = set(BUILT_IN.split())
    for tree in trees:
        out.update(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))  # pyright: ignore[reportArgumentType]
        out.update(text for text in words(tree) if len(text) <= TEXT_MOST)  # pyright: ignore[reportArgumentType]
    return sorted(word for word in out if word.isidentifier() and not _special(word))


def _special(word: str) -> bool:
    return keyword.iskeyword(word) or word.startswith("__") or not word.isascii()


def rename_visits(program: Program, bundle: str, mains: list[str]) -> None:
    """In the modules that come and go, what nobody asks them for gets a word that the bundle knows."""
    asked = {name for tree in program.modules.values() for name in _asked_for(tree)}
    known = known_words([program.modules[bundle]])
    for module, tree in program.modules.items():
        if module in mains or module == bundle:
            continue
        here = {name for node in ast.walk(tree) for name in mentioned(node)} | set(dir(builtins))
        free = (word for word in known if word not in here)
        names = {name: next(free, name) for name in sorted(bound_names(tree) - asked) if not _special(name)}
        _Renamer(names).visit(tree)


def _asked_for(tree: ast.Module) -> Iterator[str]:
    """What may be asked of a module: attributes, imports; errors, which are told by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ClassDef) and node.bases:
            yield node.name


class _Renamer(Walker):
    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self._names = names

    def visit_ImportFrom(self, node: ast.ImportFrom | ast.Import) -> ast.AST:
        if not self.scopes:
            for alias in node.names:
                local = alias.asname or alias.name
                alias.asname = self._names.get(local, alias.asname)
        return node

    visit_Import = visit_ImportFrom

    def top_name(self, name: str) -> str:
        return self._names.get(name, name)
