"""The page of tokens: one is shown once, nobody sees those of strangers."""

import re

from station.access import accounts, tokens
from station.settings import Settings
from station.store import db, org, webhooks
from station.store import tokens as store
from station.store.scope import ROOT
from station.store.tokens_schema import tokens as tokens_table
from station.webhooks import life
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only

NEW = {"name": "SCADA <b>", "functions": ["view", "control"], "unit": ROOT, "days": 30}


def test_a_token_is_shown_once_and_works(station: Station) -> None:
    desk = station.desk("en")
    text = re.search(r"lk\d+_[\w-]{43}", desk.post("/tokens", data=NEW).text)[0]
    with db.reading(station.engine) as c:
        assert tokens.bearer(c, text, db.now_s()).rights.keys() == {"view", "control"}
    again = desk.get("/tokens").text
    assert text not in again
    assert "SCADA &lt;b&gt;" in again


def test_what_was_typed_stays_when_it_is_refused(station: Station) -> None:
    reply = station.desk("en").post("/tokens", data=NEW | {"days": "400"})
    assert reply.status_code == 422
    assert "1 to 366" in reply.text
    assert "SCADA &lt;b&gt;" in reply.text
    assert re.search(r'value="control" checked', reply.text)


def test_it_is_ended_on_the_page_but_not_by_a_stranger(station: Station) -> None:
    station.desk().post("/tokens", data=NEW)
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
        accounts.add(c, accounts.shell("t"), "ling", ROOT)
        org.grant(c, "ling", "chief", ROOT, "t", from_s=0)
        _number, text = tokens.make(c, "ling", "hers", ["view"], ROOT, 1)
    only(station, "administrator", low)  # ling stands above it
    desk = station.desk("en")
    assert "hers" not in desk.get("/tokens").text
    for number in (1, 2):
        desk.post(f"/tokens/{number}/revoke")
    with db.reading(station.engine) as c:
        assert store.get(c, 1)["revoked_s"] is not None
        assert tokens.bearer(c, text, db.now_s())


def test_who_neither_makes_nor_keeps_sees_no_page(station: Station) -> None:
    only(station, "viewer")
    desk = station.desk()
    assert {desk.get("/tokens").status_code, desk.post("/tokens/1/revoke").status_code} == {403}
    only(station, "administrator")
    assert desk.get("/tokens").status_code == 200
    assert desk.post("/tokens", data=NEW).status_code == 403


def test_webhooks_stand_there_and_are_stopped_but_not_by_a_stranger(station: Station) -> None:
    station.desk().post("/tokens", data=NEW)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with station.writing() as c:
        settings = Settings.load(station.home)
        life.make(c, settings, "admin", 1, "http://10.0.0.9/<hook>", "events", secret)
        webhooks.change(c, 1, failing_s=1, error="HTTP 500", failures=3)
    page = station.desk("en").get("/tokens").text
    assert "http://10.0.0.9/&lt;hook&gt;" in page
    assert "HTTP 500" in page
    assert secret not in page
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
        accounts.add(c, accounts.shell("t"), "ling", ROOT)
        c.execute(tokens_table.update().values(user="ling"))
    only(station, "administrator", low)
    assert station.desk().post("/tokens/webhooks/1/stop").status_code == 404
    with station.writing() as c:
        c.execute(tokens_table.update().values(user="admin"))
    assert station.desk().post("/tokens/webhooks/1/stop").status_code == 302
    with db.reading(station.engine) as c:
        assert webhooks.get(c, 1)["stopped_s"] is not None
