"""Gives public attributes of the firmware's own classes the short names that private ones have already.

What `shorten` does within a module, here over the whole program of an image: `outbox.next_seq` becomes
`outbox._c` everywhere. That is sure only where an attribute of that name can be nothing else:
- a class of the program defines it, as a method or by `self.name = ...`, and the interpreter's own types and
  modules have none of that name;
- no module has it at its top, no text, keyword or import names it, nothing beside the program asks for it;
- it is not stored into objects from modules other than those that define it: they could be of any class.
The new name is one that no module knows whose classes define the old one.
"""

import ast
import asyncio
import builtins
import io
import re
import select
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from types import CoroutineType, GeneratorType

from tools.program import BY_NAME, FUNCTIONS, Program, Unsure, assigned, words
from tools.scopes import bound_names
from tools.shorten import groups, mentioned, named_outside

INTERPRETER = (
    *(each for each in vars(builtins).values() if isinstance(each, type)),
    *(asyncio, asyncio.Event, asyncio.Lock, asyncio.Task, asyncio.StreamReader, asyncio.StreamWriter),
    *(io, io.FileIO, io.BytesIO, io.StringIO, select, select.poll, socket, socket.socket, struct, time),
    *(CoroutineType, GeneratorType),
)
# MicroPython's own, which CPython does not have
MORE = """
    a2b_base64 array blit calcsize collect coro cur_task data e errorcode fill fill_rect framebuf
    get_event_loop hline ilistdir ioctl ipoll line mem_alloc mem_free mkfs modify mount
    new_event_loop out_buf pixel poll readblocks rect register rom_ioctl s scroll sleep_ms state
    text threshold ticks_add ticks_diff ticks_ms ticks_us umount unregister vline wait_closed
    wait_for_ms writeblocks
"""


def shorten_attributes(program: Program) -> dict[str, str]:
    """Change the program in place; return {name: short name}."""
    defined = _defined(program)
    known = _known(program)
    short = sorted({name for each in known.values() for name in each if re.match("_[a-z]{1,2}$", name)})
    keep = _kept(program, defined)
    together = {module: each for each in groups(program) for module in each}
    out: dict[str, str] = {}
    for name in sorted(defined, key=lambda name: (-len(defined[name]), name)):
        if name in keep or name.startswith("_"):
            continue
        places = {other for module in defined[name] for other in together[module]}
        new = next((each for each in short if not any(each in known[place] for place in places)), None)
        if new:
            out[name] = new
            for place in places:
                known[place].add(new)
    for tree in program.modules.values():
        _rename(tree, out)
    return out


def _defined(program: Program) -> dict[str, set[str]]:
    """{attribute: modules with a class that defines it}."""
    out = defaultdict(set)
    for module, tree in program.modules.items():
        for cls in ast.walk(tree):
            if isinstance(cls, ast.ClassDef):
                for method in cls.body:
                    if isinstance(method, FUNCTIONS):
                        out[method.name].add(module)
                        for node in ast.walk(method):
                            if _is_own_store(node):
                                out[node.attr].add(module)  # pyright: ignore[reportAttributeAccessIssue]
    return out


def _is_own_store(node: ast.AST) -> bool:
    stored = isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    return stored and isinstance(node.value, ast.Name) and node.value.id == "self"  # pyright: ignore[reportAttributeAccessIssue]


def _known(program: Program) -> dict[str, set[str]]:
    return {
        module: {name for node in ast.walk(tree) for name in mentioned(node)}
        for module, tree in program.modules.items()
    }


def _kept(program: Program, defined: dict[str, set[str]]) -> set[str]:
    out = {name for each in INTERPRETER for name in dir(each)} | set(MORE.split()) | named_outside(program)
    for tree in (*program.modules.values(), *program.outside):
        out.update(words(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                out.update(_fields(node))
            elif isinstance(node, ast.Module):
                for value in (value for each in node.body for _name, value in assigned(each)):
                    out.update(part for text in words(value) for part in text.split())  # fields, named
    for module, tree in program.modules.items():
        out |= bound_names(tree) | _kept_in(tree, module, defined)
    return out | {name for name in defined if name.startswith("__")}


def _kept_in(tree: ast.Module, module: str, defined: dict[str, set[str]]) -> set[str]:
    """Stored from elsewhere; bound in a class by anything but a plain method."""
    out: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if not _is_own_store(node) and module not in defined[node.attr]:
                out.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            rest = [each for each in node.body if not isinstance(each, FUNCTIONS)]
            out |= {name for each in rest for part in ast.walk(each) for name in mentioned(part)}
            out |= {each.name for each in node.body if isinstance(each, FUNCTIONS) and each.decorator_list}
    return out


def _fields(node: ast.Call) -> Iterator[str]:
    """Fields of a namedtuple; Unsure where they, or a name for getattr, are put together."""
    called = getattr(node.func, "id", "")
    if called == "namedtuple":
        if not isinstance(node.args[1], (ast.Constant, ast.Tuple, ast.Name)):
            raise Unsure(f"namedtuple at line {node.lineno}: its fields do not stand there")
        for text in words(node.args[1]):
            yield from re.findall(r"\w+", text)
    elif called in BY_NAME and isinstance(node.args[1], (ast.BinOp, ast.JoinedStr)):
        raise Unsure(f"{called} at line {node.lineno}: the name is put together")


def _rename(tree: ast.Module, short: dict[str, str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            node.attr = short.get(node.attr, node.attr)
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, FUNCTIONS):
                    each.name = short.get(each.name, each.name)
