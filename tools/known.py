"""Names that cost a device nothing: words it knows for another reason. Used by `tools/bundle.py`."""

import ast
import builtins
import keyword
from collections import Counter
from collections.abc import Iterable, Iterator

from tools.inline import TEXT_MOST
from tools.program import Program, words
from tools.scopes import Walker, bound_names
from tools.shorten import mentioned

# In every MicroPython we build for, as methods of its types or names of its modules: builtins, math, heapq,
# errno, uctypes, framebuf, random, re, sys, json, time, machine, gc, micropython, socket, select, deflate,
# hashlib, cryptolib, asyncio.
BUILT_IN = """
    ARRAY BFINT16 BFINT32 BFINT8 BFUINT16 BFUINT32 BFUINT8 BF_LEN BF_POS BIG_ENDIAN EACCES
    EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH
    EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN EOPNOTSUPP EPERM
    ETIMEDOUT FLOAT32 FLOAT64 GS2_HMSB GS4_HMSB GS8 INT INT16 INT32 INT64 INT8 LITTLE_ENDIAN
    LONG LONGLONG MONO_HMSB MONO_VLSB NATIVE PTR RGB565 SHORT UINT UINT16 UINT32 UINT64 UINT8
    ULONG ULONGLONG USHORT VOID acos acosh addressof asin asinh atan atan2 atanh bytes_at ceil
    choice copysign cosh degrees difference difference_update discard erf erfc expm1 fabs floor
    fmod frexp fromkeys gamma getrandbits heapify heappop heappush intersection
    intersection_update isalpha isdisjoint isfinite isinf islower isnan isspace issubset
    issuperset isupper ldexp lgamma log10 log2 lstrip modf popitem radians randint randrange
    rfind rindex seed sinh sizeof splitlines sub symmetric_difference
    symmetric_difference_update tanh trunc union
    argv byteorder exc_info implementation maxsize platform print_exception version version_info
    dumps loads b2a_base64 gmtime mktime localtime sleep_us mem16 mem32 mem8
    isenabled kbd_intr heap_lock heap_unlock opt_level qstr_info stack_use schedule
    center partition rpartition rsplit appendleft popleft OrderedDict aes encrypt decrypt DeflateIO GZIP
    RAW ZLIB sha1 md5 AF_INET AF_INET6 SOCK_DGRAM SOCK_STREAM SOCK_RAW SO_REUSEADDR SOL_SOCKET ThreadSafeFlag
    Lock gather start_server current_task wait_for
"""


def known_words(trees: Iterable[ast.Module], attributes: Iterable[str]) -> list[str]:
    """What the device must know anyway and could be a name: `attributes` of objects, short texts.

    The most used first: bytecode refers by one byte to the first 128 words of a module, by two to others.
    """
    uses = Counter([*BUILT_IN.split(), *attributes])
    for tree in trees:
        uses.update(text for text in words(tree) if len(text) <= TEXT_MOST)  # pyright: ignore[reportArgumentType]
    found = [word for word in uses if word.isidentifier() and not _special(word)]
    return sorted(found, key=lambda word: (-uses[word], len(word), word))


def _special(word: str) -> bool:
    return keyword.iskeyword(word) or word.startswith("__") or not word.isascii()


def rename_visits(program: Program, bundle: str, mains: list[str]) -> None:
    """In the modules that come and go, what nobody asks them for gets a word that the bundle knows."""
    asked = {name for tree in program.modules.values() for name in _asked_for(tree)}
    held = program.modules[bundle]
    known = known_words([held], (node.attr for node in ast.walk(held) if isinstance(node, ast.Attribute)))
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
