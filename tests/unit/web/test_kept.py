"""A form whose session ended: kept, given back to its person alone, never sent by itself."""

import re
import time
from typing import Any

import pytest

from station.access.policy import DEFAULT
from station.store import audit, commands, db, kept_forms, users
from station.web import kept, people
from tests.browser.seed import PASSWORD
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import person

FORM = f"/terminals/{DEVICE}/commands/new/trip"
TYPED = {"rounds": "1", "alarm_min": "7", "note": "等候 <b>", "password": "Very-secret-1", "code": "123456"}
HOST = "http://localhost"
IDLE_S = DEFAULT.idle_min * 60


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The desk is left for longer than a session lasts."""
    begin = time.time()

    def passed(seconds: float = IDLE_S + 60) -> None:
        monkeypatch.setattr(people.time, "time", lambda: begin + seconds)

    return passed


def send(client: Any, path: str = FORM, typed: Any = None, **headers: str) -> Any:
    return client.post(
        path,
        data=TYPED if typed is None else typed,
        headers={"Origin": HOST, "Referer": HOST + FORM} | headers,
    )


def log_in(client: Any, way: str = "/login") -> Any:
    return client.post(way, data={"name": "admin", "password": PASSWORD})


def kept_of(station: Station, name: str = "admin") -> list[dict[str, Any]]:
    with db.reading(station.engine) as c:
        return kept_forms.of(c, name, 0)


def test_a_form_after_the_idle_end_comes_back_unsent(station: Station, leave: Any) -> None:
    desk = station.desk("en")
    leave()
    with db.reading(station.engine) as c:
        before = len(commands.recent(c, DEVICE, 1000)), len(audit.recent(c))
    reply = send(desk)
    assert "What you typed was not sent, and is kept" in desk.get(reply.location).text
    assert log_in(desk, reply.location).location == FORM
    page = desk.get(FORM).text
    assert f'data-kept-for="{FORM}"' in page
    assert "[&#34;alarm_min&#34;, &#34;7&#34;]" in page
    assert "Passwords and files are to be given anew" in page
    assert "Very-secret" not in page + desk.get("/unsent").text
    assert "123456" not in page
    with db.reading(station.engine) as c:
        assert (len(commands.recent(c, DEVICE, 1000)), len(audit.recent(c)) - 1) == before


def test_other_pages_name_the_way_back(station: Station, leave: Any) -> None:
    desk = station.desk("en")
    leave()
    log_in(desk, send(desk).location)
    assert f'<a href="{FORM}">Back to it</a>' in desk.get("/approvals").text
    assert "data-kept-for" not in desk.get("/approvals").text


def test_the_list_escapes_what_was_typed_and_throws_it_away(station: Station, leave: Any) -> None:
    desk = station.desk()
    leave()
    log_in(desk, send(desk).location)
    page = desk.get("/unsent").text
    assert "等候 &lt;b&gt;" in page
    assert desk.post(f"/unsent/{kept_of(station)[0]['id']}/away").status_code == 302
    assert kept_of(station) == []
    assert "未提交" not in desk.get(FORM).text


def test_another_person_never_gets_it(station: Station, leave: Any) -> None:
    desk = station.desk()
    leave()
    send(desk)
    number = kept_of(station)[0]["id"]
    other = person(station, "li.hua", "chief")
    assert "等候" not in other.get("/unsent").text
    assert other.post(f"/unsent/{number}/away").status_code == 404
    assert kept_of(station)


def test_what_is_sent_after_all_is_not_kept_any_more(station: Station, leave: Any) -> None:
    desk = station.desk()
    leave()
    ask = "/help-desk"
    log_in(desk, send(desk, ask, {"kind": "", "text": "x"}).location)
    wrong = desk.post(ask, data={"kind": "", "text": "typed last"})
    assert wrong.status_code == 422
    assert "data-kept-for" not in wrong.text
    assert len(kept_of(station)) == 1
    assert desk.post(ask, data={"kind": "computer", "text": "x", "once": "1"}).status_code == 302
    assert kept_of(station) == []


def test_it_goes_after_a_day(station: Station, leave: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = station.desk()
    leave()
    log_in(desk, send(desk).location)
    at = db.now_s()
    monkeypatch.setattr(kept, "now_s", lambda: at + kept.KEEP_S + 1)
    assert "data-kept-for" not in desk.get(FORM).text
    assert "等候" not in desk.get("/unsent").text


def test_a_page_hands_over_what_was_typed_before_it_closes(station: Station, leave: Any) -> None:
    desk = station.desk()
    leave()
    assert send(desk, f"/unsent?for={FORM}").status_code == 204
    assert [row["path"] for row in kept_of(station)] == [FORM]
    assert kept_of(station)[0]["page"] == FORM


@pytest.mark.parametrize(
    "target", ["/login", "/password", "/unsent", "/nowhere", "https://evil.example/", "", "//x/y"]
)
def test_only_forms_of_the_station_are_handed_over(station: Station, leave: Any, target: str) -> None:
    desk = station.desk()
    leave()
    assert send(desk, f"/unsent?for={target}").status_code == 204
    assert kept_of(station) == []


def test_nothing_is_kept_of_nobody_or_from_elsewhere(station: Station, leave: Any) -> None:
    assert send(station.client()).location == "/login"
    desk = station.desk()
    leave()
    assert send(desk, Origin="https://evil.example").location == "/login"
    big = send(desk, typed={"note": "x" * kept.MOST_BYTES})
    assert big.status_code in (302, 413)
    assert kept_of(station) == []


def test_a_stranger_page_is_no_way_back(station: Station, leave: Any) -> None:
    desk = station.desk()
    leave()
    send(desk, Referer="https://evil.example/x")
    assert kept_of(station)[0]["page"] == FORM


def test_who_logs_out_leaves_nothing(station: Station) -> None:
    desk = station.desk()
    desk.post("/logout")
    assert send(desk).location == "/login"
    assert kept_of(station) == []


def test_a_form_of_an_earlier_log_in_comes_back_at_once(make: Any) -> None:
    """The person logged in anew in another tab: the token of the old page is worth nothing."""
    station = make(WTF_CSRF_ENABLED=True)
    desk = station.desk("en")
    token = re.search(r'name="csrf-token" content="([^"]+)"', desk.get("/").text)
    assert token
    with desk.session_transaction() as session:
        session.pop("csrf_token")
    reply = send(desk, typed=TYPED | {"csrf_token": token.group(1)})
    assert (reply.status_code, reply.location) == (303, FORM)
    assert "data-kept-for" in desk.get(FORM).text
    assert send(desk, Origin="https://evil.example").status_code == 400


def test_after_the_idle_end_without_a_token_the_page_can_still_hand_over(make: Any, leave: Any) -> None:
    station = make(WTF_CSRF_ENABLED=True)
    desk = station.desk("en")
    leave()
    assert desk.get("/api/panels/overview").status_code == 401  # a live page asked, and the session is over
    assert send(desk, f"/unsent?for={FORM}").status_code == 204
    assert len(kept_of(station)) == 1
    reply = send(desk)
    assert reply.location.startswith("/login?next=")


def test_a_session_that_a_keeper_ended_keeps_its_form_too(station: Station) -> None:
    desk = station.desk()
    with station.writing() as c:
        users.change(c, "admin", session=99)
    assert send(desk).location.startswith("/login?next=")
    assert len(kept_of(station)) == 1
