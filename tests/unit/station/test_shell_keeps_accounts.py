"""`loadkeeper user` and `loadkeeper unit` from the first unit to the last revoke."""

import json
from collections.abc import Callable

from sqlalchemy import Engine

from tests.unit.station.conftest import Look

Run = Callable[..., str]


def test_a_life_of_an_account(run: Run, engine: Engine, look: Look) -> None:
    run("unit", "add", "root", "city", "A", "City")
    run("unit", "add", "root", "station", "A1", "East")
    run("unit", "move", "A1", "A")
    assert [json.loads(line)["parent"] for line in run("unit", "list").splitlines()] == [None, 1, 2]
    assert "one-time password" in run("user", "add", "li", "--unit", "A1")
    grant = json.loads(run("user", "grant", "li", "viewer", "--unit", "A1"))["grant"]
    assert json.loads(run("user", "grants", "li"))["role"] == "viewer"
    run("user", "revoke", str(grant))
    assert run("user", "grants", "li") == ""
    run("user", "disable", "li", "--reason", "left")
    run("user", "enable", "li")
    people = {"user_added", "granted", "revoked", "user_disabled", "user_enabled"}
    assert {row["action"] for row in look.audit if row["subject"] == "li"} == people
    assert all(row["author"].startswith("shell:") for row in look.audit if row["subject"] == "li")


def test_refusals_are_words(run: Run, engine: Engine) -> None:
    assert "no such unit" in run("user", "add", "li", "--unit", "Z", status=1)
    assert "no such user" in run("user", "grant", "nobody", "viewer", status=1)
    assert "neither moved nor closed" in run("unit", "close", "root", status=1)
    assert "no such grant" in run("user", "revoke", "99", status=1)
