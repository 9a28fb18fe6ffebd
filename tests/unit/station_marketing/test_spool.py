"""Files in the folder: whole ones are taken once, wherever the power goes; half ones are left alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from station.archives import records
from station.marketing import files, receive, spool
from station.settings import Settings
from station.store import db
from station.store import marketing as store
from station.store.marketing_schema import marketing_files, marketing_records
from station.store.scope import EVERYWHERE
from tests.unit.station_marketing.conftest import DESK, given

NAME = "customer-change-1.csv"
LINES = "number,name\n" + "".join(f"C{n},n{n}\n" for n in range(1200))


class Cut(Exception):
    """The power went."""


@pytest.fixture
def folder(settings: Settings) -> Path:
    (settings.home / "marketing" / "in").mkdir(parents=True)
    return settings.home / "marketing"


def look(engine: Engine, folder: Path, times: int = 2) -> None:
    for _time in range(times):
        spool.work(engine, folder.parent, 1, DESK.today)


def held(engine: Engine, table: Any = marketing_records) -> int:
    with db.reading(engine) as c:
        return c.execute(select(func.count()).select_from(table)).scalar_one()


def names(folder: Path, inside: str) -> list[str]:
    return sorted(path.name for path in (folder / inside).iterdir())


def test_a_file_is_taken_at_the_second_look(engine: Engine, folder: Path) -> None:
    (folder / "in" / NAME).write_text(LINES)
    look(engine, folder, 1)
    assert held(engine) == 0
    look(engine, folder, 1)
    assert held(engine) == 1200
    assert names(folder, "in") == []
    assert names(folder, "done") == [f"1-{NAME}", f"1-{NAME}.report.csv"]
    assert "new,1200" in (folder / "done" / f"1-{NAME}.report.csv").read_text()


def test_a_file_that_grows_or_is_a_part_is_left(engine: Engine, folder: Path) -> None:
    (folder / "in" / f"{NAME}.part").write_text(LINES)
    (folder / "in" / "link.csv").symlink_to("/etc/passwd")
    for size in (100, 200, 300):
        (folder / "in" / NAME).write_text(LINES[:size])
        look(engine, folder, 1)
    assert held(engine, marketing_files) == 0
    assert names(folder, "in") == [NAME, f"{NAME}.part", "link.csv"]


def test_what_cannot_be_read_is_refused_with_a_report(engine: Engine, folder: Path) -> None:
    for name, text in ((NAME, "what,is\nthis,?\n"), ("letters.csv", LINES), ("meter-full.csv", "")):
        (folder / "in" / name).write_text(text)
    look(engine, folder)
    assert names(folder, "in") == []
    assert len(names(folder, "refused")) == 6
    reports = " ".join(path.read_text() for path in (folder / "refused").glob("*.report.csv"))
    assert {"unknown_head", "marketing_file_name", "table_empty"} <= set(
        reports.replace("\n", ",").split(",")
    )
    assert held(engine) == 0


def test_the_same_content_again_does_nothing(engine: Engine, folder: Path) -> None:
    for _round in range(2):
        (folder / "in" / NAME).write_text(LINES)
        look(engine, folder)
    assert (held(engine), held(engine, marketing_files)) == (1200, 1)
    assert names(folder, "in") == []


def _dies(monkeypatch: pytest.MonkeyPatch, on: Any, name: str, times: int) -> Callable[[], None]:
    """The call number `times` of `on.name` is not reached."""
    true, left = getattr(on, name), [times]

    def call(*args: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Cut
        return true(*args, **more)

    monkeypatch.setattr(on, name, call)
    return lambda: monkeypatch.setattr(on, name, true)


@pytest.mark.parametrize(
    ("on", "name", "times"),
    [
        (store, "begin", 1),
        (receive, "receive", 1),
        (receive, "receive", 3),
        (store, "change_file", 2),
        (spool, "write_atomic", 1),
        (Path, "rename", 1),
    ],
)
def test_wherever_the_power_goes_the_file_is_taken_once(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, on: Any, name: str, times: int
) -> None:
    (folder / "in" / NAME).write_text(LINES)
    look(engine, folder, 1)
    again = _dies(monkeypatch, on, name, times)
    with pytest.raises(Cut):
        look(engine, folder, 1)
    assert names(folder, "in") == [NAME]
    again()
    look(engine, folder)
    assert (held(engine), held(engine, marketing_files)) == (1200, 1)
    with db.reading(engine) as c:
        assert store.listed(c, EVERYWHERE)[0]["state"] == "done"
    assert names(folder, "done") == [f"1-{NAME}", f"1-{NAME}.report.csv"]


def test_what_changed_here_is_compared_anew(engine: Engine, folder: Path) -> None:
    (folder / "in" / NAME).write_text("number,name\nC1,Mill\n")
    look(engine, folder)
    with db.writing(engine) as c:
        records.add(c, DESK, "customer", "C1", given({"name": "Other"}), "C1")
    look(engine, folder, 1)
    with db.reading(engine) as c:
        row = store.known(c, "customer", ["C1"])["C1"]
    assert (row["state"], row["differs"]) == ("differ", {"name": ["Mill", "Other"]})


def test_one_file_that_cannot_be_opened_holds_up_no_other(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "in" / "customer-full.csv").write_text("number\nC1\n")
    (folder / "in" / NAME).write_text(LINES)
    look(engine, folder, 1)
    true = Path.open

    def locked(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "customer-full.csv":
            raise PermissionError(path)
        return true(path, *args, **more)

    monkeypatch.setattr(Path, "open", locked)
    look(engine, folder, 1)
    assert held(engine) == 1200


def test_names_say_kind_and_form() -> None:
    good = ("customer-full.csv", "ct_change-20261123.xlsx", "METER-Full.CSV", "point-change_a.b.csv")
    bad = (
        "customer.csv",
        "customer-fuller.csv",
        "sim-full.csv",
        "customer-full.csv.exe",
        "../customer-full.csv",
    )
    assert [bool(spool._NAME.fullmatch(name)) for name in good] == [True] * len(good)
    assert [bool(spool._NAME.fullmatch(name)) for name in bad] == [False] * len(bad)
    assert files.FORMS == ("full", "change")
