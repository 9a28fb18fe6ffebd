"""Pages of the policy and of one's sessions; what the policy does to who is at the desk."""

import base64
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from station.access import factor, policy
from station.store import db, org, web_sessions
from station.store.scope import ROOT
from station.web import people
from tests.browser.seed import PASSWORD
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import person
from tests.unit.web.test_rights import only

CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/109.0 Safari/537.36"


def log_in(client: Any, **headers: str) -> Any:
    return client.post("/login", data={"name": "admin", "password": PASSWORD}, headers=headers)


def form(station: Station, **facts: Any) -> dict[str, Any]:
    with db.reading(station.engine) as c:
        held = policy.policy(c)
    sent = (
        held._asdict()
        | {"factor": [*held.factor], "version": policy.version(held), "reason": "as agreed"}
        | facts
    )
    return {name: value for name, value in sent.items() if name != "single" or value}


def demand(station: Station, **facts: Any) -> None:
    with station.writing() as c:
        held = policy.policy(c)
        policy.change(c, "admin", held._asdict() | facts, policy.version(held), "test")


def test_the_policy_is_changed_with_a_reason(station: Station) -> None:
    desk = station.desk("en")
    assert "Passwords and sessions" in desk.get("/policy").text
    assert desk.post("/policy", data=form(station, reason="")).status_code == 422
    sent = form(station, idle_min="30", single="1", factor=[])
    assert desk.post("/policy", data=sent).location == "/policy"
    with db.reading(station.engine) as c:
        assert (policy.policy(c).idle_min, policy.policy(c).single) == (30, 1)
    assert "checked" in desk.get("/policy").text.split('name="single"')[1][:30]
    late = desk.post("/policy", data=sent | {"idle_min": "20"})
    assert late.status_code == 422
    assert 'value="20"' in late.text
    assert desk.post("/policy", data=form(station, idle_min="4")).status_code == 422


def test_who_keeps_only_a_part_of_the_house_does_not_change_it(station: Station) -> None:
    with station.writing() as c:
        part = org.add_unit(c, ROOT, "city", "PART", "分局")
    only(station, "security", part)
    desk = station.desk("en")
    assert 'name="reason"' not in desk.get("/policy").text
    assert desk.post("/policy", data=form(station)).status_code == 403
    only(station, "viewer")
    assert station.desk().get("/policy").status_code == 403


def test_the_idle_end_follows_the_policy_and_says_so(station: Station, monkeypatch: Any) -> None:
    demand(station, idle_min=5)
    desk, begin = station.desk("en"), time.time()
    monkeypatch.setattr(people.time, "time", lambda: begin + 6 * 60)
    assert "logged out after 5 minutes" in desk.get("/", follow_redirects=True).text


def test_a_session_ends_by_age_though_it_is_used(station: Station, monkeypatch: Any) -> None:
    demand(station, longest_h=1, idle_min=120)
    desk, begin = station.desk("en"), time.time()
    monkeypatch.setattr(people.time, "time", lambda: begin + 3599)
    assert desk.get("/").status_code == 200
    monkeypatch.setattr(people.time, "time", lambda: begin + 3700)
    assert "a session lasts 1 hours at most" in desk.get("/", follow_redirects=True).text


def test_who_shortens_sessions_stays_at_his_desk(station: Station, monkeypatch: Any) -> None:
    demand(station, idle_min=120)
    desk, begin = station.desk("en"), time.time()
    monkeypatch.setattr(people.time, "time", lambda: begin + 7000)
    assert desk.post("/policy", data=form(station, longest_h="1")).location == "/policy"
    assert "The policy is changed" in desk.get("/policy").text


def test_a_code_is_not_used_up_by_a_password_that_is_too_short(station: Station) -> None:
    with station.writing() as c:
        held, at = factor.offered(), db.now_s()
        factor.turn_on(c, station.app.extensions["settings"], "admin", held, code(held, at - 30), at)
    desk, sent = station.desk("en"), {"old": PASSWORD, "code": code(held, at)}
    assert desk.post("/password", data=sent | {"password": "short", "again": "short"}).status_code == 422
    new = {"password": "Another-horse-27", "again": "Another-horse-27"}
    assert desk.post("/password", data=sent | new).location == "/"


def test_a_new_log_in_ends_the_old_one_where_one_is_allowed(station: Station) -> None:
    demand(station, single=1)
    old, new = station.client("en"), station.client()
    log_in(old)
    log_in(new)
    assert new.get("/").status_code == 200
    assert "you logged in elsewhere" in old.get("/", follow_redirects=True).text


def test_signs_of_life_are_written_once_a_minute(station: Station, monkeypatch: Any) -> None:
    desk, begin = station.desk(), time.time()
    written: list[int] = []
    monkeypatch.setattr(people.web_sessions, "seen", lambda *_args: written.append(1))
    for later in (0, 10, 50, 61, 70, 130):
        monkeypatch.setattr(people.time, "time", lambda at=begin + later: at)
        desk.get("/help-desk")
    assert len(written) == 3


def test_ones_sessions_are_seen_and_ended(station: Station) -> None:
    here, there = station.client("en"), station.client("en")
    log_in(here)
    log_in(there, **{"User-Agent": CHROME})
    page = here.get("/sessions").text
    assert "Chrome, Windows" in page
    assert page.count("this one") == 1
    assert here.post("/sessions/others/end").location == "/sessions"
    assert "this session was ended" in there.get("/", follow_redirects=True).text
    assert here.get("/").status_code == 200


def test_one_is_ended_by_its_number_and_never_anothers(station: Station) -> None:
    here, there = station.client("en"), station.client("en")
    log_in(there)
    log_in(here)
    with db.reading(station.engine) as c:
        rows = web_sessions.of(c, "admin", 9)
    number = min(row["id"] for row in rows if row["ended_s"] is None)
    assert person(station, "li.hua", "chief").post(f"/sessions/{number}/end").status_code == 404
    assert here.post(f"/sessions/{number}/end").status_code == 302
    assert here.post(f"/sessions/{number}/end").status_code == 404
    assert there.get("/").status_code == 302


def test_an_ended_session_stays_ended_over_a_restart(station: Station) -> None:
    client = station.client()
    log_in(client)
    cookie = client.get_cookie("loadkeeper")
    assert cookie
    client.post("/logout")
    again = Station(station.home)
    thief = again.client()
    thief.set_cookie("loadkeeper", cookie.value)
    assert thief.get("/").status_code == 302
    again.engine.dispose()
    again.app.extensions["store"].dispose()


def test_a_function_that_needs_a_factor_sends_to_the_page_that_turns_it_on(station: Station) -> None:
    demand(station, factor=["control"])
    desk = station.desk("en")
    assert desk.get("/").location == "/factor"
    assert desk.get(f"/terminals/{DEVICE}").location == "/factor"
    assert desk.get("/api/panels/overview").json["error"]["key"] == "factor_first"
    assert "needs a second factor" in desk.get("/factor").text
    assert desk.post("/preferences", data={"lang": "en"}).status_code == 302
    with station.writing() as c:
        held, at = factor.offered(), db.now_s()
        factor.turn_on(c, station.app.extensions["settings"], "admin", held, code(held, at), at)
    assert desk.get("/").status_code == 200


def test_who_has_no_such_function_needs_none(station: Station) -> None:
    demand(station, factor=["control"])
    only(station, "viewer")
    assert station.desk().get("/").status_code == 200


def code(secret: str, at: int) -> str:
    return HOTP(base64.b32decode(secret), 6, SHA1()).generate(at // 30).decode()


def test_a_wrong_old_password_counts_as_a_failure(station: Station) -> None:
    desk = station.desk("en")
    sent = {"old": "wrong", "password": "Another-horse-27", "again": "Another-horse-27"}
    for _ in range(policy.DEFAULT.failures):
        reply = desk.post("/password", data=sent)
    assert "Locked" in reply.text
    assert "Locked" in desk.post("/password", data=sent | {"old": PASSWORD}).text


def test_the_new_password_wants_the_code_of_who_has_a_factor(station: Station) -> None:
    with station.writing() as c:
        held, at = factor.offered(), db.now_s()
        factor.turn_on(c, station.app.extensions["settings"], "admin", held, code(held, at - 30), at)
    desk = station.desk("en")
    assert 'name="code"' in desk.get("/password").text
    sent = {"old": PASSWORD, "password": "Another-horse-27", "again": "Another-horse-27"}
    assert desk.post("/password", data=sent | {"code": "000000"}).status_code == 422
    assert desk.post("/password", data=sent | {"code": code(held, at)}).location == "/"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox, Linux"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_people_name_it(agent: str, words: str) -> None:
    assert people.browser(agent) == words
