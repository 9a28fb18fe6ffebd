"""Logs are read backwards, in pages that miss and repeat nothing, whatever the bytes are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from station.watch import logs
from station.watch.logs import Page, Place

ALL: frozenset[str] = frozenset()


def head(n: int, level: str = "INFO") -> str:
    return f"2026-11-23 18:{n // 60 % 60:02d}:{n % 60:02d},123Z {level} "


def write(folder: Path, count: int, name: str = "ingest.log", first: int = 0) -> None:
    text = "".join(
        f"{head(n, 'ERROR' if n % 10 == 0 else 'INFO')}taken no={n}\n" for n in range(first, first + count)
    )
    (folder / name).write_text(text)


def numbers(page: Page) -> list[int]:
    return [int(entry.text.rpartition("=")[2]) for entry in page.entries]


def through(folder: Path, count: int, levels: frozenset[str] = ALL, word: str = "") -> list[int]:
    """Of all pages."""
    out: list[int] = []
    place: Place | None = None
    for _ in range(1000):
        page = logs.page(folder, "ingest", levels, word, count, place)
        out += numbers(page)
        place = page.older
        if place is None:
            return out
    raise AssertionError("it never ends")


@pytest.mark.parametrize("block", [64, 100, 1 << 16])
def test_pages_miss_and_repeat_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(logs, "BLOCK_BYTES", block)
    write(tmp_path, 100, first=100)
    write(tmp_path, 100, "ingest.log.1")
    assert through(tmp_path, 7) == list(range(199, -1, -1))


def test_the_filter(tmp_path: Path) -> None:
    write(tmp_path, 100)
    assert through(tmp_path, 3, frozenset({"ERROR"})) == list(range(90, -1, -10))
    assert through(tmp_path, 3, word="TAKEN No=4") == [*range(49, 39, -1), 4]


def test_a_place_stays_when_the_file_is_moved_on(tmp_path: Path) -> None:
    write(tmp_path, 20)
    first = logs.page(tmp_path, "ingest", ALL, "", 5)
    (tmp_path / "ingest.log").rename(tmp_path / "ingest.log.1")
    write(tmp_path, 5, first=20)
    assert numbers(logs.page(tmp_path, "ingest", ALL, "", 5, first.older)) == [14, 13, 12, 11, 10]
    (tmp_path / "ingest.log.1").unlink()
    assert logs.page(tmp_path, "ingest", ALL, "", 5, first.older) == Page([], None, True)


def test_a_traceback_belongs_to_its_entry(tmp_path: Path) -> None:
    text = head(1, "ERROR") + "job_failed\nTraceback:\n  work()\nValueError: x\n" + head(2) + "next\n"
    (tmp_path / "jobs.log").write_text("left over\n" + text)
    second, first, rest = logs.page(tmp_path, "jobs", ALL, "", 9).entries
    assert (first.level, first.text) == ("ERROR", "job_failed\nTraceback:\n  work()\nValueError: x")
    assert (second.text, rest.text, rest.level) == ("next", "left over", "")
    found = logs.page(tmp_path, "jobs", frozenset({"ERROR"}), "valueerror", 9)
    assert [entry.text for entry in found.entries] == [first.text]


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("2026-11-23 18:50:01,123Z WARNING a=1", "WARNING", "a=1"),
        ("[2026-11-23 18:50:01 +0000] [77] [ERROR] Worker died", "ERROR", "Worker died"),
        ("[1234] 2026/11/23 18:00:00.123456 [WRN] slow", "WARNING", "slow"),
        ("[1234] 2026/11/23 18:00:00.123456 [FTL] end", "CRITICAL", "end"),
        ("2026-11-23 18:50:01,123Z NOTHING a", "", "a"),
        ("2026-11-23 18:50:01,123Z INFO", "INFO", ""),
    ],
)
def test_all_processes_are_read(tmp_path: Path, line: str, level: str, text: str) -> None:
    (tmp_path / "x.log").write_text(line + "\n")
    (entry,) = logs.page(tmp_path, "x", ALL, "", 9).entries
    assert (entry.level, entry.text) == (level, text)
    assert entry.time


def test_a_rare_word_is_looked_for_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1000)
    monkeypatch.setattr(logs, "SCAN_BYTES", 1000)
    first = logs.page(tmp_path, "ingest", ALL, "no=7", 100)
    assert not first.whole
    assert first.older
    assert through(tmp_path, 100, word="no=7")[-1] == 7


@pytest.mark.parametrize("name", ["../secret", "secret", "", "INGEST", "ingest.log", "/etc/passwd"])
def test_only_logs_are_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    write(folder, 1)
    (tmp_path / "secret.log").write_text("x")
    assert logs.files(folder, name) == []


def test_of_a_long_entry_the_end_is_kept(tmp_path: Path) -> None:
    lines = "".join(f"  frame {n}\n" for n in range(200))
    (tmp_path / "x.log").write_text(head(1, "ERROR") + "failed\n" + lines + "ValueError: it\n")
    (entry,) = logs.page(tmp_path, "x", ALL, "", 9).entries
    assert entry.text.startswith("failed\n")
    assert entry.text.endswith("frame 199\nValueError: it")
    assert len(entry.text.splitlines()) == logs.ENTRY_LINES + 1


@given(some.binary(max_size=2000), some.integers(1, 5))
def test_any_bytes_are_read_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, count: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / "x.log").write_bytes(data)
    place, size = None, 0
    while True:
        page = logs.page(folder, "x", ALL, "", count, place)
        size += sum(entry.size for entry in page.entries)
        place = page.older
        if place is None:
            break
    assert size == len(data)


def test_a_line_without_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "BLOCK_BYTES", 64)
    (tmp_path / "x.log").write_text("y" * 10_000)
    (entry,) = logs.page(tmp_path, "x", ALL, "", 9).entries
    assert entry.size == 10_000
    assert len(entry.text) <= logs.ENTRY_LINES * (logs.LINE_CHARS + 1)
