"""Bench `imports`: a file of 33,427 meters with planted errors is read, taken and undone.

The peer of the same run is `csv.reader` over the same bytes: what reading without looking costs.
"""

import csv
import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from station.approvals.policy import BY_POLICY
from station.imports import life
from station.imports.kinds import TARGETS
from station.store import db, org, users
from station.store import imports as store
from station.store.schema import devices
from station.store.scope import EVERYWHERE, ROOT

HOUSEHOLDS, AREA = 33_427, 500  # of domain.md R91; meters of a concentrator
HEAD = ("集中器编号", "序号", "表地址", "端口", "相别", "户名")
EVERY, SEED = 401, 91  # about so many lines have one error
Cells = list[str]


def planted(households: int = HOUSEHOLDS) -> tuple[bytes, list[tuple[int, str, str]]]:
    """A file of meters by areas, and its errors as (line, column, key)."""
    chance, rows, faults = random.Random(SEED), list[Cells](), list[tuple[int, str, str]]()
    right: Cells = []  # the last line without an error
    for n in range(households):
        name = f"{n // 20}栋{n % 20}室"
        cells = [f"C{n // AREA:03}", str(n % AREA + 1), f"{n + 1:012}", str(1 + n % 2), str(n % 4), name]
        if n % AREA and chance.randrange(EVERY) == 0:
            key, change = PLANTS[len(faults) % len(PLANTS)]
            change(cells, right)
            faults.append((n + 2, *key))
        else:
            right = cells
        rows.append(cells)
    return _file(rows), faults


def _put(column: int, text: str) -> Callable[[Cells, Cells], None]:
    return lambda cells, _right: cells.__setitem__(column, text)


def _copy(*columns: int) -> Callable[[Cells, Cells], None]:
    return lambda cells, right: cells.__setitem__(slice(None), _mixed(cells, right, columns))


def _mixed(cells: Cells, right: Cells, columns: tuple[int, ...]) -> Cells:
    return [right[at] if at in columns else cell for at, cell in enumerate(cells)]


# (column, key of the error) -> how a line is spoilt, given the last one that was not
PLANTS: tuple[tuple[tuple[str, str], Callable[[Cells, Cells], None]], ...] = (
    (("address", "bad_meter_address"), _put(2, "00012x")),
    (("meter", "line_twice"), _copy(0, 1)),
    (("address", "line_twice"), _copy(0, 2, 3)),
    (("device", "concentrator_not_there"), lambda cells, _right: cells.__setitem__(0, "N" + cells[2])),
    (("name", "formula_cell"), _put(5, "=HYPERLINK(A1)")),
    (("phase", "out_of_range"), _put(4, "9")),
)


def _file(rows: list[Cells]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEAD, *rows])
    return out.getvalue().encode("gb18030")


def house(c: Connection) -> None:
    """The concentrators of the file at the root, and a person who may import."""
    facts = {"shard": "00", "meter_address": "", "multiplier": 1, "rounds": 0, "utc_offset_s": 28_800}
    names = [f"C{n:03}" for n in range(HOUSEHOLDS // AREA + 1)]
    area = {"area": {"lines": {}, "profiles": []}, "added_s": 0, "unit": ROOT}
    c.execute(insert(devices), [{"device": name, "name": name, **facts, **area} for name in names])
    users.add(c, "clerk", "x", must_change=False, t_s=0)
    org.grant(c, "clerk", "clerk", ROOT, "bench", from_s=0)


def look(writing: life.Writing, data: bytes) -> int:
    return life.read_in(writing, TARGETS["area_meters"], ROOT, "clerk", life.File("33427.csv", data, "bench"))


def found(c: Connection, number: int) -> list[tuple[int, str, str]]:
    faults = store.shown(c, number, "wrong", 0, HOUSEHOLDS)
    return [(each["line"], each["column"], each["key"]) for each in faults]


def do(writing: life.Writing, number: int, act: str) -> None:
    """Confirm as if a second person had approved, and work to the end."""
    with writing() as c:
        row = store.get(c, EVERYWHERE, number)
        assert row
        life.act(c, row, act, "clerk", row["hash"], BY_POLICY)
    life.carry_on(writing, number, db.now_s(), HOUSEHOLDS)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    made = work()
    return time.perf_counter() - begun, made


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        engine = db.engine(Path(home))
        writing = partial(db.writing, engine)
        with writing() as c:
            house(c)
        data, faults = planted()
        peer_s, _rows = timed(lambda: sum(1 for _row in csv.reader(io.StringIO(data.decode("gb18030")))))
        look_s, number = timed(lambda: look(writing, data))
        with writing() as c:
            exact = found(c, number) == faults
        take_s, _none = timed(lambda: do(writing, number, "take"))
        undo_s, _none = timed(lambda: do(writing, number, "undo"))
        print(
            f"look {look_s:.2f} s, take {take_s:.2f} s, undo {undo_s:.2f} s, {len(faults)} errors, {exact=}"
        )
        told = {"bench": "imports", "value": round(look_s, 2), "unit": "s", "peer": round(peer_s, 3)}
        told |= {"ratio": round(look_s / peer_s, 1), "take_s": round(take_s, 2), "undo_s": round(undo_s, 2)}
        print(json.dumps(told | {"households": HOUSEHOLDS, "errors": len(faults), "exact": exact}))
        engine.dispose()
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
