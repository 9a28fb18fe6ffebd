"""Reads the logs of the processes backwards: newest entry first, a page at a time, however large they are.

The supervisor writes home/log/NAME.log and moves it to NAME.log.1, .2 and so on when it is full. A place is
(inode, byte offset), so that it stays the same place when the file is moved on.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SCAN_BYTES = 4 << 20  # read for one page: about 0.1 s; who looks for a rare word goes on from there
BLOCK_BYTES = 1 << 16  # also the longest line: what is longer is taken for several
ENTRY_LINES, LINE_CHARS = 60, 2000  # kept of one entry (a traceback), of one line
MOST_FILES = 20
_SHORT = {"DBG": "DEBUG", "TRC": "DEBUG", "INF": "INFO", "WRN": "WARNING", "ERR": "ERROR", "FTL": "CRITICAL"}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
# ours: `2026-11-23 18:50:01,123Z LEVEL text`; gunicorn: `[2026-11-23 18:50:01 +0000] [7] [LEVEL] text`;
# the broker: `[7] 2026/11/23 18:50:01.123456 [INF] text`
_HEAD = re.compile(
    r"(?:\[[0-9]{1,10}\] )?"
    r"\[?(?P<time>[0-9]{4}[-/][0-9]{2}[-/][0-9]{2} [0-9:]{8}(?:[,.][0-9]{1,6}Z?| [+-][0-9]{4}|Z)?)\]? "
    r"(?:\[[0-9]{1,10}\] )?\[?(?P<level>[A-Z]{3,8})\]?(?: (?P<text>.*))?"
)


class Place(NamedTuple):
    """Entries before it are older."""

    inode: int
    offset: int


class Entry(NamedTuple):
    time: str  # as the process wrote it; "" of lines that no entry begins
    level: str  # of LEVELS, or ""
    text: str  # lines after the first are a traceback or the like
    place: Place
    size: int  # bytes


class Page(NamedTuple):
    entries: list[Entry]
    older: Place | None  # where to go on; None at the end
    whole: bool  # False: it stopped after SCAN_BYTES, and what follows was not looked at


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.log") if _NAME.fullmatch(path.stem))


def files(folder: Path, name: str) -> list[Path]:
    """The newest first; [] when there is no such log."""
    if name not in names(folder):
        return []
    moved = (folder / f"{name}.log.{n}" for n in range(1, MOST_FILES))
    return [folder / f"{name}.log", *(path for path in moved if path.is_file())]


def page(
    folder: Path, name: str, levels: frozenset[str], word: str, count: int, before: Place | None = None
) -> Page:
    """At most `count` entries of `levels` (none: all) that have `word`, whatever its case, in them.

    A place that is gone (its file was the oldest) gives an empty page."""
    found: list[Entry] = []
    read, wanted = 0, word.casefold()
    for entry in _backwards(files(folder, name), before):
        read += entry.size
        if (not levels or entry.level in levels) and wanted in entry.text.casefold():
            found.append(entry)
        if len(found) == count or read > SCAN_BYTES:
            return Page(found, entry.place, len(found) == count)
    return Page(found, None, True)


def _backwards(paths: list[Path], before: Place | None) -> Iterator[Entry]:
    for path in paths:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return  # it was the oldest, and has gone
        with file:
            inode, end = os.fstat(file.fileno()).st_ino, file.seek(0, os.SEEK_END)
            if before is not None and before.inode != inode:
                continue
            if before is not None:
                end, before = min(end, before.offset), None
            yield from _entries(file, inode, end)


def _entries(file: BinaryIO, inode: int, end: int) -> Iterator[Entry]:
    """Lines are gathered until the one that begins their entry."""
    rest: list[str] = []
    size, at = 0, end
    for at, line in _lines(file, end):
        size += len(line)
        text = line.decode(errors="replace").rstrip("\r\n")[:LINE_CHARS]
        head = _HEAD.fullmatch(text)
        if head is None:
            if len(rest) < ENTRY_LINES:  # the last lines, which say what the error was
                rest.append(text)
            continue
        level = _SHORT.get(head["level"], head["level"])
        lines = "\n".join([head["text"] or "", *reversed(rest)])
        yield Entry(head["time"], level if level in LEVELS else "", lines, Place(inode, at), size)
        rest, size = [], 0
    if size:
        yield Entry("", "", "\n".join(reversed(rest)), Place(inode, at), size)


def _lines(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """(offset, line with its end), the last first. A line that is being written counts as it is."""
    tail = b""
    while end > 0:
        begin = max(0, end - BLOCK_BYTES)
        file.seek(begin)
        block = file.read(end - begin) + tail
        lines = [line + b"\n" for line in block.split(b"\n")]
        lines[-1] = lines[-1][:-1]
        if not lines[-1]:
            lines.pop()
        at, end, tail = begin + len(block), begin, b""
        if begin and len(lines) > 1:  # it may begin in the block before
            tail = lines.pop(0)
        for line in reversed(lines):
            at -= len(line)
            yield at, line
