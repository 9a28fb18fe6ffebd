"""The shell's user is the machine's owner, and yet one person: refused with what to do, or an emergency."""

import json

from protocols.uplink import messages
from station.store import approvals, commands, db
from tests.unit.station.conftest import run
from tests.unit.station_access.conftest import c, engine, settings, template

__all__ = ["c", "engine", "run", "settings", "template"]


def test_a_release_of_a_guarantee_is_refused_and_nothing_queued(run, engine):
    told = run("command", "guarantee", "T1", "off", status=1)
    assert "second person" in told
    assert "--emergency REASON" in told
    with db.reading(engine) as c:
        assert commands.recent(c, "T1") == []


def test_an_emergency_is_sent_and_waits_for_a_review(run, engine):
    told = json.loads(run("command", "guarantee", "T1", "off", "--emergency", "fire at the works"))
    assert (told["second"], told["approver"], told["state"]) == ("emergency", None, "queued")
    with db.reading(engine) as c:
        row = approvals.get(c, told["proposal"])
    assert row is not None
    facts = (row["reason"], row["operation"], row["emergency"], row["reviewed_s"], row["state"])
    assert facts == ("fire at the works", "guarantee_release", 1, None, "executed")


def test_what_one_may_do_is_no_emergency(run, engine):
    told = json.loads(run("command", "trip", "T1", "--emergency", "fire"))
    assert (told["kind"], told["second"], told["proposal"]) == (messages.TRIP, None, None)


def test_an_emergency_without_a_reason_is_none(run, engine):
    assert "reason: is needed" in run("command", "guarantee", "T1", "off", "--emergency", " ", status=1)
