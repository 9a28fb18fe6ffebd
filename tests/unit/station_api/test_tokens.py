"""A token may what its owner may, at its unit, until its end: never more."""

import pytest

from station.access import accounts, tokens
from station.errors import Invalid
from station.store import audit, db, org
from station.store import tokens as store
from station.store.scope import EVERYWHERE, NOWHERE, ROOT
from tests.unit.station_api.conftest import DEVICE, OTHER, Door


def test_without_a_token_nothing_is_told(door: Door) -> None:
    for text in ("", "lk1_x", "lk1_" + "A" * 43, door.text[:-1] + "-", "lk999999999_" + "A" * 43):
        door.text = text
        answer = door.get("/devices")
        assert (answer.status_code, answer.json["key"]) == (401, "token_needed"), text


def test_its_secret_is_not_stored(door: Door) -> None:
    with db.reading(door.engine) as c:
        row = store.get(c, 1)
    assert door.text.split("_", 1)[1] not in str(row)


def test_it_ends_by_time_by_hand_and_with_its_owner(door: Door) -> None:
    with door.writing() as c:
        made = store.get(c, 1)
        assert tokens.bearer(c, door.text, made["until_s"] - 1)
        assert tokens.bearer(c, door.text, made["until_s"]) is None
        accounts.add(c, accounts.shell("t"), "boss", ROOT)
        org.grant(c, "boss", "chief", ROOT, "t", from_s=0)
        accounts.disable(c, accounts.shell("t"), "admin", "left")
        assert tokens.bearer(c, door.text, db.now_s()) is None
        accounts.enable(c, accounts.shell("t"), "admin")
        assert tokens.bearer(c, door.text, db.now_s())
        tokens.revoke(c, "boss", EVERYWHERE, 1)
        tokens.revoke(c, "boss", EVERYWHERE, 1)
        assert tokens.bearer(c, door.text, db.now_s()) is None
        assert [row["action"] for row in audit.recent(c, 1)] == ["token_revoked"]


def test_nobody_revokes_that_of_a_stranger(door: Door) -> None:
    with door.writing() as c, pytest.raises(Invalid, match="no_such_token"):
        tokens.revoke(c, "stranger", NOWHERE, 1)


def test_it_loses_what_its_owner_loses(door: Door) -> None:
    assert door.get("/devices").status_code == 200
    with door.writing() as c:
        for grant in org.grants_of(c, "admin", db.now_s()):
            org.end_grant(c, grant["id"], 0)
    assert door.get("/devices").status_code == 403


def test_it_can_what_its_functions_say(door: Door) -> None:
    door.token("export")
    assert door.get("/devices").status_code == 403
    door.token("view")
    assert door.get("/devices").status_code == 200
    asked = {"kind": "reminder", "fields": {"on": 1, "minutes": 1}}
    assert door.post(f"/devices/{DEVICE}/commands", asked).status_code == 403


def test_it_sees_its_unit_only(door: Door, other: int) -> None:
    door.token(unit=other)
    assert [each["device"] for each in door.get("/devices").json["items"]] == [OTHER]
    assert [each["id"] for each in door.get("/units").json["items"]] == [other]
    assert door.get("/devices", unit=ROOT).json["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"functions": []}, "functions"),
        ({"functions": ["approve_control"]}, "functions"),
        ({"functions": ["nonsense"]}, "functions"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"days": None}, "days"),
    ],
)
def test_what_makes_no_sense_is_refused(door: Door, change: dict, field: str) -> None:
    asked = {"name": "scada", "functions": ["view"], "unit": ROOT, "days": 30} | change
    with door.writing() as c, pytest.raises(Invalid) as refused:
        tokens.make(c, "admin", **asked)
    assert [error.field for error in refused.value.errors] == [field]


def test_nobody_hands_out_what_he_has_not(door: Door, other: int) -> None:
    with door.writing() as c:
        accounts.add(c, accounts.shell("t"), "ling", ROOT)
        org.grant(c, "ling", "branch", other, "t", from_s=0)
        with pytest.raises(Invalid) as refused:
            tokens.make(c, "ling", "x", ["control"], ROOT, 1)
    assert [error.key for error in refused.value.errors] == ["no_token_right", "not_your_function"]


def test_narrowing_takes_the_lower_of_two_subtrees(door: Door, other: int) -> None:
    with door.writing() as c:
        below = org.add_unit(c, other, "area", "low", "下")
        beside = org.add_unit(c, ROOT, "station", "side", "旁")
        held = {"view": org_scope(other), "export": org_scope(beside)}
        assert tokens.narrowed(c, held, ["view", "export", "control"], below) == {"view": org_scope(below)}
        assert tokens.narrowed(c, held, ["view"], ROOT) == {"view": org_scope(other)}


def org_scope(unit: int):
    return EVERYWHERE._replace(units=(unit,))


def test_its_use_is_noted_once_a_minute(door: Door, monkeypatch) -> None:
    with db.reading(door.engine) as c:
        assert store.get(c, 1)["used_s"] is None
    door.get("/units")
    with db.reading(door.engine) as c:
        seen = store.get(c, 1)
        assert seen["used_s"] is not None
        assert not tokens.stale(c, 1, seen["used_s"] + tokens.USED_EVERY_S - 1)
        assert tokens.stale(c, 1, seen["used_s"] + tokens.USED_EVERY_S)
