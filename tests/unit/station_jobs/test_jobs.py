"""Periodic work: at its time, once, alone, and with every end on record."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from station.errors import Invalid, Unready
from station.jobs import due, life, own
from station.jobs.due import DAY_S, Job
from station.store import audit, db
from station.store import jobs as store

CHINA_S = 8 * 3600
T_S = 20_000 * DAY_S  # 08:00 in China


class Work:
    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[int] = []
        self._error = error

    def __call__(self, _engine: Engine, t_s: int) -> int:
        self.calls.append(t_s)
        if self._error:
            raise self._error
        return 7


def sweep(engine: Engine, jobs: list[Job], t_s: int) -> int:
    return life.sweep(engine, jobs, t_s, CHINA_S)


def runs(engine: Engine) -> list[dict]:
    with db.reading(engine) as c:
        return store.runs(c, 100)


def ask(engine: Engine, name: str, token: str) -> bool:
    with db.writing(engine) as c:
        return life.ask(c, name, "ann", token, T_S)


@given(st.integers(0, 1439), st.integers(0, 2**33), st.integers(-14 * 60, 14 * 60))
def test_a_slot_is_the_latest_such_local_minute(at_min: int, t_s: int, offset_min: int) -> None:
    at = due.slot(at_min, t_s, 60 * offset_min)
    assert 0 <= t_s - at < DAY_S
    assert (at + 60 * offset_min) % DAY_S == 60 * at_min


def test_missed_nights_are_made_up_once(engine: Engine) -> None:
    work = Work()
    jobs = [Job("night", work, at_min=190)]
    life.start(engine, jobs)
    sweep(engine, jobs, T_S)
    assert sweep(engine, jobs, T_S + 19 * 3600) == 0  # 03:00
    later = T_S + 5 * DAY_S
    assert [sweep(engine, jobs, t_s) for t_s in (later, later + 1, later + 3600)] == [1, 0, 0]
    assert work.calls == [T_S, later]


def test_an_interval_counts_from_the_last_start(engine: Engine) -> None:
    work = Work()
    jobs = [Job("often", work, every_s=60)]
    life.start(engine, jobs)
    for t_s in range(T_S, T_S + 121, 10):
        sweep(engine, jobs, t_s)
    assert work.calls == [T_S, T_S + 60, T_S + 120]


def test_a_crash_is_recorded_and_stops_no_other(engine: Engine) -> None:
    after = Work()
    jobs = [Job("bad", Work(KeyError("x")), every_s=60), Job("good", after, every_s=60)]
    life.start(engine, jobs)
    assert sweep(engine, jobs, T_S) == 2
    found = {row["job"]: row for row in runs(engine)}
    assert (found["bad"]["result"], found["bad"]["error"]) == ("failed", "KeyError: 'x'")
    assert (found["good"]["result"], found["good"]["rows"]) == ("done", 7)
    assert found["bad"]["end_s"] is not None


def test_what_a_person_must_prepare_is_said_without_a_trace(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = [Job("bare", Work(Unready("set it up")), every_s=60)]
    life.start(engine, jobs)
    sweep(engine, jobs, T_S)
    assert [(row["result"], row["error"]) for row in runs(engine)] == [("failed", "set it up")]
    (said,) = [record for record in caplog.records if "job_unready" in record.message]
    assert said.exc_info is None


def test_never_two_at_once_and_a_lost_run_is_cut(engine: Engine) -> None:
    work = Work()
    jobs = [Job("one", work, every_s=60)]
    life.start(engine, jobs)
    with db.writing(engine) as c:
        assert store.begin(c, "one", "", T_S) is not None
    assert sweep(engine, jobs, T_S + 60) == 0
    assert work.calls == []
    life.start(engine, jobs)
    assert [row["result"] for row in runs(engine)] == ["cut"]
    assert sweep(engine, jobs, T_S + 60) == 1


def test_one_process_has_the_jobs(tmp_path: Path) -> None:
    with life.alone(tmp_path), pytest.raises(life.Busy), life.alone(tmp_path):
        pass
    with life.alone(tmp_path):
        pass


def test_the_process_runs_what_is_due_and_gives_up_the_lock(engine: Engine, tmp_path: Path) -> None:
    calls: list[int] = []

    def work(_engine: Engine, t_s: int) -> None:
        calls.append(t_s)
        loop.stop()

    loop = life.Loop(engine, [Job("one", work, every_s=60)], lambda: CHINA_S)
    loop.run(tmp_path)
    assert len(calls) == 1
    assert [row["result"] for row in runs(engine)] == ["done"]
    with life.alone(tmp_path):
        pass


def test_a_run_by_hand_is_one_run_in_ones_name(engine: Engine) -> None:
    work = Work()
    jobs = [Job("night", work, at_min=190)]
    life.start(engine, jobs)
    sweep(engine, jobs, T_S)
    assert [ask(engine, "night", token) for token in ("t1", "t1", "t2")] == [True, False, False]
    assert sweep(engine, jobs, T_S + 1) == 1
    assert not ask(engine, "night", "t1")  # the same form, pressed again after the run
    assert sweep(engine, jobs, T_S + 2) == 0
    assert [row["author"] for row in runs(engine)] == ["ann", ""]
    with db.reading(engine) as c:
        last = audit.recent(c, 1)[0]
    assert (last["author"], last["action"], last["subject"]) == ("ann", "job_asked", "job night")


def test_only_known_jobs_are_asked_for(engine: Engine) -> None:
    life.start(engine, [Job("old", Work(), every_s=60)])
    life.start(engine, [Job("new", Work(), every_s=60)])
    with pytest.raises(Invalid, match="no_such_job"):
        ask(engine, "old", "t")


def test_what_is_late_or_failed_says_so() -> None:
    row = {"every_s": 60, "at_min": None, "wanted_s": None, "result": "done", "start_s": T_S}
    late_s = T_S + 60 + due.SLACK_S + 1
    assert due.state(row, T_S + 61, CHINA_S) == "waiting"
    assert due.state(row, late_s, CHINA_S) == "late"
    assert due.state(row | {"result": "failed"}, T_S, CHINA_S) == "failed"
    assert due.state(row | {"result": "cut"}, T_S, CHINA_S) == "failed"
    assert due.state(row | {"result": "running"}, late_s, CHINA_S) == "running"
    assert due.state(row | {"wanted_s": 1}, late_s, CHINA_S) == "wanted"


def test_old_runs_go_but_the_newest_of_each_job(engine: Engine) -> None:
    with db.writing(engine) as c:
        for job, t_s in (("a", 0), ("a", 1), ("b", 0)):
            store.end(c, store.begin(c, job, "", t_s) or 0, result="done", end_s=t_s)
    assert own.history(engine, own.KEEP_S + 100) == 1
    assert [(row["job"], row["start_s"]) for row in runs(engine)] == [("b", 0), ("a", 1)]


def test_a_damaged_database_is_a_failed_run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own.integrity(engine, T_S) is None
    monkeypatch.setattr(store, "quick_check", lambda _c: ["Tree 5 page 9: never used"])
    with pytest.raises(own.Damaged, match="page 9"):
        own.integrity(engine, T_S)
