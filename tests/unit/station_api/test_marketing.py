"""The marketing system says its records: answered as they stand, once for a key, nothing of other units."""

from typing import Any

from station.archives import records
from station.archives.records import Desk, Given
from station.store import db
from station.store import marketing as store
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.station_api.conftest import API, Door

TODAY = 20_500


def record(door: Door, number: str, unit: int = ROOT, **values: str) -> None:
    with door.writing() as c:
        given = Given(values, unit, TODAY)
        records.add(c, Desk("admin", EVERYWHERE, TODAY), "customer", number, given, number)


def put(door: Door, number: str, key: str, kind: str = "customer", **values: Any) -> Any:
    head = door.headers() | {"Idempotency-Key": key}
    return door.client.put(f"{API}/marketing/{kind}/{number}", json={"values": values}, headers=head)


def test_each_is_answered_as_it_stands(door: Door) -> None:
    record(door, "C1", name="Mill", phone="13912345678")
    assert put(door, "C1", "a", name="Mill", phone="13912345678").json == {"number": "C1", "outcome": "same"}
    assert put(door, "C1", "b", phone="13800000001").json["outcome"] == "taken"
    assert put(door, "C1", "c", capacity_kva=630).json["outcome"] == "conflict"
    assert put(door, "C9", "d", name="New").json["outcome"] == "new"


def test_a_key_counts_once(door: Door) -> None:
    record(door, "C1", name="Mill")
    first = put(door, "C1", "a", name="Mill")
    put(door, "C1", "b", name="Other")
    again = put(door, "C1", "a", name="Mill")
    assert again.json == first.json
    with db.reading(door.engine) as c:
        assert store.known(c, "customer", ["C1"])["C1"]["theirs"] == {"name": "Other"}


def test_a_batch_is_taken_whole_or_not_at_all(door: Door) -> None:
    good: dict[str, Any] = {"number": "C1", "values": {"name": "a"}}
    bad = {"number": "C2", "values": {"category": "royal", "colour": "red"}, "unit": "nowhere"}
    refused = door.post("/marketing/customer", {"items": [good, bad]}, "a")
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json["fields"]] == [
        "items.1.category",
        "items.1.colour",
        "items.1.unit",
    ]
    assert door.post("/marketing/customer", {"items": [good, good]}, "b").status_code == 422
    with db.reading(door.engine) as c:
        assert store.known(c, "customer", ["C1", "C2"]) == {}
    answer = door.post("/marketing/customer", {"items": [good, good | {"number": "C3"}]}, "c")
    assert [each["outcome"] for each in answer.json["items"]] == ["new", "new"]


def test_a_number_of_another_unit_is_answered_as_missing(door: Door, other: int) -> None:
    record(door, "C1", name="Mill")
    door.token("archive", unit=other)
    assert put(door, "C1", "a", name="x").status_code == 404
    assert put(door, "C8", "b", kind="sim", name="x").status_code == 404
    with db.reading(door.engine) as c:
        assert store.known(c, "customer", ["C1"]) == {}
    assert put(door, "C8", "c", name="x").json["outcome"] == "new"
    with db.reading(door.engine) as c:
        assert store.known(c, "customer", ["C8"])["C8"]["unit"] == other


def test_who_may_not_keep_the_archive_says_nothing(door: Door) -> None:
    door.token("view")
    assert put(door, "C1", "a", name="x").status_code == 403
