"""The page of the periodic work: what it shows, who may start a job, and that a double press is one run."""

from typing import Any

import pytest

from station.jobs import life, own
from station.store import audit, db, org
from station.store import jobs as store
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import hidden, person

RUN = "/station/jobs/history/run"


@pytest.fixture
def jobs(station: Station) -> Station:
    life.start(station.engine, own.JOBS)
    return station


def ran(station: Station, job: str, result: str, error: str = "") -> None:
    with station.writing() as c:
        t_s = db.now_s()
        number = store.begin(c, job, "", t_s)
        assert number
        store.end(c, number, result=result, end_s=t_s + 2, error=error)


def wanted(station: Station) -> Any:
    with db.reading(station.engine) as c:
        row = store.get(c, "history")
    assert row
    return row["wanted_by"]


def test_nothing_is_known_before_the_process_ran(station: Station) -> None:
    assert "has not run here yet" in station.desk("en").get("/station/jobs").text


def test_a_failure_is_shown_with_its_error_and_what_to_do(jobs: Station) -> None:
    ran(jobs, "history", "failed", "<b>disk</b>")
    page = jobs.desk("en").get("/station/jobs").text
    assert "&lt;b&gt;disk" in page
    assert "<b>disk" not in page
    assert "Read the error below" in page
    assert "03:10" in page


def test_the_filter_stands_in_the_address_and_in_the_file(jobs: Station) -> None:
    ran(jobs, "history", "failed", "=HYPERLINK(1)")
    ran(jobs, "integrity", "done")
    desk = jobs.desk("en")
    failed = desk.get("/station/jobs?result=failed").text.split("h-runs")[-1]
    assert "HYPERLINK" in failed
    assert "HYPERLINK" not in desk.get("/station/jobs?job=integrity").text.split("h-runs")[-1]
    rows = desk.get("/station/jobs/runs.csv?result=failed").text.splitlines()
    assert len(rows) == 2
    assert "'=HYPERLINK(1)" in rows[1]
    assert desk.get("/station/jobs?result=strange").status_code == 404
    with db.reading(jobs.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "exported"


def test_more_runs_than_a_page_are_paged(jobs: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.web.jobs.ROWS", 2)
    for error in ("first", "second", "third"):
        ran(jobs, "history", "failed", error)
    desk = jobs.desk("en")
    assert "first" not in desk.get("/station/jobs").text
    older = desk.get("/station/jobs?before=2").text
    assert "first" in older
    assert "second" not in older


def test_a_double_press_asks_once(jobs: Station) -> None:
    ann = person(jobs, "ann", "duty")
    token = hidden(ann.get("/station/jobs"), "once")
    first = ann.post(RUN, data={"once": token}, follow_redirects=True)
    assert "starts within" in first.text
    assert wanted(jobs) == "ann"
    life.sweep(jobs.engine, own.JOBS, db.now_s(), 0)
    again = ann.post(RUN, data={"once": token}, follow_redirects=True)
    assert "asked for already" in again.text
    assert wanted(jobs) == ""


def test_an_unknown_job_is_not_found(jobs: Station) -> None:
    assert jobs.desk().post("/station/jobs/strange/run", data={"once": "t"}).status_code == 404


def test_only_who_runs_the_whole_house_starts_a_job(jobs: Station) -> None:
    with jobs.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva, vic = person(jobs, "eva", "duty", unit), person(jobs, "vic", "viewer")
    assert "Run now" not in eva.get("/station/jobs").text
    assert [desk.post(RUN, data={"once": "t"}).status_code for desk in (eva, vic)] == [403, 403]
    assert vic.get("/station/jobs").status_code == 403
    assert person(jobs, "bea", "branch").get("/station/jobs/runs.csv").status_code == 403
    assert wanted(jobs) == ""
