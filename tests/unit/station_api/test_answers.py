"""What the API answers, and that it does things once."""

import datetime

import pytest

from station.store import audit, commands, db, events
from station.store.scope import EVERYWHERE
from tests.unit.station_api.conftest import DEVICE, OTHER, Door

THERE = datetime.timezone(datetime.timedelta(hours=8))  # where the seeded devices stand


def test_the_pages_stand_beside_it(door: Door) -> None:
    assert door.client.get("/login").status_code == 200
    assert door.client.get("/api/v1/openapi.json").json["openapi"] == "3.0.3"


def test_pages_of_devices_join_without_gap_or_double(door: Door) -> None:
    seen, after = [], ""
    while after is not None:
        page = door.get("/devices", limit=2, after=after).json
        seen += [each["device"] for each in page["items"]]
        after = page["next"]
    whole = [each["device"] for each in door.get("/devices", limit=200).json["items"]]
    assert seen == whole
    assert len(whole) > 5


def test_a_device_is_told_with_its_state(door: Door) -> None:
    told = door.get(f"/devices/{DEVICE}").json
    assert (told["kind"], told["online"], told["unit"]) == ("terminal", True, 1)
    assert isinstance(told["power_w"], int)


def test_a_curve_has_96_values_with_quality_and_nulls(door: Door) -> None:
    today = datetime.datetime.now(THERE).date()
    told = door.get(f"/devices/{DEVICE}/curve", day=today - datetime.timedelta(days=1)).json
    assert (told["point"], told["unit"], told["scale"], len(told["items"])) == ("power_dw", "kW", -4, 96)
    assert {each["quality"] for each in told["items"]} >= {"measured"}
    assert all((each["value"] is None) == (each["quality"] is None) for each in told["items"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/devices", {"limit": 0}),
        ("/devices", {"limit": 201}),
        ("/devices", {"queue": "nonsense"}),
        ("/devices", {"nonsense": 1}),
        (f"/devices/{DEVICE}/curve", {}),
        (f"/devices/{DEVICE}/curve", {"day": "2026-13-01"}),
        (f"/devices/{DEVICE}/curve", {"day": "9999-01-01"}),
        (f"/devices/{DEVICE}/curve", {"day": "2026-01-01", "point": "nonsense"}),
        (f"/devices/{DEVICE}/days", {"day": "2026-01-01", "days": 401}),
        ("/events", {"after": 2**63}),
    ],
)
def test_a_question_that_makes_no_sense_is_told_by_field(door: Door, path: str, query: dict) -> None:
    answer = door.get(path, **query)
    assert answer.status_code == 422, answer.text
    assert answer.json["fields"][0]["message"]


@pytest.mark.parametrize("path", ["", "/curve", "/days", "/meters", "/events", "/commands/1"])
def test_a_foreign_device_is_as_one_that_is_not_there(door: Door, other: int, path: str) -> None:
    door.token(unit=other)
    query = {"day": "2026-01-01"} if path in ("/curve", "/days") else {}
    foreign, nobody = (door.get(f"/devices/{name}{path}", **query) for name in (DEVICE, "NOBODY"))
    assert (foreign.status_code, foreign.text) == (404, nobody.text)


def test_events_are_followed_without_a_gap(door: Door) -> None:
    seen, after = [], 0
    while True:
        page = door.get("/events", after=after, limit=3).json
        if page["next"] == after:
            break
        seen, after = seen + [each["id"] for each in page["items"]], page["next"]
    with db.reading(door.engine) as c:
        assert seen == sorted(each["id"] for each in events.latest(c, EVERYWHERE, 10_000))
    assert len(seen) > 3


def test_the_feed_holds_no_foreign_event(door: Door, other: int) -> None:
    door.token(unit=other)
    page = door.get("/events").json
    assert page["items"] == []
    assert page["next"] > 0


ORDER = {"kind": "message", "fields": {"slot": 1, "text": "hello", "important": False}}


def sent(door: Door) -> int:
    with db.reading(door.engine) as c:
        return len(commands.recent(c, DEVICE, 1000))


def test_a_command_is_queued_once_however_often_it_is_asked_for(door: Door) -> None:
    before = sent(door)
    answers = [door.post(f"/devices/{DEVICE}/commands", ORDER) for _ in range(3)]
    assert {each.status_code for each in answers} == {202}
    assert len({each.text for each in answers}) == 1
    assert sent(door) == before + 1
    told = answers[0].json
    assert (told["kind"], told["state"]) == ("message", "queued")
    assert door.get(f"/devices/{DEVICE}/commands/{told['command']}").json == told
    assert door.post(f"/devices/{DEVICE}/commands", ORDER, "k2").json["command"] == told["command"] + 1
    with db.reading(door.engine) as c:
        assert [row["detail"]["token"] for row in audit.recent(c, 20) if row["action"] == "api"] == [1, 1]


def test_a_key_is_for_one_request(door: Door) -> None:
    assert door.post(f"/devices/{DEVICE}/commands", ORDER).status_code == 202
    answer = door.post(f"/devices/{DEVICE}/commands", ORDER | {"note": "other"})
    assert (answer.status_code, answer.json["fields"][0]["key"]) == (422, "idempotency_key_used")
    for key in ("", "x" * 65, "a b"):
        assert door.post(f"/devices/{DEVICE}/commands", ORDER, key).status_code == 422


def test_a_refused_request_keeps_its_key_free(door: Door) -> None:
    assert door.post(f"/devices/{DEVICE}/commands", {"kind": "message", "fields": {}}).status_code == 422
    assert door.post(f"/devices/{DEVICE}/commands", ORDER).status_code == 202


@pytest.mark.parametrize(
    ("order", "status", "key"),
    [
        ({"kind": "nonsense"}, 422, "no_such_kind"),
        ({"kind": "trip", "fields": {"rounds": None}}, 422, "needed"),
        ({"kind": "trip", "fields": {"rounds": [99]}}, 422, "not_a_number"),
        ({"kind": "patrol", "fields": {"point": 8}}, 422, "no_concentrator"),
        ({"kind": "message", "valid_s": 0, "fields": {}}, 422, "invalid"),
        ([], 422, "invalid"),
    ],
)
def test_an_order_that_makes_no_sense(door: Door, order, status: int, key: str) -> None:
    answer = door.post(f"/devices/{DEVICE}/commands", order)
    assert answer.status_code == status, answer.text
    assert answer.json["fields"][0]["key"] == key


GUARANTEED = "CB-WATER-02"
TRIP = {"kind": "trip", "fields": {"rounds": [1], "delay_s": 0, "limit_s": 0}}


def test_what_needs_two_is_proposed(door: Door) -> None:
    answer = door.post(f"/devices/{GUARANTEED}/commands", TRIP)
    assert (answer.status_code, answer.json["key"]) == (409, "needs_two"), answer.text
    asked = TRIP | {"devices": [GUARANTEED], "why": "overload"}
    first = door.post("/proposals", asked)
    assert (first.status_code, first.json["state"], first.json["affected"]) == (202, "drafted", 1), first.text
    assert door.post("/proposals", asked).json == first.json
    assert door.get(f"/proposals/{first.json['id']}").json == first.json


def test_many_are_tripped_by_a_proposal_only_together(door: Door, other: int) -> None:
    asked = TRIP | {"devices": [DEVICE, GUARANTEED], "why": "overload"}
    assert door.post("/proposals", asked).json["affected"] == 2
    wrong = door.post("/proposals", ORDER | {"devices": [DEVICE, GUARANTEED], "why": "x"}, "k2")
    assert wrong.json["fields"][0]["key"] == "one_device"
    door.token(unit=other)
    assert door.post("/proposals", asked | {"devices": [OTHER, DEVICE]}, "k3").status_code == 404


def test_a_strangers_proposal_is_not_told(door: Door) -> None:
    assert door.get("/proposals/999").status_code == 404
    assert door.get(f"/proposals/{2**64}").status_code == 404


def test_too_large_and_no_json(door: Door) -> None:
    headers = door.headers() | {"Idempotency-Key": "a"}
    path = f"/api/v1/devices/{DEVICE}/commands"
    assert door.post(f"/devices/{DEVICE}/commands", ORDER | {"note": "x" * 70_000}).status_code == 413
    for data in (b"", b"{", b"\xff"):
        answer = door.client.post(path, data=data, headers=headers | {"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (data, answer.text)
    assert door.client.delete(path, headers=headers).status_code == 405
