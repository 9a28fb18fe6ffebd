"""The pages of a clean-up of accounts: from the list to the disabled accounts, and all who may not."""

import csv
import io
import time
from typing import Any

import pytest

from station.store import cleanup, db, org, users
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import approve, hidden, person
from tests.unit.web.test_rights import only
from tests.unit.web.test_staff import actions, disabled

OLD_S = 100 * 86_400
DUE = time.strftime("%Y-%m-%d", time.localtime(time.time() + 7 * 86_400))


def old(station: Station, many: int = 3) -> dict[str, int]:
    """old00, ... of the east, and one of the west, that nobody used for 100 days."""
    with station.writing() as c:
        for each in users.all_users(c):
            users.change(c, each["name"], last_login_s=db.now_s())
        east = org.add_unit(c, ROOT, "city", "E", "=East <b>")
        west = org.add_unit(c, ROOT, "city", "W", "West")
        for n in range(many):
            users.add(c, f"old{n:02}", "-", must_change=False, t_s=db.now_s() - OLD_S, unit=east)
        users.add(c, "west", "-", must_change=False, t_s=db.now_s() - OLD_S, unit=west)
    return {"east": east, "west": west}


def begin(desk: Any, unit: int | str = ROOT, once: str = "c1", **more: str) -> Any:
    form = {"unit": unit, "days": "90", "until": DUE, "note": "核实 <i>", "once": once}
    return desk.post("/clean-up", data=form | more)


def send(desk: Any, at: str, text: str | bytes, once: str = "f1", **more: str) -> Any:
    data = text.encode() if isinstance(text, str) else text
    form = {"seen": hidden(desk.get(at), "seen"), "once": once} | more
    return desk.post(f"{at}/file", data=form | {"file": (io.BytesIO(data), "reply.csv")})


def states(station: Station) -> dict[str, str]:
    with db.reading(station.engine) as c:
        return {each["user"]: each["state"] for each in cleanup.accounts(c, 1, EVERYWHERE, 99)}


def test_the_exported_list_comes_back_and_its_accounts_are_disabled_by_two(station: Station) -> None:
    desk, bob = station.desk("en"), person(station, "bob", "security")
    old(station, 11)
    at = begin(desk).location
    assert begin(desk).location == at
    exported = desk.get(f"{at}/accounts.csv").text.lstrip("\ufeff")
    rows = list(csv.reader(io.StringIO(exported)))
    assert rows[1][1] == "'=East <b>"
    for row in rows[1:]:
        row[5:] = ["disable" if row[0].startswith("old") else "keep", "left"]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert send(desk, at, out.getvalue()).status_code == 302
    assert states(station)["west"] == "keep"
    form = {"seen": hidden(desk.get(at), "seen"), "once": "d1", "reason": "清理"}
    asked = desk.post(f"{at}/disable", data=form).location
    assert desk.post(f"{at}/disable", data=form).location == asked
    assert disabled(station) == 0
    approve(bob, asked, typed="11")
    assert disabled(station) == 11
    assert states(station)["old10"] == "disabled"
    page = desk.get(at).text
    assert asked in page
    assert 'class="disabled"' in page
    assert {"cleanup_begun", "exported", "cleanup_replied", "user_disabled"} <= set(actions(station))


def test_who_is_used_again_before_the_second_word_stays(station: Station) -> None:
    desk, bob = station.desk("en"), person(station, "bob", "security")
    old(station, 11)
    at = begin(desk).location
    lines = "\n".join(f"old{n:02},停用" for n in range(11))
    send(desk, at, f"账号,核实结果\n{lines}")
    form = {"seen": hidden(desk.get(at), "seen"), "once": "d1", "reason": "清理"}
    asked = desk.post(f"{at}/disable", data=form).location
    with station.writing() as c:
        users.change(c, "old03", last_login_s=db.now_s())
    approve(bob, asked, typed="11")
    assert disabled(station) == 0
    assert states(station)["old03"] == "used"


def test_a_file_with_one_wrong_line_changes_nothing_and_says_which(station: Station) -> None:
    old(station)
    desk = station.desk("en")
    at = begin(desk).location
    reply = send(desk, at, "User name,Reply\nold00,disable\n<b>admin</b>,disable\nold01,perhaps")
    assert reply.status_code == 422
    assert "&lt;b&gt;admin&lt;/b&gt;" in reply.text
    assert '<td class="num">3</td>' in reply.text
    assert '<td class="num">4</td>' in reply.text
    assert set(states(station).values()) == {"waiting"}
    assert send(desk, at, "账号,核实结果\nold00,停用".encode("gb18030")).status_code == 302
    assert states(station)["old00"] == "disable"
    for wrong in (b"\0\1", b"a\tb\n", b"", "账号\nold00".encode()):
        assert send(desk, at, wrong, once="f2").status_code == 422


def test_a_second_press_and_a_second_editor(station: Station) -> None:
    old(station)
    desk = station.desk("en")
    at = begin(desk).location
    seen = hidden(desk.get(at), "seen")
    send(desk, at, "账号,核实结果\nold00,keep")
    send(desk, at, "账号,核实结果\nold00,disable")  # the same token
    assert states(station)["old00"] == "keep"
    stale = send(desk, at, "账号,核实结果\nold00,disable", once="f2", seen=seen)
    assert stale.status_code == 422
    assert "meanwhile" in stale.text
    form = {"names": ["old01"], "reply": "disable", "remark": "typed <u>", "seen": seen, "once": "s1"}
    stale = desk.post(f"{at}/accounts", data=form)
    assert stale.status_code == 422
    assert 'value="typed &lt;u&gt;"' in stale.text
    assert states(station)["old01"] == "waiting"
    fresh = form | {"seen": hidden(desk.get(f"{at}/accounts"), "seen")}
    assert desk.post(f"{at}/accounts", data=fresh).status_code == 302
    assert states(station)["old01"] == "disable"


def test_a_unit_sees_answers_and_disables_its_own_only(station: Station) -> None:
    units = old(station)
    at = begin(station.desk()).location
    only(station, "administrator", units["west"])
    desk = station.desk("en")
    for path in (at, f"{at}/accounts", f"{at}/accounts.csv", "/clean-up"):
        text = desk.get(path).text
        assert "East" not in text
        assert "old00" not in text
    assert ">west<" in desk.get(f"{at}/accounts").text
    assert send(desk, at, "账号,核实结果\nold00,停用").status_code == 422
    assert send(desk, at, "账号,核实结果\nwest,停用", once="f2").status_code == 302
    assert desk.post(f"{at}/close", data={"seen": "x"}).status_code == 404
    form = {"seen": hidden(desk.get(at), "seen"), "once": "d1", "reason": "left"}
    desk.post(f"{at}/disable", data=form)
    assert states(station) == {"old00": "waiting", "old01": "waiting", "old02": "waiting", "west": "disabled"}


def test_a_foreign_campaign_is_not_there(station: Station) -> None:
    units = old(station)
    at = begin(station.desk(), units["east"]).location
    only(station, "administrator", units["west"])
    desk = station.desk()
    for path in (at, f"{at}/accounts", f"{at}/accounts.csv"):
        assert desk.get(path).status_code == 404
    for path in ("file", "accounts", "disable", "close"):
        assert desk.post(f"{at}/{path}", data={"seen": "0-0"}).status_code == 404
    assert at not in desk.get("/clean-up").text
    assert begin(desk, units["east"], once="c2").status_code == 422
    only(station, "viewer")
    assert desk.get("/clean-up").status_code == 403


@pytest.mark.parametrize(("field", "value"), [("days", "x"), ("until", "2020-01-01"), ("unit", "")])
def test_what_was_typed_stays_after_a_refusal(station: Station, field: str, value: str) -> None:
    old(station)
    reply = begin(station.desk("en"), **{field: value})
    assert reply.status_code == 422
    assert 'value="核实 &lt;i&gt;"' in reply.text


def test_the_end_of_a_campaign_takes_no_more_and_stays_in_the_history(station: Station) -> None:
    old(station)
    desk = station.desk("en")
    at = begin(desk).location
    assert "核实 &lt;i&gt;" in desk.get(at).text
    assert desk.post(f"{at}/close", data={"seen": hidden(desk.get(at), "seen")}).status_code == 302
    page = desk.get(at).text
    assert "/file" not in page
    assert "Ended" in desk.get("/clean-up").text
    assert set(states(station).values()) == {"waiting"}
    assert desk.post(f"{at}/disable", data={"seen": "0-0", "reason": "x"}).status_code == 422
    assert begin(desk, once="c2").status_code == 302


def test_what_waits_stands_on_the_home_page(station: Station) -> None:
    old(station)
    desk = station.desk("en")
    begin(desk)
    assert "Accounts to verify" in desk.get("/").text
