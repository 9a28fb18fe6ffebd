"""Each law of tools/laws finds its violation, and lets the right way of writing the same thing pass."""

import pytest

from tools import lint
from tools.laws import Source, device, house

HOME = "/home" + "/someone"  # in two pieces, so that this file obeys the law it tests
TOPIC = "lk" + "/1/00/T1/up/ev"

# law, path, a line that breaks it, a line that does not
CASES = [
    ("device-imports", "protocols/x.py", "import typing", "import struct"),
    ("device-imports", "protocols/x.py", "from __future__ import annotations", "from protocols import cbor"),
    ("device-imports", "protocols/x.py", "import time", "from micropython import const"),
    ("device-imports", "firmware/control/x.py", "import os", "from firmware.control import core"),
    ("device-imports", "firmware/area/x.py", "import time", "import struct"),
    ("device-imports", "firmware/link/x.py", "import functools", "import asyncio"),
    ("device-imports", "firmware/link/x.py", "import _thread", "import socket"),
    ("device-imports", "firmware/link/x.py", "import termios", "import time"),
    ("device-imports", "firmware/hal/x.py", "import threading", "import termios"),
    ("device-imports", "boards/unix/main.py", "import logging", "import sys"),
    ("device-imports", "station/rehearsal/engine.py", "import time", "import struct"),
    (
        "device-imports",
        "station/rehearsal/engine.py",
        "from station.rehearsal import tree",
        "from station.rehearsal.site import Site",
    ),
    ("no-floats", "station/rehearsal/site.py", "a = b / c", "a = b // c"),
    (
        "device-imports",
        "protocols/x.py",
        "if True:\n    import typing",
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import typing",
    ),
    (
        "device-imports",
        "protocols/x.py",
        "from collections import defaultdict",
        "from collections import deque",
    ),
    ("device-language", "protocols/x.py", "match a:\n    case 1: pass", "if a == 1: pass"),
    ("device-language", "protocols/x.py", "def f(a, /, b): pass", "def f(a, *, b): pass"),
    ("device-language", "protocols/x.py", "b = {**a, 'c': 1}", "b = dict(a)"),
    ("device-language", "protocols/x.py", "b = [*a, 1]", "a, *b = c"),
    ("device-language", "protocols/x.py", "try: f()\nexcept* OSError: g()", "try: f()\nexcept OSError: g()"),
    ("device-language", "protocols/x.py", "n = (5).bit_length()", "n = len(bin(5))"),
    ("device-language", "firmware/x.py", "s = s.removeprefix('a')", "s = s[1:]"),
    ("device-language", "firmware/x.py", "t = t._replace(a=1)", "t = T(1, t.b)"),
    ("device-language", "firmware/x.py", "zip(a, b, strict=True)", "zip(a, b)"),
    ("device-language", "firmware/x.py", "int.from_bytes(b, 'big', signed=True)", "int.from_bytes(b, 'big')"),
    ("device-language", "firmware/x.py", "isinstance(a, int | str)", "isinstance(a, (int, str))"),
    ("device-language", "firmware/x.py", "b = data[::-1]", "b = bytes(reversed(data))"),
    ("device-language", "firmware/x.py", "b = data[::-1]", "b = bytes(list(data)[::-1])"),
    ("device-language", "firmware/x.py", "raise TimeoutError()", "raise asyncio.TimeoutError()"),
    ("no-floats", "protocols/x.py", "a = 0.1", "a = 1"),
    ("no-floats", "firmware/control/x.py", "a = b / c", "a = b // c"),
    ("no-floats", "firmware/area/x.py", "a = b / c", "a = b // c"),
    ("no-floats", "firmware/store/x.py", "a /= 2", "a //= 2"),
    ("no-floats", "firmware/metering/x.py", "a = float(b)", "a = int(b)"),
    ("flash-has-one-writer", "firmware/x.py", "open(p, 'w')", "open(p)"),
    ("flash-has-one-writer", "firmware/link/x.py", "open(p, mode='ab')", "open(p, 'rb')"),
    ("flash-has-one-writer", "firmware/link/x.py", "open(p, 'r+b')", "open(p, mode='rb')"),
    ("flash-has-one-writer", "firmware/link/x.py", "open(p, mode)", "open(p, 'r')"),
    ("flash-has-one-writer", "firmware/update/x.py", "os.rename(a, b)", "os.listdir(a)"),
    (
        "no-endless-wait",
        "firmware/x.py",
        "await reader.read(9)",
        "await asyncio.wait_for_ms(reader.read(9), 5)",
    ),
    ("no-endless-wait", "firmware/x.py", "await self._r.readline()", "await self._r.readline(timeout_ms)"),
    ("no-endless-wait", "firmware/x.py", "await writer.drain()", "await port.read(CHUNK)"),
    ("no-endless-wait", "firmware/x.py", "await asyncio.open_connection(h, p)", "await board.connect(h, p)"),
    ("certificates", "firmware/x.py", "c.verify_mode = ssl.CERT_NONE", "c.verify_mode = ssl.CERT_REQUIRED"),
    ("one-owner-of-topics", "station/x.py", f"t = '{TOPIC}'", "t = topics.up(s, d, 'ev')"),
    ("one-owner-of-topics", "station/web/x.html", f"<p>{TOPIC}</p>", "<p>{{ topic }}</p>"),
    ("no-swallowed-error", "hil/x.py", "try: f()\nexcept: g()", "try: f()\nexcept OSError: pass"),
    (
        "no-swallowed-error",
        "tools/x.py",
        "try: f()\nexcept Exception: pass",
        "try: f()\nexcept Exception: g()",
    ),
    ("no-swallowed-error", "hil/x.py", "try: f()\nexcept (OSError, BaseException): ...", "f()"),
    ("sql-in-store-only", "station/web/x.py", "q = 'SELECT a FROM b'", "q = 'Select a meter from the list'"),
    (
        "sql-in-store-only",
        "station/cli/x.py",
        "q = f'insert into t values ({a})'",
        "q = 'Insert the card into it'",
    ),
    ("sql-in-store-only", "station/x.py", "q = 'UPDATE t SET a = 1'", "'''UPDATE t SET a = 1'''"),
    (
        "sql-in-store-only",
        "station/x.py",
        "from sqlalchemy import select",
        "from sqlalchemy import Connection",
    ),
    ("sql-in-store-only", "station/web/x.py", "import sqlite3", "from station.store import users"),
    ("no-machine-path", "docs/x.md", f"see {HOME}/x", "see docs/x"),
    ("no-machine-path", "tests/x.py", "p = '/root" + "/.cache'", "p = tmp_path"),
    ("file-length", "station/x.py", "a = 1\n" * 401, "a = 1\n" * 400),
]


def broken(path: str, text: str) -> set[str]:
    return {line.split(": ")[1] for line in lint.findings(Source(path, text))}


@pytest.mark.parametrize(("law", "path", "bad", "good"), CASES)
def test_law_finds_its_violation_and_nothing_else(law, path, bad, good):
    assert broken(path, bad) == {law}
    assert broken(path, good) == set()


def test_every_law_is_proved():
    assert {law.name for law in lint.LAWS} == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("firmware/store/kv.py", "open(p, 'wb')"),  # the writer of flash
        ("station/store/live.py", "q = 'SELECT a FROM b'"),
        ("protocols/uplink/topics.py", f"ROOT = '{TOPIC}'"),
        ("hil/x.py", "import typing\na = 0.5\nmatch a:\n    case 1: pass"),  # never runs on a device
        ("boards/unix/power_on.py", "import mmap"),
        ("station/web/static/vendor/big.js", "a\n" * 1000),
    ],
)
def test_laws_hold_only_where_they_are_meant(path, text):
    assert broken(path, text) == set()


def test_file_that_does_not_parse_is_a_finding():
    assert broken("station/x.py", "def f(:") == {"parses"}


def test_an_exception_needs_the_law_and_a_reason():
    bad = "await reader.readinto(b)"
    assert broken("firmware/x.py", f"{bad}  # lint: no-endless-wait: keepalive cancels this task") == set()
    assert broken("firmware/x.py", f"{bad}  # lint: no-endless-wait:") == {"no-endless-wait"}
    assert broken("firmware/x.py", f"{bad}  # lint: no-floats: keepalive cancels it") == {"no-endless-wait"}


def test_absent_methods_and_names_are_what_the_device_lacks(run_micropython, tmp_path):
    """The tables against the interpreter itself: nothing forbidden that is there, on the pinned port."""
    script = tmp_path / "probe.py"
    script.write_text(
        "have = set()\n"
        "for v in (1, '', b'', bytearray(), [], (), {}, set(), frozenset(), memoryview(b'')):\n"
        "    have.update(dir(v))\n"
        "import builtins\n"
        "from collections import namedtuple\n"
        "have.update(dir(namedtuple('T', ('a',))(1)))\n"
        f"print(have & {device.ABSENT_METHODS!r}, set(dir(builtins)) & {device.ABSENT_NAMES!r})\n"
    )
    done = run_micropython(script)
    assert (done.returncode, done.stdout.strip()) == (0, "set() set()")


def test_modules_called_present_are_present(run_micropython, tmp_path):
    script = tmp_path / "probe.py"
    script.write_text(
        "".join(f"import {name}\n" for name in sorted(device.PRESENT | device.PURE)) + "print('all')"
    )
    done = run_micropython(script)
    assert done.stdout.strip() == "all", done.stderr


def test_project_files_leaves_out_what_git_ignores(repo_root):
    files = lint.project_files(repo_root)
    assert "tools/lint.py" in files
    assert not [name for name in files if name.startswith((".venv/", "build/"))]


def test_length_limit_is_the_style_guides():
    assert house.MAX_LINES == 400
