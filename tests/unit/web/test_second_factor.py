"""The second factor as its owner meets it: on, at the log-in, at a decision, off."""

import re
import time

from flask.testing import FlaskClient

from station.store import db, factors
from station.web import people
from tests.browser.seed import PASSWORD
from tests.unit.station_access.test_second_factor import KEY
from tests.unit.station_access.test_second_factor import code as code_of
from tests.unit.web.conftest import Station


def now_code(step: int = 0) -> str:
    return code_of(int(time.time()) + 30 * step)


def turn_on(station: Station, desk: FlaskClient) -> list[str]:
    page = desk.post("/factor", data={"secret": KEY, "code": now_code(-1)}).text
    return re.findall(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>", page)


def test_it_is_turned_on_with_a_picture_and_ten_codes(station: Station) -> None:
    desk = station.desk("en")
    page = desk.get("/factor").text
    assert 'class="qrline"' in page
    secret = re.search(r'name="secret" value="([A-Z2-7]{32})"', page)
    assert secret
    refused = desk.post("/factor", data={"secret": secret[1], "code": "000000"})
    assert refused.status_code == 422
    assert secret[1] in refused.text, "the picture that was read stays"
    assert len(turn_on(station, desk)) == 10
    held = desk.get("/factor").text
    assert "It is on" in held
    assert KEY not in held
    again = desk.post("/factor", data={"secret": KEY, "code": now_code()})
    assert "turn it off first" in again.text


def test_the_log_in_asks_for_the_code_and_keeps_the_way(station: Station) -> None:
    codes = turn_on(station, station.desk("en"))
    client = station.client("en")
    answer = client.post("/login?next=/station", data={"name": "admin", "password": PASSWORD})
    assert answer.location == "/login/code?next=/station"
    assert client.get("/").status_code == 302, "the password alone opens nothing"
    assert client.get("/login/code").status_code == 200
    assert client.post("/login/code", data={"code": "12"}).status_code == 403
    answer = client.post("/login/code?next=/station", data={"code": now_code()})
    assert answer.location == "/station"
    assert client.get("/station").status_code == 200
    other = station.client("en")
    other.post("/login", data={"name": "admin", "password": PASSWORD})
    assert other.post("/login/code", data={"code": now_code()}).status_code == 403, "a code is taken once"
    assert other.post("/login/code", data={"code": codes[0]}).status_code == 302


def test_halfway_does_not_last(station: Station) -> None:
    turn_on(station, station.desk("en"))
    client = station.client("en")
    assert client.get("/login/code").location == "/login"
    client.post("/login", data={"name": "admin", "password": PASSWORD})
    with client.session_transaction() as session:
        session["half"] = [*session["half"][:2], time.time() - people.HALF_S - 1]
    assert client.post("/login/code", data={"code": now_code()}).location == "/login"
    assert client.get("/station").status_code == 302


def test_it_is_turned_off_by_password_and_code_only(station: Station) -> None:
    desk = station.desk("en")
    codes = turn_on(station, desk)
    assert desk.post("/factor/off", data={"password": PASSWORD, "code": "1"}).status_code == 422
    assert desk.post("/factor/off", data={"password": "wrong", "code": codes[1]}).status_code == 422
    fresh = desk.post("/factor/codes", data={"password": PASSWORD, "code": codes[2]}).text
    assert codes[3] not in fresh
    assert desk.post("/factor/off", data={"password": PASSWORD, "code": now_code()}).status_code == 302
    with db.reading(station.engine) as c:
        assert factors.get(c, "admin") is None


def test_a_stranger_has_no_page(station: Station) -> None:
    for path in ("/factor", "/factor/off"):
        assert station.client().post(path, data={}).status_code in (302, 401)
    assert station.client().get("/factor").status_code == 302
