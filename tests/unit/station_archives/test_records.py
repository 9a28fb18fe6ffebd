"""Records are checked, kept by effective day, found again, and never overwritten by a second editor."""

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st
from sqlalchemy import Connection

from station.archives import records, shapes
from station.archives.history import fold, spans
from station.archives.kinds import KINDS, score
from station.errors import Invalid
from station.store import archives as store
from station.store import audit, org
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station_archives.conftest import DESK, TODAY, Make, given, got


def keys(refused: "pytest.ExceptionInfo[Invalid]") -> set[tuple[str, str]]:
    return {(each.field, each.key) for each in refused.value.errors}


def found(c: Connection, kind: str, q: str) -> list[str]:
    return [row["number"] for row in store.page(c, store.Wanted(kind, q), EVERYWHERE, 10)]


def test_all_that_is_wrong_is_said_at_once(c: Connection) -> None:
    values = {"phone": "call me", "capacity_kva": "many", "category": "royal"}
    with pytest.raises(Invalid) as refused:
        records.add(c, DESK, "customer", "A 1", given(values, TODAY + 1, unit=99), "t")
    assert keys(refused) == {
        ("number", "bad_number"),
        ("phone", "bad_phone"),
        ("capacity_kva", "not_a_number"),
        ("category", "not_among"),
        ("unit", "no_such_unit"),
        ("from_day", "day_ahead"),
    }


def test_a_form_that_comes_twice_makes_one_and_a_number_is_given_once(c: Connection, make: Make) -> None:
    first = make("area", "A1", name="one")
    assert make("area", "A1", name="one")["id"] == first["id"]
    with pytest.raises(Invalid) as refused:
        records.add(c, DESK, "area", "A1", given(), "another form")
    assert keys(refused) == {("number", "number_taken")}


def test_the_second_of_two_editors_changes_nothing(c: Connection, house: Make) -> None:
    row = house("area", "A1")
    assert records.change(c, DESK, row, row["version"], given({"name": "first"}))
    with pytest.raises(Invalid) as refused:
        records.change(c, DESK, got(c, row["id"]), row["version"], given({"name": "second"}))
    assert keys(refused) == {("", "changed_meanwhile")}
    assert got(c, row["id"])["name"] == "first"


def test_a_late_change_needs_a_reason_is_listed_and_settled_once(c: Connection, house: Make) -> None:
    row = house("customer", "C1")
    with pytest.raises(Invalid) as refused:
        records.change(c, DESK, row, row["version"], given({"category": "industry"}, TODAY - 5))
    assert keys(refused) == {("reason", "late_needs_reason")}
    records.change(c, DESK, row, row["version"], given({"category": "industry"}, TODAY - 5, "wrong form"))
    (late,) = store.late(c, EVERYWHERE, 0, 10)
    assert (late["number"], late["changed"]) == ("C1", {"category": "industry"})
    assert store.late(c, Scope((99,)), 0, 10) == []
    now = late["recorded_s"]
    assert store.late_waiting(c, EVERYWHERE, now) == 1
    assert [store.late_waiting(c, Scope((99,)), now), store.late_waiting(c, EVERYWHERE, now - 1)] == [0, 0]
    records.settle(c, DESK, late["id"])
    assert store.late_waiting(c, EVERYWHERE, now) == 0
    assert store.late(c, EVERYWHERE, 0, 10) == []
    with pytest.raises(Invalid):
        records.settle(c, DESK, late["id"])


def test_a_record_is_as_it_was_on_a_day(c: Connection, house: Make) -> None:
    row = house("customer", "C1")
    records.change(c, DESK, row, row["version"], given({"name": "李四"}))
    known = store.changes(c, row["id"])
    assert fold(known, TODAY - 1)["name"] == "张三"
    assert fold(known, TODAY)["name"] == "李四"
    assert fold(known, TODAY - 11) == {}
    assert found(c, "customer", "张三") == []


def test_a_link_holds_from_its_day_on(c: Connection, house: Make) -> None:
    other, point = house("customer", "C2", "open"), house("point", "P1")
    records.change(c, DESK, point, point["version"], given({"@customer": "C2"}, TODAY - 3, "moved in"))
    then = store.above(c, point["id"], EVERYWHERE, TODAY - 4)
    assert {row["number"] for row in then} == {"A1", "C1"}
    assert {row["number"] for row in store.above(c, point["id"], EVERYWHERE)} == {"A1", "C2"}
    assert [row["number"] for row in store.below(c, [other["id"]], EVERYWHERE)] == ["P1"]


@pytest.mark.parametrize("q", ["C1", "张", "人民路", "3号", "m1", "000000000001", "000001"])
def test_a_customer_is_found_by_number_name_address_and_meter(c: Connection, house: Make, q: str) -> None:
    assert found(c, "customer", q) == ["C1"]
    assert store.page(c, store.Wanted("customer", q), Scope((99,)), 10) == []


@pytest.mark.parametrize(("q", "hits"), [("张", ["C1"]), ("m1", ["C1"]), ("李", [])])
def test_a_search_with_many_hits_finds_the_same(
    c: Connection, house: Make, monkeypatch: pytest.MonkeyPatch, q: str, hits: list[str]
) -> None:
    monkeypatch.setattr(store, "HITS_FEW", 0)
    house("customer", "C2", name="王五")
    assert found(c, "customer", q) == hits


def test_lists_are_narrowed_and_go_on_behind_the_last(c: Connection, house: Make) -> None:
    wanted = store.Wanted("meter")
    assert [row["number"] for row in store.page(c, wanted, EVERYWHERE, 1)] == ["M1"]
    assert [r["number"] for r in store.page(c, wanted._replace(after=(0, "M1")), EVERYWHERE, 5)] == ["M2"]
    assert [r["number"] for r in store.page(c, wanted._replace(state="stored"), EVERYWHERE, 5)] == ["M2"]
    low = org.add_unit(c, ROOT, "station", "low", "低")
    assert store.page(c, wanted._replace(unit=low), EVERYWHERE, 5) == []
    worst = store.page(c, wanted._replace(worst=True), EVERYWHERE, 5)
    assert [row["number"] for row in worst] == ["M2", "M1"]
    rest = wanted._replace(worst=True, after=(worst[0]["score"], "M2"))
    assert [row["number"] for row in store.page(c, rest, EVERYWHERE, 5)] == ["M1"]


def test_lives_have_their_moves_and_an_end_has_a_reason(c: Connection, house: Make) -> None:
    row = house("customer", "C1")
    with pytest.raises(Invalid) as refused:
        records.move(c, DESK, row, row["version"], "planned", given())
    assert keys(refused) == {("", "no_such_move")}
    with pytest.raises(Invalid) as refused:
        records.move(c, DESK, row, row["version"], "closed", given())
    assert keys(refused) == {("reason", "needed")}
    records.move(c, DESK, row, row["version"], "closed", given(reason="moved away"))
    assert got(c, row["id"])["state"] == "closed"
    assert audit.recent(c)[0]["detail"]["after"] == {"state": "closed"}


def test_a_link_to_a_foreign_record_is_refused(c: Connection, house: Make) -> None:
    low = org.add_unit(c, ROOT, "station", "low", "低")
    desk = DESK._replace(scope=Scope((low,)))
    with pytest.raises(Invalid) as refused:
        records.add(c, desk, "point", "P9", given({"@customer": "C1"}, unit=low), "t")
    assert keys(refused) == {("@customer", "no_such_record")}


def test_big_customers_without_terminal_are_listed(c: Connection, house: Make) -> None:
    house("customer", "C5", "open", capacity_kva="499")
    house("customer", "C6", "open", capacity_kva="500")
    house("customer", "C7", "open", capacity_kva="800")
    house("terminal", "Z7", "running", at_customer="C7")
    listed = store.uncovered(c, EVERYWHERE, 500, ("closed",), 0, 10)
    assert [row["number"] for row in listed] == ["C6"]


def test_completeness_is_the_share_of_the_weights() -> None:
    assert score("area", {}) == 0
    assert score("area", {"name": "x", "transformer_kva": 400, "@line": 3}) == 100
    assert score("area", {"name": "x"}) == 40
    assert all(score(kind, {}) == 0 for kind in KINDS)


@pytest.mark.parametrize(
    ("phone", "good"),
    [
        ("139 1234 5678", True),
        ("+86 13912345678", True),
        ("0574-87654321", True),
        ("87654321", True),
        ("400-820-8820", True),
        ("12345678901", False),
        ("13900000000", False),
        ("1391234567", False),
        ("", False),
    ],
)
def test_phones_are_judged(phone: str, good: bool) -> None:
    assert shapes.good_phone(phone) is good


@any_of(st.sampled_from(sorted(KINDS)), st.data())
def test_reading_a_form_never_fails_otherwise_than_with_words(kind: str, data: st.DataObject) -> None:
    names = ["name", *(field.name for field in KINDS[kind].fields)]
    sent = data.draw(st.dictionaries(st.sampled_from(names), st.text(max_size=130)))
    problems: list = []
    values = shapes.read(kind, sent, problems)
    assert set(values) | {each.field for each in problems} == set(sent)
    number = shapes.number(sent.get("name", ""), problems)
    assert len(shapes.words(number, values)) <= shapes.WORDS_MOST


CHANGES = st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(1, 3))), max_size=8).map(
    lambda many: [{"id": n, "from_day": day, "changed": {"@x": to}} for n, (day, to) in enumerate(many)]
)


@any_of(CHANGES, st.integers(0, 10))
def test_spans_say_of_every_day_what_the_fold_says(changes: list, day: int) -> None:
    held = [to for begin, end, to in spans(changes, "@x") if begin <= day and (end is None or day < end)]
    assert held == [value for value in [fold(changes, day).get("@x")] if value is not None]
