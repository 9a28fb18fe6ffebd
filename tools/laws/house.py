"""What holds everywhere: one owner a fact, SQL in one room, no hidden error, no path of one machine."""

import ast
import re
from collections.abc import Iterable

from tools.laws import Finding, Law, Source, imported

CODE = ("protocols/", "firmware/", "boards/", "station/", "hil/")
VENDORED = ("station/web/static/vendor/",)


def _matching_lines(source: Source, pattern: re.Pattern[str], message: str) -> Iterable[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := pattern.search(line):
            yield number, f"{message}: {found.group()}"


TOPIC = re.compile(r"\blk/\d")


def topics(source: Source) -> Iterable[Finding]:
    return _matching_lines(source, TOPIC, "a literal topic outside protocols/uplink/topics.py")


def swallowed(source: Source) -> Iterable[Finding]:
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield node.lineno, "bare except"
        elif {"Exception", "BaseException"} & {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)}:
            if all(_does_nothing(statement) for statement in node.body):
                yield node.lineno, "catches every exception and does nothing about it"


def _does_nothing(statement: ast.stmt) -> bool:
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return constant or isinstance(statement, (ast.Pass, ast.Continue))


# A statement of SQL in one case throughout: prose on a page starts with one capital letter.
_SQL = (
    r"SELECT\s.*\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+[\w.]+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|VIEW|TRIGGER)\s|PRAGMA\s+\w"
)
SQL = re.compile(rf"({_SQL})|^\s*({_SQL.lower()})", re.DOTALL)
DRIVERS = {"sqlalchemy", "sqlite3", "alembic", "psycopg"}
TYPES_ONLY = {"sqlalchemy.Connection", "sqlalchemy.Engine"}  # what a room is handed and passes on


def sql(source: Source) -> Iterable[Finding]:
    for node in source.nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in source.docstrings
        ):
            if SQL.search(node.value + " "):
                yield node.lineno, "SQL outside station/store"
    for line, name in imported(source):
        if name.partition(".")[0] in DRIVERS and name not in TYPES_ONLY:
            yield line, f"{name} outside station/store"


# Written so that the pattern does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.>])(/[h]ome/\w|/[U]sers/\w|/[r]oot/|/[w]ork/\w|[A-Z]:\\[U]sers)")


def machine_paths(source: Source) -> Iterable[Finding]:
    return _matching_lines(source, MACHINE_PATH, "a path of one machine")


MAX_LINES = 400


def length(source: Source) -> Iterable[Finding]:
    lines = source.text.count("\n")
    if lines > MAX_LINES:
        yield MAX_LINES + 1, f"{lines} lines; a file has at most {MAX_LINES}"


def parses(source: Source) -> Iterable[Finding]:
    try:
        ast.parse(source.text)
    except SyntaxError as error:
        yield error.lineno or 0, f"is not Python: {error.msg}"


LAWS = (
    Law(
        "one-owner-of-topics",
        topics,
        CODE,
        ("protocols/uplink/topics.py",),
        (".py", ".html", ".js", ".json", ".conf"),
    ),
    Law("no-swallowed-error", swallowed, (*CODE, "tests/", "tools/")),
    Law("sql-in-store-only", sql, ("station/",), ("station/store/",)),
    Law("no-machine-path", machine_paths, ("",), VENDORED, ("",)),
    Law("file-length", length, (*CODE, "tests/", "tools/"), VENDORED, (".py", ".js", ".css", ".html")),
)
