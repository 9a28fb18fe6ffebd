"""The pages of people: who sees whom, what one does alone, what needs a second person."""

import re
import time
from typing import Any

import pytest

from station.store import approvals, audit, db, org, users
from station.store.scope import ROOT
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import approve, hidden, person
from tests.unit.web.test_rights import only


def staff(station: Station) -> dict[str, int]:
    """li and wang in the east; sun in the west."""
    with station.writing() as c:
        east = org.add_unit(c, ROOT, "city", "E", "East <b>")
        west = org.add_unit(c, ROOT, "city", "W", "West")
        for name, unit in (("li", east), ("wang", east), ("sun", west)):
            users.add(c, name, "-", must_change=False, t_s=db.now_s(), unit=unit)
    return {"east": east, "west": west}


def held(station: Station, name: str) -> list[tuple[str, int]]:
    with db.reading(station.engine) as c:
        return [(g["role"], g["unit"]) for g in org.grants_of(c, name, db.now_s())]


def act(desk: Any, name: str, what: str, **data: Any) -> Any:
    page = desk.get(f"/people/{name}")
    once = re.search(r'name="once" value="([^"]+)"', page.text)
    given = {"seen": hidden(page, "seen"), "once": once.group(1) if once else ""}
    return desk.post(f"/people/{name}/{what}", data=given | data)


def actions(station: Station) -> list[str]:
    with db.reading(station.engine) as c:
        return [row["action"] for row in audit.recent(c)]


def test_the_list_is_filtered_paged_and_escaped(station: Station) -> None:
    units, desk = staff(station), station.desk("en")
    page = desk.get("/people", query_string={"unit": units["east"], "q": "w"}).text
    assert '"/people/wang"' in page
    assert '"/people/li"' not in page
    assert "East &lt;b&gt;" in page
    assert '"/people/sun"' not in desk.get("/people?after=sun").text
    assert '"/people/li"' in desk.get("/people?state=never").text
    assert '"/people/admin"' not in desk.get("/people?state=never&role=viewer").text
    assert desk.get("/people?state=nonsense").status_code == 404


def test_an_account_that_nobody_used_for_90_days_is_found(station: Station) -> None:
    staff(station)
    with station.writing() as c:
        users.change(c, "li", last_login_s=db.now_s() - 91 * 86_400)
        users.change(c, "wang", last_login_s=db.now_s() - 89 * 86_400)
    page = station.desk("en").get("/people?state=unused").text
    assert '"/people/li"' in page
    assert '"/people/wang"' not in page


def test_the_csv_is_of_the_filter_and_stands_in_the_audit(station: Station) -> None:
    units = staff(station)
    with station.writing() as c:
        org.change_unit(c, units["east"], name="=1+1")
    text = station.desk("en").get("/people/list.csv", query_string={"unit": units["east"]}).text
    assert "'=1+1" in text
    assert "wang" in text
    assert "sun" not in text
    assert "exported" in actions(station)


@pytest.mark.parametrize("path", ["/people/sun", "/people/nobody", "/units/1", "/people/sun/disable"])
def test_a_stranger_does_not_exist(station: Station, path: str) -> None:
    only(station, "administrator", staff(station)["east"])
    desk = station.desk()
    reply = desk.post(path) if path.endswith("disable") else desk.get(path)
    assert reply.status_code == 404
    assert '"/people/sun"' not in desk.get("/people").text


def test_without_the_right_to_accounts_no_page_opens(station: Station) -> None:
    only(station, "viewer")
    desk = station.desk()
    for path in (
        "/people",
        "/people/admin",
        "/people/list.csv",
        "/roles",
        "/roles/duty",
        "/units",
        "/units/1",
    ):
        assert desk.get(path).status_code == 403
    assert desk.get("/my-roles").status_code == 200


def test_a_new_account_shows_its_password_once(station: Station) -> None:
    units, desk = staff(station), station.desk("en")
    made = desk.post("/people", data={"name": "zhao", "of": units["east"]})
    secret = re.search(r"<code>([^<]+)</code>", made.text)
    assert secret
    assert secret.group(1) not in desk.get("/people/zhao").text
    again = desk.post("/people", data={"name": "zhao", "of": units["east"]})
    assert again.status_code == 422
    assert "taken" in again.text
    assert 'value="zhao"' in again.text


def test_an_account_is_disabled_with_a_reason_and_enabled(station: Station) -> None:
    staff(station)
    desk = station.desk("en")
    assert act(desk, "li", "disable", reason=" ").status_code == 422
    assert act(desk, "li", "disable", reason="left").status_code == 302
    assert '"/people/li"' in desk.get("/people?state=disabled").text
    assert act(desk, "li", "enable").status_code == 302
    assert {"user_disabled", "user_enabled", "saw"} <= set(actions(station))


def test_a_lock_is_lifted_and_a_password_reset(station: Station) -> None:
    staff(station)
    with station.writing() as c:
        users.change(c, "li", locked_until_s=db.now_s() + 900)
    desk = station.desk("en")
    assert '"/people/li"' in desk.get("/people?state=locked").text
    assert act(desk, "li", "unlock").status_code == 302
    assert '"/people/li"' not in desk.get("/people?state=locked").text
    assert "<code>" in act(desk, "li", "reset").text


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(station: Station) -> None:
    units, desk = staff(station), station.desk("en")
    seen = hidden(desk.get("/people/li"), "seen")
    with station.writing() as c:
        org.grant(c, "li", "viewer", units["east"], "other", from_s=0)
    given = {"seen": seen, "role": "field", "unit": units["east"], "reason": "typed here"}
    reply = desk.post("/people/li/give", data=given)
    assert reply.status_code == 422
    assert "typed here" in reply.text
    assert held(station, "li") == [("viewer", units["east"])]


def test_a_weak_role_is_given_and_taken_back_at_once(station: Station) -> None:
    units, desk = staff(station), station.desk("en")
    act(desk, "li", "give", role="viewer", unit=units["east"])
    assert held(station, "li") == [("viewer", units["east"])]
    with db.reading(station.engine) as c:
        number = org.grants_of(c, "li", db.now_s())[0]["id"]
    assert desk.post("/people/wang/take", data={"grant": number}).status_code == 404
    act(desk, "li", "take", grant=number)
    assert held(station, "li") == []


def test_a_strong_role_waits_for_a_second_person_who_is_not_the_one(station: Station) -> None:
    staff(station)
    desk, bob = station.desk("en"), person(station, "bob", "security")
    person(station, "eve", "security")
    given = {"role": "controller", "unit": ROOT, "reason": "new post"}
    at = act(desk, "eve", "give", **given).location
    assert held(station, "eve") == [("security", ROOT)]
    eve = person(station, "eve", "viewer")
    assert "password" not in eve.get(at).text.split("<main")[1]
    with db.reading(station.engine) as c:
        shown = approvals.get(c, int(at.rsplit("/", 1)[1]))["hash"]  # pyright: ignore[reportOptionalSubscript]
    eve.post(f"{at}/approve", data={"shown": shown, "password": "Second-person-26"})
    assert ("controller", ROOT) not in held(station, "eve")
    assert "Role for a person" in bob.get("/approvals").text or "controls or decides" in bob.get(at).text
    approve(bob, at)
    assert ("controller", ROOT) in held(station, "eve")


def test_a_second_press_finds_the_first_proposal(station: Station) -> None:
    staff(station)
    person(station, "bob", "security")
    desk = station.desk("en")
    page = desk.get("/people/li")
    given = {"seen": hidden(page, "seen"), "once": hidden(page, "once"), "role": "controller", "unit": ROOT}
    given["reason"] = "new post"
    first = desk.post("/people/li/give", data=given).location
    assert desk.post("/people/li/give", data=given).location == first


def test_a_lone_chief_is_told_how_to_go_on(station: Station) -> None:
    staff(station)
    reply = act(station.desk("en"), "li", "give", role="controller", unit=ROOT, reason="x")
    assert reply.status_code == 422
    assert "loadkeeper user grant li controller" in reply.text
    assert held(station, "li") == []


def test_a_role_that_changed_after_the_proposal_is_not_given(station: Station) -> None:
    staff(station)
    desk, bob = station.desk("en"), person(station, "bob", "security")
    at = act(desk, "li", "give", role="controller", unit=ROOT, reason="x").location
    seen = hidden(desk.get("/roles/controller"), "seen")
    more = {"name_zh": "控", "name_en": "C", "functions": ["control", "prepaid"], "seen": seen}
    assert desk.post("/roles/controller", data=more).status_code == 302
    approve(bob, at)
    assert held(station, "li") == []


def test_eleven_accounts_need_a_second_person_and_ten_do_not(station: Station) -> None:
    names = [f"old{n:02}" for n in range(11)]
    with station.writing() as c:
        for name in names:
            users.add(c, name, "-", must_change=False, t_s=0)
    desk = station.desk("en")
    alone = desk.post("/people/disable", data={"names": names, "reason": "left", "once": "a"})
    assert alone.status_code == 422
    assert "Nobody else" in alone.text
    bob = person(station, "bob", "security")
    at = desk.post("/people/disable", data={"names": names, "reason": "left", "once": "b"}).location
    assert disabled(station) == 0
    approve(bob, at, typed="11")
    assert disabled(station) == 11
    with station.writing() as c:
        for name in names:
            users.change(c, name, disabled_s=None)
    desk.post("/people/disable", data={"names": names[:10], "reason": "left", "once": "c"})
    assert disabled(station) == 10


def disabled(station: Station) -> int:
    with db.reading(station.engine) as c:
        return sum(user["disabled_s"] is not None for user in users.all_users(c))


def test_strangers_are_not_disabled_with_the_others(station: Station) -> None:
    only(station, "administrator", staff(station)["east"])
    reply = station.desk().post("/people/disable", data={"names": ["li", "sun"], "reason": "x", "once": "a"})
    assert reply.status_code == 404
    assert disabled(station) == 0


def test_a_role_is_copied_changed_once_and_never_made_strong_behind_its_holders(station: Station) -> None:
    staff(station)
    desk = station.desk("en")
    copy = desk.get("/roles/new?like=viewer").text
    assert re.search(r'value="view" checked', copy)
    new = {"role": "reader", "name_zh": "抄表", "name_en": "Reader <i>", "functions": ["view"]}
    assert desk.post("/roles/new", data=new).status_code == 302
    assert "Reader &lt;i&gt;" in desk.get("/roles").text
    assert "exists" in desk.post("/roles/new", data=new).text
    seen = hidden(desk.get("/roles/reader"), "seen")
    more = new | {"functions": ["view", "collect"], "seen": seen}
    assert desk.post("/roles/reader", data=more).status_code == 302
    stale = desk.post("/roles/reader", data=more | {"name_en": "Typed"})
    assert stale.status_code == 422
    assert 'value="Typed"' in stale.text
    act(desk, "li", "give", role="reader", unit=ROOT)
    seen = hidden(desk.get("/roles/reader"), "seen")
    strong = desk.post("/roles/reader", data=more | {"functions": ["view", "control"], "seen": seen})
    assert "Somebody has this role" in strong.text
    assert "li" in desk.get("/roles/reader").text


def test_roles_are_changed_by_who_keeps_the_whole_house(station: Station) -> None:
    only(station, "administrator", staff(station)["east"])
    desk = station.desk("en")
    new = {"role": "reader", "name_zh": "抄表", "name_en": "Reader", "functions": ["view"]}
    assert desk.post("/roles/new", data=new).status_code == 422
    assert "Store the role" not in desk.get("/roles/viewer").text


def test_units_are_added_renamed_moved_and_closed(station: Station) -> None:
    units, desk = staff(station), station.desk("en")

    def do(unit: int, what: str, **data: Any) -> Any:
        seen = hidden(desk.get(f"/units/{unit}"), "seen")
        return desk.post(f"/units/{unit}/{what}", data={"seen": seen} | data)

    made = do(units["east"], "add", level="county", code="E1", name="First").location
    new = int(made.rsplit("/", 1)[1])
    stale = hidden(desk.get(made), "seen")
    assert do(new, "rename", newname="Second").status_code == 302
    refused = desk.post(f"/units/{new}/rename", data={"seen": stale, "newname": "Third"})
    assert refused.status_code == 422
    assert 'value="Third"' in refused.text
    assert do(new, "move", parent=units["west"]).status_code == 302
    assert "Nobody else" in do(units["east"], "close", reason="x").text
    assert do(new, "close").status_code == 302
    page = desk.get("/units").text
    assert "East &lt;b&gt;" in page
    assert "Closed" in page


def test_roles_are_handed_over_for_a_while_and_end_with_their_giver(station: Station) -> None:
    staff(station)
    desk = person(station, "ann", "approver")
    number = re.search(r'name="grants" value="(\d+)"', desk.get("/my-roles").text)
    assert number
    given = {"grants": number.group(1), "to": "li"}
    assert "within 90 days" in desk.post("/my-roles", data=given | {"until": day(91)}).text
    assert desk.post("/my-roles", data=given | {"until": ""}).status_code == 422
    assert desk.post("/my-roles", data=given | {"until": day(30)}).status_code == 302
    assert held(station, "li") == [("approver", ROOT)]
    li = person(station, "li", "viewer")
    assert number.group(1) not in re.findall(r'name="grants" value="(\d+)"', li.get("/my-roles").text)
    handed = held_ids(station, "li")[0]
    onward = li.post("/my-roles", data={"grants": handed, "to": "wang", "until": day(3)})
    assert onward.status_code == 422
    assert li.post(f"/my-roles/{handed}/back").status_code == 404
    act(station.desk("en"), "ann", "disable", reason="left")
    assert held(station, "li") == [("viewer", ROOT)]


def test_what_was_handed_over_is_taken_back(station: Station) -> None:
    staff(station)
    desk = person(station, "ann", "approver")
    number = held_ids(station, "ann")[0]
    desk.post("/my-roles", data={"grants": number, "to": "li", "until": day(30)})
    desk.post(f"/my-roles/{held_ids(station, 'li')[0]}/back")
    assert held(station, "li") == []
    assert {"handed_over", "handed_back"} <= set(actions(station))


def test_nobody_hands_over_to_people_outside_of_his_units(station: Station) -> None:
    units = staff(station)
    with station.writing() as c:
        org.grant(c, "li", "viewer", units["east"], "t", from_s=0)
    desk = person(station, "li", "field", units["east"])
    given = {"grants": held_ids(station, "li"), "until": day(3)}
    assert desk.post("/my-roles", data=given | {"to": "sun"}).status_code == 422
    assert desk.post("/my-roles", data=given | {"to": "wang"}).status_code == 302
    assert held(station, "sun") == []


def held_ids(station: Station, name: str) -> list[int]:
    with db.reading(station.engine) as c:
        return [g["id"] for g in org.grants_of(c, name, db.now_s())]


def day(ahead: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(time.time() + ahead * 86_400))
