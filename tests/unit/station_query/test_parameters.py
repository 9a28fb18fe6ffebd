"""Parameters wanted and reported: which state a section is in, and the list over all devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from protocols.uplink import messages, parameters
from station.query import look
from station.query import parameters as rules
from station.store import commands, db, devices, org
from station.store import parameters as store
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.browser.seed import put_now

FACTS: dict[str, Any] = {"meter_address": "", "multiplier": 1, "rounds": 1, "utc_offset_s": 0, "shard": "00"}
ANY: dict[str, Any] = {"q": "", "section": None}


@pytest.mark.parametrize(
    ("wanted", "reported", "sending", "state"),
    [
        (2, 2, False, rules.SAME),
        (0, 0, False, rules.DEFAULTS),
        (2, 1, False, rules.DIFFERS),
        (0, 3, False, rules.DIFFERS),
        (2, 0, False, rules.DIFFERS),
        (2, None, False, rules.NEVER_TOLD),
        (2, 1, True, rules.SENDING),
    ],
)
def test_a_section_is_in_one_state(wanted: int, reported: int | None, sending: bool, state: str) -> None:
    assert rules.state(wanted, reported, sending) == state


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = db.engine(tmp_path / "home")
    with db.writing(made) as c:
        for name in ("A", "B", "C"):
            devices.add(c, name, name=f"name {name}", **FACTS)
    yield made
    made.dispose()


def sent(c: Connection, device: str, section: int, version: int, done_s: int | None) -> int:
    params = {"section": section, "version": version, "values": {}}
    number = commands.create(c, device, messages.PARAMETERS, params, "li.hua", db.now_s() + 300)
    if done_s is not None:
        assert commands.move(c, device, number, "executed", done_s)
    return number


def found(engine: Engine, scope: Scope = EVERYWHERE, **wanted: Any) -> list[tuple[str, int, int, int]]:
    with db.reading(engine) as c:
        rows = store.page(c, scope, ANY | wanted, 50)
    return [(row["device"], row["section"], row["wanted"], row["reported"]) for row in rows]


def test_the_list_follows_what_devices_say(engine: Engine) -> None:
    with db.writing(engine) as c:
        sent(c, "A", parameters.LIMITS, 2, 100)
        sent(c, "B", parameters.SOUND, 1, 100)
        put_now(c, "A", 200, parameters={parameters.LIMITS: 1, parameters.SOUND: 4})
        put_now(c, "B", 200, parameters={parameters.SOUND: 1})
        put_now(c, "C", 200)  # firmware that never says it
    assert look.work(engine, 300) == 2
    assert found(engine) == [("A", parameters.LIMITS, 2, 1), ("A", parameters.SOUND, 0, 4)]
    assert found(engine, section=parameters.SOUND) == [("A", parameters.SOUND, 0, 4)]
    assert found(engine, q="name B") == []
    with db.writing(engine) as c:
        put_now(c, "A", 400, parameters={parameters.LIMITS: 2, parameters.SOUND: 5})
    assert look.work(engine, 500) == 1
    with db.reading(engine) as c:
        (row,) = store.page(c, EVERYWHERE, ANY, 50)
        assert store.waiting(c, EVERYWHERE, 500) == 1
    assert (row["section"], row["reported"], row["since_s"]) == (parameters.SOUND, 5, 300)


def test_what_is_on_the_way_or_not_yet_reported_does_not_differ(engine: Engine) -> None:
    with db.writing(engine) as c:
        put_now(c, "A", 200, parameters={parameters.LIMITS: 1})
        sent(c, "A", parameters.LIMITS, 1, 100)
        number = sent(c, "A", parameters.LIMITS, 2, None)
    assert look.work(engine, 300) == 0
    with db.writing(engine) as c:
        commands.move(c, "A", number, "executed", 290)
    assert look.work(engine, 300) == 0
    with db.writing(engine) as c:
        put_now(c, "A", 310, parameters={parameters.LIMITS: 1})
    assert look.work(engine, 320) == 1


def test_the_list_is_of_ones_own_units_and_goes_on_behind_a_row(engine: Engine) -> None:
    with db.writing(engine) as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
        devices.change(c, "B", unit=low)
        for name in ("A", "B"):
            put_now(c, name, 200, parameters={parameters.LIMITS: 1, parameters.SOUND: 1})
    look.work(engine, 300)
    assert {row[0] for row in found(engine, Scope((low,)))} == {"B"}
    with db.reading(engine) as c:
        assert store.waiting(c, Scope((low,)), 300) == 1
        rest = store.page(c, EVERYWHERE, ANY, 50, ("A", parameters.LIMITS))
    assert [(row["device"], row["section"]) for row in rest] == [
        ("A", parameters.SOUND),
        ("B", parameters.LIMITS),
        ("B", parameters.SOUND),
    ]


def test_many_devices_are_looked_at_in_batches(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "BATCH", 2)
    with db.writing(engine) as c:
        for name in ("A", "B", "C"):
            put_now(c, name, 200, parameters={parameters.LIMITS: 7})
    assert look.work(engine, 300) == 3
    assert len(found(engine)) == 3
