"""What a terminal loads only for a meter's profile: Readers, the protocols they speak, interpreter and
package.

These modules know no object of the firmware, and the firmware asks of theirs what INTERFACE names and no
more. So a pass that decides by names may look at the rest alone: a word that only a protocol uses keeps
nothing alive there, keeps no attribute long, and is no word that a terminal knows."""

import ast
from collections.abc import Iterable, Iterator

from tools.program import Program

DOORS = ("protocols.meters.reading", "protocols.meters.interpret", "protocols.meters.package")
# Attributes of Reader, Framer, Ask, frames, Refused and Profile, asked from the other side of the door
INTERFACE = """
    FRAMER read address feed quiet bad data judge baud wait_ms reason detail
    id rev link serial options request singles decode fields reads_of freeze_s fast slow freeze power energy
    curve daily manifest profile tests
"""


def apart(program: Program) -> set[str]:
    """Modules that are reached through the doors and in no other way."""
    others = [name for name in program.modules if not name.startswith("protocols.")]
    return reachable(program, DOORS) - reachable(program, others, DOORS)


def reachable(program: Program, starts: Iterable[str], shut: Iterable[str] = ()) -> set[str]:
    """The modules that these import, at their tops or anywhere inside, and so on; not through `shut`."""
    out: set[str] = set()
    waiting = [name for name in starts if name in program.modules]
    while waiting:
        name = waiting.pop()
        if name not in out:
            out.add(name)
            waiting += [each for each in _imported(program, program.modules[name]) if each not in shut]
    return out


def _imported(program: Program, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in program.modules)
        elif isinstance(node, ast.ImportFrom):
            for name in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)):
                if name in program.modules:
                    yield name


def rest(program: Program, names: set[str]) -> Program:
    """The program without those modules; what they ask of it stands outside. The trees are shared."""
    return _part(program, set(program.modules) - names, [ast.parse(_asked(program, names))])


def inner(program: Program, names: set[str]) -> Program:
    """Those modules alone; all others stand outside."""
    return _part(program, names, [tree for name, tree in program.modules.items() if name not in names])


def _part(program: Program, names: set[str], outside: list[ast.Module]) -> Program:
    out = Program({})
    out.modules = {name: tree for name, tree in program.modules.items() if name in names}
    out.outside = [*program.outside, *outside]
    return out


def _asked(program: Program, names: set[str]) -> str:
    """A script that asks of the rest what these modules ask of it, and of these what the rest does."""
    lines = [f"each.{word}" for word in INTERFACE.split()]
    for name in sorted(program.modules):
        tree, held = program.modules[name], set()
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                owner = whole if whole in program.modules else node.module
                if owner in program.modules and (owner in names) != (name in names):
                    lines += [] if owner in names else [ast.unparse(ast.ImportFrom(node.module, [alias], 0))]
                    held.add(alias.asname or alias.name)
        lines += [
            ast.unparse(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in held
        ]
    return "\n".join(lines)
