"""Addresses that make no sense are refused in words: never a failure, never passed over."""

from datetime import date

import pytest

from station.store import db
from station.store import devices as device_store
from station.web import curve
from station.web.arguments import MOST, past_day, whole
from station.web.errors import Refused
from tests.unit.web.conftest import DEVICE, Station

HUGE = "9" * 26
TOO_LARGE = str(MOST + 1)
BAD_ARGUMENTS = [
    *(f"/events?before={text}" for text in (HUGE, TOO_LARGE, "abc", "-1", "1.5", "٣")),
    *(f"/curve?day={text}" for text in ("junk", "9999-12-31", "1999-12-31", "2026-13-01")),
]
BAD_PAGES = [
    *(f"/events?before={text}" for text in (HUGE, TOO_LARGE, "abc", "-1")),
    *(f"?day={text}" for text in ("junk", "9999-12-31", "1999-12-31")),
]
NOT_THERE = [
    f"/api/devices/{DEVICE}/commands/{HUGE}",
    f"/api/devices/{DEVICE}/commands/{TOO_LARGE}",
    "/api/panels/device?device=NOPE",
    "/api/panels/device",
    f"/api/panels/command?device={DEVICE}&command=99",
    f"/api/panels/command?device={DEVICE}",
    "/live/device?device=NOPE",
    f"/live/command?device={DEVICE}&command=99",
    f"/live/command?device=NOPE&command={HUGE}",
]


@pytest.mark.parametrize("end", BAD_ARGUMENTS)
def test_a_script_is_told_which_argument_is_wrong(station: Station, end: str) -> None:
    reply = station.desk().get(f"/api/devices/{DEVICE}{end}")
    name = end.split("?")[1].split("=")[0]
    assert reply.status_code == 400
    assert reply.json["error"]["argument"] == name
    assert set(reply.json["error"]["message"]) == {"zh_CN", "en"}
    assert all(name in text for text in reply.json["error"]["message"].values())


@pytest.mark.parametrize("end", BAD_PAGES)
def test_a_page_says_which_argument_is_wrong(station: Station, end: str) -> None:
    for language, title in (("zh_CN", "地址有误"), ("en", "Bad address")):
        reply = station.desk(language).get(f"/terminals/{DEVICE}{end}")
        assert reply.status_code == 400
        assert reply.mimetype == "text/html"
        assert title in reply.text
        assert end.split("?")[1].split("=")[0] in reply.text


@pytest.mark.parametrize("path", NOT_THERE)
def test_what_is_not_there_is_404_in_json(station: Station, path: str) -> None:
    with station.desk().get(path) as reply:
        assert reply.status_code == 404
        assert reply.json["error"]["key"].startswith("no_such_")


@pytest.mark.parametrize("door", ["/live", "/api/panels"])
def test_a_number_too_large_never_reaches_the_publisher(station: Station, door: str) -> None:
    with station.desk().get(f"{door}/command?device={DEVICE}&command={HUGE}") as reply:
        assert reply.status_code == 400
        assert reply.json["error"]["argument"] == "command"
    assert station.app.extensions["hub"].streams == 0


def test_a_command_page_with_a_number_too_large_is_not_found(station: Station) -> None:
    assert station.desk().get(f"/terminals/{DEVICE}/commands/{HUGE}").status_code == 404


@pytest.mark.parametrize("path", [f"/api/devices/{DEVICE}/curve", "/api/nothing", "/live/device"])
def test_a_stranger_with_a_wrong_method_is_refused_in_json(station: Station, path: str) -> None:
    reply = station.client().post(path)
    assert reply.status_code == 401
    assert reply.json["error"]["key"] == "log_in"


@pytest.mark.parametrize("path", [f"/api/devices/{DEVICE}/curve", "/station"])
def test_a_refused_method_names_the_ones_there_are(station: Station, path: str) -> None:
    reply = station.desk().delete(path)
    assert reply.status_code == 405
    assert "GET" in reply.headers["Allow"]
    assert reply.is_json == path.startswith("/api/")


def test_arguments_within_bounds_are_taken() -> None:
    assert whole("n", str(MOST)) == MOST
    assert whole("n", "0") == 0
    assert whole("n", "") is whole("n", None) is None
    with pytest.raises(Refused):
        whole("n", TOO_LARGE)
    today = date(2026, 11, 22)
    assert past_day("day", "2026-11-20", today) == date(2026, 11, 20)
    assert past_day("day", "2026-11-22", today) == past_day("day", "", today) == today


def test_a_point_before_it_was_due_is_counted_as_due(station: Station) -> None:
    """A terminal added a minute ago may already have the point of the slot it was added in."""
    with db.reading(station.engine) as c:
        device = device_store.get(c, DEVICE)
        assert device
        offset_s = device["utc_offset_s"]
        yesterday = curve.local_day(device["live_s"] - 86400, offset_s)
        end_s = curve.day_start(yesterday, offset_s) + 86400
        made = curve.build(c, device | {"added_s": end_s - 800}, yesterday, end_s)
    assert made["here"] > 0
    assert made["due"] == made["here"]
    assert made["empty"] is None


def test_a_day_without_points_says_why(station: Station) -> None:
    with db.reading(station.engine) as c:
        device = device_store.get(c, "NEW-07")
        assert device
        added_s, offset_s = device["added_s"], device["utc_offset_s"]
        at = added_s + 5 * 86400
        missing = curve.build(c, device, curve.local_day(at - 86400, offset_s), at)
        early = curve.build(c, device, curve.local_day(added_s, offset_s), added_s)
    assert (missing["empty"], early["empty"]) == ("missing", "not_yet")
    page = station.desk("en").get("/terminals/NEW-07?day=2001-02-03").text
    assert "the terminal was added later" in page
