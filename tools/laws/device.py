"""What holds for code on MicroPython: language, modules, no floats, one writer of flash, no endless wait.

The tables were read off the pinned unix port by probing it (dir() of every builtin type, help('modules')).
"""

import ast
from collections.abc import Callable, Iterable
from typing import Any

from tools.laws import Finding, Law, Source, called, imported

OURS = {"protocols", "firmware", "boards"}
# Modules of the standard library that every board's port has, and its asyncio.
PRESENT = {
    "array", "asyncio", "binascii", "collections", "cryptolib", "deflate", "errno", "gc", "hashlib",
    "heapq", "io", "json", "machine", "micropython", "os", "random", "re", "select", "socket", "ssl",
    "struct", "sys", "time", "tls", "vfs",
}  # fmt: skip
BOARD_ONLY = {"termios", "network", "esp", "esp32", "rp2", "uctypes"}  # only in firmware/hal and boards
# Codecs and decisions are pure: nothing that reads a clock, a file, a socket or chance.
# What the rehearsal runs a scenario with, the same on both interpreters (station/rehearsal).
REHEARSED = tuple(f"station/rehearsal/{name}.py" for name in ("engine", "site", "terminal"))
PURE = {"array", "binascii", "collections", "cryptolib", "hashlib", "micropython", "struct"}
COLLECTIONS = {"OrderedDict", "deque", "namedtuple"}

ABSENT_METHODS = {
    "bit_count", "bit_length", "capitalize", "casefold", "expandtabs", "format_map", "isalnum",
    "isascii", "isdecimal", "isidentifier", "isnumeric", "isprintable", "istitle", "ljust", "maketrans",
    "removeprefix", "removesuffix", "rjust", "swapcase", "tobytes", "tolist", "translate", "zfill",
    "_asdict", "_replace",
}  # fmt: skip
ABSENT_NAMES = {
    "BlockingIOError", "BrokenPipeError", "BufferError", "ConnectionError", "ConnectionRefusedError",
    "ConnectionResetError", "ExceptionGroup", "FileExistsError", "FileNotFoundError",
    "IsADirectoryError", "ModuleNotFoundError", "PermissionError", "RecursionError", "TimeoutError",
    "UnicodeDecodeError", "UnicodeEncodeError", "aiter", "anext", "ascii", "breakpoint", "format",
    "vars",
}  # fmt: skip

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _unpacks(node: ast.List | ast.Tuple | ast.Set) -> bool:
    target = isinstance(getattr(node, "ctx", None), ast.Store)  # `a, *b = c` is fine
    return not target and any(isinstance(item, ast.Starred) for item in node.elts)


SYNTAX: tuple[tuple[Any, Callable[[Any], object], str], ...] = (  # node types, when it is wrong, what it is
    (ast.Match, lambda node: True, "match"),
    (ast.TryStar, lambda node: True, "except*"),
    (FUNCTIONS, lambda node: node.args.posonlyargs, "a positional-only parameter"),
    (ast.Dict, lambda node: None in node.keys, "{**a}"),
    ((ast.List, ast.Tuple, ast.Set), _unpacks, "[*a]"),
)

_WITHOUT_SUFFIX = tuple(path.removesuffix(".py") for path in REHEARSED)


def imports(source: Source) -> Iterable[Finding]:
    pure = source.path.startswith(("protocols/", "firmware/area/", "firmware/control/", *REHEARSED))
    near_pins = source.path.startswith(("firmware/hal/", "boards/"))
    allowed = OURS | (PURE if pure else PRESENT | BOARD_ONLY if near_pins else PRESENT)
    for line, name in imported(source):
        top, _, rest = name.partition(".")
        if source.path in REHEARSED and name.replace(".", "/").startswith(_WITHOUT_SUFFIX):
            continue
        if top == "_thread":
            yield line, "_thread has no lock around the interpreter on these ports: use a task"
        elif top not in allowed:
            why = (
                "is not for pure code" if pure and top in PRESENT else "is not in MicroPython on every board"
            )
            yield line, f"module {top} {why}"
        elif top == "collections" and rest and rest not in COLLECTIONS:
            yield line, f"collections.{rest} is not in MicroPython"


def language(source: Source) -> Iterable[Finding]:
    for node in source.nodes:
        line = getattr(node, "lineno", 0)
        for kind, wrong, what in SYNTAX:
            if isinstance(node, kind) and wrong(node):
                yield line, f"{what} is not in MicroPython"
        if isinstance(node, ast.Attribute) and node.attr in ABSENT_METHODS:
            yield line, f".{node.attr} is not in MicroPython"
        elif isinstance(node, ast.Name) and node.id in ABSENT_NAMES:
            yield line, f"{node.id} is not in MicroPython"
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Subscript):
            yield from _slice(node)


def _call(node: ast.Call) -> Iterable[Finding]:
    keywords = {k.arg for k in node.keywords}
    if called(node) == "zip" and "strict" in keywords:
        yield node.lineno, "zip(strict) is not in MicroPython"
    if called(node) == "from_bytes" and keywords:
        yield node.lineno, "int.from_bytes takes no keywords in MicroPython"
    if called(node) == "isinstance" and len(node.args) == 2 and isinstance(node.args[1], ast.BinOp):
        yield node.lineno, "isinstance(x, A | B) is not in MicroPython: write a tuple"


def _slice(node: ast.Subscript) -> Iterable[Finding]:
    steps = isinstance(node.slice, ast.Slice) and node.slice.step is not None
    if steps and not (isinstance(node.value, ast.List) or called(node.value) in ("list", "sorted")):
        yield node.lineno, "only a list has slices with a step in MicroPython: write list(x)[::n]"


def floats(source: Source) -> Iterable[Finding]:
    """A float of a board has 24 bits: from 16,777 kWh on it loses single Wh."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield node.lineno, f"float {node.value!r} where things are counted or paid"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield node.lineno, "true division makes a float: use // and say how it rounds"
        elif isinstance(node, ast.Call) and called(node) == "float":
            yield node.lineno, "float() where things are counted or paid"


FILE_CHANGES = {"remove", "rename", "unlink", "rmdir", "mkdir", "mkfs"}


def _opens_to_write(node: ast.Call) -> bool:
    mode = (
        node.args[1]
        if len(node.args) > 1
        else next((k.value for k in node.keywords if k.arg == "mode"), None)
    )
    if mode is None:
        return False
    return not isinstance(mode, ast.Constant) or bool(set(str(mode.value)) & set("wax+"))


def _is_builtin_open(node: ast.Call) -> bool:
    """Not a method of ours: a cipher opens what another sealed."""
    return ast.unparse(node.func) in ("open", "io.open", "os.open")


def flash(source: Source) -> Iterable[Finding]:
    """Only firmware/store knows how to write so that a power cut at any moment leaves old or new."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        if _is_builtin_open(node) and _opens_to_write(node):
            yield node.lineno, "opens a file to write outside firmware/store"
        target = node.func
        if (
            isinstance(target, ast.Attribute)
            and target.attr in FILE_CHANGES
            and isinstance(target.value, ast.Name)
        ):
            if target.value.id in ("os", "vfs"):
                yield node.lineno, f"{target.value.id}.{target.attr} outside firmware/store"


WAITS = {"readline", "readexactly", "readinto", "drain", "open_connection", "wait_closed"}


def _waits(node: ast.Call) -> bool:
    """A stream's verbs. Our own `port.read(timeout_ms)` cannot be called without its timeout."""
    owner = ast.unparse(node.func.value).lower() if isinstance(node.func, ast.Attribute) else ""
    return called(node) in WAITS or (called(node) == "read" and owner.endswith(("reader", "stream")))


def _named_timeout(node: ast.Call) -> bool:
    given = [*node.args, *(k.value for k in node.keywords)]
    names = [ast.unparse(value).lower() for value in given] + [k.arg or "" for k in node.keywords]
    return any("timeout" in name or name.endswith("_ms") for name in names)


def endless_waits(source: Source) -> Iterable[Finding]:
    """A dead link hangs an awaited stream for ever, unless wait_for(_ms) is around it or a timeout in it."""
    for node in source.nodes:
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and _waits(node.value):
            if not _named_timeout(node.value):
                yield node.lineno, f"awaits {called(node.value)}() without a timeout (asyncio.wait_for_ms)"


def certificates(source: Source) -> Iterable[Finding]:
    """MicroPython's default is CERT_NONE, so the only right value is asked for by name."""
    for node in source.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            if node.targets[0].attr == "verify_mode" and not ast.unparse(node.value).endswith(
                "CERT_REQUIRED"
            ):
                yield node.lineno, "verify_mode other than CERT_REQUIRED"


DEVICE = ("protocols/", "firmware/", "boards/", *REHEARSED)
HOST = ("boards/unix/power_on.py",)  # run by CPython: it stands in for the flash chip
COUNTED = (
    "protocols/",
    "firmware/area/",
    "firmware/control/",
    "firmware/store/",
    "firmware/metering/",
    "firmware/controller.py",
    *REHEARSED,
)

LAWS = (
    Law("device-imports", imports, DEVICE, except_=HOST),
    Law("device-language", language, DEVICE, except_=HOST),
    Law("no-floats", floats, COUNTED),
    Law(
        "flash-has-one-writer",
        flash,
        ("protocols/", "firmware/"),
        except_=("firmware/store/", "firmware/hal/"),
    ),
    Law("no-endless-wait", endless_waits, ("firmware/", "boards/")),
    Law("certificates", certificates, ("firmware/", "station/")),
)
