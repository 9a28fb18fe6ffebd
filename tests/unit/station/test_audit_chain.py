"""The record of who did what is bound by hashes: whatever is done to it afterwards is found, and where."""

import hashlib
import json
from pathlib import Path

import pytest
from alembic import command as alembic
from alembic.config import Config
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from station.cli.main import cli
from station.jobs import own
from station.settings import Settings
from station.store import audit, db
from station.store.scope import EVERYWHERE, Scope

OLD, LAST = 2, 8  # rows that the template has; the last that is written here


def written(c: Connection) -> audit.Head:
    assert audit.head(c).id == OLD
    for n in range(OLD, LAST):
        audit.add(c, "li", "command", f"T{n}", kind="trip", rounds=[n], name="东风")
    return audit.head(c)


def unlocked(c: Connection) -> None:
    """As somebody who has the file and a tool for it."""
    for act in ("update", "delete"):
        c.execute(text(f"DROP TRIGGER audit_no_{act}"))


def test_a_row_is_hashed_with_the_one_before_it(c: Connection) -> None:
    door = audit.origin.set("web 10.0.0.7")
    written(c)
    audit.origin.reset(door)
    first, second = list(audit.walked(c))[-2:]
    names = ("id", "t_s", "author", "action", "subject", "detail", "origin")
    told = json.dumps([second[name] for name in names], sort_keys=True, separators=(",", ":")).encode()
    assert second["hash"] == hashlib.sha256(bytes.fromhex(first["hash"]) + told).hexdigest()
    assert second["origin"] == "web 10.0.0.7"
    assert audit.broken(c) is None


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET author = 'wang' WHERE id = 3", "DELETE FROM audit WHERE id = 3"]
)
def test_the_database_itself_refuses_a_change(c: Connection, statement: str) -> None:
    written(c)
    with pytest.raises(IntegrityError, match="only appended"):
        c.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit SET author = 'wang' WHERE id = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE id = 1", 1),
        ("UPDATE audit SET origin = 'x' WHERE id = 2", 2),
        ("UPDATE audit SET t_s = t_s - 1 WHERE id = 8", 8),
        ("DELETE FROM audit WHERE id = 4", 4),
        ("DELETE FROM audit WHERE id < 3", 1),
        ("UPDATE audit SET id = 99 WHERE id = 8", 8),
        (
            "INSERT INTO audit (id, t_s, author, action, subject, detail, origin, hash) "
            "SELECT 9, t_s, author, action, subject, detail, origin, hash FROM audit WHERE id = 8",
            9,
        ),
    ],
)
def test_what_was_done_to_it_is_found(c: Connection, statement: str, first: int) -> None:
    written(c)
    unlocked(c)
    c.execute(text(statement))
    assert audit.broken(c) == first


def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_noted(c: Connection) -> None:
    last = written(c)
    unlocked(c)
    c.execute(text("DELETE FROM audit WHERE id > 4"))
    assert audit.broken(c) is None
    assert audit.broken(c, [last]) == LAST
    for _ in range(OLD, LAST):
        audit.add(c, "li", "logout", "li")
    assert audit.broken(c, [last]) == LAST


PLAIN = st.one_of(st.integers(), st.text(), st.none(), st.booleans(), st.lists(st.text()))


@given(st.dictionaries(st.text(), PLAIN))
def test_any_detail_is_read_back_as_it_was_hashed(detail: dict[str, object]) -> None:
    row = dict.fromkeys(audit.HASHED, "") | {"detail": json.loads(json.dumps(detail))}
    stored = row | {"detail": json.loads(json.dumps(row["detail"]))}
    assert audit.digest(audit.FIRST, stored) == audit.digest(audit.FIRST, row)
    assert audit.digest(audit.FIRST, row | {"detail": {"x": detail}}) != audit.digest(audit.FIRST, row)


def test_the_nightly_job_fails_on_a_change(engine: Engine) -> None:
    with db.writing(engine) as c:
        written(c)
    assert own.record(engine, 0) == LAST
    with db.writing(engine) as c:
        unlocked(c)
        c.execute(text("UPDATE audit SET subject = '' WHERE id = 2"))
    with pytest.raises(own.Damaged, match="row 2"):
        own.record(engine, 0)


def test_rows_of_an_older_station_are_bound_too(engine: Engine) -> None:
    with db.writing(engine) as c:
        written(c)
    config = Config()
    config.set_main_option("script_location", str(Path(db.__file__).parent / "migrations"))
    for step, to in ((alembic.downgrade, "0018"), (alembic.upgrade, db.HEAD)):
        with db.writing(engine) as c:
            if to == db.HEAD:
                c.execute(text("DELETE FROM audit WHERE id = 4"))
            config.attributes["connection"] = c
            step(config, to)
    with db.reading(engine) as c:
        assert audit.broken(c) is None
        assert audit.head(c).id == LAST - 1


def test_the_shell_proves_and_copies_it(engine: Engine, settings: Settings) -> None:
    with db.writing(engine) as c:
        last = written(c)
    engine.dispose()

    def said(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["audit", *words, "--home", str(settings.home)])
        return done.exit_code, done.output

    assert said("head") == (0, f"{last.id}:{last.hash}\n")
    assert said("verify", "--head", f"{last.id}:{last.hash}")[0] == 0
    assert said("verify", "--head", f"{last.id}:{audit.FIRST}") == (1, WRONG)
    assert said("verify", "--head", "nonsense")[0] == 2
    copied = [json.loads(line) for line in said("export")[1].splitlines()]
    assert [row["id"] for row in copied] == list(range(1, LAST + 1))
    assert copied[-1]["hash"] == last.hash


WRONG = f"Error: row {LAST} is not as it was written, or is missing; {LAST} rows\n"


def test_questions_are_answered_within_the_scope(c: Connection) -> None:
    written(c)
    audit.add(c, "wang", "saw", "T1", what="phone")
    asked = audit.Wanted(actions=("command",), kinds=("trip",), subject="T3")
    assert [row["id"] for row in audit.found(c, EVERYWHERE, asked, 10)] == [4]
    assert [row["author"] for row in audit.found(c, EVERYWHERE, audit.Wanted(word="phone"), 10)] == ["wang"]
    assert audit.found(c, Scope((7,)), audit.Wanted(), 10) == []
