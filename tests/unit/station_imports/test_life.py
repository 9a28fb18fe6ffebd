"""From a file to the archive and back: compared, confirmed, interrupted, undone."""

import csv
import io
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from station.approvals import policy
from station.errors import Invalid
from station.imports import life
from station.imports.kinds import TARGETS
from station.store import audit, db, devices, org
from station.store import imports as store
from station.store.area_schema import area_rows
from station.store.scope import EVERYWHERE, ROOT, Scope

TOKENS = (f"t{n}" for n in itertools.count())
HEAD = ["集中器编号", "序号", "表地址", "端口", "户名"]
T_S = db.now_s()


def as_csv(rows: list[list[Any]], head: list[str] = HEAD) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue().encode()


def read(writing: Any, unit: int, data: bytes, target: str = "area_meters", who: str = "clerk") -> int:
    return life.read_in(writing, TARGETS[target], unit, who, life.File("a.csv", data, next(TOKENS)))


def row(engine: Engine, number: int) -> dict[str, Any]:
    with db.reading(engine) as c:
        found = store.get(c, EVERYWHERE, number)
    assert found
    return found


def counts(engine: Engine, number: int) -> tuple[int, ...]:
    found = row(engine, number)
    return tuple(found[name] for name in ("fresh", "changed", "same", "wrong"))


def faults(engine: Engine, number: int) -> list[tuple[int, str, str]]:
    with db.reading(engine) as c:
        return [(f["line"], f["column"], f["key"]) for f in store.shown(c, number, "wrong", 0, 10_000)]


def act(writing: Any, engine: Engine, number: int, what: str) -> None:
    with writing() as c:
        life.act(c, row(engine, number), what, "clerk", row(engine, number)["hash"])


def meters(engine: Engine) -> dict[int, tuple[str, str]]:
    with db.reading(engine) as c:
        found = c.execute(select(area_rows.c.meter, area_rows.c.address, area_rows.c.name))
        return {n: (address, name) for n, address, name in found}


FILE = [
    ["T1", 1, "1", 1, "客户1"],  # the same, its zeros eaten by a spreadsheet
    ["T1", 2, "000000000002", 1, "新名"],
    ["T1", 4, "000000000004", 1, "客户4"],
    ["T1", 5, "5x", 1, "a"],
    ["T2", 1, "000000000009", 1, "b"],  # no concentrator of this unit
    ["T1", 4, "000000000014", 1, "again"],
    ["T1", 6, "000000000004", 1, "same address"],
    ["T1", 7, "000000000003", 1, "address of meter 3"],
    ["T1", 8, "000000000008", 5, "no such line"],
    ["T1", "", "000000000010", 1, "=1+1"],
]


def test_a_dry_run_tells_each_line_and_writes_nothing(engine: Engine, writing: Any, east: int) -> None:
    before = meters(engine)
    number = read(writing, east, as_csv(FILE))
    assert counts(engine, number) == (1, 1, 1, 7)
    assert faults(engine, number) == [
        (5, "address", "bad_meter_address"),
        (6, "device", "concentrator_not_there"),
        (7, "meter", "line_twice"),
        (8, "address", "line_twice"),
        (9, "address", "address_known"),
        (10, "line", "bad_cell"),
        (11, "name", "formula_cell"),
        (11, "meter", "needed"),
    ]
    assert meters(engine) == before


def test_confirming_makes_what_was_shown_and_undo_brings_back(
    engine: Engine, writing: Any, east: int
) -> None:
    before = meters(engine)
    number = read(writing, east, as_csv(FILE))
    act(writing, engine, number, "take")
    assert life.work(engine, T_S) > 0
    assert row(engine, number)["state"] == "done"
    assert meters(engine) == before | {2: ("000000000002", "新名"), 4: ("000000000004", "客户4")}
    with db.reading(engine) as c:
        told = [each for each in audit.recent(c) if each["action"] == "imported"]
    assert {each["subject"] for each in told} == {"T1 2", "T1 4"}
    assert {"before": {"name": "客户2"}, "after": {"name": "新名"}}.items() <= told[-1]["detail"].items()
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert meters(engine) == before
    assert (row(engine, number)["state"], row(engine, number)["undone"]) == ("undone", 2)


def test_the_same_file_again_changes_nothing_and_says_so(engine: Engine, writing: Any, east: int) -> None:
    number, twin = (read(writing, east, as_csv(FILE)) for _time in "12")
    act(writing, engine, number, "take")
    with pytest.raises(Invalid, match="import_taken"):
        act(writing, engine, twin, "take")
    assert read(writing, east, as_csv(FILE)) == number
    act(writing, engine, number, "stop")
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert read(writing, east, as_csv(FILE)) not in (number, twin)


def test_what_changed_meanwhile_is_listed_and_stays(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, as_csv(FILE))
    other = update(area_rows).where(area_rows.c.meter == 2)
    with writing() as c:
        c.execute(other.values(name="by hand"))
    act(writing, engine, number, "take")
    life.work(engine, T_S)
    assert meters(engine)[2][1] == "by hand"
    with db.reading(engine) as c:
        assert [(r["line"], r["why"]) for r in store.shown(c, number, "skipped", 0, 9)] == [
            (3, "record_changed")
        ]


def test_undo_leaves_what_somebody_changed_since(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, as_csv(FILE))
    act(writing, engine, number, "take")
    life.work(engine, T_S)
    with writing() as c:
        c.execute(update(area_rows).where(area_rows.c.meter == 4).values(name="since"))
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert (meters(engine)[4][1], meters(engine)[2][1]) == ("since", "客户2")
    assert row(engine, number)["kept"] == 1


def many(n: int, first: int = 100) -> bytes:
    return as_csv([["T1", k, f"{k:012}", 1, f"客户{k}"] for k in range(first, first + n)])


def test_who_is_killed_in_the_middle_goes_on_or_goes_back(
    engine: Engine, writing: Any, east: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "BATCH", 10)
    before, number = meters(engine), read(writing, east, many(35))
    act(writing, engine, number, "take")
    apply = life._apply
    calls = itertools.count()

    def killed(*args: Any) -> Any:
        made = apply(*args)
        if next(calls) == 2:
            raise KeyboardInterrupt  # its transaction is given up, as that of a dead process
        return made

    monkeypatch.setattr(life, "_apply", killed)
    with pytest.raises(KeyboardInterrupt):
        life.work(engine, T_S)
    assert (len(meters(engine)), row(engine, number)["done"]) == (23, 20)
    life.work(engine, T_S)
    assert (len(meters(engine)), row(engine, number)["state"]) == (38, "done")
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert meters(engine) == before


def test_of_too_many_errors_the_first_are_listed(
    engine: Engine, writing: Any, east: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "MOST_FAULTS", 5)
    monkeypatch.setattr(life, "BATCH", 3)
    number = read(writing, east, as_csv([["T1", n, "x", 1, ""] for n in range(1, 21)]))
    assert counts(engine, number) == (0, 0, 0, 20)
    assert [fault[2] for fault in faults(engine, number)] == ["bad_meter_address"] * 5 + ["too_many_faults"]


KILLED = """
import sys
from functools import partial
from station.imports import life
from station.store import db
life.BATCH = 5
engine = db.engine(sys.argv[1])
while True:
    life.carry_on(partial(db.writing, engine), int(sys.argv[2]), db.now_s(), 1)
    print("batch", flush=True)
"""


def test_a_process_that_is_killed_leaves_whole_batches(
    engine: Engine, writing: Any, east: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, number = meters(engine), read(writing, east, many(300))
    act(writing, engine, number, "take")
    command = [sys.executable, "-c", KILLED, str(Path(str(engine.url.database)).parent), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _batch in range(3):
            assert process.stdout
            process.stdout.readline()
        process.kill()
    done = row(engine, number)["done"]
    assert 15 <= done < 300
    assert len(meters(engine)) == 3 + done
    assert done % 5 == 0
    act(writing, engine, number, "stop")
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert meters(engine) == before


def test_who_lost_the_right_imports_no_further(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, many(3))
    act(writing, engine, number, "take")
    with writing() as c:
        org.end_grant(c, org.grants_of(c, "clerk", T_S)[0]["id"], T_S)
    life.work(engine, T_S + 1)
    assert (row(engine, number)["state"], row(engine, number)["why"]) == ("stopped", "no_right_there")
    assert len(meters(engine)) == 3


def test_many_rows_need_two(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, many(501))
    with pytest.raises(Invalid, match="needs_two"):
        act(writing, engine, number, "take")
    found = row(engine, number)
    with writing() as c:
        life.act(c, found, "take", "clerk", found["hash"], policy.BY_POLICY)
    life.work(engine, T_S)
    assert len(meters(engine)) == 504
    with pytest.raises(Invalid, match="needs_two"):
        act(writing, engine, number, "undo")


def test_another_fingerprint_or_state_is_refused(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, many(3))
    with writing() as c, pytest.raises(Invalid, match="import_not_so"):
        life.act(c, row(engine, number), "take", "clerk", "other")
    with pytest.raises(Invalid, match="import_not_so"):
        act(writing, engine, number, "undo")
    act(writing, engine, number, "drop")
    with pytest.raises(Invalid, match="import_not_so"):
        act(writing, engine, number, "take")


# ---- devices


def device(engine: Engine, name: str) -> dict[str, Any]:
    with db.reading(engine) as c:
        found = devices.get(c, name)
    assert found
    return found


def test_devices_take_names_and_go_to_a_unit_only_by_who_keeps_both(
    engine: Engine, writing: Any, east: int
) -> None:
    with writing() as c:
        for code in ("A2", "A3"):
            org.add_unit(c, ROOT, "station", code, code)
        below = org.add_unit(c, east, "area", "A11", "Area")
    data = as_csv(
        [["T1", "新名", "A11", 3], ["T2", "x", "", 1], ["T9", "x", "", 1]], ["device", "name", "unit", "倍率"]
    )
    number = read(writing, east, data, "devices")
    assert faults(engine, number) == [
        (2, "unit", "unit_not_yours"),
        (3, "device", "device_not_there"),  # of another unit
        (4, "device", "device_not_there"),
    ]
    with writing() as c:
        org.grant(c, "clerk", "administrator", east, "test", from_s=0)
    number = read(writing, east, data, "devices")
    assert counts(engine, number) == (0, 1, 0, 2)
    act(writing, engine, number, "take")
    life.work(engine, T_S)
    assert [device(engine, "T1")[name] for name in ("name", "unit", "multiplier")] == ["新名", below, 3]
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert [device(engine, "T1")[name] for name in ("name", "unit", "multiplier")] == ["T1", east, 80]


def test_a_head_that_is_another_is_refused_as_a_whole(engine: Engine, writing: Any, east: int) -> None:
    for data, key in (
        (b"x,name\n1,2", "unknown_head"),
        (b"name\n1", "column_needed"),
        (b"device,device\n", "twice"),
    ):
        with pytest.raises(Invalid, match=key):
            read(writing, east, data, "devices")


def test_a_file_that_breaks_off_says_where(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, many(3) + b'T1,"200\n')
    assert faults(engine, number) == [(5, "", "bad_csv")]
    assert counts(engine, number) == (3, 0, 0, 1)


def test_old_rows_are_forgotten(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, many(3))
    life.work(engine, db.now_s() + life.DROP_S + 60)
    assert row(engine, number)["state"] == "dropped"
    with db.reading(engine) as c:
        assert store.shown(c, number, "new", 0, 9) == []


def test_nothing_outside_of_the_scope_is_seen(engine: Engine, writing: Any, east: int) -> None:
    number = read(writing, east, many(3))
    with writing() as c:
        west = org.add_unit(c, ROOT, "station", "W", "West")
        assert store.get(c, Scope((west,)), number) is None
        assert store.listed(c, Scope((west,)), "", 9) == []
        assert [each["id"] for each in store.listed(c, Scope((east,)), "", 9)] == [number]
        assert [store.waiting(c, Scope((unit,)), db.now_s() + 9) for unit in (west, east)] == [0, 1]
