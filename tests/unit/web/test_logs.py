"""The page of the logs: filter, pages, file; what outside text does in it; who may read."""

import re
from html import unescape
from typing import Any

import pytest

from station.store import audit, db, org
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import person

URL = "/station/logs"


@pytest.fixture
def logged(station: Station) -> Station:
    folder = station.home / "log"
    folder.mkdir(exist_ok=True)
    lines = [
        f"2026-11-23 18:00:{n:02d},123Z {'ERROR' if n % 10 == 0 else 'INFO'} taken no={n}." for n in range(60)
    ]
    (folder / "ingest.log.1").write_text("\n".join(lines[:30]) + "\n")
    (folder / "ingest.log").write_text("\n".join(lines[30:]) + "\n")
    (folder / "web.log").write_text("2026-11-23 18:00:00,123Z WARNING said <script>alert(1)</script>\n")
    return station


def numbers(reply: Any) -> list[int]:
    return [int(n) for n in re.findall(r"taken no=(\d+)\.", reply.text)]


def test_filter_and_pages(logged: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.web.logs.ROWS", 4)
    desk = logged.desk("en")
    first = desk.get(f"{URL}?process=ingest&least=ERROR")
    assert numbers(first) == [50, 40, 30, 20]
    way = unescape(re.findall(r'href="([^"]*offset=[^"]*)"', first.text)[0])
    older = desk.get(way)
    assert numbers(older) == [10, 0]
    assert "Newest" in older.text
    assert numbers(desk.get(f"{URL}?process=ingest&q=NO=5")) == [59, 58, 57, 56]
    assert numbers(desk.get(f"{URL}?process=ingest&q=nothing")) == []


def test_what_others_wrote_stays_text(logged: Station) -> None:
    page = logged.desk("en").get(f"{URL}?process=web").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("process=../secret", 404),
        ("process=nothing", 404),
        ("least=DEBUG", 404),
        ("inode=x&offset=1", 400),
        ("inode=1&offset=-1", 400),
        ("process=ingest&inode=1&offset=1", 200),
    ],
)
def test_a_slip_in_the_address(logged: Station, query: str, status: int) -> None:
    assert logged.desk().get(f"{URL}?{query}").status_code == status


def test_without_logs_the_page_says_why(station: Station) -> None:
    assert "There are no logs" in station.desk("en").get(URL).text


def test_the_file_is_all_of_it_and_is_noted(logged: Station) -> None:
    reply = logged.desk().get(f"{URL}/ingest.log")
    assert numbers(reply) == list(range(60))
    assert "attachment" in reply.headers["Content-Disposition"]
    reply.close()
    with db.reading(logged.engine) as c:
        newest = audit.recent(c, 1)[0]
    assert (newest["action"], newest["subject"]) == ("exported", "log ingest")
    for name in ("secret", "nothing", "..%2Fsecret", "INGEST"):
        assert logged.desk().get(f"{URL}/{name}.log").status_code == 404


def test_only_who_runs_the_whole_house_reads(logged: Station) -> None:
    with logged.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva, vic = person(logged, "eva", "duty", unit), person(logged, "vic", "viewer")
    for desk in (eva, vic):
        assert [desk.get(path).status_code for path in (URL, f"{URL}/ingest.log")] == [403, 403]
    assert person(logged, "ann", "duty").get(URL).status_code == 200
