"""Each nightly check finds its contradiction, says it once, and lets it go when it is mended."""

import pytest
from sqlalchemy import Connection, Engine

from station.archives import checks, records
from station.errors import Invalid
from station.store import archive_checks as store
from station.store import db
from station.store.scope import EVERYWHERE, Scope
from tests.unit.station_archives.conftest import DESK, Make, given


def numbers(c: Connection, rule: str) -> set[str]:
    asked = {each.record for each in checks.RULES[rule](c)}
    return {records.unseen(c, record)["number"] for record in asked}


def test_a_sound_house_has_no_finding(c: Connection, house: Make) -> None:
    assert {rule for rule in checks.RULES if numbers(c, rule)} == set()


def test_one_address_twice(c: Connection, house: Make) -> None:
    house("meter", "M9", meter_address="000000000001")
    assert numbers(c, "meter_twice") == {"M1", "M9"}
    house("area", "A2")
    house("point", "P2", at_area="A2")
    far = house("meter", "M9")
    records.change(c, DESK, far, far["version"], given({"@point": "P2"}))
    assert numbers(c, "meter_twice") == set()


def test_things_that_hang_on_nothing(c: Connection, house: Make) -> None:
    house("meter", "M9", "running")
    house("point", "P9", "open")
    house("meter", "M8", "running", at_point="P9", connection="through_ct")
    assert numbers(c, "meter_nowhere") == {"M9"}
    assert numbers(c, "point_of_nobody") == {"P9"}
    assert numbers(c, "ratio_missing") == {"M8"}


def test_a_meter_is_read_from_another_area(c: Connection, house: Make) -> None:
    house("area", "A2")
    box = house("concentrator", "K1")
    records.change(c, DESK, box, box["version"], given({"@area": "A2"}))
    assert numbers(c, "area_differs") == {"M1"}


def test_modules_of_two_makers(c: Connection, house: Make) -> None:
    house("module", "X1", "running", at_host="K1", vendor="Eastsoft", chip="3")
    house("module", "X2", "running", at_host="M1", vendor="Eastsoft", chip="3")
    assert numbers(c, "vendors_mixed") == set()
    two = house("module", "X2")
    records.change(c, DESK, two, two["version"], given({"vendor": "Topscomm"}))
    assert numbers(c, "vendors_mixed") == {"K1"}


def test_a_closed_customer_with_a_meter_and_a_wrong_phone(
    c: Connection, house: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PEOPLE_ROWS", 1)
    house("customer", "C0", "open", phone="12")
    house("customer", "C2", "open", phone="123")
    house("customer", "C3", "closed", phone="1234")
    assert numbers(c, "phone_wrong") == {"C0", "C2"}
    row = house("customer", "C1")
    records.move(c, DESK, row, row["version"], "closed", given(reason="away"))
    assert numbers(c, "closed_but_metered") == {"C1"}


def test_a_finding_opens_once_and_goes_by_itself(engine: Engine, house: Make, c: Connection) -> None:
    house("customer", "C2", "open", phone="123")
    c.commit()
    assert [checks.work(engine, t_s) for t_s in (100, 200)] == [1, 0]
    (one,) = store.listed(c, EVERYWHERE, "", False, 0, 10)
    assert (one["number"], one["opened_s"]) == ("C2", 100)
    assert store.waiting(c, EVERYWHERE, 300) == 1
    assert store.waiting(c, Scope((99,)), 300) == 0
    c.commit()
    with db.writing(engine) as w:
        row = house_row(w, "C2")
        records.change(w, DESK, row, row["version"], given({"phone": "13912345678"}))
    assert checks.work(engine, 400) == 1
    assert store.listed(c, EVERYWHERE, "", False, 0, 10) == []


def house_row(c: Connection, number: str) -> dict:
    from station.store import archives

    found = archives.named(c, "customer", number, EVERYWHERE)
    assert found
    return found


def test_who_knows_why_says_so_and_it_leaves_the_list(engine: Engine, house: Make, c: Connection) -> None:
    house("customer", "C2", "open", phone="123")
    c.commit()
    checks.work(engine, 100)
    (one,) = store.listed(c, EVERYWHERE, "phone_wrong", False, 0, 10)
    for version, why in ((1, " "), (7, "a foreigner"), (1, "x" * 999)):
        with pytest.raises(Invalid):
            checks.know(c, DESK, one["id"], version, why)
    with pytest.raises(Invalid):
        checks.know(c, DESK._replace(scope=Scope((99,))), one["id"], 1, "a foreigner")
    checks.know(c, DESK, one["id"], 1, "a foreigner")
    assert store.listed(c, EVERYWHERE, "", False, 0, 10) == []
    assert [each["why"] for each in store.listed(c, EVERYWHERE, "", True, 0, 10)] == ["a foreigner"]
