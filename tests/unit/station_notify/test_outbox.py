"""An alarm reaches a mail server, a webhook and an SMS gateway; told once, and tried until it arrives."""

import hashlib
import hmac
import json
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.errors import Invalid
from station.notify import channels, outbox, people, words
from station.seal import CHANNELS, seal, unseal
from station.store import db
from station.store import notify as store
from tests.unit.station_alarms.conftest import AT

KEY = "a-key-of-sixteen-or-more"


def said(language, space, name):
    return f"{language}.{space}.{name}"


@pytest.fixture
def step(engine, settings, house):
    """Let devices tell things, then let the station work; returns how many notices were sent."""

    def run(*told, at=AT):
        with db.writing(engine) as c:
            house.c = c
            house.all_seen(at)
            for device, name in told:
                house.tell(device, name, at)
            house.work(at)
        return outbox.work(engine, settings, at, said)

    return run


def rows(engine):
    with db.reading(engine) as c:
        return store.page(c, 99)


def test_a_mail_arrives_once(step, channel, mail, engine):
    channel(
        "email", "dan@example.org", host="127.0.0.1", port=mail.port, tls="none", **{"from": "lk@example.org"}
    )
    assert step(("E01", "meter_cover_open")) == 1
    assert step(("E01", "meter_cover_open"), at=AT + 60) == 0  # repeated, told before
    ((to, text),) = mail.got
    assert to == ["dan@example.org"]
    assert "en.kind.meter_cover_open" in text
    assert [row["state"] for row in rows(engine)] == ["sent"]


def test_a_webhook_is_signed(step, channel, web):
    channel("webhook", url=web.url + "/in", secret=KEY)
    assert step(("E01", "meter_cover_open")) == 1
    (got,) = web.got
    mark = dict(part.split("=") for part in got.heads[channels.SIGNATURE].split(","))
    wanted = hmac.new(KEY.encode(), f"{mark['t']}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert mark["v1"] == wanted
    assert json.loads(got.body)["delivery"] == int(got.heads[channels.DELIVERY])


def test_an_sms_gateway_is_asked_by_form(step, channel, web):
    channel("sms", "+8613900000000", url=web.url, to_field="to", text_field="text", secret="token")
    assert step(("E01", "meter_cover_open")) == 1
    assert parse_qs(web.got[0].body.decode())["to"] == ["+8613900000000"]
    assert web.got[0].heads["Authorization"] == "Bearer token"


def test_eight_tries_with_longer_waits_then_it_has_failed(step, channel, web, engine):
    channel("webhook", url=web.url, secret=KEY)
    web.status = 500
    step(("E01", "phase_differs"))
    assert step(at=AT + 10) == 0
    assert len(web.got) == 1  # not due yet
    for hour in range(1, 12):
        step(at=AT + 3600 * hour)
    (row,) = rows(engine)
    assert (row["state"], row["tries"], row["error"], len(web.got)) == ("failed", 8, "HTTP 500", 8)
    assert len({got.heads[channels.DELIVERY] for got in web.got}) == 1


def test_a_redirect_is_not_followed(step, channel, web):
    channel("webhook", url=web.url, secret=KEY)
    web.status = 302
    assert step(("E01", "meter_cover_open")) == 0
    assert [got.path for got in web.got] == ["/"] or [got.path for got in web.got] == [""]


def test_a_server_that_is_not_there_is_tried_again(step, channel, web, engine):
    web.server.shutdown()
    web.server.server_close()
    channel("webhook", url=web.url, secret=KEY)
    assert step(("E01", "meter_cover_open")) == 0
    assert rows(engine)[0]["state"] == "waiting"


def test_a_storm_is_a_digest(step, channel, web, engine):
    channel("webhook", url=web.url, secret=KEY, per_hour=3)
    assert step(*((f"E{n:02}", "meter_cover_open") for n in range(10))) == 1
    assert json.loads(web.got[0].body)["subject"] == "10 alarms"
    assert json.loads(web.got[0].body)["body"].count("meter_cover_open") == 10
    assert sorted(row["state"] for row in rows(engine)) == ["merged"] * 10 + ["sent"]


def test_what_one_may_not_see_one_is_not_told(step, channel, web):
    channel("webhook", url=web.url, secret=KEY, who="vic")  # who sees the west only
    assert step(("E01", "meter_cover_open"), ("W1", "meter_cover_open")) == 1
    assert "W1" in web.got[0].body.decode()


def test_wishes_narrow_what_is_told(step, channel, web):
    channel("webhook", url=web.url, secret=KEY, wish={"severity": 1, "kinds": ["meter_cover_open"]})
    assert step(("E01", "terminal_fault"), ("E01", "output_mismatch"), ("E01", "meter_cover_open")) == 1


def test_only_what_escalates(step, channel, web, engine, house):
    channel("webhook", url=web.url, secret=KEY, wish={"escalated_only": True})
    assert step(("E01", "meter_cover_open")) == 0
    with db.writing(engine) as c:
        house.c = c
        house.all_seen(AT + 16 * 60)
    assert step(at=AT + 16 * 60) == 1
    assert "escalated" in web.got[0].body.decode()


def test_opted_out_is_told_nothing(step, channel, web, engine):
    channel("webhook", url=web.url, secret=KEY)
    with db.writing(engine) as c:
        people.switch(c, "dan", 1, 1, False)
        with pytest.raises(Invalid):
            people.switch(c, "eve", 1, 2, True)  # not hers
    assert step(("E01", "meter_cover_open")) == 0


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 10**9))
def test_quiet_hours_end_and_do_not_begin_anew(begin, end, t_s):
    wish = {"quiet_from_min": begin, "quiet_until_min": end}
    wait_s = outbox.quiet_s(wish, t_s, 28_800)
    assert 0 <= wait_s <= 86_400
    assert outbox.quiet_s(wish, t_s + wait_s, 28_800) == 0
    assert (begin == end) <= (wait_s == 0)


@given(st.text(max_size=200))
def test_any_template_is_checked_and_filled(text):
    facts: dict[str, str] = {name: "{alarm}" for name in words.PLACEHOLDERS}
    try:
        words.check(text, "x")
    except Invalid:
        return
    words.fill(text, facts)
    assert "\n" not in words.one_line(text)


def test_a_placeholder_that_is_none_is_refused(refused):
    assert refused(words.check, "{alarm} {password}", "x") == ["bad_template"]
    assert words.fill("{name} {x}", {"name": "{x}", "x": "no"}) == "{x} no"


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "file:///etc/passwd", "http://", "http://a b/", "http://x:99999/"]
)
def test_what_is_no_url_is_refused(url):
    assert [e.key for e in channels.check("webhook", {"url": url}, KEY, False)] == ["bad_url"]


@given(st.text(max_size=80))
def test_any_url_is_judged(url):
    channels.check("webhook", {"url": url}, KEY, False)


def test_a_secret_is_sealed_and_kept_when_left_empty(channel, web, engine, settings, refused):
    number = channel("webhook", url=web.url, secret=KEY)
    with db.writing(engine) as c:
        row = store.channel(c, number)
        assert KEY.encode() not in row["secret"]
        wanted = {"name": "hook", "url": web.url, "per_hour": 9, "on": True, "secret": ""}
        people.change_channel(c, "admin", settings, number, 1, wanted)
        assert unseal(settings, CHANNELS, store.channel(c, number)["secret"]) == KEY
        asked = (people.change_channel, c, "admin", settings, number)
        assert refused(*asked, 1, wanted) == ["changed_meanwhile"]
        assert refused(*asked, 2, wanted | {"secret": "short"}) == ["secret_short"]
    assert unseal(settings, CHANNELS, bytes(len(seal(settings, CHANNELS, "a")))) == ""


def test_a_test_notice_goes_out_once(channel, web, engine, settings):
    number = channel("webhook", url=web.url, secret=KEY)
    with db.writing(engine) as c:
        for _press in range(2):
            people.test(c, "admin", number, "", "en", "t1")
    assert outbox.work(engine, settings, db.now_s(), said) == 1
    assert "test notice" in web.got[0].body.decode()
