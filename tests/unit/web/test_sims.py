"""Pages of SIM cards: the list with its filter, one card with its months, files; none of another unit."""

from typing import Any

import pytest
from sqlalchemy import insert

from station.archives import checks
from station.store import audit, db, org
from station.store.archives_schema import archive_records
from station.store.scope import ROOT
from station.store.sim_schema import sim_months
from station.web import sims
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only

ONE, TWO = "8986001234567890120", "8986001234567890138"
MB = 1 << 20


@pytest.fixture
def cards(station: Station) -> Station:
    """ONE is over its quota, TWO is sound and of another unit."""
    with station.writing() as c:
        far = org.add_unit(c, ROOT, "city", "FAR", "远")
        for number, unit, amount in ((ONE, ROOT, 40 * MB), (TWO, far, MB)):
            facts = {
                "facts": {"operator": "mobile"},
                "score": 0,
                "token": number,
                "version": 1,
                "created_s": 1,
            }
            told = {"kind": "sim", "number": number, "unit": unit, "state": "running"}
            card = c.execute(insert(archive_records).values(**told, **facts)).inserted_primary_key[0]
            month = {"quota_bytes": 30 * MB, "cost_yuan_e4": 50_000, "roaming": 0, "state": "active"}
            for at, ip in ((202609, "10.0.0.1"), (202610, "10.0.0.1")):
                row = {"record": card, "month": at, "traffic_bytes": amount, "ip": ip}
                c.execute(insert(sim_months).values(**row, **month))
    checks.work(station.engine, db.now_s())
    return station


def number_of(station: Station, iccid: str) -> int:
    with db.reading(station.engine) as c:
        rows = c.execute(archive_records.select().where(archive_records.c.number == iccid)).mappings()
        return rows.one()["id"]


def test_the_list_shows_the_last_month_and_what_is_odd(cards: Station) -> None:
    page = cards.desk("en").get("/stock/sims").text
    assert "2026-10" in page
    assert page.index(ONE) < page.index(TWO)
    line = page[page.index(ONE) : page.index(TWO)]
    assert "40.00" in line
    assert "30.00" in line
    assert "5.00" in line
    assert "Over its quota" in line
    assert "Over its quota (1)" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("finding=sim_over_quota", {ONE}),
        ("finding=any", {ONE}),
        ("finding=sim_roaming", set()),
        (f"q={TWO[-4:]}", {TWO}),
        (f"after={ONE}", {TWO}),
    ],
)
def test_the_filter_stands_in_the_address(cards: Station, query: str, shown: set[str]) -> None:
    page = cards.desk().get(f"/stock/sims?{query}").text
    assert {each for each in (ONE, TWO) if f">{each}</a>" in page} == shown


def test_a_wrong_filter_is_not_found(cards: Station) -> None:
    assert cards.desk().get("/stock/sims?finding=flying").status_code == 404


def test_one_card_with_its_months(cards: Station) -> None:
    page = cards.desk("en").get(f"/stock/sims/{number_of(cards, ONE)}").text
    assert page.count("<rect") == 2
    assert 'class="over"' in page
    assert "More traffic than the plan holds" in page
    assert page.index("2026-10") < page.index("2026-09</td>")


def test_bars_are_drawn_to_scale() -> None:
    told: list[dict[str, Any]] = [
        {"month": 202609, "traffic_bytes": 0, "quota_bytes": 0},
        {"month": 202610, "traffic_bytes": 50, "quota_bytes": 100},
    ]
    empty, half = sims.bars(told)
    assert (empty["high"], empty["quota"], empty["over"]) == (0, None, False)
    assert (half["high"], half["top"], half["quota"]) == (sims.HEIGHT // 2, sims.HEIGHT // 2, 0)
    assert sims.bars([]) == []


def test_the_file_has_all_of_the_filter(cards: Station) -> None:
    lines = cards.desk("en").get("/stock/sims/sims.csv?finding=any").text.splitlines()
    assert len(lines) == 2
    assert f"{40 * MB}" in lines[1]
    with cards.writing() as c:
        assert audit.recent(c)[0]["action"] == "exported"


def test_a_card_of_another_unit_is_not_there(cards: Station) -> None:
    with cards.writing() as c:
        here = org.add_unit(c, ROOT, "city", "HERE", "这里")
    only(cards, "chief", here)
    desk = cards.desk()
    assert ONE not in desk.get("/stock/sims").text
    assert ONE not in desk.get("/stock/sims/sims.csv").text
    assert desk.get(f"/stock/sims/{number_of(cards, ONE)}").status_code == 404
    only(cards, "viewer")
    assert cards.desk().get("/stock/sims").status_code == 403


def test_the_months_are_entered_as_a_file(cards: Station) -> None:
    page = cards.desk("en").get("/imports?target=sim_months").text
    assert "Months of SIM cards" in page
    assert cards.desk().get("/imports/templates/sim_months.csv").text.startswith("\ufeffICCID,月份,流量")
