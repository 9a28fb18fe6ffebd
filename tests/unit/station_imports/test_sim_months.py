"""An operator's file of SIM cards: taken as operators write it, its faults by line, undone exactly."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from station.errors import FieldError
from station.imports import life, sim_months
from station.imports.sim_months import SIM_MONTHS
from station.store import db, sims
from station.store.archives_schema import archive_records
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.station_imports.test_life import T_S, act, as_csv, counts, faults, read, row

HEAD = ["ICCID", "月份", "流量", "套餐流量", "费用", "IP地址", "漫游", "卡状态"]
ONE, TWO, FAR = "8986001234567890120", "8986001234567890138", "8986009999999999999"
MB = 1 << 20


@pytest.fixture
def cards(engine: Engine, writing: Any, east: int) -> int:
    with writing() as c:
        for number, unit in ((ONE, east), (TWO, east), (FAR, ROOT)):
            facts = {"facts": {}, "score": 0, "token": number, "version": 1, "created_s": 1}
            told = {"kind": "sim", "number": number, "unit": unit, "state": "running"}
            c.execute(insert(archive_records).values(**told, **facts))
    return east


def months(engine: Engine) -> list[tuple[Any, ...]]:
    with db.reading(engine) as c:
        found = sims.every_month(c, EVERYWHERE, "")
        return [(each["iccid"], each["month"], each["traffic_bytes"], each["cost_yuan_e4"]) for each in found]


FILE = [
    [ONE, "2026-10", "12.5", "30MB", "5.00", "10.0.0.1", "否", "正常"],
    [TWO, "202610", "800KB", "", "0.0001", "", "是", "停机"],
    [FAR, "2026-10", "1", "", "", "", "", ""],
    [ONE, "2026年10月", "2", "", "", "", "", ""],
    [TWO, "2026-13", "1", "", "", "", "", ""],
    [TWO, "2026-09", "-1", "", "", "", "", ""],
    [TWO, "2026-08", "=1+1", "", "", "", "", ""],
    [TWO, "2026-07", "1", "", "1.00001", "", "", ""],
    [TWO, "2026-06", "1", "", "", "10.0.0.256", "maybe", "死"],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_dry_run_tells_each_line(engine: Engine, writing: Any, cards: int, encoding: str) -> None:
    data = as_csv(FILE, HEAD).decode().encode(encoding)
    number = read(writing, cards, data, "sim_months")
    assert counts(engine, number) == (2, 0, 0, 7)
    assert faults(engine, number) == [
        (4, "iccid", "sim_not_there"),
        (5, "month", "line_twice"),
        (6, "month", "bad_month"),
        (7, "traffic_bytes", "bad_traffic"),
        (8, "traffic_bytes", "formula_cell"),
        (9, "cost_yuan_e4", "bad_money"),
        (10, "ip", "bad_ip"),
        (10, "roaming", "not_yes_or_no"),
        (10, "state", "bad_choice"),
    ]
    assert months(engine) == []


def test_it_is_taken_and_undone_and_the_same_again_changes_nothing(
    engine: Engine, writing: Any, cards: int
) -> None:
    number = read(writing, cards, as_csv(FILE[:2], HEAD), "sim_months")
    act(writing, engine, number, "take")
    life.work(engine, T_S)
    told = [(ONE, 202610, 12 * MB + MB // 2, 50_000), (TWO, 202610, 800 << 10, 1)]
    assert months(engine) == told
    again = read(writing, cards, as_csv(FILE[:2], [*HEAD[:-1], "state"]), "sim_months")
    assert counts(engine, again) == (0, 0, 2, 0)
    other = read(writing, cards, as_csv([[ONE, "2026-10", "1GB"]], HEAD[:3]), "sim_months")
    assert counts(engine, other) == (0, 1, 0, 0)
    act(writing, engine, other, "take")
    life.work(engine, T_S)
    assert months(engine)[0][2:] == (1 << 30, 50_000)  # what it does not say stays
    act(writing, engine, other, "undo")
    life.work(engine, T_S)
    assert months(engine) == told
    act(writing, engine, number, "undo")
    life.work(engine, T_S)
    assert months(engine) == []
    assert row(engine, number)["state"] == "undone"


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("12.5", 12 * MB + MB // 2), ("5 B", 5), ("1k", 1024), ("1.2GB", 1288490188), ("0", 0)],
)
def test_traffic_is_read_as_operators_write_it(cell: str, amount: int) -> None:
    assert sim_months.traffic(cell) == amount


@given(st.text(max_size=30))
def test_no_cell_raises_and_what_is_taken_is_within_bounds(cell: str) -> None:
    for column in SIM_MONTHS.columns:
        found = column.parse(cell)
        assert isinstance(found, FieldError | int | str)
        if isinstance(found, int) and column.name != "month":
            assert 0 <= found <= sim_months.MOST_BYTES


@given(st.integers(0, sim_months.MOST_BYTES), st.integers(0, 10**13 - 1), st.integers(200001, 209912))
def test_what_is_exported_is_read_back(amount: int, yuan_e4: int, month: int) -> None:
    columns = {column.name: column for column in SIM_MONTHS.columns}
    sent = {"traffic_bytes": amount, "cost_yuan_e4": yuan_e4}
    sent |= {"month": month} if 1 <= month % 100 <= 12 else {}
    for name, value in sent.items():
        assert columns[name].parse(columns[name].show(value)) == value
