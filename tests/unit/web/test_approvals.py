"""The second person at the desk: from a form to the executed commands, and all who may not."""

import re
from typing import Any

import pytest

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.access.policy import DEFAULT
from station.approvals import policy
from station.store import approvals, commands, db, devices, org, users
from tests.unit.web.conftest import DEVICE, Station

PASSWORD = "Second-person-26"
HASH = _hasher.hash(PASSWORD)
MANY = {
    "devices": f"{DEVICE}\nLJ-STEEL-06 BS-CEMENT-03",
    "rounds": "1",
    "delay_min": "0",
    "limit_half_hours": "1",
}
MANY |= {"valid_min": "5", "reason": "电网缺额", "ticket": "WO-1", "once": "t1"}


def person(station: Station, name: str, role: str, unit: int = 1) -> Any:
    with station.writing() as c:
        if users.get(c, name) is None:
            users.add(c, name, HASH, must_change=False, t_s=0)
        org.grant(c, name, role, unit, "test", from_s=0)
    desk = station.desk("en")
    with desk.session_transaction() as session:
        session["_user_id"] = f"1 {name}"
    return desk


def hidden(reply: Any, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]+)"', reply.text)
    assert found, reply.text
    return found.group(1)


def propose(desk: Any, **more: str) -> str:
    """Preview, then submit; the address of the proposal."""
    seen = desk.post("/approvals/new/trip", data=MANY | more)
    assert seen.status_code == 200
    asked = MANY | more | {"send": "1", "shown": hidden(seen, "shown")}
    reply = desk.post("/approvals/new/trip", data=asked)
    assert reply.status_code == 302, reply.text
    return reply.location


def approve(desk: Any, at: str, **change: str) -> Any:
    page = desk.get(at)
    asked = {"shown": hidden(page, "shown"), "password": PASSWORD} | change
    return desk.post(f"{at}/approve", data=asked)


def sent(station: Station) -> set[str]:
    with db.reading(station.engine) as c:
        return {row["device"] for row in commands.recent(c, None, 100) if row["scope"]}


def test_three_terminals_are_tripped_after_a_second_person_approved(station: Station) -> None:
    ann, bob = person(station, "ann", "controller"), person(station, "bob", "approver")
    at = propose(ann)
    assert sent(station) == set()
    inbox = bob.get("/approvals")
    assert f'href="{at}"' in inbox.text
    assert "WO-1" in inbox.text
    assert approve(bob, at).location == at
    assert sent(station) == {DEVICE, "LJ-STEEL-06", "BS-CEMENT-03"}
    assert approvals_state(station, at) == "executed"
    live = bob.get(f"/api{at}").json["panels"]["p-approval"]
    assert "Queued" in live
    assert "3 / 3" in live


def approvals_state(station: Station, at: str) -> str:
    with db.reading(station.engine) as c:
        row = approvals.get(c, int(at.rsplit("/", 1)[1]))
    assert row
    return row["state"]


def test_a_wrong_password_approves_nothing_and_is_counted(station: Station) -> None:
    ann, bob = person(station, "ann", "controller"), person(station, "bob", "approver")
    at = propose(ann)
    reply = approve(bob, at, password="guess")
    assert reply.status_code == 422
    assert "not your password" in reply.text
    with db.reading(station.engine) as c:
        assert users.get(c, "bob")["failures"] == 1  # pyright: ignore[reportOptionalSubscript]
    assert sent(station) == set()
    for _guess in range(DEFAULT.failures):
        approve(bob, at, password="guess")
    assert "locked" in approve(bob, at).text.lower()
    assert sent(station) == set()


def test_back_and_again_after_approval_does_nothing_more(station: Station) -> None:
    ann, bob = person(station, "ann", "controller"), person(station, "bob", "approver")
    at = propose(ann)
    assert propose(ann) == at
    shown = hidden(bob.get(at), "shown")
    for _press in range(2):
        bob.post(f"{at}/approve", data={"shown": shown, "password": PASSWORD})
    with db.reading(station.engine) as c:
        assert len([row for row in commands.recent(c, None, 100) if row["scope"]]) == 3


def test_nobody_approves_his_own_or_beyond_his_unit(station: Station) -> None:
    ann = person(station, "ann", "chief")
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
        devices.change(c, DEVICE, unit=unit)
    eva = person(station, "eva", "approver", unit)
    at = propose(ann)
    assert "password" not in ann.get(at).text.split("<main")[1]
    with db.reading(station.engine) as c:
        shown = approvals.get(c, int(at.rsplit("/", 1)[1]))["hash"]  # pyright: ignore[reportOptionalSubscript]
    asked = {"shown": shown, "password": PASSWORD, "remark": "x"}
    assert "Another person" in ann.post(f"{at}/approve", data=asked, follow_redirects=True).text
    paths = [f"{at}/{act}" for act in ("approve", "refuse", "review", "withdraw")]
    assert [eva.post(path, data=asked).status_code for path in paths] == [404] * 4
    assert [eva.get(path).status_code for path in (at, f"/api{at}")] == [404] * 2
    assert f'href="{at}"' not in eva.get("/approvals?list=done").text
    assert sent(station) == set()


def test_a_foreign_terminal_is_not_to_be_chosen(station: Station) -> None:
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
        devices.change(c, DEVICE, unit=unit)
    cara = person(station, "cara", "controller", unit)
    foreign = cara.post("/approvals/new/trip", data=MANY)
    assert foreign.status_code == 422
    assert "no such terminals for you: LJ-STEEL-06" in foreign.text
    own = cara.post("/approvals/new/trip", data=MANY | {"devices": "", "q": "-"})
    assert "Affected: 1<" in own.text


def test_what_changed_between_preview_and_submit_is_shown_again(station: Station) -> None:
    ann = person(station, "ann", "controller")
    seen = ann.post("/approvals/new/trip", data=MANY)
    changed = MANY | {"limit_half_hours": "9", "send": "1", "shown": hidden(seen, "shown")}
    reply = ann.post("/approvals/new/trip", data=changed)
    assert reply.status_code == 422
    assert "changed meanwhile" in reply.text


def test_a_guarantee_is_released_from_its_dialog_by_two(station: Station) -> None:
    ann, bob = person(station, "ann", "controller"), person(station, "bob", "approver")
    seen = ann.post(f"/terminals/{DEVICE}/commands/new/guarantee", data={"on": "0", "valid_min": "5"})
    assert "A second person must approve this" in seen.text
    asked = {"token": hidden(seen, "token")}
    confirm = f"/terminals/{DEVICE}/commands/confirm"
    assert ann.post(confirm, data=asked).status_code == 422  # without a reason
    at = ann.post(confirm, data=asked | {"reason": "检修结束"}).location
    assert ann.post(confirm, data=asked | {"reason": "检修结束"}).location == at
    approve(bob, at)
    with db.reading(station.engine) as c:
        row = commands.recent(c, DEVICE, 1)[0]
    assert (row["kind_name"], row["author"], row["approver"]) == ("guarantee", "ann", "bob")
    page = bob.get(f"/terminals/{DEVICE}/commands/{row['command']}").text
    assert re.search(rf'<dd>bob · <a href="{at}">', page)


def test_an_emergency_goes_at_once_and_stands_in_the_inbox_until_reviewed(station: Station) -> None:
    ann, bob = person(station, "ann", "controller"), person(station, "bob", "approver")
    at = propose(ann, emergency="1")
    assert len(sent(station)) == 3
    assert "To be reviewed" in bob.get("/approvals").text
    assert bob.post(f"{at}/review", data={"remark": ""}).status_code == 422
    bob.post(f"{at}/review", data={"remark": "right"})
    assert "To be reviewed" not in bob.get("/approvals").text


def test_the_policy_is_changed_by_its_function_alone_and_not_over_another_change(station: Station) -> None:
    sec, ann = person(station, "sec", "security"), person(station, "ann", "controller")
    assert [ann.get("/approvals/policy").status_code, ann.post("/approvals/policy").status_code] == [403] * 2
    page = sec.get("/approvals/policy")
    asked = {f"{name}-on": "1" for name in policy.OPERATIONS if name != "control_many"}
    asked |= {
        f"{name}-limit": str(row.limit) for name, row in policy.OPERATIONS.items() if row.limit is not None
    }
    asked |= {"version": hidden(page, "version"), "reason": "one operator"}
    assert sec.post("/approvals/policy", data=asked).status_code == 302
    assert "changed meanwhile" in sec.post("/approvals/policy", data=asked).text
    at = propose(ann)
    assert approvals_state(station, at) == "executed"
    assert len(sent(station)) == 3


@pytest.mark.parametrize(
    "path", ["/approvals?list=other", "/approvals/99", "/api/approvals/99", "/approvals/99.csv"]
)
def test_what_is_not_there(station: Station, path: str) -> None:
    assert station.desk().get(path).status_code == 404


def test_the_affected_list_leaves_the_house_as_csv_and_that_is_noted(station: Station) -> None:
    at = propose(person(station, "ann", "chief"))
    reply = station.desk("en").get(f"{at}.csv")
    assert reply.status_code == 200
    assert [line.split(",")[1] for line in reply.text.splitlines()[1:]] == [
        "BS-CEMENT-03",
        DEVICE,
        "LJ-STEEL-06",
    ]
