"""What they say: taken, same, new, or for a person to settle; files, whole and cut."""

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings as bounds
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from station.archives import records
from station.errors import Invalid
from station.marketing import files, receive, settle
from station.marketing.files import File
from station.marketing.settle import Word
from station.store import archives, audit, db, org
from station.store import marketing as store
from station.store.marketing_schema import marketing_records
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station_marketing.conftest import DESK, Make, Take, given, known, tell


def ours(c: Connection, kind: str, number: str) -> dict[str, Any]:
    return receive.values_of(store.ours(c, kind, [number])[number])


def word(c: Connection, number: int, act: str, **more: Any) -> Word:
    row = store.get(c, number, EVERYWHERE)
    assert row
    facts = {"fields": list(row["differs"]), "from_day": DESK.today, "unit": ROOT, "reason": "checked"} | more
    return Word(act, settle.shown(c, row).mark, **facts)


def say(c: Connection, kind: str, number: str, act: str, **more: Any) -> None:
    row = known(c, kind, number)
    settle.act(c, DESK, row["id"], word(c, row["id"], act, **more))


# ---- the rule


def test_a_field_nobody_changed_here_since_the_agreement_is_taken(c: Connection, house: Make) -> None:
    assert tell(c, "customer", "C1", phone="13912345678", name="张三") == "same"
    assert tell(c, "customer", "C1", phone="13800000001") == "taken"
    assert ours(c, "customer", "C1")["phone"] == "13800000001"
    row = store.ours(c, "customer", ["C1"])["C1"]
    last = archives.changes(c, row["id"])[-1]
    assert (last["from_day"], last["changed"]) == (DESK.today, {"phone": "13800000001"})
    assert tell(c, "customer", "C1", phone="13800000001") == "same"


def test_a_field_changed_on_both_sides_waits(c: Connection, house: Make) -> None:
    tell(c, "customer", "C1", phone="13912345678")
    row = store.ours(c, "customer", ["C1"])["C1"]
    records.change(c, DESK, row, row["version"], given({"phone": "13700000000"}))
    assert tell(c, "customer", "C1", phone="13800000001") == "conflict"
    assert ours(c, "customer", "C1")["phone"] == "13700000000"
    assert known(c, "customer", "C1")["differs"] == {"phone": ["13800000001", "13700000000"]}


def test_a_multiplier_waits_for_a_person(c: Connection, house: Make) -> None:
    assert tell(c, "ct", "T30", primary=150, secondary=5) == "same"
    assert tell(c, "ct", "T30", primary=200) == "conflict"
    assert ours(c, "ct", "T30")["primary"] == 150


def test_what_is_not_said_stays_and_what_they_took_away_is_told(c: Connection, house: Make) -> None:
    tell(c, "customer", "C1", phone="13912345678", name="张三")
    assert tell(c, "customer", "C1", phone=None) == "taken"
    assert "phone" not in ours(c, "customer", "C1")
    assert ours(c, "customer", "C1")["name"] == "张三"


def test_a_number_of_another_unit_says_nothing(c: Connection, house: Make) -> None:
    beside = org.add_unit(c, ROOT, "station", "there", "那里")
    desk = DESK._replace(scope=Scope((beside,)))
    said = [receive.Said("C1", {"name": "x"}, beside)]
    assert receive.receive(c, desk, "customer", said, 1, whole=False) == [receive.ELSEWHERE]
    assert store.known(c, "customer", ["C1"]) == {}


def test_a_change_here_reopens_or_ends_a_conflict(c: Connection, house: Make) -> None:
    tell(c, "ct", "T30", primary=200)
    row = store.ours(c, "ct", ["T30"])["T30"]
    records.change(c, DESK, row, row["version"], given({"primary": "200"}))
    assert [each["number"] for each in store.stale(c, 9)] == ["T30"]
    receive.again(c, "ct", ["T30"], 5)
    assert known(c, "ct", "T30")["state"] == "agree"
    assert store.stale(c, 9) == []


# ---- a person's word


def test_theirs_is_taken_by_the_archives_own_change(c: Connection, house: Make) -> None:
    tell(c, "ct", "T30", primary=200, secondary=5, at_point="P1")
    say(c, "ct", "T30", "take", from_day=DESK.today - 3)
    row = store.ours(c, "ct", ["T30"])["T30"]
    last = archives.changes(c, row["id"])[-1]
    assert (last["from_day"], last["late"], last["reason"]) == (DESK.today - 3, 1, "checked")
    assert known(c, "ct", "T30")["state"] == "agree"
    assert known(c, "ct", "T30")["settled_by"] == "admin"
    assert audit.recent(c, 1)[0]["action"] == "marketing_take"


def test_a_new_one_is_made_once(c: Connection, house: Make) -> None:
    assert tell(c, "point", "P9", at_customer="C1", phase="a") == "new"
    row = known(c, "point", "P9")
    first = word(c, row["id"], "take")
    settle.act(c, DESK, row["id"], first)
    assert ours(c, "point", "P9") == {"phase": "a", "@customer": "C1"}
    with pytest.raises(Invalid, match="changed_meanwhile"):
        settle.act(c, DESK, row["id"], first)


def test_what_hangs_on_what_is_not_there_is_refused(c: Connection, house: Make) -> None:
    tell(c, "point", "P9", at_customer="C9")
    with pytest.raises(Invalid, match="no_such_record"):
        say(c, "point", "P9", "take")


def test_what_is_kept_comes_back_when_a_side_changes(c: Connection, house: Make) -> None:
    tell(c, "ct", "T30", primary=200)
    with pytest.raises(Invalid, match="needed"):
        say(c, "ct", "T30", "keep", reason=" ")
    say(c, "ct", "T30", "keep")
    assert store.waiting(c, EVERYWHERE, db.now_s()) == 0
    assert tell(c, "ct", "T30", primary=200) == "kept"
    assert tell(c, "ct", "T30", primary=300) == "conflict"


def test_later_is_quiet_until_then_or_until_it_changes(c: Connection, house: Make) -> None:
    tell(c, "ct", "T30", primary=200)
    now = db.now_s()
    say(c, "ct", "T30", "later", days=2)
    assert store.waiting(c, EVERYWHERE, now) == 0
    assert store.waiting(c, EVERYWHERE, now + 3 * 86_400) == 1
    tell(c, "ct", "T30", primary=400)
    assert store.waiting(c, EVERYWHERE, now) == 1


def test_who_settles_what_changed_meanwhile_settles_nothing(c: Connection, house: Make) -> None:
    tell(c, "ct", "T30", primary=200)
    row = known(c, "ct", "T30")
    said = word(c, row["id"], "take")
    archive = store.ours(c, "ct", ["T30"])["T30"]
    records.change(c, DESK, archive, archive["version"], given({"primary": "100"}))
    with pytest.raises(Invalid, match="changed_meanwhile"):
        settle.act(c, DESK, row["id"], said)
    assert ours(c, "ct", "T30")["primary"] == 100


# ---- files


def test_the_same_file_twice_is_taken_once(c: Connection, house: Make, take: Take) -> None:
    text = "编号,名称,用电类别\nC1,张三,大工业\nC2,李四,\n"
    first = take(text)
    assert (first["new"], first["conflict"], first["wrong"], first["state"]) == (1, 1, 0, "done")
    assert known(c, "customer", "C1")["theirs"] == {"name": "张三", "category": "industry"}
    again = take(text)
    assert (again["id"], again["fresh"]) == (first["id"], False)


def test_a_cut_file_is_taken_to_its_end(c: Connection, house: Make, take: Take) -> None:
    text = "number,name\nC1,王五\nC2,李四\n"
    file = File("customer", "change", ROOT, "customer.csv", text.encode())
    store.begin(c, file.digest, **file.facts("admin"))  # and the power went
    tell(c, "customer", "C2", name="李四")
    row = take(text)
    assert (row["new"], row["conflict"], row["state"]) == (1, 1, "done")


def test_wrong_lines_are_named_and_the_right_ones_taken(c: Connection, house: Make, take: Take) -> None:
    row = take("number,phone,category,unit\nC1,bad!,,\nC2,1,royal,\nC2,1,,nowhere\nC3,1,,\nC3,2,,\n")
    assert [(f[0], f[1], f[3]) for f in row["faults"]] == [
        (2, "phone", "bad_phone"),
        (3, "category", "not_among"),
        (4, "unit", "no_unit_there"),
        (6, "number", "line_twice"),
    ]
    assert (row["new"], row["wrong"]) == (1, 4)


def test_a_full_file_tells_what_is_ours_only(c: Connection, house: Make, take: Take) -> None:
    house("customer", "C2", "open", name="李四")
    take("number,name\nC1,张三\nC3,赵六\n", form="full")
    assert known(c, "customer", "C2")["state"] == "ours"
    assert known(c, "customer", "C3")["state"] == "theirs"
    c.execute(update(marketing_records).values(seen_s=1))
    row = take("number,name\nC2,李四\n", form="full")
    assert row["ours"] == 2
    assert known(c, "customer", "C1")["state"] == "ours"
    assert known(c, "customer", "C2")["state"] == "agree"
    assert (known(c, "customer", "C3")["state"], known(c, "customer", "C3")["open"]) == ("agree", 0)
    say(c, "customer", "C1", "take")
    assert store.ours(c, "customer", ["C1"])["C1"]["state"] == "closed"
    assert store.waiting(c, EVERYWHERE, db.now_s()) == 0


def test_a_full_file_with_wrong_lines_says_nobody_is_gone(c: Connection, house: Make, take: Take) -> None:
    row = take("number,phone\nC1,bad!\n", form="full")
    assert (row["wrong"], row["ours"]) == (1, 0)
    assert store.known(c, "customer", ["C1"]) == {}


def test_the_picture_counts_by_kind(c: Connection, house: Make, take: Take) -> None:
    take("number,name,phone\nC1,张三,13800000001\nC2,李四,\n")
    found = store.picture(c, EVERYWHERE)["customer"]
    told = {name: found[name] for name in ("agree", "differ", "theirs", "open", "same", "compared")}
    assert told == {"agree": 0, "differ": 1, "theirs": 1, "open": 2, "same": 1, "compared": 2}
    assert store.last_files(c, EVERYWHERE).keys() == {"customer"}


@bounds(max_examples=60, deadline=None)
@drawn(
    st.binary(max_size=400) | st.text(alphabet="编号number,名称\n'=C12\x00é", max_size=200).map(str.encode)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        this = files.opened(File("customer", "full", ROOT, "x", data))
    except Invalid:
        return
    for _line, said, faults in files._lines("customer", this):
        assert faults or said["number"]
