"""The run state on its page, on the overview, and as Prometheus reads it."""

import os
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from station.access import tokens
from station.store import counters, db
from station.store.scope import ROOT
from station.watch import judge, metrics, told
from station.web import run_state
from tests.unit.station_watch.test_judge import HELD, NOW, WELL
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import person


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_state, "LOOK_S", 0)


def tell(station: Station, *children: told.Child) -> None:
    told.write(station.home / "run", told.Told(db.now_s(), os.getpid(), children))


def test_a_process_that_died_is_on_the_page_and_on_the_overview(station: Station) -> None:
    desk = station.desk("en")
    tell(station, told.Child("ingest", os.getpid(), db.now_s(), 0))
    assert "It does not run." not in desk.get("/").text
    tell(station, told.Child("ingest", None, db.now_s(), 1))
    page = desk.get("/station").text
    assert "It does not run." in page
    assert "read its log" in page
    assert "It does not run." in desk.get("/").text
    assert "It does not run." in desk.get("/api/panels/overview").text
    assert "It does not run." in desk.get("/api/panels/station").text


def test_the_page_says_what_is_not_well_in_words(station: Station) -> None:
    page = station.desk("en").get("/station").text
    assert "No backup was ever restored" in page
    assert "loadkeeper backup nightly" in page
    assert db.HEAD in page
    assert "尚无经恢复校验的备份" in station.desk().get("/station").text


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB")]
)
def test_sizes_are_words(count: int, words: str) -> None:
    assert run_state.size(count) == words


# ---- Prometheus


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("gauge", "counter")
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_prometheus_reads_what_is_written(station: Station) -> None:
    with station.writing() as c:
        counters.bump(c, "ingest", 'a "quoted\\ \n reason', b"")
    reply = station.client().get("/metrics")
    assert reply.status_code == 200
    assert reply.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = read(reply.text)
    assert (
        found["loadkeeper_refused_total", (("counter", "ingest"), ("reason", 'a "quoted\\ \n reason'))] == 1
    )
    assert found["loadkeeper_check_state", (("check", "backup"), ("subject", ""))] == 1
    assert found["loadkeeper_database_bytes", ()] > 1000


def test_all_figures_are_there() -> None:
    found = metrics.families(WELL, HELD, judge.checks(WELL, HELD, NOW), [])
    values = read(metrics.text(found))
    assert values["loadkeeper_process_up", (("name", "ingest"),)] == 1
    assert values["loadkeeper_jobs", (("state", "waiting"),)] == 3
    assert values["loadkeeper_last_stored_timestamp_seconds", ()] == HELD.newest_s
    empty = metrics.families(WELL._replace(told_s=None, processes=()), HELD._replace(newest_s=None), [], [])
    assert ("loadkeeper_last_stored_timestamp_seconds", ()) not in read(metrics.text(empty))


def far(station: Station, **headers: str) -> Any:
    return station.client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "10.1.2.3"})


def token(station: Station, function: str) -> str:
    with station.writing() as c:
        return tokens.make(c, "admin", "prometheus", [function], ROOT, 1)[1]


def test_from_elsewhere_it_takes_a_token_that_may_run(station: Station) -> None:
    assert far(station).status_code == 401
    assert far(station, Authorization="Bearer lk1_x").status_code == 401
    assert far(station, Authorization=f"Basic {token(station, 'run')}").status_code == 401
    assert far(station, Authorization=f"Bearer {token(station, 'view')}").status_code == 403
    given = token(station, "run")
    assert far(station, Authorization=f"Bearer {given}").status_code == 200
    number = int(given[2:].split("_")[0])
    with db.reading(station.engine) as c:
        assert tokens.store.get(c, number)["used_from"] == "10.1.2.3"


@pytest.mark.parametrize("header", run_state.FORWARDED)
def test_whom_a_proxy_of_this_machine_brings_is_not_this_machine(station: Station, header: str) -> None:
    assert station.client().get("/metrics", headers={header: "127.0.0.1"}).status_code == 401


def test_a_person_without_a_right_to_run_sees_no_page(station: Station) -> None:
    vic = person(station, "vic", "viewer")
    paths = ("/station", "/api/panels/station", "/live/station")
    assert [vic.get(path).status_code for path in paths] == [403, 403, 403]
