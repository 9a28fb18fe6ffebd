"""Who gets in, who does not, and when the door closes by itself."""

import time
from pathlib import Path
from typing import Any

import pytest

from station import access
from station.errors import FieldError
from station.store import audit, db
from station.web import create_app, people
from tests.browser.seed import PASSWORD
from tests.unit.web.conftest import DEVICE, Station


def log_in(client: Any, password: str = PASSWORD, query: str = "") -> Any:
    return client.post("/login" + query, data={"name": "admin", "password": password})


def test_a_stranger_is_sent_to_the_login_and_back_to_where_he_was_going(station: Station) -> None:
    client = station.client()
    reply = client.get(f"/terminals/{DEVICE}?day=2026-11-01")
    assert reply.status_code == 302
    assert reply.location.startswith("/login?next=")
    reply = client.post(reply.location, data={"name": "admin", "password": PASSWORD})
    assert reply.location == f"/terminals/{DEVICE}?day=2026-11-01"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nX: y", ""]
)
def test_the_way_back_never_leaves_the_site(station: Station, target: str) -> None:
    reply = station.client().post(
        "/login", query_string={"next": target}, data={"name": "admin", "password": PASSWORD}
    )
    assert reply.location == "/"


@pytest.mark.parametrize(
    ("language", "words"), [("zh_CN", "用户名或密码错误"), ("en", "Name or password is wrong")]
)
def test_a_wrong_password_says_so_and_keeps_the_name(station: Station, language: str, words: str) -> None:
    reply = log_in(station.client(language), "wrong")
    assert reply.status_code == 403
    assert words in reply.text
    assert 'value="admin"' in reply.text
    assert "wrong" not in reply.text.replace("is wrong", "")


def test_five_failures_lock_even_the_right_password_out(station: Station) -> None:
    client = station.client("en")
    for _ in range(5):
        last = log_in(client, "wrong")
    assert "Locked after too many failures" in last.text
    assert "Locked" in log_in(client).text
    with station.writing() as c:
        assert "login_locked" in {row["action"] for row in audit.recent(c)}


def test_an_address_that_tries_too_often_is_slowed_down(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        access, "login", lambda *_: FieldError("", "login_failed")
    )  # spare 20 password hashes
    client = station.client("en")
    replies = [client.post("/login", data={"name": f"n{n}", "password": "x"}).status_code for n in range(21)]
    assert replies[:20] == [403] * 20
    assert replies[20] == 429


def test_a_one_time_password_must_be_changed_first(tmp_path: Path) -> None:
    engine = db.engine(tmp_path)
    with db.writing(engine) as c:
        once = access.first_admin(c)
    engine.dispose()
    assert once
    app = create_app(tmp_path, TESTING=True, WTF_CSRF_ENABLED=False)
    client = app.test_client()
    log_in(client, once)
    assert client.get("/").location == "/password"
    assert client.get("/api/panels/overview").json["error"]["key"] == "password_first"
    bad = client.post("/password", data={"old": once, "password": "short", "again": "short"})
    assert bad.status_code == 422
    assert "至少 12 个字符" in bad.text
    assert "不一致" in client.post("/password", data={"old": once, "password": PASSWORD, "again": "x"}).text
    assert (
        client.post("/password", data={"old": once, "password": PASSWORD, "again": PASSWORD}).location == "/"
    )
    assert client.get("/").status_code == 200
    app.extensions["store"].dispose()


def test_a_changed_password_ends_the_other_sessions(station: Station) -> None:
    here, elsewhere = station.desk(), station.desk()
    new = "Another-long-2027"
    assert here.post("/password", data={"old": PASSWORD, "password": new, "again": new}).location == "/"
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_a_left_desk_is_closed_and_background_requests_do_not_keep_it_open(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, begin = station.desk("en"), time.time()
    monkeypatch.setattr(people.time, "time", lambda: begin + 14 * 60)
    assert desk.get("/api/panels/overview").status_code == 200
    monkeypatch.setattr(people.time, "time", lambda: begin + 16 * 60)
    assert desk.get("/api/panels/overview").status_code == 401
    assert "logged out after 15 minutes" in desk.get("/", follow_redirects=True).text


def test_signs_of_life_keep_it_open(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, begin = station.desk(), time.time()
    monkeypatch.setattr(people.time, "time", lambda: begin + 14 * 60)
    assert desk.post("/alive").status_code == 204
    monkeypatch.setattr(people.time, "time", lambda: begin + 28 * 60)
    assert desk.get("/").status_code == 200


def test_a_logged_out_cookie_is_worth_nothing(station: Station) -> None:
    desk = station.desk()
    kept = desk.get_cookie("loadkeeper")
    assert kept is not None
    desk.post("/logout")
    thief = station.client()
    thief.set_cookie("loadkeeper", kept.value)
    assert thief.get("/").status_code == 302


def test_the_session_cookie_is_closed_to_scripts_and_secure_over_tls(station: Station) -> None:
    for base, secure in (("http://localhost", False), ("https://localhost", True)):
        reply = station.client().post("/login", base_url=base, data={"name": "admin", "password": PASSWORD})
        cookie = next(c for c in reply.headers.getlist("Set-Cookie") if c.startswith("loadkeeper="))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == secure


def test_every_writing_request_needs_the_csrf_token(make: Any) -> None:
    station: Station = make(WTF_CSRF_ENABLED=True)
    client = station.client("en")
    for path in ("/login", "/preferences", "/logout", f"/terminals/{DEVICE}/commands/new/trip"):
        reply = client.post(path, data={"name": "admin", "password": PASSWORD})
        assert reply.status_code == 400, path
        assert "Nothing was changed" in reply.text
