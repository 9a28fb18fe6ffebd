"""Every page in both languages: served, translated, and free of what the content security policy forbids."""

import re

import pytest

from station.web.drafts import KINDS
from station.web.forms import AREA
from tests.unit.web.conftest import DEVICE, Station

PAGES = [
    "/",
    "/?queue=alarm",
    "/?queue=gaps&q=nothing",
    "/?page=9999&q=%FF&queue=zz",
    "/station",
    "/station/jobs",
    "/password",
    f"/terminals/{DEVICE}",
    f"/terminals/{DEVICE}?day=2026-11-01",
    f"/terminals/{DEVICE}?day=",
    "/terminals/NEW-07",
    "/terminals/HX-TEXTILE-04",
    "/terminals/BS-CEMENT-03",
    "/terminals/XC-COLD-05",
    "/terminals/LJ-STEEL-06",
    "/terminals/LJ-STEEL-06/commands/1",
    "/terminals/LJ-STEEL-06/profiles",
    f"/terminals/{DEVICE}/profiles",
    f"/terminals/{DEVICE}/events",
    f"/terminals/{DEVICE}/events?before=3",
    *(f"/terminals/{DEVICE}/commands/new/{kind}" for kind in KINDS if kind not in AREA),
    *(f"/terminals/{DEVICE}/commands/{number}" for number in (1, 2, 3)),
]
UNTRANSLATED = re.compile(
    r">[^<>]*\b(event|field|reason|control|phase|acts|state|state_help|command|command_help|warning|queue|alarm|round_state|"
    r"energy|gap|stream|quality|frame|refused|audit|error|http|param|push|push_why|profile_op)\.[a-z_]+[^<>]*<"
)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_page_is_served_translated_and_clean(station: Station, language: str) -> None:
    desk = station.desk(language)
    for path in PAGES:
        reply = desk.get(path)
        assert reply.status_code == 200, path
        assert not UNTRANSLATED.search(reply.text), (path, UNTRANSLATED.search(reply.text))
        assert not re.search(r"<script(?![^>]*(src=|application/json))", reply.text), path
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", reply.text), path
        assert not re.search(r"(src|href|action)=\"(https?:)?//", reply.text), path
        assert ("总览" in reply.text) == (language == "zh_CN"), path
        ids = re.findall(r'\sid="([^"]+)"', reply.text)
        assert len(ids) == len(set(ids)), (path, [i for i in ids if ids.count(i) > 1])


def test_every_answer_carries_the_security_headers(station: Station) -> None:
    for path in ("/login", "/healthz", "/static/js/app.js", "/nothing"):
        with station.client().get(path) as reply:
            headers = reply.headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert station.client().get("/login").headers["Cache-Control"] == "no-store"


def test_language_follows_the_cookie_then_the_browser_then_chinese(station: Station) -> None:
    client = station.app.test_client()
    assert 'lang="zh-CN"' in client.get("/login").text
    assert 'lang="en"' in client.get("/login", headers={"Accept-Language": "en-GB,en"}).text
    assert 'lang="zh-CN"' in client.get("/login", headers={"Accept-Language": "fr"}).text
    client.post("/preferences", data={"lang": "en", "theme": "dark", "next": "/login"})
    page = client.get("/login", headers={"Accept-Language": "zh"}).text
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page
    client.post("/preferences", data={"lang": "xx", "theme": '"><b>'})
    assert 'lang="en"' in client.get("/login").text


def test_unknown_things_are_a_page_in_words(station: Station) -> None:
    desk = station.desk()
    for path in (
        "/nothing",
        "/terminals/NONE",
        f"/terminals/{DEVICE}/commands/99",
        f"/terminals/{DEVICE}/commands/new/explode",
    ):
        reply = desk.get(path)
        assert reply.status_code == 404
        assert "没有这个页面或终端" in reply.text


def test_scripts_get_errors_as_json_in_both_languages(station: Station) -> None:
    reply = station.desk().get("/api/devices/NONE/curve")
    assert reply.status_code == 404
    assert set(reply.json["error"]["message"]) == {"zh_CN", "en"}
    assert reply.json["error"]["message"]["en"] == "There is no such terminal."
    assert station.client().get("/api/devices/NONE/curve").status_code == 401
    assert station.desk().get("/api/panels/nonsense").json["error"]["key"] == "not_found"


def test_queues_search_and_pages_are_the_address(station: Station) -> None:
    desk = station.desk("en")
    assert "DF-FOUNDRY-01" in desk.get("/?queue=alarm").text
    assert "CB-WATER-02" not in desk.get("/?queue=alarm").text
    assert "HX-TEXTILE-04" in desk.get("/?queue=unknown").text
    assert "BS-CEMENT-03" in desk.get("/?queue=gaps").text
    assert "LJ-STEEL-06" in desk.get("/?q=steel").text
    assert "No terminal fits" in desk.get("/?q=nowhere").text


def test_health_is_open_and_says_little(station: Station) -> None:
    assert station.client().get("/healthz").json == {"ok": True, "devices": 7}
